//! The token endpoint's answer
//! ([RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)), with Entra ID's
//! own members.

use super::id_token::{self, Expected};
use crate::{
    error::{Error, Result},
    pop::names_key,
    sensitive::Sensitive,
    tokens::{ClientInfo, LONGEST_LIFETIME_SECONDS, TokenKind, Tokens},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Used where the authority does not say how long a token lives, as MSAL does.
const DEFAULT_LIFETIME_SECONDS: i64 = 600;

/// Reads a reply of status 200, and checks its id token.
pub(super) fn read(body: &[u8], kind: &TokenKind, expected: &Expected<'_>) -> Result<Tokens> {
    let body: Body = object(body).ok_or_else(|| {
        Error::protocol(
            "the token endpoint's answer is not the JSON of a token; check `authority`, and \
             whether a proxy or a sign-in page of the network answers in its place",
        )
    })?;
    let id_token = body
        .id_token
        .map(|raw| id_token::read(Sensitive::new(raw)))
        .transpose();
    let id_token = match id_token {
        // Whose token it is is known without it.
        Err(_) if expected.is_renewal => None,
        id_token => id_token?,
    };
    if let Some(id_token) = &id_token {
        id_token::check(id_token, expected)?;
    }
    // RFC 6749, appendix A.12; anything else would break the header that it goes into.
    if body.access_token.is_empty()
        || !body
            .access_token
            .bytes()
            .all(|byte| matches!(byte, 0x21..=0x7e))
    {
        return Err(Error::protocol(
            "the authority sent an access token that is none; check `authority`",
        ));
    }
    // RFC 6749, section 7.1: a token of a type that is not understood must not be used.
    let bearer = TokenKind::Bearer.token_type();
    let token_type = body.token_type.unwrap_or_else(|| bearer.into());
    // Whoever finds a signed request has the token in it: where that can be read, it has to be bound.
    let is_another = match kind {
        TokenKind::Bearer => false,
        TokenKind::Pop { key_id } => names_key(&body.access_token, key_id) == Some(false),
    };
    if is_another || !token_type.eq_ignore_ascii_case(kind.token_type()) {
        return Err(Error::protocol(match kind {
            TokenKind::Bearer => {
                "the authority sent a token of another type than Bearer, which was not asked for; \
                 check `authority`"
            }
            // A bearer token is good for whoever finds it, which is what nobody wanted.
            TokenKind::Pop { .. } => {
                "a token bound to a key was asked for (`pop`), and the authority sent one that is \
                 not, so it was not kept; ask for a bearer token, or another authority"
            }
        }));
    }
    let now = expected.now;
    let expires_in = body.expires_in.unwrap_or(DEFAULT_LIFETIME_SECONDS);
    Ok(Tokens {
        access_token: Sensitive::new(body.access_token),
        is_signed_request: false,
        token_type,
        received_on: now,
        expires_on: now + expires_in,
        extended_expires_on: now + body.ext_expires_in.unwrap_or(expires_in).max(expires_in),
        refresh_on: body
            .refresh_in
            .filter(|&seconds| seconds > 0)
            .map(|seconds| now + seconds),
        refresh_token: body.refresh_token.map(Sensitive::new),
        client_info: body.client_info.as_deref().and_then(read_client_info),
        account: None,
        id_token,
        scope: body.scope,
        family_id: body.foci,
    })
}

/// Reads a JSON object. (An array would do for Serde, member after member.)
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(body).ok())?
}

pub(super) fn read_client_info(encoded: &str) -> Option<ClientInfo> {
    let json = BASE64_URL_SAFE_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .ok()?;
    let info: ClientInfo = serde_json::from_slice(&json).ok()?;
    (!info.uid.is_empty() && !info.utid.is_empty()).then_some(info)
}

#[derive(Deserialize)]
struct Body {
    access_token: String,
    #[serde(default, deserialize_with = "lenient_text")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    ext_expires_in: Option<i64>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    refresh_in: Option<i64>,
    #[serde(default, deserialize_with = "lenient_text")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    id_token: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    client_info: Option<String>,
    #[serde(default, deserialize_with = "lenient_scope")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    foci: Option<String>,
}

/// Authorities write numbers, strings and floats; a lifetime that is none must not lose the token.
pub(super) fn lenient_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    Ok(seconds
        .filter(|seconds| seconds.is_finite())
        .map(|seconds| (seconds as i64).clamp(0, LONGEST_LIFETIME_SECONDS)))
}

/// A member of another shape must not lose the token, nor one that is empty.
pub(super) fn lenient_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
    .map(|text| text.filter(|text| !text.is_empty()))
}

/// Some servers list them in an array.
fn lenient_scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Array(scopes) => {
            let scopes: Vec<_> = scopes.iter().filter_map(Value::as_str).collect();
            Some(scopes.join(" "))
        }
        _ => None,
    })
    .map(|scope| scope.filter(|scope| !scope.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::{super::issuer::Issuer, *};

    fn read(body: &str) -> Result<Tokens> {
        read_as(&TokenKind::Bearer, body)
    }

    fn read_as(kind: &TokenKind, body: &str) -> Result<Tokens> {
        super::read(
            body.as_bytes(),
            kind,
            &Expected {
                client_id: "client",
                issuer: &Issuer::Metadata(vec!["i".into()]),
                nonce: None,
                is_renewal: false,
                now: 1_000,
            },
        )
    }

    #[test]
    fn lifetimes_are_read_in_every_shape() {
        for (written, expires_on) in [
            ("3600", 4_600),
            ("\"3600\"", 4_600),
            ("3599.9", 4_599),
            ("null", 1_600),
            ("{}", 1_600),
            ("\"soon\"", 1_600),
            ("0", 1_000),
            ("-5", 1_000),
            ("1e300", 1_000 + LONGEST_LIFETIME_SECONDS),
        ] {
            let reply = read(&format!(r#"{{"access_token":"a","expires_in":{written}}}"#)).unwrap();
            assert_eq!(reply.expires_on, expires_on, "{written}");
        }
        assert_eq!(read(r#"{"access_token":"a"}"#).unwrap().expires_on, 1_600);
    }

    #[test]
    fn a_token_of_another_type_than_was_asked_for_is_refused() {
        let bound = || TokenKind::Pop { key_id: "k".into() };
        for (kind, written, is_taken) in [
            (TokenKind::Bearer, "\"Bearer\"", true),
            (TokenKind::Bearer, "\"bearer\"", true),
            (TokenKind::Bearer, "null", true),
            (TokenKind::Bearer, "\"pop\"", false),
            (TokenKind::Bearer, "\"mac\"", false),
            (bound(), "\"pop\"", true),
            (bound(), "\"PoP\"", true),
            (bound(), "\"Bearer\"", false),
            (bound(), "null", false),
        ] {
            let body = format!(r#"{{"access_token":"a","token_type":{written}}}"#);
            let outcome = read_as(&kind, &body).map_err(|error| error.kind());
            assert_eq!(outcome.is_ok(), is_taken, "{kind:?} {written}");
            if let Err(error) = outcome {
                assert_eq!(error, crate::ErrorKind::Protocol);
            }
        }
    }

    #[test]
    fn refresh_in_should_be_recorded_as_refresh_on() {
        for (written, refresh_on) in [
            ("1800", Some(2_800)),
            ("\"1800\"", Some(2_800)),
            ("null", None),
        ] {
            let body =
                format!(r#"{{"access_token":"a","expires_in":3600,"refresh_in":{written}}}"#);
            assert_eq!(read(&body).unwrap().refresh_on, refresh_on, "{written}");
        }
    }

    #[test]
    fn a_family_is_read_in_every_shape() {
        for (written, family) in [
            ("\"1\"", Some("1")),
            ("1", Some("1")),
            ("\"\"", None),
            ("{}", None),
        ] {
            let reply = read(&format!(r#"{{"access_token":"a","foci":{written}}}"#)).unwrap();
            assert_eq!(reply.family_id.as_deref(), family, "{written}");
        }
    }

    #[test]
    fn what_is_empty_is_not_there() {
        let reply = read(
            r#"{"access_token":"a","token_type":"","refresh_token":"","id_token":"","client_info":""}"#,
        )
        .unwrap();
        assert_eq!(reply.token_type, "Bearer");
        assert!(reply.refresh_token.is_none() && reply.id_token.is_none());
    }

    #[test]
    fn home_account_id_client_info_is_uid_and_utid() {
        let info = BASE64_URL_SAFE_NO_PAD.encode(r#"{"uid":"u","utid":"t"}"#);
        let reply = read(&format!(r#"{{"access_token":"a","client_info":"{info}"}}"#)).unwrap();
        assert_eq!(reply.home_account_id().as_deref(), Some("u.t"));
        let broken = read(r#"{"access_token":"a","client_info":"!"}"#).unwrap();
        assert_eq!(broken.home_account_id(), None);
    }

    #[test]
    fn what_holds_no_token_is_refused_without_being_quoted() {
        for body in [
            "",
            "<html>secret",
            "{}",
            r#"{"access_token":null}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"secret\r\nX: y"}"#,
            r#"["secret"]"#,
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Protocol);
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
