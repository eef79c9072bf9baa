//! The keyring, and where a Linux has none, an encrypted file.

use crate::console;
use doorkey::{
    CacheChange, CacheVersion, EncryptedFileStore, EncryptionKey, Error, ErrorKind, Partition,
    Result, StoredCache, SystemStore, TokenCacheStore,
};
use std::{
    error::Error as _,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::runtime::TryCurrentError;

/// The first of the two that works, for as long as the command runs. What the other one holds stays
/// there: where a keyring appears or goes, a person signs in once more.
#[derive(Debug)]
pub(crate) struct OfThisMachine {
    system: SystemStore,
    encrypted: EncryptedFileStore,
    chosen: OnceLock<Chosen>,
    announced: AtomicBool,
}

#[derive(Debug)]
enum Chosen {
    System,
    /// Because the system's failed so.
    Encrypted(Error),
}

impl Default for OfThisMachine {
    fn default() -> Self {
        let key = EncryptionKey::from_kernel_keyring();
        Self {
            system: SystemStore::new(false),
            encrypted: EncryptedFileStore::new(key).on_notice(console::warn),
            chosen: OnceLock::new(),
            announced: AtomicBool::new(false),
        }
    }
}

impl OfThisMachine {
    /// Reads from the first that works, which is chosen by that.
    async fn choose(&self, partition: &Partition) -> Result<StoredCache> {
        let (stored, chosen) = match self.system.load(partition).await {
            Ok(stored) => (stored, Chosen::System),
            Err(error)
                if error.kind() == ErrorKind::CredentialUnavailable && !lacks_runtime(&error) =>
            {
                match self.encrypted.load(partition).await {
                    Ok(stored) => (stored, Chosen::Encrypted(error)),
                    Err(other) => return Err(neither(&error, other)),
                }
            }
            Err(error) => return Err(error),
        };
        // Whoever was quicker has chosen the same.
        let _ = self.chosen.set(chosen);
        Ok(stored)
    }

    async fn chosen(&self, partition: &Partition) -> Result<&Chosen> {
        if self.chosen.get().is_none() {
            self.choose(partition).await?;
        }
        self.chosen.get().ok_or_else(|| {
            Error::new(
                ErrorKind::Cache,
                "no place for tokens was chosen; try again",
            )
        })
    }

    /// Once, as the file is there from now on.
    fn announce(&self, why: &Error) {
        if !self.announced.swap(true, Ordering::Relaxed) {
            let why = console::one_line(reason(&why.to_string()));
            console::tell(&format!(
                "Tokens are kept in an encrypted file, with its key in the kernel's keyring until \
                 this machine restarts ({why})."
            ));
        }
    }
}

#[async_trait::async_trait]
impl TokenCacheStore for OfThisMachine {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        match self.chosen.get() {
            None => self.choose(partition).await,
            Some(Chosen::System) => self.system.load(partition).await,
            Some(Chosen::Encrypted(_)) => self.encrypted.load(partition).await,
        }
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        match self.chosen.get() {
            // Of no state, so that it is loaded, and chosen by that.
            None => Ok(CacheVersion::from("not chosen yet")),
            Some(Chosen::System) => self.system.version(partition).await,
            Some(Chosen::Encrypted(_)) => self.encrypted.version(partition).await,
        }
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let why = match self.chosen(partition).await? {
            Chosen::System => return self.system.update(partition, change).await,
            Chosen::Encrypted(why) => why,
        };
        let mut begins = false;
        let mut watched = |old: &[u8]| {
            let new = change(old);
            begins = old.is_empty() && new.is_some();
            new
        };
        let version = self.encrypted.update(partition, &mut watched).await?;
        if begins {
            self.announce(why);
        }
        Ok(version)
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        match self.chosen(partition).await? {
            Chosen::System => self.system.set_aside(partition, damaged).await,
            Chosen::Encrypted(_) => self.encrypted.set_aside(partition, damaged).await,
        }
    }
}

/// Without a runtime a keyring cannot be asked, and so it is unknown whether there is one.
fn lacks_runtime(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<TryCurrentError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn neither(system: &Error, encrypted: Error) -> Error {
    let why = system.to_string();
    // What is wrong with the folder is wrong for both, and what is wrong with the file is its own.
    if encrypted.kind() != ErrorKind::CredentialUnavailable
        || why.starts_with(&encrypted.to_string())
    {
        return encrypted;
    }
    Error::new(
        encrypted.kind(),
        format!(
            "tokens cannot be kept here: {}; {encrypted}; or give --allow-unencrypted-storage, which \
             keeps them in a plain file",
            reason(&why)
        ),
    )
    .with_source(encrypted)
}

/// What happened, without the library's ways out, which are not this command's.
fn reason(message: &str) -> &str {
    message
        .split_once("; or set `allow_unencrypted_storage`")
        .map_or(message, |(reason, _)| reason)
}
