use super::*;
use crate::error::Result;
use zeroize::Zeroizing;
pub(crate) struct Listener;
impl Listener {
    pub(crate) async fn bind(_: &RedirectUri) -> Result<Self> {
        Ok(Self)
    }
    pub(crate) fn redirect_uri(&self) -> &str {
        ""
    }
    pub(crate) async fn wait(self, _: &str, _: &BrowserPages) -> Result<Redirect> {
        Err(Error::protocol(""))
    }
}
pub(crate) struct Redirect {
    pub(crate) response: AuthorizationResponse,
    pub(crate) page: OpenPage,
}
pub(crate) enum AuthorizationResponse {
    Code {
        code: Zeroizing<String>,
        iss: Option<String>,
    },
    Error {
        error: String,
        error_description: Option<String>,
        suberror: Option<String>,
        iss: Option<String>,
    },
}
impl AuthorizationResponse {
    pub(crate) fn iss(&self) -> Option<&str> {
        match self {
            Self::Code { iss, .. } | Self::Error { iss, .. } => iss.as_deref(),
        }
    }
}
pub(crate) struct OpenPage;
impl OpenPage {
    pub(crate) async fn close(self, _: &PageOutcome<'_>) {}
}
pub(crate) enum PageOutcome<'a> {
    SignedIn,
    Declined,
    Failed(&'a str),
}
