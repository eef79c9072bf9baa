//! Where a cache is kept from one run to the next.
//!
//! A store keeps bytes and knows nothing of what is in them. Each has its own file; which one is
//! the system's is chosen in one place, `system`.

#[cfg(not(any(
    windows,
    target_os = "macos",
    all(target_os = "linux", feature = "secret-service")
)))]
mod absent;
mod borrowed_file;
#[cfg(windows)]
mod dpapi;
mod encrypted_file;
mod file;
#[cfg(any(target_os = "macos", all(test, unix)))]
mod keychain;
mod lock;
mod locked_file;
mod memory;
mod place;
mod plain_file;
mod platform;
#[cfg(all(target_os = "linux", feature = "secret-service"))]
mod secret_service;
#[cfg(any(
    target_os = "macos",
    all(target_os = "linux", feature = "secret-service"),
    all(test, unix)
))]
mod signal_file;
mod system;

pub(crate) use borrowed_file::BorrowedFileStore;
pub use encrypted_file::{EncryptedFileStore, EncryptionKey};
pub use memory::MemoryStore;
pub use plain_file::PlainFileStore;
pub use system::SystemStore;

use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use std::fmt;

/// Where a token cache is kept. Implement it to keep the cache somewhere else: a database, a vault,
/// a shared server.
///
/// A store keeps the bytes of each [`Partition`] and need not understand them. They hold refresh
/// tokens and a private key: keep them where only their owner can read them.
///
/// # Contract
///
/// - [`update`](Self::update) is a read, a change and a write that nobody else's update comes
///   between: under a lock, or by compare-and-set.
/// - [`version`](Self::version) differs whenever the bytes do, and is cheap: it is asked for before
///   each answer from the cache, so that what another process did is seen.
/// - None of them waits for a person, and none for more than some seconds.
///
/// # Example
///
/// On a server that knows compare-and-set, as most databases do:
///
/// ```
/// use async_trait::async_trait;
/// use doorkey::{
///     CacheChange, CacheVersion, Error, ErrorKind, Partition, Result, StoredCache,
///     TokenCachePersistenceOptions, TokenCacheStore,
/// };
/// # use azure_core::credentials::TokenCredential;
/// # use doorkey::{
/// #     DeviceCodeCredential, DeviceCodeCredentialOptions, InteractiveCredential,
/// #     PublicClientOptions,
/// # };
/// # use doorkey_emulator::{DeviceDecision, Emulator};
/// # use std::{collections::HashMap, sync::Mutex};
/// use std::sync::Arc;
/// #
/// # #[derive(Debug, Default)]
/// # struct Server(Mutex<HashMap<String, (Vec<u8>, u64)>>);
/// #
/// # impl Server {
/// #     async fn get(&self, key: &str) -> Result<(Vec<u8>, u64)> {
/// #         Ok(self.0.lock().unwrap().get(key).cloned().unwrap_or_default())
/// #     }
/// #     async fn revision(&self, key: &str) -> Result<u64> {
/// #         Ok(self.get(key).await?.1)
/// #     }
/// #     async fn put_if(&self, key: &str, revision: u64, bytes: Vec<u8>) -> Result<bool> {
/// #         let mut all = self.0.lock().unwrap();
/// #         let entry = all.entry(key.to_owned()).or_default();
/// #         let is_current = entry.1 == revision;
/// #         if is_current {
/// #             *entry = (bytes, revision + 1);
/// #         }
/// #         Ok(is_current)
/// #     }
/// # }
///
/// #[derive(Debug)]
/// struct ServerStore(Arc<Server>);
///
/// #[async_trait]
/// impl TokenCacheStore for ServerStore {
///     async fn load(&self, partition: &Partition) -> Result<StoredCache> {
///         let (bytes, revision) = self.0.get(partition.file_name()).await?;
///         Ok(StoredCache::new(bytes, revision.into()))
///     }
///
///     async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
///         Ok(self.0.revision(partition.file_name()).await?.into())
///     }
///
///     async fn update(
///         &self,
///         partition: &Partition,
///         change: &mut CacheChange<'_>,
///     ) -> Result<CacheVersion> {
///         for _ in 0..20 {
///             let (bytes, revision) = self.0.get(partition.file_name()).await?;
///             let Some(new) = change(&bytes) else {
///                 return Ok(revision.into());
///             };
///             if self.0.put_if(partition.file_name(), revision, new).await? {
///                 return Ok((revision + 1).into());
///             }
///         }
///         Err(Error::new(ErrorKind::Cache, "others write to the server all the time; try again"))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let emulator = Emulator::builder().start().await?;
/// # let server = Arc::new(Server::default());
/// # let options = |record| {
/// let persistence = TokenCachePersistenceOptions {
///     store: Some(Arc::new(ServerStore(server.clone()))),
///     ..Default::default()
/// };
/// # let person = emulator.clone();
/// # let username = emulator.users()[0].username.clone();
/// # let mut client = PublicClientOptions::default();
/// # client.cache_persistence = Some(persistence);
/// # client.client_options.transport =
/// #     Some(azure_core::http::Transport::new(emulator.transport()));
/// # DeviceCodeCredentialOptions {
/// #     authentication_record: record,
/// #     client,
/// #     prompt_callback: Some(Arc::new(move |info| {
/// #         let decision = DeviceDecision::Approve { username: username.clone() };
/// #         person.decide_device_code(&info.user_code, decision).expect("the code is known");
/// #         Ok(())
/// #     })),
/// #     ..Default::default()
/// # }
/// # };
/// # let signing_in = DeviceCodeCredential::new(Some(options(None)))?;
/// # let record = signing_in.authenticate(None).await?;
/// # emulator.clear_requests();
/// # let next_run = DeviceCodeCredential::new(Some(options(Some(record))))?;
/// # let scopes = ["https://management.core.windows.net//.default"];
/// # next_run.get_token(&scopes, None).await?;
/// # assert!(emulator.requests().is_empty());
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenCacheStore: fmt::Debug + Send + Sync {
    /// What is stored, and its version; empty bytes where nothing is.
    ///
    /// # Errors
    ///
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where the store does not
    /// work here at all, [`Cache`](crate::ErrorKind::Cache) where this read failed.
    async fn load(&self, partition: &Partition) -> Result<StoredCache>;

    /// The version of what is stored.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    async fn version(&self, partition: &Partition) -> Result<CacheVersion>;

    /// Reads, lets `change` make the new bytes out of the old ones (empty where nothing is stored),
    /// and stores them; `None` leaves all as it is. `change` may be called more than once: the last
    /// call counts. Gives the version of what is stored then.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load). What was stored before is still there.
    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion>;

    /// Keeps bytes that are no token cache, before an update replaces them, where a person can find
    /// them and nobody else can; says where, in words for that person. `None`, as by default, keeps
    /// nothing: then they are gone.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); then nothing is replaced, and what was to be stored waits.
    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        let _ = (partition, damaged);
        Ok(None)
    }
}

/// Makes the new bytes of a partition out of the old ones; `None` leaves all as it is.
pub type CacheChange<'a> = dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'a;

/// A part of a named cache: the tokens that can be revoked in the middle of their life (continuous
/// access evaluation), those that cannot, or the private key that proof-of-possession tokens are bound
/// to. There may be more kinds in later versions.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Partition {
    file_name: String,
}

impl Partition {
    /// A half of the cache of that name. The library makes them for itself; this is for the tests of
    /// a store.
    #[must_use]
    pub fn new(name: &str, cae: bool) -> Self {
        let half = if cae { "cae" } else { "nocae" };
        Self {
            file_name: format!("{name}.{half}"),
        }
    }

    /// Where the key for proof-of-possession is: ours alone.
    pub(crate) fn of_key(name: &str) -> Self {
        Self {
            file_name: format!("{name}.pop"),
        }
    }

    /// The name under which the Azure Identity libraries keep this half, `msal.cache.nocae` by
    /// default; `msal.cache.pop` for the key, which they do not know. It holds no path separator, and tells every partition from every other.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }
}

/// What a store holds of a partition. `Debug` shows no bytes.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct StoredCache {
    /// As they were stored; empty where nothing is.
    pub bytes: Vec<u8>,
    /// Their version.
    pub version: CacheVersion,
}

impl StoredCache {
    /// Bytes, and their version.
    #[must_use]
    pub fn new(bytes: Vec<u8>, version: CacheVersion) -> Self {
        Self { bytes, version }
    }
}

impl fmt::Debug for StoredCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoredCache")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Tells two states of a stored partition apart: a counter, an entity tag, a file's number and
/// time. The default is that of a partition that was never stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CacheVersion(Vec<u8>);

impl From<Vec<u8>> for CacheVersion {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for CacheVersion {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<u64> for CacheVersion {
    fn from(counter: u64) -> Self {
        Self(counter.to_be_bytes().to_vec())
    }
}

/// Work that waits for the system, off the threads of the runtime; here, where there is none.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return work();
    };
    let outcome = runtime.spawn_blocking(work).await;
    outcome.unwrap_or_else(|error| {
        Err(Error::new(
            ErrorKind::Cache,
            "the token cache was not written, as the program's runtime is ending",
        )
        .with_source(error))
    })
}

#[cfg(test)]
mod tests;
