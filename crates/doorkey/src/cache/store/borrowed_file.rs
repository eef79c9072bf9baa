use super::{
    CacheChange, CacheVersion, MemoryStore, Partition, StoredCache, TokenCacheStore, file,
};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tokio::{runtime::Handle, sync::Mutex, time::sleep};

/// The token cache of another program, which is read and never written: no byte, no lock, no file
/// beside it. What is changed in it is changed in memory, and forgotten when the other program
/// changes its own: then that is the truth, and whoever signed out there is gone here, too.
#[derive(Debug)]
pub(crate) struct BorrowedFileStore {
    path: PathBuf,
    name: String,
    memory: MemoryStore,
    /// Held while the file is read and taken over, so that nobody puts an older state over a newer one.
    seen: Mutex<Option<Seen>>,
}

/// The file as it was last read whole.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// Whether it was old enough then for a later write to have another time.
    is_settled: bool,
    digest: [u8; 32],
}

/// Time and length; `None` where there is no file.
type Stamp = Option<(SystemTime, u64)>;

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
        let mut seen = self.seen.lock().await;
        let (stamp, is_settled) = self.stamp()?;
        if let Some(seen) = &*seen
            && seen.is_settled
            && seen.stamp == stamp
        {
            return Ok(true);
        }
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => opened(bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => opened(Vec::new())?,
            Err(error) => return Err(self.unreadable(error)),
        };
        let is_whole = || serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        if self.stamp()?.0 != stamp || (stamp.is_some() && !is_whole()) {
            return Ok(seen.is_some());
        }
        let digest = Sha256::digest(&bytes[..]).into();
        if seen.as_ref().is_none_or(|seen| seen.digest != digest) {
            // It has one file for both: what it asks for can always be revoked.
            for cae in [false, true] {
                let partition = Partition::new(&self.name, cae);
                let mut take_over = |_: &[u8]| Some(bytes.to_vec());
                self.memory.update(&partition, &mut take_over).await?;
            }
        }
        *seen = Some(Seen {
            stamp,
            is_settled,
            digest,
        });
        Ok(true)
    }

    /// Links are followed, and it may be anybody's: its folder may be mounted from elsewhere.
    fn stamp(&self) -> Result<(Stamp, bool)> {
        let stamp = fs::metadata(&self.path).and_then(|metadata| {
            let stamp = (metadata.modified()?, metadata.len());
            Ok((Some(stamp), file::is_settled(&metadata)))
        });
        match stamp {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((None, true)),
            outcome => outcome.map_err(|error| self.unreadable(error)),
        }
    }

    fn unreadable(&self, error: io::Error) -> Error {
        let path = self.path.display();
        Error::new(
            ErrorKind::Cache,
            format!("the other program's token cache {path} cannot be read: {error}"),
        )
        .with_source(error)
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
