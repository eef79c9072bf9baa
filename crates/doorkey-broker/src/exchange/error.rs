//! An error that arrives as it was: its kind, its text, and the authority's words.

use super::object::{Object, Result};
use doorkey::{Error, ErrorKind, OAuthError};
use serde_json::{Value, json};

const KINDS: [(ErrorKind, &str); 10] = [
    (ErrorKind::CredentialUnavailable, "CredentialUnavailable"),
    (ErrorKind::AuthenticationRequired, "AuthenticationRequired"),
    (ErrorKind::Declined, "Declined"),
    (ErrorKind::TimedOut, "TimedOut"),
    (ErrorKind::Refused, "Refused"),
    (ErrorKind::Network, "Network"),
    (ErrorKind::Protocol, "Protocol"),
    (ErrorKind::Cache, "Cache"),
    (ErrorKind::WrongAccount, "WrongAccount"),
    (ErrorKind::InvalidArgument, "InvalidArgument"),
];

/// In characters: longer than any sentence of ours, with the authority's in it.
const LONGEST_TEXT: usize = 4_000;

pub(super) fn written(error: &Error) -> Value {
    json!({
        "kind": kind_name(error.kind()),
        "message": error.to_string(),
        "oauth": error.oauth().map(oauth),
    })
}

pub(super) fn read(object: &Object<'_>) -> Result<Error> {
    let kind = kind(object.text("kind")?);
    let error = Error::new(kind, plain(object.text("message")?));
    Ok(match object.optional_object("oauth")? {
        Some(oauth) => error.with_oauth(read_oauth(&oauth)?),
        None => error,
    })
}

fn oauth(oauth: &OAuthError) -> Value {
    json!({
        "error": oauth.error,
        "description": oauth.description,
        "codes": oauth.codes,
        "suberror": oauth.suberror,
        "claims": oauth.claims,
        "correlationId": oauth.correlation_id,
        "traceId": oauth.trace_id,
        "status": oauth.status,
    })
}

fn read_oauth(object: &Object<'_>) -> Result<OAuthError> {
    let text = |name: &str| Ok(object.optional_text(name)?.map(plain));
    let mut oauth = OAuthError::default();
    oauth.error = plain(object.text("error")?);
    oauth.description = text("description")?;
    let codes = object.each("codes", "a list of natural numbers", Value::as_u64)?;
    oauth.codes = codes.unwrap_or_default();
    oauth.suberror = text("suberror")?;
    oauth.claims = object.owned_text("claims")?;
    oauth.correlation_id = text("correlationId")?;
    oauth.trace_id = text("traceId")?;
    let status = object.optional_natural("status")?.map(u16::try_from);
    let status = status.transpose();
    oauth.status = status.map_err(|_| object.wrong("status", "an HTTP status"))?;
    Ok(oauth)
}

/// One that came later than this page makes no sense here.
fn kind_name(kind: ErrorKind) -> &'static str {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    known.map_or("Protocol", |(_, name)| name)
}

fn kind(name: &str) -> ErrorKind {
    let known = KINDS.iter().find(|(_, known)| *known == name);
    known.map_or(ErrorKind::Protocol, |(kind, _)| *kind)
}

/// It reaches terminals.
fn plain(text: &str) -> String {
    let letters = text.chars().take(LONGEST_TEXT);
    letters
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
