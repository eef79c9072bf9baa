//! The key that signs access and id tokens, and its public half (RFC 7515, RFC 7517, RFC 7518).

use crate::{Error, state_folder::StateFolder};
use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{fmt, sync::OnceLock};

const FILE: &str = "token-signing.key";

/// An RSA key of 2048 bits that signs with RS256.
pub(crate) struct SigningKey {
    key: KeyPair,
    id: String,
}

impl SigningKey {
    /// The key of `folder`, made at the first start and kept there, so that tokens outlive a restart.
    pub(crate) fn open(folder: &StateFolder) -> Result<Self, Error> {
        if let Some(der) = folder.read(FILE)? {
            return Self::from_pkcs8(&der).ok_or_else(|| Error::StateFile {
                path: folder.file(FILE),
                message: "no RSA key of 2048 bits in PKCS #8".to_owned(),
            });
        }
        let der = generate()?;
        folder.write_secret(FILE, &der)?;
        Self::from_pkcs8(&der).ok_or_else(failed)
    }

    /// The key of this process's private emulators.
    ///
    /// They share one because an RSA key takes a while to make and a test program starts many of them.
    pub(crate) fn of_this_process() -> Result<Self, Error> {
        static KEY: OnceLock<Vec<u8>> = OnceLock::new();
        let der = match KEY.get() {
            Some(der) => der,
            None => {
                let der = generate()?;
                KEY.get_or_init(|| der)
            }
        };
        Self::from_pkcs8(der).ok_or_else(failed)
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let key = KeyPair::from_pkcs8(der).ok()?;
        let (modulus, exponent) = components(&key);
        // RFC 7638, section 3: the members in this order, without white space.
        let thumbprint = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, thumbprint.as_bytes()));
        Some(Self { key, id })
    }

    /// A compact JWS of `claims` (RFC 7515, section 7.1).
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "x5t": self.id, "kid": self.id});
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .expect("an RSA key of 2048 bits signs SHA-256");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a compact JWS, if this key signed it with RS256.
    ///
    /// The header's `alg` is checked, not obeyed (RFC 8725, section 3.1).
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if decode(header)?.get("alg")? != "RS256" {
            return None;
        }
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?)
            .ok()?;
        decode(claims)
    }

    /// The public key as a JSON Web Key (RFC 7517, section 4; RFC 7518, section 6.3.1).
    pub(crate) fn public_jwk(&self) -> Value {
        let (modulus, exponent) = components(&self.key);
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id, "n": modulus, "e": exponent})
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn generate() -> Result<Vec<u8>, Error> {
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| failed())?;
    Ok(der.as_ref().to_vec())
}

fn failed() -> Error {
    Error::Cryptography {
        message: "the RSA key that signs tokens".to_owned(),
    }
}

/// Modulus and exponent in base64url.
fn components(key: &KeyPair) -> (String, String) {
    let public = key.public_key();
    (
        URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    )
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decode(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_it_signed_with_rs256_verifies() {
        let folder = StateFolder::private().unwrap();
        let key = SigningKey::open(&folder).unwrap();
        let claims = json!({"sub": "someone"});
        let token = key.sign(&claims);
        assert_eq!(
            SigningKey::open(&folder).unwrap().verify(&token),
            Some(claims.clone())
        );

        let other = SigningKey::open(&StateFolder::private().unwrap()).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        let unsigned = format!("{}.{}.", encode(&json!({"alg": "none"})), encode(&claims));
        let confused = format!("{}.{rest}", encode(&json!({"alg": "HS256"})));
        let swapped = {
            let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
            parts[1] = encode(&json!({"sub": "somebody else"}));
            parts.join(".")
        };
        for bad in [
            "",
            "..",
            "a.b.c",
            &other.sign(&claims),
            &unsigned,
            &confused,
            &swapped,
        ] {
            assert_eq!(key.verify(bad), None, "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn its_file_is_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = StateFolder::private().unwrap();
        SigningKey::open(&folder).unwrap();
        let mode = std::fs::metadata(folder.file(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
