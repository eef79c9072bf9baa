//! What the session knows, and what its store holds: kept in step.

use super::{Inner, state::Changes};
use crate::{
    cache::{Loaded, Persistence},
    error::{Error, Result},
    events::{self, Detail},
};
use std::{sync::PoisonError, time::Duration};

/// How long another call of the same credential is waited for that reads or writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// One partition is read or written once at a time.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) persistence: Persistence,
    alone: [tokio::sync::Mutex<()>; 2],
}

impl Storage {
    pub(super) fn new(persistence: Persistence) -> Self {
        Self {
            persistence,
            alone: Default::default(),
        }
    }

    /// `None` where somebody took too long: a call that nobody polls any more must not hold up the
    /// others. The store has a lock of its own, and to do the same twice does no harm.
    async fn alone(&self, cae: bool) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mutex = &self.alone[usize::from(cae)];
        if let Ok(guard) = mutex.try_lock() {
            return Some(guard);
        }
        // Without a runtime there is nothing to wait with.
        tokio::runtime::Handle::try_current().ok()?;
        tokio::time::timeout(PATIENCE, mutex.lock()).await.ok()
    }
}

impl Inner {
    /// Sees what other processes changed. A store that was read once and then fails is passed by:
    /// what is known is still good.
    pub(super) async fn see_changes(&self, cae: bool) -> Result<()> {
        let Some(storage) = &self.storage else {
            return Ok(());
        };
        match self.read_if_changed(storage, cae).await {
            Err(error) if self.is_loaded(cae) => {
                self.tell_unreadable(cae, &error);
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn read_if_changed(&self, storage: &Storage, cae: bool) -> Result<()> {
        let version = storage.persistence.version(cae).await?;
        let is_known = || self.read_state().cache.version(cae) == Some(&version);
        if is_known() {
            return Ok(());
        }
        let _alone = storage.alone(cae).await;
        if !is_known() {
            self.adopt(cae, storage.persistence.load(cae).await?);
        }
        Ok(())
    }

    /// Reads both halves under the store's lock, where no writer is halfway; `true` if they are
    /// others than were known. Fails where the half of `cae` could not be written to either.
    pub(super) async fn read_again(&self, cae: bool) -> Result<bool> {
        let Some(storage) = &self.storage else {
            return Ok(false);
        };
        let mut changed = false;
        for half in [cae, !cae] {
            let _alone = storage.alone(half).await;
            match storage.persistence.update(half, &[]).await {
                Ok(loaded) => {
                    changed |= self.read_state().cache.version(half) != Some(loaded.version());
                    self.adopt(half, loaded);
                }
                Err(error) if half == cae => return Err(error),
                Err(error) => self.tell_unreadable(half, &error),
            }
        }
        Ok(changed)
    }

    /// Stores what was changed in memory, one half after the other. What cannot be stored stays in
    /// memory, and is stored with the next change.
    pub(super) async fn store(&self, changes: Changes) -> Result<()> {
        let Some(storage) = &self.storage else {
            return Ok(());
        };
        let mut outcome = Ok(());
        let halves: Vec<_> = changes.iter().map(|(cae, _)| *cae).collect();
        {
            let mut state = self.write_state();
            for (cae, change) in changes {
                state.cache.remember_to_store(cae, change);
            }
        }
        for cae in halves {
            let _alone = storage.alone(cae).await;
            let unsaved = self.read_state().cache.unsaved(cae);
            match storage.persistence.update(cae, &unsaved).await {
                Ok(loaded) => {
                    self.write_state().cache.is_stored(cae, &unsaved);
                    self.adopt(cae, loaded);
                }
                Err(error) => {
                    self.write_state().cache.is_not_stored(cae, &unsaved);
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    /// As [`store`](Self::store), where the caller has their token all the same.
    pub(super) async fn store_or_warn(&self, changes: Changes) {
        if let Err(error) = self.store(changes).await {
            self.warn(
                &Error::new(
                    error.kind(),
                    format!("the token is good, but could not be kept for the next run: {error}"),
                )
                .with_source(error),
            );
        }
    }

    fn adopt(&self, cae: bool, mut loaded: Loaded) {
        if let Some(notice) = loaded.notice.take() {
            self.warn(&notice);
        }
        self.write_state().cache.adopt(cae, loaded);
    }

    fn is_loaded(&self, cae: bool) -> bool {
        self.read_state().cache.version(cae).is_some()
    }

    pub(super) fn tell_unreadable(&self, cae: bool, error: &Error) {
        events::cache_unreadable(cae, error, Detail::new(error, self.enable_support_logging));
    }

    fn warn(&self, warning: &Error) {
        events::cache_warned(warning, Detail::new(warning, self.enable_support_logging));
        if let Some(observer) = self.source.observer() {
            observer.warned(warning);
        }
    }

    pub(super) fn read_state(&self) -> std::sync::RwLockReadGuard<'_, super::State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_state(&self) -> std::sync::RwLockWriteGuard<'_, super::State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
