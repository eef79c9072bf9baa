use super::key::{Key, KeyKind, kernel_place};
use crate::{
    cache::Partition,
    error::{Error, ErrorKind, Result},
    seams,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const FORMAT: &str = "doorkey encrypted token cache";
const VERSION: u32 = 1;
const CIPHER: &str = "XChaCha20-Poly1305";

/// An encrypted cache, as it stands in its file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    format: String,
    version: u32,
    cipher: String,
    pub(super) key: KeyKind,
    nonce: String,
    ciphertext: String,
}

/// What a file holds.
pub(super) enum Found {
    Nothing,
    Envelope(Envelope),
    /// It is no envelope, or a part of one.
    Damage,
}

/// What is in an envelope.
pub(super) enum Opened {
    Bytes(Zeroizing<Vec<u8>>),
    /// It was made by the kernel and is lost: nobody will ever open this again.
    KeyIsGone,
}

impl Envelope {
    /// What is not of this version is refused.
    pub(super) fn read(bytes: &[u8]) -> Result<Found> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: serde_json::Value,
        }
        if bytes.is_empty() {
            return Ok(Found::Nothing);
        }
        let head: Option<Head> = serde_json::from_slice(bytes).ok();
        let Some(head) = head.filter(|head| head.format == FORMAT) else {
            return Ok(Found::Damage);
        };
        if head.version != VERSION {
            return Err(refused(
                "was made by a newer version of this library; update this program",
            ));
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(envelope) if envelope.cipher == CIPHER => Ok(Found::Envelope(envelope)),
            _ => Err(refused("is damaged, or somebody has changed it")),
        }
    }

    /// With the key that there is, if there is one.
    pub(super) fn open(&self, key: Option<&Key>, partition: &Partition) -> Result<Opened> {
        let is_ours = key.is_some_and(|key| key.kind == self.key);
        let Some(key) = key.filter(|_| is_ours) else {
            return match &self.key {
                KeyKind::KernelKeyring { place, .. } if *place == kernel_place() => {
                    Ok(Opened::KeyIsGone)
                }
                KeyKind::KernelKeyring { .. } => Err(refused(
                    "has its key in the kernel's keyring of another machine or container, which \
                     shares this home; use another `name` here, or move the file away",
                )),
                _ => Err(cannot_open()),
            };
        };
        let (nonce, ciphertext) = (BASE64.decode(&self.nonce), BASE64.decode(&self.ciphertext));
        let (Ok(nonce), Ok(ciphertext)) = (nonce, ciphertext) else {
            return Err(cannot_open());
        };
        let Ok(nonce) = XNonce::try_from(nonce.as_slice()) else {
            return Err(cannot_open());
        };
        let payload = Payload {
            msg: &ciphertext,
            aad: &authenticated(&self.key, partition),
        };
        let opened = cipher(key).decrypt(&nonce, payload);
        let opened = opened.map_err(|_| cannot_open())?;
        Ok(Opened::Bytes(Zeroizing::new(opened)))
    }

    pub(super) fn seal(bytes: &[u8], key: &Key, partition: &Partition) -> Result<Vec<u8>> {
        let nonce = seams::random::<24>()?;
        let payload = Payload {
            msg: bytes,
            aad: &authenticated(&key.kind, partition),
        };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| {
            Error::new(
                ErrorKind::Cache,
                "the token cache is too large to be encrypted",
            )
        })?;
        let envelope = Self {
            format: FORMAT.into(),
            version: VERSION,
            cipher: CIPHER.into(),
            key: key.kind.clone(),
            nonce: BASE64.encode(nonce),
            ciphertext: BASE64.encode(sealed),
        };
        serde_json::to_vec(&envelope).map_err(|error| {
            Error::new(ErrorKind::Cache, "the token cache cannot be written").with_source(error)
        })
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.bytes).into())
}

/// What cannot be changed without the key: all that an envelope says of itself, and the file that it
/// is in, so that the halves cannot be exchanged.
fn authenticated(key: &KeyKind, partition: &Partition) -> Vec<u8> {
    let name = partition.file_name();
    serde_json::to_vec(&(FORMAT, VERSION, CIPHER, key, name)).unwrap_or_default()
}

fn refused(what: &str) -> Error {
    Error::new(
        ErrorKind::Cache,
        format!("the file of the encrypted token cache {what}; it was left as it is"),
    )
}

fn cannot_open() -> Error {
    Error::new(
        ErrorKind::Cache,
        "the encrypted token cache cannot be decrypted: the key or passphrase is another one, or \
         somebody has changed the file; it was left as it is. Give the right key, or move the file \
         away and sign in again",
    )
}
