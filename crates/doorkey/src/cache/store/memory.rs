use super::{CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore};
use crate::error::Result;
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

/// Keeps a token cache in memory, for the credentials of one program that shall share a sign-in.
///
/// ```
/// use doorkey::{MemoryStore, TokenCachePersistenceOptions};
/// use std::sync::Arc;
///
/// let shared = TokenCachePersistenceOptions {
///     store: Some(Arc::new(MemoryStore::new())),
///     ..Default::default()
/// };
/// ```
#[derive(Default)]
pub struct MemoryStore {
    /// By file name: the bytes, and how often they were written.
    partitions: Mutex<Partitions>,
}

type Partitions = HashMap<String, (Zeroizing<Vec<u8>>, u64)>;

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Partitions> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenCacheStore for MemoryStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        let partitions = self.lock();
        let stored = partitions.get(partition.file_name());
        Ok(
            stored.map_or_else(StoredCache::default, |(bytes, version)| {
                StoredCache::new(bytes.to_vec(), (*version).into())
            }),
        )
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        let partitions = self.lock();
        let stored = partitions.get(partition.file_name());
        Ok(stored.map_or_else(CacheVersion::default, |(_, version)| (*version).into()))
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let mut partitions = self.lock();
        let (old, version) = partitions
            .get(partition.file_name())
            .map_or((&[][..], 0), |(bytes, version)| (bytes, *version));
        let Some(new) = change(old) else {
            return Ok(if version == 0 {
                CacheVersion::default()
            } else {
                version.into()
            });
        };
        let version = version + 1;
        partitions.insert(
            partition.file_name().to_owned(),
            (Zeroizing::new(new), version),
        );
        Ok(version.into())
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MemoryStore")
    }
}
