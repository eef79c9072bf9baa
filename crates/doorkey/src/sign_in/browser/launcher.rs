use super::{
    desktop,
    program::{Program, run_first_of},
};
use std::{ffi::OsString, fmt, io, sync::Arc};
use url::Url;

/// What opens the page of a browser sign-in.
#[derive(Clone, Default)]
pub enum BrowserLauncher {
    /// The system's browser, or what the environment variable `BROWSER` names; under WSL that of
    /// Windows. `BROWSER=none` opens none.
    ///
    /// `BROWSER` holds command lines, divided as `PATH` is; `%s` in them is the URL, which
    /// otherwise comes last. Browsers of the terminal (`lynx`, `w3m`) are passed over: they cannot
    /// show the sign-in page. Where there is no display and no `BROWSER`, none opens.
    #[default]
    System,
    /// A program and its arguments; the URL comes last. No shell is involved, and what the program
    /// prints goes nowhere.
    Command(Vec<String>),
    /// A function that shows the person the URL, or opens it. It must not block.
    #[expect(
        clippy::type_complexity,
        reason = "a name for it would hide what to write"
    )]
    Callback(Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>),
}

impl BrowserLauncher {
    /// Opens `url`, or says why no browser does. It returns after half a second at most, as a rule:
    /// when the browser is under way, not when it ends.
    pub(crate) async fn open(&self, url: &str) -> Result<(), String> {
        let url = checked(url)?;
        match self {
            Self::System => desktop::open(&url).await,
            Self::Command(command) => {
                let mut command: Vec<OsString> = command.iter().map(OsString::from).collect();
                if command.is_empty() {
                    return Err("the command of BrowserLauncher::Command is empty".into());
                }
                command.push(url.into());
                run_first_of(vec![Program::new(command)]).await
            }
            Self::Callback(callback) => callback(&url).map_err(|error| error.to_string()),
        }
    }
}

impl fmt::Debug for BrowserLauncher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => formatter.write_str("System"),
            Self::Command(command) => formatter.debug_tuple("Command").field(command).finish(),
            Self::Callback(_) => formatter.write_str("Callback"),
        }
    }
}

/// The URL as every program takes it for one argument and one page: http or https, and nothing in
/// it that a command line on the other side (Windows' own, under WSL) would split.
fn checked(url: &str) -> Result<String, String> {
    let parsed = Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!(
            "a browser is not given {}: URLs, only http and https",
            parsed.scheme()
        ));
    }
    let url = String::from(parsed);
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'')) {
        return Err("the URL has a quote or a space in it".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const URL: &str = "https://login.example/authorize?a=b&c=%20d";

    #[tokio::test]
    async fn only_pages_are_opened() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let launcher = BrowserLauncher::Callback(Arc::new({
            let seen = Arc::clone(&seen);
            move |url| {
                seen.lock().unwrap().push(url.to_owned());
                Ok(())
            }
        }));
        launcher.open(URL).await.unwrap();
        for other in [
            "",
            "file:///etc/passwd",
            "calc.exe",
            "javascript:alert(1)",
            "https://a/'",
        ] {
            launcher.open(other).await.unwrap_err();
        }
        assert_eq!(*seen.lock().unwrap(), [URL]);
    }

    #[tokio::test]
    async fn a_callback_says_why_not() {
        let callback = |_: &str| Err(io::Error::other("the window is closed"));
        let launcher = BrowserLauncher::Callback(Arc::new(callback));
        let reason = launcher.open(URL).await.unwrap_err();
        assert_eq!(reason, "the window is closed");
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_named() {
        let command = vec!["/nowhere/browser".to_owned(), "--new".to_owned()];
        let reason = BrowserLauncher::Command(command).open(URL).await;
        assert_eq!(reason.unwrap_err(), "/nowhere/browser was not found");
        let reason = BrowserLauncher::Command(Vec::new()).open(URL).await;
        assert!(reason.unwrap_err().contains("empty"));
    }
}
