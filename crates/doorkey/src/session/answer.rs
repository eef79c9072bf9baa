//! From what is kept to what is handed out.

use crate::{cache::AccessToken, options::AccessTokenInfo, sensitive::Sensitive, tokens::Tokens};
use azure_core::{credentials::Secret, time::OffsetDateTime};

/// A token is handed out while it has longer than this to live: the SDK's clients ask again from
/// here on, and would on every request.
const MARGIN_SECONDS: i64 = 300;

/// Whether a token may still be handed out. One that never had twice the margin to live counts as
/// good for half its life, or it would be renewed on every call.
pub(super) fn has_margin(token: &AccessToken, now: i64) -> bool {
    let margin = ((token.expires_on - token.cached_at) / 2).clamp(0, MARGIN_SECONDS);
    token.expires_on - now > margin
}

pub(super) fn info(token: &AccessToken) -> AccessTokenInfo {
    AccessTokenInfo {
        token: secret(&token.secret),
        expires_on: time(token.expires_on),
        token_type: token.token_type.clone(),
        refresh_on: token.refresh_on.map(time),
        is_signed_request: false,
    }
}

/// A token as it has just come.
pub(super) fn handed_out(reply: &Tokens) -> AccessTokenInfo {
    AccessTokenInfo {
        token: secret(&reply.access_token),
        expires_on: time(reply.expires_on),
        token_type: reply.token_type.clone(),
        refresh_on: reply.refresh_on.map(time),
        is_signed_request: reply.is_signed_request,
    }
}

pub(super) fn secret(token: &Sensitive) -> Secret {
    Secret::new(token.expose().to_owned())
}

pub(super) fn time(unix_seconds: i64) -> OffsetDateTime {
    // Lifetimes are bounded where they are read, so this is a date.
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
