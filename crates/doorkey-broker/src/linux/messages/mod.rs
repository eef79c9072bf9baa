//! The JSON inside the D-Bus messages: pure, and tested on every system.
//!
//! Nobody has published the format. What stands here is what Microsoft's broker 2.x and 3.x and
//! himmelblau are known to read and write; a member that only one of them needs is sent to all.

mod account;
mod refusal;
mod replies;
mod requests;
#[cfg(test)]
mod tests;

pub(super) use account::{Known, find, people};
#[cfg(target_os = "linux")]
pub(super) use account::{only, same};
pub(super) use refusal::Refusal;
#[cfg(target_os = "linux")]
pub(super) use refusal::{failed, has_failed, wants_account};
pub(super) use replies::{accounts, done, signed_http_request, sso_cookies, token, version};
pub(super) use requests::{
    HttpRequest, TokenQuestion, accounts_request, cancellation_request, removal_request,
    signed_http_request_request, sso_cookie_request, version_request,
};

/// What stands in each message beside its JSON; no broker is known that wants another.
#[cfg(target_os = "linux")]
pub(super) const PROTOCOL_VERSION: &str = "0.0";

/// What Microsoft's broker for Linux has an application register.
pub(super) const REDIRECT_URI: &str =
    "https://login.microsoftonline.com/common/oauth2/nativeclient";

/// A member that is there and says something.
fn text<'a>(object: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    object[name].as_str().filter(|text| !text.is_empty())
}
