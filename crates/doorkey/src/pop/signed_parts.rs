use crate::sensitive::Sensitive;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What whoever sends a signed request has to know of it, whoever signed it: we, or a broker in a dialect
/// of its own.
#[derive(Debug)]
pub(crate) struct SignedParts {
    /// SHA-256 of the access token in it; of all of it, where none is found.
    pub(crate) token_digest: [u8; 32],
    /// In Unix seconds, where it tells.
    pub(crate) signed_on: Option<i64>,
}

#[derive(Deserialize)]
struct Body {
    at: Sensitive,
    #[serde(default)]
    ts: Value,
}

impl SignedParts {
    /// Reads it without a check, which is the resource's to make.
    pub(crate) fn of(signed: &str) -> Self {
        match body(signed) {
            Some(Body { at, ts }) => Self {
                token_digest: Sha256::digest(at.expose()).into(),
                signed_on: seconds(&ts),
            },
            None => Self {
                token_digest: Sha256::digest(signed).into(),
                signed_on: None,
            },
        }
    }
}

/// A number, with a fraction or without one, or a text of it.
fn seconds(ts: &Value) -> Option<i64> {
    let fraction = ts.as_f64().map(|seconds| seconds as i64);
    fraction.or_else(|| ts.as_str()?.parse().ok())
}

fn body(signed: &str) -> Option<Body> {
    let body = signed.split('.').nth(1)?;
    let body = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(body).ok()?);
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_read_as_far_as_it_can_be() {
        let of_token: [u8; 32] = Sha256::digest("the-token").into();
        for (body, is_read, signed_on) in [
            (r#"{"at":"the-token","ts":7}"#, true, Some(7)),
            (r#"{"at":"the-token","ts":"7"}"#, true, Some(7)),
            (r#"{"at":"the-token","ts":7.5}"#, true, Some(7)),
            (r#"{"at":"the-token"}"#, true, None),
            (r#"{"ts":7}"#, false, None),
            ("[]", false, None),
            ("nonsense", false, None),
        ] {
            let signed = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(body));
            let parts = SignedParts::of(&signed);
            assert_eq!(parts.token_digest == of_token, is_read, "{body}");
            assert_eq!(parts.signed_on, signed_on, "{body}");
        }
        let one = SignedParts::of("one").token_digest;
        assert_ne!(one, SignedParts::of("").token_digest);
    }
}
