use super::public_key::{digest, thumbprint};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// What names a key ([RFC 7800, section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)).
#[derive(Deserialize)]
pub(super) struct Confirmation {
    pub(super) kid: Option<String>,
    jwk: Option<Value>,
}

impl Confirmation {
    /// The key's names, of which there is more than one where it is written in more than one way.
    /// `None` where one of them cannot be told.
    pub(super) fn names(self) -> Option<Vec<String>> {
        let mut names: Vec<_> = self.kid.into_iter().collect();
        if let Some(jwk) = self.jwk {
            names.push(thumbprint_of(&jwk)?);
        }
        Some(names)
    }
}

/// By which the authority is asked to bind a token to the key of this thumbprint.
pub(crate) fn req_cnf(key_id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({ "kid": key_id }).to_string())
}

/// Whether an access token says that it is bound to the key of this thumbprint; `None` where it cannot
/// be read.
pub(crate) fn names_key(access_token: &str, key_id: &str) -> Option<bool> {
    is_bound_to(access_token, &[key_id.to_owned()])
}

/// As [`names_key`], by all the names of the key.
pub(super) fn is_bound_to(access_token: &str, names: &[String]) -> Option<bool> {
    let [_, claims, _] = parts(access_token)?;
    let mut claims: Map<String, Value> = decoded(claims)?;
    let confirmation = claims.remove("cnf").map(|confirmation| match confirmation {
        // Microsoft's resources read JSON in a text, too.
        Value::String(text) => serde_json::from_str(&text),
        confirmation => serde_json::from_value(confirmation),
    });
    // One that cannot be read names nobody.
    let confirmation: Option<Confirmation> = confirmation.and_then(Result::ok);
    let theirs = confirmation.and_then(Confirmation::names);
    let is_bound = |theirs: Vec<String>| {
        !theirs.is_empty() && theirs.iter().all(|theirs| names.contains(theirs))
    };
    Some(theirs.is_some_and(is_bound))
}

/// The parts of a JSON Web Signature in its compact form
/// ([RFC 7515, section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)), still encoded.
pub(super) fn parts(token: &str) -> Option<[&str; 3]> {
    let mut parts = token.split('.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

pub(super) fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Of the kinds of keys that sign requests ([RFC 7638, section 3.2](https://www.rfc-editor.org/rfc/rfc7638#section-3.2)).
fn thumbprint_of(jwk: &Value) -> Option<String> {
    let member = |name: &str| jwk.get(name)?.as_str();
    match member("kty")? {
        "RSA" => Some(thumbprint(member("e")?, member("n")?)),
        kty @ "EC" => {
            // In this order, without blanks.
            let required =
                json!({"crv": member("crv")?, "kty": kty, "x": member("x")?, "y": member("y")?});
            Some(digest(&required.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{claims}.c2ln")
    }

    #[test]
    fn a_token_is_bound_to_the_key_that_it_names_and_no_other() {
        let jwk = |modulus: &str| json!({"kty": "RSA", "e": "AQAB", "n": modulus});
        let key_id = thumbprint("AQAB", "abc");
        let more = json!({"kid": key_id, "xms_ksl": "sw"});
        for (claims, expected) in [
            (json!({"cnf": {"kid": key_id}}), true),
            (json!({"cnf": more}), true),
            (json!({"cnf": {"jwk": jwk("abc")}}), true),
            (json!({"cnf": {"kid": key_id, "jwk": jwk("abc")}}), true),
            // as some authorities write it, and Microsoft's resources read it
            (json!({"cnf": more.to_string()}), true),
            (json!({"cnf": json!({"kid": "other"}).to_string()}), false),
            (json!({"cnf": {"kid": "other"}}), false),
            (json!({"cnf": {"kid": ""}}), false),
            (json!({"cnf": {"jwk": jwk("xyz")}}), false),
            (
                json!({"cnf": {"jwk": {"kty": "EC", "e": "AQAB", "n": "abc"}}}),
                false,
            ),
            (json!({"cnf": {"jwk": {"kty": "RSA", "n": "abc"}}}), false),
            (json!({"cnf": {"kid": key_id, "jwk": jwk("xyz")}}), false),
            (json!({"cnf": {"kid": "other", "jwk": jwk("abc")}}), false),
            (json!({"cnf": {"x5t#S256": key_id}}), false),
            (json!({"cnf": {}}), false),
            (json!({"cnf": null}), false),
            (json!({"cnf": key_id}), false),
            (json!({"cnf": {"kid": 1}}), false),
            (json!({"kid": key_id}), false),
        ] {
            let token = token(&claims);
            assert_eq!(names_key(&token, &key_id), Some(expected), "{claims}");
        }
    }

    #[test]
    fn what_is_no_readable_jwt_says_nothing() {
        let good = token(&json!({"cnf": {"kid": "k"}}));
        let [header, claims, _] = parts(&good).unwrap();
        for opaque in [
            String::new(),
            "opaque".into(),
            format!("{header}.{claims}"),
            format!("{header}.key.iv.{claims}.tag"),
            format!("{header}.!.c2ln"),
            format!("{header}.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode("[]")),
            format!("{header}.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode("no")),
        ] {
            assert_eq!(names_key(&opaque, "k"), None, "{opaque}");
        }
    }
}
