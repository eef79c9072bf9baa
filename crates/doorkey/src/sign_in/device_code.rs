//! Asking a person by a code that is typed on another device
//! ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).

use super::{Question, before, deadline_after, observed::Observed};
use crate::{
    error::{Error, ErrorKind, Result},
    events,
    oauth::{DeviceAuthorization, OAuthClient, Poll},
    options::SignInPrompt,
    tokens::Tokens,
};
use azure_core::time::OffsetDateTime;
use std::{fmt, io::Write, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// The grant type, and MSAL's name for how an account came.
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// More between polls when the authority says `slow_down`
/// ([RFC 8628, section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// Where polls that fail are spread no further.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// What a person needs to sign in on another device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceCodeInfo {
    /// The page where the code is typed.
    pub verification_uri: String,
    /// The code, as the authority writes it. Never part of a URL.
    pub user_code: String,
    /// When the code, or the caller's patience, ends.
    pub expires_on: OffsetDateTime,
    /// What to tell the person, in the authority's words: page and code are in it.
    pub message: String,
    /// The application, if it gave its name.
    pub application_name: Option<String>,
}

impl fmt::Display for DeviceCodeInfo {
    /// The message, and what protects the person from signing somebody else in: a code that
    /// arrives unasked is an attack
    /// ([RFC 8628, section 5.4](https://www.rfc-editor.org/rfc/rfc8628#section-5.4)).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let application = self.application_name.as_deref().unwrap_or("this program");
        write!(
            formatter,
            "{}\nThis signs in {application}. Go on only if you began this yourself.",
            self.message
        )
    }
}

pub(crate) type PromptCallback = Arc<dyn Fn(&DeviceCodeInfo) -> Result<()> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct DeviceCodeSignIn {
    pub(crate) application_name: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) prompt_callback: Option<PromptCallback>,
}

impl DeviceCodeSignIn {
    pub(super) async fn ask(&self, oauth: &OAuthClient, question: &Question<'_>) -> Result<Tokens> {
        let patience = self.timeout.map(deadline_after);
        let begin = oauth.begin_device_code(&question.parameters);
        let authorization = match patience {
            Some(deadline) => before(deadline, begin, expired).await?,
            None => begin.await?,
        };
        let expiry = Instant::now() + authorization.expires_in;
        let deadline = patience.map_or(expiry, |patience| patience.min(expiry));
        let now =
            OffsetDateTime::from_unix_timestamp(oauth.now()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let info = self.info(&authorization, now + (deadline - Instant::now()));
        let prompt = SignInPrompt::DeviceCode(info.clone());
        let observed = Observed::begin(question.observer, &prompt);
        let signing_in = async {
            match &self.prompt_callback {
                Some(callback) => callback(&info)?,
                None => tell(&info)?,
            }
            let polling = poll(oauth, question, &authorization, deadline);
            let reply = before(deadline, polling, expired).await?;
            (question.accept)(&reply)?;
            Ok(reply)
        };
        observed.end(signing_in.await)
    }

    fn info(
        &self,
        authorization: &DeviceAuthorization,
        expires_on: OffsetDateTime,
    ) -> DeviceCodeInfo {
        let DeviceAuthorization {
            verification_uri,
            user_code,
            ..
        } = authorization;
        DeviceCodeInfo {
            message: authorization.message.clone().unwrap_or_else(|| {
                format!(
                    "To sign in, use a web browser to open the page {verification_uri} and enter \
                     the code {user_code} to authenticate."
                )
            }),
            verification_uri: verification_uri.clone(),
            user_code: user_code.clone(),
            expires_on,
            application_name: self.application_name.clone(),
        }
    }
}

/// Polls until there is an answer. A person cannot have answered at once, so the first pause comes
/// first; an authority in trouble is asked again, at the same pace.
async fn poll(
    oauth: &OAuthClient,
    question: &Question<'_>,
    authorization: &DeviceAuthorization,
    deadline: Instant,
) -> Result<Tokens> {
    let mut interval = authorization.interval.max(Duration::from_secs(1));
    let mut pause = interval;
    loop {
        sleep(pause).await;
        pause = interval;
        match oauth
            .poll_device_code(&question.parameters, &authorization.device_code)
            .await
        {
            Ok(Poll::Done(reply)) => return Ok(reply),
            Ok(Poll::Pending) => {}
            Ok(Poll::SlowDown) => {
                interval += SLOW_DOWN;
                pause = interval;
            }
            Err(error) if error.is_transient() => {
                events::poll_failed(&error);
                // "unilaterally reduce their polling frequency" (RFC 8628, section 3.5).
                interval = (interval * 2).min(LONGEST_INTERVAL.max(interval));
                pause = interval.max(error.retry_after().unwrap_or_default());
                // There will be no other poll, and it was not the person who was late.
                if pause >= deadline.saturating_duration_since(Instant::now()) {
                    return Err(error);
                }
            }
            Err(error) => return Err(explained(error)),
        }
    }
}

/// The authority's own word for an expired code is a time-out, as ours is.
fn explained(error: Error) -> Error {
    match error.oauth() {
        Some(oauth) if oauth.error == "expired_token" => {
            Error::new(ErrorKind::TimedOut, expired()).with_oauth(oauth.clone())
        }
        _ => error,
    }
}

fn expired() -> String {
    "nobody finished the sign-in with the device code in time; begin again for a new code".into()
}

/// The default prompt: stderr, for stdout belongs to results.
fn tell(info: &DeviceCodeInfo) -> Result<()> {
    writeln!(std::io::stderr(), "{info}").map_err(|error| {
        Error::new(
            ErrorKind::CredentialUnavailable,
            "the device code cannot be shown, as stderr is closed; give a `prompt_callback`",
        )
        .with_source(error)
    })
}

impl fmt::Debug for DeviceCodeSignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeviceCodeSignIn")
            .field("application_name", &self.application_name)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
