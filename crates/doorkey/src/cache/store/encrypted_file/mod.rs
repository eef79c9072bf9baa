mod envelope;
#[cfg(target_os = "linux")]
#[path = "kernel_keyring.rs"]
mod kernel_keyring;
#[cfg(not(target_os = "linux"))]
#[path = "no_kernel_keyring.rs"]
mod kernel_keyring;
mod key;

pub use key::EncryptionKey;

use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, blocking, file, lock,
    locked_file::LockedFile, place::Folder,
};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use envelope::{Envelope, Found, Opened};
use key::{Key, Keys};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// Keeps a token cache in an encrypted file, for systems without a keyring: a server, a container, a
/// session by SSH.
///
/// It protects the tokens of a copy of the disk, a backup or a home on a network. It does not protect
/// them from other programs of the same user, who can get at the key as this program does.
///
/// The format is this library's alone, and other libraries do not read it: the file stands beside
/// theirs as `<name>.nocae.doorkey` and `<name>.cae.doorkey`, an object of JSON with `format`,
/// `version` (1), `key` (its kind; for a passphrase the parameters of Argon2id and the salt),
/// `nonce` and `ciphertext`. The cache is encrypted by XChaCha20-Poly1305, which also
/// authenticates the name of the file and all members before the nonce. A file of another version
/// is refused, and stays as it is.
///
/// ```
/// use doorkey::{EncryptedFileStore, EncryptionKey, TokenCachePersistenceOptions};
/// use std::sync::Arc;
///
/// let key = EncryptionKey::from_file("/etc/example/doorkey-cache-key");
/// let options = TokenCachePersistenceOptions {
///     store: Some(Arc::new(EncryptedFileStore::new(key))),
///     ..Default::default()
/// };
/// ```
#[derive(Clone)]
pub struct EncryptedFileStore {
    keys: Arc<Keys>,
    folder: Folder,
    on_notice: Option<OnNotice>,
}

type OnNotice = Arc<dyn Fn(&str) + Send + Sync>;

impl EncryptedFileStore {
    /// In the folder that the Azure Identity libraries share: `~/.IdentityService`, on Windows
    /// `%LOCALAPPDATA%\.IdentityService`.
    #[must_use]
    pub fn new(key: EncryptionKey) -> Self {
        Self {
            keys: Arc::new(Keys::new(key)),
            folder: Folder::default(),
            on_notice: None,
        }
    }

    /// In a folder of your own, which is made where there is none.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Folder::Own(folder.into());
        self
    }

    /// Is told, in a sentence for a person, that a cache was set aside because its key is gone. It
    /// must not block. By default only the log has it.
    #[must_use]
    pub fn on_notice(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_notice = Some(Arc::new(tell));
        self
    }

    fn path(&self, partition: &Partition) -> Result<PathBuf> {
        self.folder.file(partition, ".doorkey")
    }

    /// The key for an envelope, if there is one: deriving it takes time by design, once.
    async fn key_for(&self, envelope: Option<&Envelope>) -> Result<Option<Key>> {
        let keys = Arc::clone(&self.keys);
        let kind = envelope.map(|envelope| envelope.key.clone());
        blocking(move || keys.get(kind.as_ref(), false)).await
    }

    /// The key for a new envelope. One that has to be made is made once, as a second would take the
    /// first one's place, whose envelopes then are lost.
    async fn key_to_seal(&self, path: &Path) -> Result<Key> {
        let _alone = lock::acquire(&path.with_file_name("doorkey-key")).await?;
        let keys = Arc::clone(&self.keys);
        let key = blocking(move || keys.get(None, true)).await?;
        key.ok_or_else(|| {
            Error::new(
                ErrorKind::CredentialUnavailable,
                "there is no key to encrypt the token cache with",
            )
        })
    }
}

#[async_trait]
impl TokenCacheStore for EncryptedFileStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        let path = self.path(partition)?;
        let stored = file::read(&path)?;
        let Contents { mut bytes, .. } = self.contents(&path, &stored.bytes, partition).await?;
        Ok(StoredCache::new(
            std::mem::take(&mut *bytes),
            stored.version,
        ))
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        file::version(&self.path(partition)?)
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let path = self.path(partition)?;
        let (file, stored) = LockedFile::open(path.clone()).await?;
        let Contents { bytes, key, lost } = self.contents(&path, &stored.bytes, partition).await?;
        let new = change(&bytes).map(Zeroizing::new);
        let Some(new) = new else {
            if key.is_none() {
                // That there can be one is part of whether it could be written.
                self.key_to_seal(&path).await?;
            }
            return Ok(stored.version);
        };
        let key = match key {
            Some(key) => key,
            None => self.key_to_seal(&path).await?,
        };
        if let Some(why) = lost {
            let aside = file::set_aside(&path, &stored.bytes)?;
            crate::events::cache_set_aside(why);
            self.tell(&format!(
                "{why}; it was moved to {}, and a new cache begins: sign in again",
                aside.display()
            ));
        }
        let sealed = Zeroizing::new(Envelope::seal(&new, &key, partition)?);
        file.replace(|| Ok(sealed)).await
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        // What is damaged inside is as secret as before: it is sealed again.
        let path = self.path(partition)?;
        let key = self.key_to_seal(&path).await?;
        let sealed = Envelope::seal(damaged, &key, partition)?;
        let aside = file::set_aside(&path, &sealed)?;
        Ok(Some(aside.display().to_string()))
    }
}

/// What a file holds, as far as it can be opened here.
struct Contents {
    bytes: Zeroizing<Vec<u8>>,
    key: Option<Key>,
    /// Why nobody can open it any more: then it is set aside before anything is written.
    lost: Option<&'static str>,
}

impl EncryptedFileStore {
    async fn contents(
        &self,
        path: &Path,
        stored: &[u8],
        partition: &Partition,
    ) -> Result<Contents> {
        let empty = |key, lost| Contents {
            bytes: Zeroizing::default(),
            key,
            lost,
        };
        let envelope = match Envelope::read(stored).map_err(|error| at(path, error))? {
            Found::Envelope(envelope) => envelope,
            // Whether there can be a key is asked now, and not when there is something to lose.
            Found::Nothing => return Ok(empty(self.key_for(None).await?, None)),
            Found::Damage => {
                let key = self.key_for(None).await?;
                return Ok(empty(
                    key,
                    Some("the file of the encrypted token cache was damaged"),
                ));
            }
        };
        let key = self.key_for(Some(&envelope)).await?;
        let opened = envelope.open(key.as_ref(), partition);
        Ok(match opened.map_err(|error| at(path, error))? {
            Opened::Bytes(bytes) => Contents {
                bytes,
                key,
                lost: None,
            },
            Opened::KeyIsGone => empty(
                // Another one may be there, made since.
                key,
                Some(
                    "the key of the encrypted token cache is gone from the kernel's keyring, as \
                     after a restart, so nobody can read it any more",
                ),
            ),
        })
    }

    fn tell(&self, notice: &str) {
        if let Some(tell) = &self.on_notice {
            tell(notice);
        }
    }
}

impl fmt::Debug for EncryptedFileStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EncryptedFileStore")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn at(path: &Path, error: Error) -> Error {
    Error::new(error.kind(), format!("{}: {error}", path.display())).with_source(error)
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
