use super::public_key::thumbprint;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

/// What of a JWT's claims names a key ([RFC 7800, section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)).
#[derive(Deserialize)]
struct Claims {
    cnf: Option<Confirmation>,
}

#[derive(Deserialize)]
struct Confirmation {
    kid: Option<String>,
    jwk: Option<serde_json::Value>,
}

/// Whether an access token says that it is bound to the key of this thumbprint; `None` where it cannot
/// be read.
pub(crate) fn names_key(access_token: &str, key_id: &str) -> Option<bool> {
    let [_, claims, _] = parts(access_token)?;
    // One that cannot be read as a name names nobody.
    let claims: serde_json::Map<_, _> = decoded(claims)?;
    let claims = serde_json::from_value(claims.into());
    let Ok(Claims {
        cnf: Some(confirmation),
    }) = claims
    else {
        return Some(false);
    };
    let by_jwk = confirmation.jwk.map(|jwk| rsa_thumbprint(&jwk));
    let named = [confirmation.kid.map(Some), by_jwk];
    let mut named = named.iter().flatten().peekable();
    let is_named = named.peek().is_some();
    Some(is_named && named.all(|name| name.as_deref() == Some(key_id)))
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

/// Keys of other kinds are never ours.
fn rsa_thumbprint(jwk: &serde_json::Value) -> Option<String> {
    let member = |name: &str| jwk.get(name)?.as_str();
    (member("kty") == Some("RSA")).then_some(())?;
    Some(thumbprint(member("e")?, member("n")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(claims: &serde_json::Value) -> String {
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
