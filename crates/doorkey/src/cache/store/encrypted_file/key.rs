use super::kernel_keyring;
use crate::{
    cache::store::{file, platform::is_open_to_others},
    error::{Error, ErrorKind, Result},
    seams,
};
use argon2::{Algorithm, Argon2, Params, Version};
use azure_core::credentials::Secret;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// Where the key of an [`EncryptedFileStore`](super::EncryptedFileStore) comes from.
#[derive(Clone)]
pub struct EncryptionKey(pub(super) Source);

#[derive(Clone)]
pub(super) enum Source {
    Passphrase(Secret),
    File(PathBuf),
    KernelKeyring { description: String },
}

impl EncryptionKey {
    /// A passphrase, from which the key is derived by Argon2id (19 MiB, 2 passes: the least that
    /// [OWASP](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html)
    /// recommends) once in each run. Take a long one: whoever has the file can try as many as they
    /// like. An empty one is refused when it is needed
    /// ([`InvalidArgument`](crate::ErrorKind::InvalidArgument)).
    #[must_use]
    pub fn from_passphrase(passphrase: Secret) -> Self {
        Self(Source::Passphrase(passphrase))
    }

    /// A file of random bytes, 32 or more, such as `head -c 32 /dev/urandom` makes and a system of
    /// secrets provides. It is read when it is needed; one that others can read, a link and another
    /// user's are refused.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// A random key in the Linux kernel's keyring of this user, made when it is needed first. It is
    /// never on a disk, and is gone after a restart: then the cache is set aside, and the person
    /// signs in again. Containers often forbid it, and other systems have none:
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable).
    #[must_use]
    pub fn from_kernel_keyring() -> Self {
        Self(Source::KernelKeyring {
            description: "doorkey:token-cache".into(),
        })
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Passphrase(_) => formatter.write_str("EncryptionKey::from_passphrase"),
            Source::File(path) => write!(formatter, "EncryptionKey::from_file({path:?})"),
            Source::KernelKeyring { .. } => {
                formatter.write_str("EncryptionKey::from_kernel_keyring")
            }
        }
    }
}

/// What an envelope says of its key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum KeyKind {
    Passphrase {
        kdf: Argon2id,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: String,
    },
    File {},
    /// The identity tells a key from one that was made after a restart; the place, this kernel's
    /// keyring from that of another machine or container with the same home.
    KernelKeyring {
        identity: String,
        place: String,
    },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Argon2id {
    #[serde(rename = "argon2id")]
    V0x13,
}

/// A key, and what its envelopes say of it.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) kind: KeyKind,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

/// The keys of one store: derived once.
pub(super) struct Keys {
    source: Source,
    known: Mutex<Option<Key>>,
}

// A hostile file must not make us use all memory, or wait for hours.
const MOST_MEMORY_KIB: u32 = 256 * 1_024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 4;
const LONGEST_SALT: usize = 64;

impl Keys {
    pub(super) fn new(key: EncryptionKey) -> Self {
        Self {
            source: key.0,
            known: Mutex::new(None),
        }
    }

    /// The key for an envelope of this kind, or for a new envelope. `None` where there is none, and
    /// none is to be made.
    pub(super) fn get(&self, kind: Option<&KeyKind>, make: bool) -> Result<Option<Key>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.as_ref()
            && kind.is_none_or(|kind| *kind == key.kind)
            // The kernel may have lost it.
            && !matches!(self.source, Source::KernelKeyring { .. })
        {
            return Ok(Some(key.clone()));
        }
        let key = match (&self.source, kind) {
            (Source::Passphrase(passphrase), None) => {
                // Derived only where it is used.
                make.then(|| derive(passphrase, &fresh_parameters()?))
                    .transpose()?
            }
            (Source::Passphrase(passphrase), Some(kind @ KeyKind::Passphrase { .. })) => {
                Some(derive(passphrase, kind)?)
            }
            (Source::File(path), None | Some(KeyKind::File {})) => Some(of_file(path)?),
            (Source::KernelKeyring { description }, None | Some(KeyKind::KernelKeyring { .. })) => {
                of_kernel(description, make)?
            }
            (_, Some(other)) => return Err(other_kind(other)),
        };
        known.clone_from(&key);
        Ok(key)
    }
}

fn fresh_parameters() -> Result<KeyKind> {
    let salt = seams::random::<16>()?;
    Ok(KeyKind::Passphrase {
        kdf: Argon2id::V0x13,
        memory_kib: Params::DEFAULT_M_COST,
        passes: Params::DEFAULT_T_COST,
        lanes: Params::DEFAULT_P_COST,
        salt: BASE64.encode(salt),
    })
}

fn derive(passphrase: &Secret, kind: &KeyKind) -> Result<Key> {
    if passphrase.secret().is_empty() {
        return Err(Error::invalid_argument(
            "the passphrase of the encrypted token cache is empty; give one",
        ));
    }
    let refused = || {
        Error::new(
            ErrorKind::Cache,
            "the encrypted token cache names parameters for its key that are out of all proportion, \
             so it was left as it is; move it away",
        )
    };
    let KeyKind::Passphrase {
        memory_kib,
        passes,
        lanes,
        salt,
        ..
    } = kind
    else {
        return Err(other_kind(kind));
    };
    let salt = BASE64.decode(salt).map_err(|_| refused())?;
    if *memory_kib > MOST_MEMORY_KIB
        || *passes > MOST_PASSES
        || *lanes > MOST_LANES
        || salt.len() > LONGEST_SALT
    {
        return Err(refused());
    }
    let mut bytes = Zeroizing::new([0; 32]);
    let parameters = Params::new(*memory_kib, *passes, *lanes, Some(bytes.len()));
    let parameters = parameters.map_err(|_| refused())?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.secret().as_bytes(), &salt, &mut *bytes)
        .map_err(|_| refused())?;
    Ok(Key {
        kind: kind.clone(),
        bytes,
    })
}

fn of_file(path: &std::path::Path) -> Result<Key> {
    const LEAST: usize = 32;
    let content = Zeroizing::new(file::read(path)?.bytes);
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| is_open_to_others(&metadata)) {
        return Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the key file {} can be read by others, so it is no secret; make it private, as by \
                 `chmod 600`",
                path.display()
            ),
        ));
    }
    if content.len() < LEAST {
        return Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the key file {} is missing, or holds less than {LEAST} bytes; fill it with random \
                 bytes, as by `head -c 32 /dev/urandom`",
                path.display()
            ),
        ));
    }
    Ok(Key {
        kind: KeyKind::File {},
        bytes: hashed("doorkey token cache key file", &content),
    })
}

fn of_kernel(description: &str, make: bool) -> Result<Option<Key>> {
    let content = match kernel_keyring::find(description)? {
        Some(content) => content,
        None if make => {
            let content = Zeroizing::new(seams::random::<32>()?);
            kernel_keyring::add(description, &*content)?;
            // Whoever made one at the same moment has replaced ours, or we theirs.
            match kernel_keyring::find(description)? {
                Some(content) => content,
                None => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    let identity = hashed("doorkey token cache key identity", &content);
    Ok(Some(Key {
        kind: KeyKind::KernelKeyring {
            identity: BASE64.encode(&identity[..12]),
            place: kernel_place(),
        },
        bytes: hashed("doorkey token cache key", &content),
    }))
}

/// Which kernel's keyring this is.
pub(super) fn kernel_place() -> String {
    let place = hashed("doorkey token cache place", &kernel_keyring::place());
    BASE64.encode(&place[..12])
}

/// One input must not give the same bytes for two purposes.
fn hashed(purpose: &str, content: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut digest = Sha256::new();
    digest.update(purpose.as_bytes());
    digest.update([0]);
    digest.update(content);
    Zeroizing::new(digest.finalize().into())
}

fn other_kind(kind: &KeyKind) -> Error {
    let kind = match kind {
        KeyKind::Passphrase { .. } => "a passphrase",
        KeyKind::File {} => "a key file",
        KeyKind::KernelKeyring { .. } => "a key in the kernel's keyring",
    };
    Error::new(
        ErrorKind::Cache,
        format!(
            "the encrypted token cache was encrypted with {kind}, and this program was given another \
             kind of key, so it was left as it is; give the same, use another `name`, or move it away"
        ),
    )
}
