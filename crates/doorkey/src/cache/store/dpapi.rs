//! A file that Windows encrypts for the person who is signed in (DPAPI).

mod protection;

use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, blocking, file,
    locked_file::LockedFile, place::Folder,
};
use crate::{error::Result, seams::Environment};
use async_trait::async_trait;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Keeps a token cache in the file that the Azure Identity libraries of other languages share.
#[derive(Clone, Debug)]
pub(super) struct DpapiStore {
    folder: Folder,
}

impl DpapiStore {
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            folder: Folder::Shared(environment),
        }
    }

    fn path(&self, partition: &Partition) -> Result<PathBuf> {
        self.folder.file(partition, "")
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
        let (file, stored) = LockedFile::open(self.path(partition)?).await?;
        let bytes = blocking(move || opened(stored.bytes)).await?;
        let Some(new) = change(&bytes).map(Zeroizing::new) else {
            // That it could be encrypted is part of whether it could be written.
            blocking(|| protection::protect(b"{}")).await?;
            return Ok(stored.version);
        };
        file.replace(move || protection::protect(&new).map(Zeroizing::new))
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
pub(super) fn opened(bytes: Vec<u8>) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(bytes);
    if bytes.is_empty() {
        return Ok(bytes);
    }
    Ok(protection::unprotect(&bytes)?.unwrap_or(bytes))
}

#[cfg(test)]
mod tests;
