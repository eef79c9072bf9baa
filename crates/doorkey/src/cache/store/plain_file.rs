use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, file,
    locked_file::LockedFile, place::Folder,
};
use crate::{error::Result, seams::Environment};
use async_trait::async_trait;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Keeps a token cache in a plain file, unencrypted, readable by its owner alone: mode 0600, in a
/// folder of mode 0700. Anybody who reads that file can use the tokens.
///
/// Python's `msal-extensions` and `azure-identity` read and write the same file, and their lock is
/// honoured. A file that is a link or another user's is refused. On a system without POSIX modes,
/// the file is as private as its folder.
///
/// ```
/// use doorkey::{PlainFileStore, TokenCachePersistenceOptions};
/// use std::sync::Arc;
///
/// let options = TokenCachePersistenceOptions {
///     store: Some(Arc::new(PlainFileStore::in_folder("/run/example/tokens"))),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlainFileStore {
    folder: Folder,
}

impl PlainFileStore {
    /// In the place that the Azure Identity libraries share: `~/.IdentityService`, on Windows
    /// `%LOCALAPPDATA%\.IdentityService`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// In a folder of your own, which is made where there is none.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Folder::Own(folder.into()),
        }
    }

    pub(super) fn with_environment(environment: Environment) -> Self {
        Self {
            folder: Folder::Shared(environment),
        }
    }

    fn path(&self, partition: &Partition) -> Result<PathBuf> {
        self.folder.file(partition, "")
    }
}

#[async_trait]
impl TokenCacheStore for PlainFileStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        file::read(&self.path(partition)?)
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        file::version(&self.path(partition)?)
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let (file, old) = LockedFile::open(self.path(partition)?).await?;
        let bytes = Zeroizing::new(old.bytes);
        match change(&bytes).map(Zeroizing::new) {
            Some(new) => file.replace(|| Ok(new)).await,
            None => Ok(old.version),
        }
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        let path = self.path(partition)?;
        let aside = file::set_aside(&path, damaged)?;
        Ok(Some(aside.display().to_string()))
    }
}
