use super::{CacheVersion, Change, Document, Partition, TokenCacheStore};
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The partitions of a named cache, in a store.
#[derive(Debug)]
pub(crate) struct Persistence {
    pub(super) store: Arc<dyn TokenCacheStore>,
    without_cae: Partition,
    with_cae: Partition,
    key: Partition,
}

/// A stored state, read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(super) document: Document,
    pub(super) version: CacheVersion,
    /// What a person should know: that the cache was damaged, and where the rest of it is.
    pub(crate) notice: Option<Error>,
}

impl Loaded {
    pub(crate) fn version(&self) -> &CacheVersion {
        &self.version
    }
}

impl Persistence {
    pub(crate) fn new(store: Arc<dyn TokenCacheStore>, name: &str) -> Self {
        Self {
            store,
            without_cae: Partition::new(name, false),
            with_cae: Partition::new(name, true),
            key: Partition::of_key(name),
        }
    }

    pub(crate) async fn version(&self, cae: bool) -> Result<CacheVersion> {
        self.store.version(self.partition(cae)).await
    }

    /// Reads without the lock: a peer may be in the middle of writing. What looks damaged is
    /// therefore read again under the lock.
    pub(crate) async fn load(&self, cae: bool) -> Result<Loaded> {
        let stored = self.store.load(self.partition(cae)).await?;
        let bytes = Zeroizing::new(stored.bytes);
        let reading = Document::read(&bytes);
        let Some(damage) = reading.damage else {
            return Ok(Loaded {
                document: reading.document,
                version: stored.version,
                notice: None,
            });
        };
        match self.update(cae, &[]).await {
            Ok(loaded) => Ok(loaded),
            // It cannot be mended here, but what could be read is good.
            Err(error) => Ok(Loaded {
                document: reading.document,
                version: stored.version,
                notice: Some(self.damaged(cae, &damage, &error.to_string())),
            }),
        }
    }

    /// Under the store's lock: reads, does the changes on what is there now, and writes in one go.
    /// Without changes it reads, and shows that a change could be written.
    pub(crate) async fn update(&self, cae: bool, changes: &[Arc<Change>]) -> Result<Loaded> {
        let partition = self.partition(cae);
        let mut notice = None;
        // Damage is set aside before anything is written over it, and that is not done in the
        // change: so it is done again, and once more in case somebody else damaged it meanwhile.
        let mut aside: Option<Zeroizing<Vec<u8>>> = None;
        for _ in 0..3 {
            let mut damaged = None;
            let mut after = None;
            let mut change = |bytes: &[u8]| {
                let mut reading = Document::read(bytes);
                let known = aside.as_ref().is_some_and(|aside| aside[..] == *bytes);
                damaged = reading.damage.filter(|_| !known).map(|damage| {
                    let bytes = Zeroizing::new(bytes.to_vec());
                    (damage, bytes)
                });
                for change in changes {
                    reading.document.apply(change);
                }
                let write = damaged.is_none() && (known || !changes.is_empty());
                let text = write.then(|| std::mem::take(&mut *reading.document.write()));
                after = Some(reading.document);
                text
            };
            let version = self.store.update(partition, &mut change).await?;
            let Some((damage, bytes)) = damaged else {
                let document = after.ok_or_else(|| {
                    Error::new(
                        ErrorKind::Cache,
                        "the token cache's store did not ask for the change that it was given; \
                         this is a fault of that store",
                    )
                })?;
                return Ok(Loaded {
                    document,
                    version,
                    notice,
                });
            };
            let place = self.store.set_aside(partition, &bytes).await;
            let place = match place {
                Ok(Some(place)) => format!("all of it is kept in {place}"),
                Ok(None) => "its store does not keep damaged caches".to_owned(),
                // Nothing is written over the only copy.
                Err(error) => {
                    let why = format!("it could not be set aside, so nothing was changed: {error}");
                    return Err(self.damaged(cae, &damage, &why).with_source(error));
                }
            };
            notice = Some(self.damaged(cae, &damage, &place));
            aside = Some(bytes);
        }
        Err(Error::new(
            ErrorKind::Cache,
            format!(
                "the token cache {} is damaged each time it is read; another program writes what \
                 is no token cache there",
                partition.file_name()
            ),
        ))
    }

    fn damaged(&self, cae: bool, damage: &serde_json::Error, rest: &str) -> Error {
        // Line and column, and never what stands there.
        let (line, column) = (damage.line(), damage.column());
        Error::new(
            ErrorKind::Cache,
            format!(
                "the token cache {} was damaged (line {line}, column {column}); what could be \
                 read is still used, and {rest}",
                self.partition(cae).file_name()
            ),
        )
    }

    pub(super) fn key_partition(&self) -> &Partition {
        &self.key
    }

    fn partition(&self, cae: bool) -> &Partition {
        if cae {
            &self.with_cae
        } else {
            &self.without_cae
        }
    }
}
