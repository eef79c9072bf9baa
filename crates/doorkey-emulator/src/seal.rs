//! Refresh tokens that carry their own content, sealed.
//!
//! Entra ID's refresh tokens are opaque, and so are these. As the content travels in them, an emulator
//! that was restarted with the same state folder honours those of the run before.

use crate::{Error, random, state_folder::StateFolder};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

const FILE: &str = "refresh-tokens.key";
const KEY_LENGTH: usize = 32;

/// What every sealed value begins with, as Entra ID's refresh tokens do.
const PREFIX: &str = "1.";

/// Seals values with a key of the state folder.
pub(crate) struct Seal {
    key: RandomizedNonceKey,
}

impl Seal {
    /// The key of `folder`, made at the first start.
    pub(crate) fn open(folder: &StateFolder) -> Result<Self, Error> {
        let bytes = match folder.read(FILE)? {
            Some(bytes) if bytes.len() == KEY_LENGTH => bytes,
            Some(bytes) => {
                return Err(Error::StateFile {
                    path: folder.file(FILE),
                    message: format!("{} bytes instead of {KEY_LENGTH}", bytes.len()),
                });
            }
            None => {
                let bytes = random::bytes::<KEY_LENGTH>();
                folder.write_secret(FILE, &bytes)?;
                bytes.to_vec()
            }
        };
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| Error::Cryptography {
                message: "the key that seals refresh tokens".to_owned(),
            })?;
        Ok(Self { key })
    }

    /// `value`, readable by this seal alone.
    pub(crate) fn seal(&self, value: &impl Serialize) -> String {
        let mut sealed = serde_json::to_vec(value).expect("what is sealed has string keys only");
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::empty(), &mut sealed)
            .expect("a short value fits the cipher");
        sealed.splice(..0, nonce.as_ref().iter().copied());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The value in `text`, if this seal closed it and nobody changed it since.
    pub(crate) fn open_value<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let mut sealed = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (nonce, content) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let content = self.key.open_in_place(nonce, Aad::empty(), content).ok()?;
        serde_json::from_slice(content).ok()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_what_nobody_changed() {
        let folder = StateFolder::private().unwrap();
        let seal = Seal::open(&folder).unwrap();
        let sealed = seal.seal(&"a secret");
        assert!(!sealed.contains("secret"));
        assert_eq!(
            Seal::open(&folder).unwrap().open_value(&sealed),
            Some("a secret".to_owned())
        );

        let other = Seal::open(&StateFolder::private().unwrap()).unwrap();
        assert_eq!(other.open_value::<String>(&sealed), None);
        let mut changed = sealed.into_bytes();
        changed[20] ^= 1;
        for text in [
            "",
            "1.",
            "1.AAAA",
            "2.AAAA",
            &String::from_utf8_lossy(&changed),
        ] {
            assert_eq!(seal.open_value::<String>(text), None, "{text}");
        }
    }

    #[test]
    fn a_damaged_key_is_named() {
        let folder = StateFolder::private().unwrap();
        folder.write_secret(FILE, b"short").unwrap();
        let error = Seal::open(&folder).unwrap_err().to_string();
        assert!(
            error.contains(FILE) && error.contains("remove it"),
            "{error}"
        );
    }
}
