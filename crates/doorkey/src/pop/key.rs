use super::public_key::PublicKey;
use crate::{
    error::{Error, ErrorKind, Result},
    sensitive::Sensitive,
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use zeroize::Zeroizing;

/// An RSA key of 2048 bits that signs with RS256: what Entra ID is known to take. AWS-LC wipes it when
/// it is dropped.
pub(crate) struct Key {
    pair: KeyPair,
    public: PublicKey,
}

/// An object of objects, as every partition is: a keyring puts two of them together by their names.
#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "DoorkeyPopKey")]
    key: StoredKey,
}

#[derive(Deserialize)]
struct StoredKey {
    /// PKCS #8 in base64.
    private_key: Sensitive,
}

impl Key {
    /// Takes a while: some hundred milliseconds of a processor.
    pub(crate) fn generate() -> Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed("made"))?;
        Ok(Self::of(pair))
    }

    /// A key as it was [written](Self::write); `None` for anything else.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let der = BASE64_STANDARD.decode(stored.key.private_key.expose());
        let der = Zeroizing::new(der.ok()?);
        KeyPair::from_pkcs8(&der).ok().map(Self::of)
    }

    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| failed("written"))?;
        let der = Zeroizing::new(BASE64_STANDARD.encode(der.as_ref()));
        // In one piece of memory: one that grew would leave its smaller ones behind.
        let mut text = Zeroizing::new(Vec::with_capacity(der.len() + 64));
        text.extend_from_slice(br#"{"DoorkeyPopKey":{"private_key":""#);
        text.extend_from_slice(der.as_bytes());
        text.extend_from_slice(br#""}}"#);
        Ok(text)
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256
    /// ([RFC 7518, section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| failed("used"))?;
        Ok(signature)
    }

    fn of(pair: KeyPair) -> Self {
        let public = pair.public_key();
        let public = PublicKey::new(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        Self { pair, public }
    }
}

fn failed(what: &str) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "the key for proof-of-possession could not be {what} by this machine's cryptography; \
             ask for a bearer token"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_threads_sign_with_one_key_at_once() {
        let key = Key::generate().unwrap();
        // RS256 has no chance in it.
        let alone = key.sign(b"message").unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| [(); 20].map(|()| key.sign(b"message").unwrap())))
                .collect();
            for thread in threads {
                assert!(thread.join().unwrap().iter().all(|signed| *signed == alone));
            }
        });
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_one() {
        let key = Key::generate().unwrap();
        let written = key.write().unwrap();
        let again = Key::read(&written).unwrap();
        assert_eq!(again.public().thumbprint(), key.public().thumbprint());
        assert_ne!(
            Key::generate().unwrap().public().thumbprint(),
            key.public().thumbprint()
        );
        let cut = &written[..written.len() - 9];
        for other in [
            &b""[..],
            b"{}",
            b"[]",
            cut,
            br#"{"DoorkeyPopKey":{"private_key":"AAAA"}}"#,
            br#"{"DoorkeyPopKey":{"private_key":"!"}}"#,
        ] {
            assert!(Key::read(other).is_none());
        }
    }
}
