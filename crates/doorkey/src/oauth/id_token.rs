//! Reading the id token, which says who signed in. It came over TLS from the token endpoint itself,
//! so its signature need not be checked
//! ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation),
//! item 6); everything else is.

use super::issuer::Issuer;
use crate::{
    error::{Error, Result},
    sensitive::Sensitive,
    tokens::IdToken,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// How far two clocks may be apart.
const LEEWAY_SECONDS: i64 = 15 * 60;

/// What an id token is held against.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) issuer: &'a Issuer,
    /// Of the authorization request, where there was one.
    pub(crate) nonce: Option<&'a Sensitive>,
    /// Whether it is known already who the tokens are for.
    pub(crate) is_renewal: bool,
    pub(crate) now: i64,
}

pub(crate) fn read(raw: Sensitive) -> Result<IdToken> {
    let unreadable =
        || Error::protocol("the authority's id token cannot be read; check `authority`");
    let payload = raw.expose().split('.').nth(1).ok_or_else(unreadable)?;
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| unreadable())?;
    let claims = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
    Ok(IdToken { raw, claims })
}

/// Refuses a token that is not for us, now, from this authority, for this request.
pub(super) fn check(token: &IdToken, expected: &Expected<'_>) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::protocol(format!(
            "the authority's id token was refused and nothing was kept: {why}"
        )))
    };
    let claims = &token.claims;
    if !claims.is_for(expected.client_id) {
        return refuse("it is for another application");
    }
    if !expected.issuer.issues(&claims.iss, claims.tid.as_deref()) {
        return refuse("another authority issued it");
    }
    if let Some(nonce) = expected.nonce {
        let given = claims.nonce.as_deref().unwrap_or_default();
        if !bool::from(nonce.expose().as_bytes().ct_eq(given.as_bytes())) {
            return refuse("its nonce is not that of this sign-in");
        }
    }
    let leeway = LEEWAY_SECONDS as f64;
    let now = expected.now as f64;
    if claims.exp + leeway <= now {
        return refuse("it has expired; check this machine's clock");
    }
    if claims
        .nbf
        .is_some_and(|not_before| not_before - leeway > now)
    {
        return refuse("it is not valid yet; check this machine's clock");
    }
    Ok(())
}
#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_764_020_000;

    fn token(change: impl FnOnce(&mut Value)) -> IdToken {
        let mut claims = json!({
            "iss": "https://localhost:1/t/v2.0", "aud": "client", "sub": "s", "tid": "t",
            "nonce": "n", "exp": NOW + 3_600, "nbf": NOW, "iat": NOW,
        });
        change(&mut claims);
        let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        read(Sensitive::new(format!("e30.{payload}.sig"))).unwrap()
    }

    fn checked(token: &IdToken) -> Result<()> {
        let expected = Expected {
            client_id: "client",
            issuer: &Issuer::Metadata(vec!["https://localhost:1/{tenantid}/v2.0".into()]),
            nonce: Some(&Sensitive::new("n")),
            is_renewal: false,
            now: NOW,
        };
        check(token, &expected)
    }

    #[test]
    fn a_good_one_is_taken() {
        checked(&token(|_| {})).unwrap();
        checked(&token(|claims| claims["aud"] = json!(["other", "client"]))).unwrap();
        checked(&token(|claims| claims["exp"] = json!(NOW - 14 * 60))).unwrap();
        checked(&token(|claims| claims["nbf"] = json!(NOW + 14 * 60))).unwrap();
    }

    #[test]
    fn whoever_signs_in_has_the_first_name_that_there_is() {
        for (claims, expected) in [
            (
                json!({"preferred_username": "p", "upn": "u", "emails": ["e"]}),
                Some("p"),
            ),
            (
                json!({"preferred_username": "", "upn": "u", "emails": ["e"]}),
                Some("u"),
            ),
            (json!({"emails": ["e", "f"]}), Some("e")),
            (json!({"emails": [""]}), None),
            (json!({"emails": []}), None),
            (json!({"emails": "e"}), None),
            (json!({"emails": {"0": "e"}}), None),
            (json!({}), None),
        ] {
            let token = token(|all| {
                all.as_object_mut()
                    .unwrap()
                    .extend(claims.as_object().unwrap().clone());
            });
            assert_eq!(token.claims.username(), expected, "{claims}");
        }
    }

    #[test]
    fn each_fault_is_refused() {
        for (member, value, why) in [
            ("aud", json!("other"), "another application"),
            ("aud", json!([]), "another application"),
            (
                "iss",
                json!("https://localhost:1/u/v2.0"),
                "another authority",
            ),
            ("iss", json!("https://evil/t/v2.0"), "another authority"),
            ("tid", Value::Null, "another authority"),
            ("nonce", json!("m"), "nonce"),
            ("nonce", Value::Null, "nonce"),
            ("exp", json!(NOW - 15 * 60), "expired"),
            ("nbf", json!(NOW + 15 * 60 + 1), "not valid yet"),
        ] {
            let error = checked(&token(|claims| claims[member] = value.clone())).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Protocol);
            assert!(error.to_string().contains(why), "{member}: {error}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for raw in ["", "a", "a.b.c", "a.e30.c", "a.bnVsbA.c"] {
            assert!(read(Sensitive::new(raw)).is_err(), "{raw}");
        }
    }
}
