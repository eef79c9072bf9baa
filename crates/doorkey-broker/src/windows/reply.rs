//! What an answer with a token says.

use super::{
    messages::{Properties, TokenResponse},
    person::{claims, of_token},
    request::Plugin,
};
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use doorkey::{BrokerToken, Error, ErrorKind, Result};
use url::form_urlencoded;

/// The token in `response`, which came at `now`.
pub(super) fn token(
    response: &TokenResponse,
    plugin: Plugin,
    now: OffsetDateTime,
) -> Result<BrokerToken> {
    match plugin {
        Plugin::EntraId => work(response, now),
        Plugin::Personal => personal(response, now),
    }
}

/// What the personal accounts' plugin gives for [`transfer`](super::request::transfer).
pub(super) fn assertion(response: &TokenResponse) -> Result<Secret> {
    let list = list(response);
    match member(&list, "code") {
        Some(code) => Ok(Secret::new(code.to_owned())),
        None => Err(nonsense("has no code to show to Entra ID")),
    }
}

pub(super) fn nonsense(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the answer of Windows' Web Account Manager {what}; try again, or sign in by the browser"
        ),
    )
}

fn work(response: &TokenResponse, now: OffsetDateTime) -> Result<BrokerToken> {
    let properties = &response.properties;
    let expires_on = member(properties, "TokenExpiresOn")
        .and_then(time)
        .or_else(|| after(now, member(properties, "expires_in")?));
    let parts = Parts {
        access_token: response.token.secret(),
        expires_on,
        scopes: member(properties, "wamcompat_scopes"),
        id_token: member(properties, "wamcompat_id_token"),
        client_info: member(properties, "wamcompat_client_info"),
    };
    parts.token(response)
}

/// Its token is the token endpoint's reply, as a list of `name=value`.
fn personal(response: &TokenResponse, now: OffsetDateTime) -> Result<BrokerToken> {
    let list = list(response);
    if let Some(kind) = member(&list, "token_type")
        && !kind.eq_ignore_ascii_case("bearer")
    {
        return Err(nonsense("has a token of another type than was asked for"));
    }
    // Windows says the life of a token as it was when it was made, and hands it out for as long: its
    // beginning is that of the id token beside it.
    let claims = member(&list, "id_token").and_then(claims);
    let made = claims.and_then(|claims| claims["iat"].as_i64());
    let made = made.and_then(|made| OffsetDateTime::from_unix_timestamp(made).ok());
    let made = made.map_or(now, |made| made.min(now));
    let expires_on = member(&list, "expires_in").and_then(|life| after(made, life));
    if expires_on.is_some_and(|expires_on| expires_on <= now) {
        return Err(nonsense("is a token that has expired"));
    }
    let parts = Parts {
        access_token: member(&list, "access_token").unwrap_or_default(),
        expires_on,
        scopes: member(&list, "scope"),
        id_token: member(&list, "id_token"),
        client_info: member(&list, "client_info"),
    };
    parts.token(response)
}

/// Windows escapes blanks alone, and as `%20`: a `+` is part of a token.
fn list(response: &TokenResponse) -> Properties {
    let list = response.token.secret().replace('+', "%2B");
    form_urlencoded::parse(list.as_bytes())
        .into_owned()
        .collect()
}

struct Parts<'a> {
    access_token: &'a str,
    expires_on: Option<OffsetDateTime>,
    scopes: Option<&'a str>,
    id_token: Option<&'a str>,
    client_info: Option<&'a str>,
}

impl Parts<'_> {
    fn token(self, response: &TokenResponse) -> Result<BrokerToken> {
        if self.access_token.is_empty() {
            return Err(nonsense("has no access token"));
        }
        let expires_on = self
            .expires_on
            .ok_or_else(|| nonsense("does not say until when its token is valid"))?;
        let mut token = BrokerToken::new(Secret::new(self.access_token.to_owned()), expires_on);
        let scopes = self.scopes.unwrap_or_default().split_whitespace();
        token.scopes = scopes.map(str::to_owned).collect();
        token.id_token = self.id_token.map(|text| Secret::new(text.to_owned()));
        token.account = of_token(self.client_info, self.id_token, response.account.as_ref());
        Ok(token)
    }
}

fn member<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    let value = properties.get(name)?.trim();
    Some(value).filter(|value| !value.is_empty())
}

/// Windows counts the seconds from 1601, and a plugin might from 1970: no token of ours is from a time
/// where the two could be taken for each other.
fn time(text: &str) -> Option<OffsetDateTime> {
    const FROM_1601_TO_1970: i64 = 11_644_473_600;
    let seconds: i64 = text.parse().ok()?;
    let seconds = match seconds.checked_sub(FROM_1601_TO_1970)? {
        since if since > 0 => since,
        _ => seconds,
    };
    (seconds > 0).then_some(())?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

fn after(time: OffsetDateTime, seconds: &str) -> Option<OffsetDateTime> {
    let seconds: i64 = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
    time.checked_add(Duration::seconds(seconds))
}
