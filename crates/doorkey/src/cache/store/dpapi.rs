//! A file that Windows encrypts for the person who is signed in (DPAPI).

mod protection;

use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, blocking, file, lock, place,
};
use crate::{error::Result, seams::Environment};
use async_trait::async_trait;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Keeps a token cache in the file that the Azure Identity libraries of other languages share.
#[derive(Clone, Debug)]
pub(super) struct DpapiStore {
    environment: Environment,
}

impl DpapiStore {
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment }
    }

    fn path(&self, partition: &Partition) -> Result<PathBuf> {
        Ok(place::folder(&self.environment)?.join(partition.file_name()))
    }
}

#[async_trait]
impl TokenCacheStore for DpapiStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        let stored = file::read(&self.path(partition)?)?;
        let mut bytes = opened(stored.bytes)?;
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
        let lock = lock::acquire(&path).await?;
        let stored = file::read(&path)?;
        let bytes = blocking(move || opened(stored.bytes)).await?;
        let Some(new) = change(&bytes).map(Zeroizing::new) else {
            // That it could be encrypted is part of whether it could be written.
            blocking(|| protection::protect(b"{}")).await?;
            return Ok(stored.version);
        };
        // The lock goes with the write: whoever stops waiting for it does not let somebody else
        // write in between.
        blocking(move || {
            let protected = protection::protect(&new)?;
            let version = file::replace(&path, &protected);
            drop(lock);
            version
        })
        .await
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        let path = self.path(partition)?;
        if protection::is_protected(damaged) {
            let aside = file::set_aside(&path, damaged)?;
            return Ok(Some(format!(
                "{}, which this user cannot decrypt on this machine",
                aside.display()
            )));
        }
        // What is damaged inside is as secret as before.
        let protected = protection::protect(damaged)?;
        let aside = file::set_aside(&path, &protected)?;
        Ok(Some(format!(
            "{}, encrypted for this user",
            aside.display()
        )))
    }
}

/// What is in the file. What can never be decrypted here is given as it is: it is no token cache, so
/// it is read again under the lock, in case somebody was halfway through writing it, then set aside,
/// and the person is told. A cache of a time before the encryption is one, and is encrypted with the
/// next write.
fn opened(bytes: Vec<u8>) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(bytes);
    if bytes.is_empty() {
        return Ok(bytes);
    }
    Ok(protection::unprotect(&bytes)?.unwrap_or(bytes))
}

#[cfg(test)]
mod tests;
