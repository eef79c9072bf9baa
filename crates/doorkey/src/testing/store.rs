//! A store in memory that counts, and that can fail.

use crate::{
    CacheChange, CacheVersion, Error, ErrorKind, MemoryStore, Partition, Result, StoredCache,
    TokenCachePersistenceOptions, TokenCacheStore,
};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

#[derive(Debug, Default)]
pub(crate) struct WatchedStore {
    memory: MemoryStore,
    calls: Mutex<Vec<String>>,
    pub(crate) is_absent: AtomicBool,
    pub(crate) is_full: AtomicBool,
    pub(crate) aside: Mutex<Vec<Vec<u8>>>,
    before_update: Mutex<Option<String>>,
    /// `cae` or `nocae`.
    pub(crate) broken_half: Mutex<Option<&'static str>>,
    /// Nothing can be set aside.
    pub(crate) no_drawer: AtomicBool,
    /// The next update never ends.
    pub(crate) hangs: AtomicBool,
}

impl WatchedStore {
    pub(crate) fn options(self: &Arc<Self>) -> TokenCachePersistenceOptions {
        TokenCachePersistenceOptions {
            store: Some(Arc::clone(self) as Arc<dyn TokenCacheStore>),
            ..Default::default()
        }
    }

    /// What was called since this was asked last: `load nocae`, `update cae`, ...
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// How often something was written since `calls` was asked last.
    pub(crate) fn writes(&self) -> usize {
        let calls = self.calls();
        calls
            .iter()
            .filter(|call| call.starts_with("write"))
            .count()
    }

    pub(crate) async fn document(&self, cae: bool) -> Value {
        let stored = self.memory.load(&Partition::new("msal.cache", cae)).await;
        serde_json::from_slice(&stored.unwrap().bytes).unwrap_or_default()
    }

    /// Another process writes.
    pub(crate) async fn write(&self, cae: bool, text: &str) {
        let partition = Partition::new("msal.cache", cae);
        let mut change = |_: &[u8]| Some(text.as_bytes().to_vec());
        self.memory.update(&partition, &mut change).await.unwrap();
    }

    /// Another process writes where the key for proof-of-possession is.
    #[cfg(feature = "pop")]
    pub(crate) async fn write_key(&self, text: &str) {
        let mut change = |_: &[u8]| Some(text.as_bytes().to_vec());
        let partition = Partition::of_key("msal.cache");
        self.memory.update(&partition, &mut change).await.unwrap();
    }

    /// Another process writes this into the half without continuous access, just before we get the
    /// lock.
    pub(crate) fn write_before_next_update(&self, text: String) {
        *self.before_update.lock().unwrap() = Some(text);
    }

    fn called(&self, what: &str, partition: &Partition) -> Result<()> {
        let half = partition.file_name().rsplit('.').next().unwrap();
        self.calls.lock().unwrap().push(format!("{what} {half}"));
        if *self.broken_half.lock().unwrap() == Some(half) {
            return Err(Error::new(ErrorKind::Cache, "half is broken"));
        }
        if self.is_absent.load(Ordering::Relaxed) {
            return Err(Error::new(
                ErrorKind::CredentialUnavailable,
                "there is no keyring here",
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl TokenCacheStore for WatchedStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        self.called("load", partition)?;
        self.memory.load(partition).await
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        self.called("version", partition)?;
        self.memory.version(partition).await
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        self.called("update", partition)?;
        if self.hangs.swap(false, Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let before = self.before_update.lock().unwrap().take();
        if let Some(text) = before {
            self.write(false, &text).await;
        }
        let is_full = self.is_full.load(Ordering::Relaxed);
        let mut writes = false;
        let mut watched = |bytes: &[u8]| {
            let new = change(bytes);
            writes = new.is_some();
            new.filter(|_| !is_full)
        };
        let version = self.memory.update(partition, &mut watched).await?;
        if writes && is_full {
            return Err(Error::new(ErrorKind::Cache, "the disk is full"));
        }
        if writes {
            self.called("write", partition)?;
        }
        Ok(version)
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        self.called("set aside", partition)?;
        if self.no_drawer.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cache, "no drawer"));
        }
        self.aside.lock().unwrap().push(damaged.to_vec());
        Ok(Some("a drawer".into()))
    }
}
