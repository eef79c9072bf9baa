use super::{
    CacheChange, CacheVersion, MemoryStore, Partition, StoredCache, TokenCacheStore, file,
};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{runtime::Handle, time::sleep};

/// The token cache of another program, which is read and never written: no byte, no lock, no file
/// beside it. What is changed in it is changed in memory, and forgotten when the other program
/// changes its own: then that is the truth, and whoever signed out there is gone here, too.
#[derive(Debug)]
pub(crate) struct BorrowedFileStore {
    path: PathBuf,
    name: String,
    memory: MemoryStore,
    seen: Mutex<Option<Seen>>,
}

/// The file as it was last read whole.
#[derive(Debug, Eq, PartialEq)]
struct Seen {
    version: CacheVersion,
    digest: [u8; 32],
}

/// A writer that truncates its file and then fills it needs much less.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

impl BorrowedFileStore {
    /// `name` is that of the cache which will ask for it.
    pub(crate) fn new(path: PathBuf, name: &str) -> Self {
        Self {
            path,
            name: name.to_owned(),
            memory: MemoryStore::new(),
            seen: Mutex::new(None),
        }
    }

    /// Takes over what the other program has written since. While that is half a file, what was read
    /// before is good; `false` where nothing was.
    async fn refresh(&self) -> Result<bool> {
        let is_known = |version: &CacheVersion| {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.as_ref().is_some_and(|seen| seen.version == *version)
        };
        // Its folder may be mounted or linked from elsewhere, as that program allows.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        if is_known(&file::version(&path)?) {
            return Ok(true);
        }
        let stored = file::read(&path)?;
        let bytes = opened(stored.bytes)?;
        let is_there = stored.version != CacheVersion::default();
        if is_there && serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err() {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(seen.is_some());
        }
        let newest = Seen {
            version: stored.version,
            digest: Sha256::digest(&bytes[..]).into(),
        };
        let changed = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = seen
                .as_ref()
                .is_none_or(|seen| seen.digest != newest.digest);
            *seen = Some(newest);
            changed
        };
        if changed {
            // It has one file for both: what it asks for can always be revoked.
            for cae in [false, true] {
                let partition = Partition::new(&self.name, cae);
                let mut take_over = |_: &[u8]| Some(bytes.to_vec());
                self.memory.update(&partition, &mut take_over).await?;
            }
        }
        Ok(true)
    }

    async fn refresh_wholly(&self) -> Result<()> {
        let mut waited = Duration::ZERO;
        while !self.refresh().await? {
            // Without a runtime nothing can be waited for.
            if waited >= PATIENCE || Handle::try_current().is_err() {
                return Err(Error::new(
                    ErrorKind::Cache,
                    format!(
                        "the token cache {} is not whole: another program is writing it, or was \
                         stopped while it did; try again",
                        self.path.display()
                    ),
                ));
            }
            sleep(PAUSE).await;
            waited += PAUSE;
        }
        Ok(())
    }
}

#[async_trait]
impl TokenCacheStore for BorrowedFileStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        self.refresh_wholly().await?;
        self.memory.load(partition).await
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        self.refresh().await?;
        self.memory.version(partition).await
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        self.refresh_wholly().await?;
        self.memory.update(partition, change).await
    }
}

/// As it was before Windows encrypted it for the person, if it did.
#[cfg(windows)]
use super::dpapi::opened;

#[cfg(not(windows))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "Windows decrypts it, which can fail"
)]
fn opened(bytes: Vec<u8>) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    Ok(zeroize::Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests;
