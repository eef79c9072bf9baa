//! From the authority's error to ours.

use super::hint;
use crate::{
    error::{Error, ErrorKind},
    oauth_error::{OAuthError, is_transient_status},
};
use std::time::Duration;

/// What was asked of the authority.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// In words, for the error.
    pub(super) what: &'a str,
    /// What to do about a refusal of it.
    pub(super) hint: fn(u64) -> Option<&'static str>,
    /// Whether a person was asked, who can say no.
    pub(super) of_person: bool,
}

impl<'a> Asked<'a> {
    pub(super) const fn new(what: &'a str) -> Self {
        Self {
            what,
            hint: hint::of,
            of_person: true,
        }
    }
}

/// An error for a reply that is no success.
pub(super) fn refused(
    asked: &Asked<'_>,
    status: u16,
    error: Option<OAuthError>,
    retry_after: Option<Duration>,
) -> Error {
    let Some(oauth) = error else {
        let transient = is_transient_status(status);
        let kind = if transient {
            ErrorKind::Network
        } else {
            ErrorKind::Protocol
        };
        let next = if transient {
            "try again later"
        } else {
            "check `authority`, and whether a proxy or a sign-in page of the network answers in \
             its place"
        };
        return Error::new(
            kind,
            format!(
                "{} was answered with HTTP status {status}; {next}",
                asked.what
            ),
        )
        .with_retry_after(retry_after);
    };
    said(asked, oauth).with_retry_after(retry_after)
}

/// An error that the authority sent by redirect.
pub(crate) fn refused_by_redirect(oauth: OAuthError) -> Error {
    said(&Asked::new("the sign-in"), oauth)
}

fn said(asked: &Asked<'_>, oauth: OAuthError) -> Error {
    let kind = if asked.of_person && oauth.is_declined() {
        ErrorKind::Declined
    } else if oauth.is_transient() {
        ErrorKind::Network
    } else {
        ErrorKind::Refused
    };
    let message = match kind {
        ErrorKind::Declined => format!(
            "the sign-in was declined, by the person or for them: {}",
            oauth.summary()
        ),
        _ => format!("the authority refused {}: {}", asked.what, oauth.summary()),
    };
    let next = oauth.codes.iter().find_map(|&code| (asked.hint)(code));
    let message = match next {
        Some(next) => format!("{}; {next}", message.trim_end_matches('.')),
        None => message,
    };
    Error::new(kind, message).with_oauth(oauth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_kind_and_words() {
        let body =
            |error: &str| format!(r#"{{"error":"{error}","error_description":"AADSTS1: why"}}"#);
        for (status, body, kind, transient) in [
            (400, body("invalid_grant"), ErrorKind::Refused, false),
            (
                400,
                body("authorization_declined"),
                ErrorKind::Declined,
                false,
            ),
            (
                400,
                body("temporarily_unavailable"),
                ErrorKind::Network,
                true,
            ),
            (503, body("server_error"), ErrorKind::Network, true),
            (503, "<html>".into(), ErrorKind::Network, true),
            (404, "<html>".into(), ErrorKind::Protocol, false),
            (200, "<html>".into(), ErrorKind::Protocol, false),
        ] {
            let oauth = OAuthError::from_json(Some(status), body.as_bytes());
            let error = refused(&Asked::new("the token request"), status, oauth, None);
            assert_eq!(
                (error.kind(), error.is_transient()),
                (kind, transient),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_next() {
        for (code, named) in [
            (90_002, "tenant_id"),
            (700_016, "client_id"),
            (50_011, "redirect_uri"),
        ] {
            let body = format!(
                r#"{{"error":"invalid_request","error_description":"AADSTS{code}: No.","error_codes":[{code}]}}"#
            );
            let oauth = OAuthError::from_json(Some(400), body.as_bytes());
            let text = refused(&Asked::new("the token request"), 400, oauth, None).to_string();
            assert!(
                text.contains(&format!("AADSTS{code}: No; ")) && text.contains(named),
                "{text}"
            );
        }
    }
}
