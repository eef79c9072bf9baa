//! What a reply says.

use super::{
    messages::Reply,
    person::{listed, of_reply, of_token, once, same},
    refusal,
};
use crate::written;
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use doorkey::{BrokerAccount, BrokerPop, BrokerToken, Error, ErrorKind, Result};
use serde_json::Value;

/// What a token has to be.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Whose; `None` is anybody's.
    pub(super) account: Option<&'a BrokerAccount>,
    pub(super) pop: Option<&'a BrokerPop>,
}

/// The token in `reply`, which came at `now`.
pub(super) fn token(
    reply: &Reply,
    expected: Expected<'_>,
    now: OffsetDateTime,
) -> Result<BrokerToken> {
    require(reply, "operation_token_response")?;
    let access_token = reply
        .text("access_token")
        .ok_or_else(|| nonsense("has no access token"))?;
    let expires_on =
        end(reply, now).ok_or_else(|| nonsense("does not say until when its token is valid"))?;
    let mut token = BrokerToken::new(Secret::new(access_token.to_owned()), expires_on);
    bound(reply, access_token, expected.pop)?;
    if expected.pop.is_some() {
        "pop".clone_into(&mut token.token_type);
    }
    let scopes = reply.text("scope").unwrap_or_default().split_whitespace();
    token.scopes = scopes.map(str::to_owned).collect();
    let id_token = reply.text("id_token");
    token.id_token = id_token.map(|text| Secret::new(text.to_owned()));
    token.account = of_token(reply.text("client_info"), id_token);
    if let (Some(account), Some(named)) = (&mut token.account, expected.account) {
        if !same(&account.home_account_id, &named.home_account_id) {
            return Err(refusal::other_account(&account.username, &named.username));
        }
        if account.username.is_empty() {
            account.username.clone_from(&named.username);
        }
    }
    Ok(token)
}

pub(super) fn accounts(reply: &Reply) -> Result<Vec<BrokerAccount>> {
    require(reply, "operation_get_accounts_response")?;
    require_success(reply)?;
    // JSON in a header field.
    let written = match reply.value("accounts") {
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.trim().is_empty() => return Ok(Vec::new()),
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        value => value.clone(),
    };
    let Value::Array(written) = written else {
        return Err(nonsense("has a list of accounts that is none"));
    };
    Ok(once(written.iter().filter_map(listed)))
}

/// `None` where nobody is.
pub(super) fn default_account(reply: &Reply) -> Result<Option<BrokerAccount>> {
    require(reply, "operation_get_default_account_response")?;
    require_success(reply)?;
    Ok(of_reply(reply))
}

/// That what was asked for is done.
pub(super) fn done(reply: &Reply) -> Result<()> {
    require(reply, "operation_generic_response")?;
    require_success(reply)
}

pub(super) fn nonsense(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the answer of macOS' single sign-on extension {what}; try again, or sign in by the \
             browser"
        ),
    )
}

/// That the reply is a good one, and to this question.
fn require(reply: &Reply, kind: &str) -> Result<()> {
    if reply.text("error").is_some() || reply.flag("success") == Some(false) {
        return Err(refusal::of_reply(reply));
    }
    match reply.text("operation_response_type") {
        Some(other) if other != kind => Err(nonsense("is one to another question")),
        _ => Ok(()),
    }
}

/// Nothing at all is no answer, where nothing else shows that there is one.
fn require_success(reply: &Reply) -> Result<()> {
    match reply.flag("success") {
        Some(true) => Ok(()),
        _ => Err(nonsense("does not say that it is one")),
    }
}

/// In seconds, since 1970 or from now on. 0 is written for what is not known.
fn end(reply: &Reply, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let seconds = |name| reply.number(name).filter(|seconds| *seconds > 0);
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok();
    seconds("expires_on")
        .and_then(at)
        .or_else(|| now.checked_add(Duration::seconds(seconds("expires_in")?)))
}

/// That the token is of the type that was asked for, and bound to the key.
fn bound(reply: &Reply, access_token: &str, pop: Option<&BrokerPop>) -> Result<()> {
    let kind = reply.text("token_type").unwrap_or("Bearer");
    let expected = if pop.is_some() { "pop" } else { "bearer" };
    if !kind.eq_ignore_ascii_case(expected) {
        return Err(nonsense(
            "has a token of another type than was asked for, as an old Company Portal gives it",
        ));
    }
    let Some(pop) = pop else {
        return Ok(());
    };
    let is_confirmed = || {
        let confirmation = written::json(reply.text("req_cnf")?)?;
        Some(confirmation["kid"].as_str()? == pop.key_id)
    };
    // Where the token is closed to us, the extension's word has to do.
    let is_bound = pop.is_named_by(access_token).or_else(is_confirmed);
    if is_bound != Some(true) {
        return Err(nonsense("does not show that its token is bound to our key"));
    }
    Ok(())
}
