//! The login keychain of macOS.
//!
//! Written without a Mac: it type-checks for macOS, and its logic is tested elsewhere, on an item
//! that is kept in memory.

/// The one place where the Keychain's own calls are chosen.
#[cfg(not(test))]
#[path = "keychain/item.rs"]
mod item;
#[cfg(test)]
#[path = "keychain/item_in_memory.rs"]
mod item;

use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, file, lock, place::Folder,
    signal_file,
};
use crate::{
    error::{Error, ErrorKind, Result},
    seams::Environment,
};
use async_trait::async_trait;
use item::Item;
use std::{path::PathBuf, sync::Arc, thread, time::Duration};
use tokio::sync::{Mutex, oneshot};
use zeroize::Zeroizing;

/// The first program that asks for an item of another one makes macOS ask the person: long enough
/// for somebody who is at the screen, short enough for a program that nobody watches.
const PATIENCE: Duration = Duration::from_secs(20);

const SERVICE: &str = "Microsoft.Developer.IdentityService";

/// Keeps a token cache where the Azure Identity libraries of other languages keep theirs: in a
/// generic password of the default keychain.
///
/// The file of the partition's name beside is empty: every writer touches it, so that the others see
/// a change without asking the Keychain.
#[derive(Clone, Debug)]
pub(super) struct KeychainStore {
    folder: Folder,
    /// Shared by the clones, so that dialogs do not pile up: one conversation at a time.
    alone: Arc<Mutex<()>>,
}

impl KeychainStore {
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            folder: Folder::Shared(environment),
            alone: Arc::default(),
        }
    }

    fn signal(&self, partition: &Partition) -> Result<PathBuf> {
        self.folder.file(partition, "")
    }

    /// Does something with the Keychain, which may ask the person first.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        tokio::runtime::Handle::try_current().map_err(|error| {
            unavailable(
                "asking the Keychain needs a Tokio runtime, and none is running here; call from \
                 within one",
            )
            .with_source(error)
        })?;
        let asking = async {
            let alone = Arc::clone(&self.alone).lock_owned().await;
            let (answer, answered) = oneshot::channel();
            // Not one of the runtime's: at its end, the runtime would wait for the person.
            let thread = thread::Builder::new().name("doorkey-keychain".into());
            let started = thread.spawn(move || {
                let outcome = work();
                drop(alone);
                // Nobody may be waiting any more.
                let _ = answer.send(outcome);
            });
            started.map_err(|error| {
                Error::new(
                    ErrorKind::Cache,
                    "the Keychain could not be asked, as the system has no thread left; try again",
                )
                .with_source(error)
            })?;
            answered.await.unwrap_or_else(|error| {
                Err(Error::new(ErrorKind::Cache, "asking the Keychain failed").with_source(error))
            })
        };
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap_or_else(|_| {
                let seconds = PATIENCE.as_secs();
                Err(unavailable(format!(
                    "the Keychain did not answer within {seconds} seconds; a dialog of macOS may be \
                     waiting for you: choose \"Always Allow\" there, and try again"
                )))
            })
    }
}

#[async_trait]
impl TokenCacheStore for KeychainStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        // Before the item: what is written meanwhile is then read once too often, not too seldom.
        let version = self.version(partition).await?;
        let found = self.find(partition).await?;
        let mut bytes = found.map_or_else(Zeroizing::default, |(bytes, _)| bytes);
        Ok(StoredCache::new(std::mem::take(&mut *bytes), version))
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        file::version(&self.signal(partition)?)
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let signal = self.signal(partition)?;
        let lock = lock::acquire(&signal).await?;
        let (old, item) = self.find(partition).await?.unzip();
        let Some(new) = change(&old.unwrap_or_default()).map(Zeroizing::new) else {
            return file::version(&signal);
        };
        let account = account(partition);
        // The lock goes with the write: when the person answers a dialog that nobody waits for any
        // more, what is written is still no older than what it replaces.
        self.ask(move || {
            let _lock = lock;
            match item {
                Some(item) => item.replace(&new)?,
                None => Item::add(SERVICE, &account, &new)?,
            }
            signal_file::touch(&signal)
        })
        .await
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        let account = format!("{}.damaged", partition.file_name());
        let place = format!("the Keychain's item {SERVICE}, account {account}");
        let damaged = Zeroizing::new(damaged.to_vec());
        self.ask(move || match Item::find(SERVICE, &account)? {
            Some((_, item)) => item.replace(&damaged),
            None => Item::add(SERVICE, &account, &damaged),
        })
        .await?;
        Ok(Some(place))
    }
}

impl KeychainStore {
    async fn find(&self, partition: &Partition) -> Result<Option<(Zeroizing<Vec<u8>>, Item)>> {
        let account = account(partition);
        self.ask(move || Item::find(SERVICE, &account)).await
    }
}

/// The other libraries' account: in the beginning there was only one.
fn account(partition: &Partition) -> String {
    match partition.file_name() {
        "msal.cache.nocae" => "MSALCache".to_owned(),
        other => other.to_owned(),
    }
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialUnavailable, message)
}

/// What an `OSStatus` of the Keychain means, with the system's own words.
fn failure(code: i32, words: &str) -> Error {
    match code {
        USER_CANCELED | AUTH_FAILED => unavailable(
            "this program was not allowed to use the token cache in the Keychain; when macOS asks, \
             choose \"Always Allow\"",
        ),
        INTERACTION_NOT_ALLOWED | INTERACTION_REQUIRED => unavailable(
            "the Keychain is locked, and nobody can be asked here, as by SSH or in a service; \
             unlock it with `security unlock-keychain`",
        ),
        NOT_AVAILABLE | NO_SUCH_KEYCHAIN | NO_DEFAULT_KEYCHAIN => unavailable(
            "there is no default keychain here; make one with Keychain Access, or give a `store` \
             of your own, such as an `EncryptedFileStore`",
        ),
        _ => Error::new(
            ErrorKind::Cache,
            format!("the Keychain failed ({words}, {code}); try again"),
        ),
    }
}

/// `errSec…`, which `OSStatus` and the Keychain have had since the Macs of before.
const USER_CANCELED: i32 = -128;
const NOT_AVAILABLE: i32 = -25_291;
const AUTH_FAILED: i32 = -25_293;
const NO_SUCH_KEYCHAIN: i32 = -25_294;
const ITEM_NOT_FOUND: i32 = -25_300;
const NO_DEFAULT_KEYCHAIN: i32 = -25_307;
const INTERACTION_NOT_ALLOWED: i32 = -25_308;
const INTERACTION_REQUIRED: i32 = -25_315;

#[cfg(test)]
mod tests;
