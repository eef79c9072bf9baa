use super::{CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore};
use crate::error::Result;
use async_trait::async_trait;
use std::path::PathBuf;

/// Keeps a token cache in a plain file, unencrypted, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct PlainFileStore {
    folder: Option<PathBuf>,
}

impl PlainFileStore {
    /// In the place that the Azure Identity libraries share: `~/.IdentityService`, on Windows
    /// `%LOCALAPPDATA%\.IdentityService`.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: None }
    }

    /// In a folder of your own.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
        }
    }
}

impl Default for PlainFileStore {
    fn default() -> Self {
        Self::new()
    }
}

impl PlainFileStore {
    fn path(&self, partition: &Partition) -> Result<PathBuf> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => super::place::folder(&crate::seams::Environment::default())?,
        };
        Ok(folder.join(partition.file_name()))
    }
}

#[async_trait]
impl TokenCacheStore for PlainFileStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        super::file::read(&self.path(partition)?)
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        super::file::version(&self.path(partition)?)
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let path = self.path(partition)?;
        let _lock = super::lock::acquire(&path).await?;
        let old = super::file::read(&path)?;
        match change(&old.bytes) {
            Some(new) => super::file::replace(&path, &new),
            None => Ok(old.version),
        }
    }
}
