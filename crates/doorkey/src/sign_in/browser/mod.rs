//! Asking a person by the browser: the authorization code flow with PKCE on a loopback redirect
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)).

mod connection;
mod listener;
mod pages;
mod redirect_uri;
mod request;
mod response;

pub(crate) use listener::{Listener, OpenPage, Redirect};
pub(crate) use pages::PageOutcome;
pub(crate) use redirect_uri::RedirectUri;
pub(crate) use request::AuthorizationResponse;

use std::{fmt, io, sync::Arc};

/// What opens the page of a browser sign-in.
#[derive(Clone, Default)]
pub enum BrowserLauncher {
    /// The system's browser, or what the environment variable `BROWSER` names; under WSL that of
    /// Windows. `BROWSER=none` opens none.
    #[default]
    System,
    /// A program and its arguments; the URL comes last. No shell is involved.
    Command(Vec<String>),
    /// A function that shows the person the URL, or opens it. It must not block.
    Callback(Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>),
}

/// What the person sees when the browser comes back. Whole HTML documents; the default is a plain
/// page of ours.
#[derive(Clone, Debug, Default)]
pub struct BrowserPages {
    /// Shown when the person is signed in.
    pub success: Option<String>,
    /// Shown when not. `{reason}` is replaced with why, escaped for HTML.
    pub failure: Option<String>,
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
