//! What a person is told when they are asked to sign in: on stderr, the address or the code whole
//! on a line of its own, and no animation, which a screen reader would read out again and again.

use crate::{console, qr_code};
use doorkey::{DeviceCodeInfo, ErrorKind, PromptOutcome, SignInObserver, SignInPrompt};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Shows the page of a browser sign-in.
#[derive(Debug)]
pub(crate) struct BrowserPrompt {
    /// Whether no other way comes after it: then a person may open the page themselves where no
    /// browser does. Otherwise the next way is the better one.
    pub(crate) is_last: bool,
    pub(crate) timeout: Option<Duration>,
    /// Told where neither a browser nor a person got the page: then nobody can sign in.
    pub(crate) unseen: Arc<Notify>,
}

/// Nobody sees what they would have to.
pub(crate) fn unseen(what: &str) -> doorkey::Error {
    doorkey::Error::new(
        ErrorKind::CredentialUnavailable,
        format!("{what} cannot be shown to anybody, as stderr cannot be written to; keep it open"),
    )
}

impl SignInObserver for BrowserPrompt {
    fn prompt_began(&self, prompt: &SignInPrompt) {
        let SignInPrompt::Browser {
            url, launch_error, ..
        } = prompt
        else {
            return;
        };
        let (introduction, way_out) = match launch_error {
            None => (
                "Your browser opens the sign-in page. If you do not see it, open it yourself:"
                    .to_owned(),
                "",
            ),
            Some(why) => (
                format!(
                    "No browser could be opened ({}). Open this page in one on this machine:",
                    console::one_line(why)
                ),
                "\nWhere no browser can be had, end this with Ctrl-C and use --device-code.",
            ),
        };
        let limit = self.timeout.map_or(300, |timeout| timeout.as_secs());
        let shown = console::show(&format!(
            "{introduction}\n\n{url}\n\n\
             Waiting for up to {} until you are signed in there; Ctrl-C gives up.{way_out}",
            spelled(limit)
        ));
        if shown.is_err() && launch_error.is_some() {
            self.unseen.notify_one();
        }
    }

    fn prompt_ended(&self, _outcome: &PromptOutcome) {
        // The command itself says how it ended.
    }

    fn warned(&self, warning: &doorkey::Error) {
        console::warn(&warning.to_string());
    }

    fn shows_url(&self) -> bool {
        self.is_last
    }
}

/// Says where to look.
#[derive(Debug)]
pub(crate) struct BrokerPrompt;

impl SignInObserver for BrokerPrompt {
    fn prompt_began(&self, _prompt: &SignInPrompt) {
        console::tell(
            "Asking the operating system's broker. If it opens a window, sign in there; Ctrl-C gives up.",
        );
    }

    fn prompt_ended(&self, _outcome: &PromptOutcome) {
        // The command itself says how it ended.
    }

    fn warned(&self, warning: &doorkey::Error) {
        console::warn(&warning.to_string());
    }
}

/// Tells the person what they should know; how they are asked is told elsewhere.
#[derive(Debug)]
pub(crate) struct Warnings;

impl SignInObserver for Warnings {
    fn prompt_began(&self, _prompt: &SignInPrompt) {}

    fn prompt_ended(&self, _outcome: &PromptOutcome) {}

    fn warned(&self, warning: &doorkey::Error) {
        console::warn(&warning.to_string());
    }
}

/// Hears whether there is something to tell, and tells nobody.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    heard: AtomicBool,
}

impl Listener {
    pub(crate) fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }
}

impl SignInObserver for Listener {
    fn prompt_began(&self, _prompt: &SignInPrompt) {}

    fn prompt_ended(&self, _outcome: &PromptOutcome) {}

    fn warned(&self, _warning: &doorkey::Error) {
        self.heard.store(true, Ordering::Relaxed);
    }
}

/// Shows the page and the code of a device sign-in. An error where nobody can see them: waiting for
/// somebody to type the code would be in vain.
pub(crate) fn show_device_code(code: &DeviceCodeInfo, with_qr_code: bool) -> doorkey::Result<()> {
    // Message and address are the authority's, and so not to be trusted with the terminal.
    let message = console::one_line(&code.message);
    let page = console::one_line(&code.verification_uri);
    let user_code = console::one_line(&code.user_code);
    let application = code.application_name.as_deref().unwrap_or("this program");
    console::show(&format!(
        "{message}\n\n\
         Page: {page}\n\
         Code: {user_code}\n\n\
         This signs in {application}. Go on only if you began this yourself: a code that somebody \
         sent you signs them in as you."
    ))
    .map_err(|error| unseen("the device code").with_source(error))?;
    // After the words: a screen reader reads a drawing sign by sign.
    let drawing = (with_qr_code && console::person_reads())
        .then(|| qr_code::draw(&page, has_colours()))
        .flatten();
    if let Some(drawing) = drawing {
        console::tell(&format!("\nThe page, for a phone's camera:\n\n{drawing}"));
    }
    let left = code.expires_on - azure_core::time::OffsetDateTime::now_utc();
    let left = u64::try_from(left.whole_seconds()).unwrap_or_default();
    console::tell(&format!(
        "Waiting for up to {} until you are signed in there; Ctrl-C gives up.",
        spelled(left + 1)
    ));
    Ok(())
}

/// Whether the terminal may be told colours (<https://no-color.org>).
fn has_colours() -> bool {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !forbidden && !dumb
}

/// A time as people say it, rounded down to minutes where it has many.
fn spelled(seconds: u64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        0..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_people_say_them() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (899, "14 minutes"),
        ] {
            assert_eq!(spelled(seconds), text);
        }
    }
}
