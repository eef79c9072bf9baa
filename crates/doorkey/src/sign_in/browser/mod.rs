//! Asking a person by the browser: the authorization code flow with PKCE on a loopback redirect
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)).

mod connection;
mod desktop;
mod launcher;
mod listener;
mod loopback;
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

/// What the person sees when the browser comes back. Whole HTML documents; the default is a plain
/// page of ours.
///
/// Styles, images and scripts in them work: unlike ours, they are sent without a content security
/// policy, but for `frame-ancestors 'none'` (no other page can embed them). They are never stored
/// (`Cache-Control: no-store`), and what they link to does not learn where the person came from
/// (`Referrer-Policy: no-referrer`). Load nothing from this machine's port: it is closed by then.
#[derive(Clone, Debug, Default)]
pub struct BrowserPages {
    /// Shown when the person is signed in.
    pub success: Option<String>,
    /// Shown when not. `{reason}` is replaced with why, escaped for HTML text and quoted
    /// attributes: do not write it into a script or a style.
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
