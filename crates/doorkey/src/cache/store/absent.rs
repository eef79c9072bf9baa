use super::{CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore};
use crate::{
    error::{Error, ErrorKind, Result},
    seams::Environment,
};
use async_trait::async_trait;

/// A system whose place for secrets is not known here.
#[derive(Clone, Debug)]
pub(super) struct AbsentStore;

impl AbsentStore {
    pub(super) fn new(_: Environment) -> Self {
        Self
    }
}

fn absent() -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        "this program knows no place for secrets on this system (on Linux: it was built without \
         the feature `secret-service`)",
    )
}

#[async_trait]
impl TokenCacheStore for AbsentStore {
    async fn load(&self, _: &Partition) -> Result<StoredCache> {
        Err(absent())
    }

    async fn version(&self, _: &Partition) -> Result<CacheVersion> {
        // So that the load is tried, and can step down.
        Ok(CacheVersion::from("absent"))
    }

    async fn update(&self, _: &Partition, _: &mut CacheChange<'_>) -> Result<CacheVersion> {
        Err(absent())
    }
}
