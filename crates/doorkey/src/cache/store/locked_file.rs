use super::{
    CacheVersion, StoredCache, blocking, file,
    lock::{self, Lock},
};
use crate::error::Result;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A file that nobody else writes meanwhile.
pub(super) struct LockedFile {
    path: PathBuf,
    lock: Lock,
}

impl LockedFile {
    /// Waits for the lock, and reads.
    pub(super) async fn open(path: PathBuf) -> Result<(Self, StoredCache)> {
        let lock = lock::acquire(&path).await?;
        let stored = file::read(&path)?;
        Ok((Self { path, lock }, stored))
    }

    /// Writes what is made, on a thread that may wait. The lock goes with the write: whoever stops
    /// waiting for it does not let somebody else write in between.
    pub(super) async fn replace(
        self,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>> + Send + 'static,
    ) -> Result<CacheVersion> {
        blocking(move || {
            let Self { path, lock } = self;
            let version = file::replace(&path, &make()?);
            drop(lock);
            version
        })
        .await
    }
}
