use super::{CacheChange, CacheVersion, Partition, PlainFileStore, StoredCache, TokenCacheStore};
use crate::{
    error::{Error, ErrorKind, Result},
    seams::Environment,
};
use async_trait::async_trait;
use std::sync::{Arc, OnceLock};
use tokio::runtime::TryCurrentError;

/// The one place where the system's own store is chosen.
#[cfg(all(target_os = "linux", feature = "secret-service"))]
use super::secret_service::SecretServiceStore as Native;

#[cfg(target_os = "macos")]
use super::keychain::KeychainStore as Native;

#[cfg(windows)]
use super::dpapi::DpapiStore as Native;

#[cfg(not(any(
    windows,
    target_os = "macos",
    all(target_os = "linux", feature = "secret-service")
)))]
use super::absent::AbsentStore as Native;

/// The operating system's own place for secrets: the Secret Service on Linux, the Keychain on
/// macOS, a file encrypted by DPAPI on Windows; the places that the Azure Identity libraries of other
/// languages share.
///
/// Nobody is shown a dialog to unlock it: a keyring that is locked, mute or absent is an error, of
/// kind [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable), within seconds. Only
/// macOS asks a person by itself, whether this program may use what another program keeps; that is
/// given up after 20 seconds.
///
/// ```
/// use doorkey::{SystemStore, TokenCachePersistenceOptions};
/// use std::sync::Arc;
///
/// // As without `store`, where the system's store is used:
/// let options = TokenCachePersistenceOptions {
///     store: Some(Arc::new(SystemStore::new(false))),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug)]
pub struct SystemStore {
    native: Native,
    /// Where there is no keyring, and only then.
    fallback: Option<PlainFileStore>,
    /// Once one of them has worked, it is the one: what a keyring holds is not written in plain
    /// because the keyring was mute for a moment.
    chosen: Arc<OnceLock<Place>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Native,
    Fallback,
}

impl SystemStore {
    /// `allow_unencrypted_storage` falls back to a [`PlainFileStore`] on a Linux without a working
    /// keyring; it means nothing on Windows and macOS.
    #[must_use]
    pub fn new(allow_unencrypted_storage: bool) -> Self {
        Self::with_environment(allow_unencrypted_storage, Environment::default())
    }

    pub(crate) fn with_environment(
        allow_unencrypted_storage: bool,
        environment: Environment,
    ) -> Self {
        let falls_back = allow_unencrypted_storage && !cfg!(any(windows, target_os = "macos"));
        Self {
            fallback: falls_back.then(|| PlainFileStore::with_environment(environment.clone())),
            native: Native::new(environment),
            chosen: Arc::default(),
        }
    }

    /// Whether the fallback is to be asked after the system's store failed so.
    fn steps_down(&self, error: &Error) -> Option<&PlainFileStore> {
        let fallback = self.fallback.as_ref()?;
        let is_open = self.chosen.get() != Some(&Place::Native);
        let has_none = error.kind() == ErrorKind::CredentialUnavailable && !lacks_runtime(error);
        (is_open && has_none).then_some(fallback)
    }

    fn chose(&self, place: Place, why: Option<&Error>) {
        if self.chosen.set(place).is_ok()
            && let Some(why) = why
        {
            crate::events::cache_in_plain_file(why);
        }
    }

    fn is_fallback(&self) -> Option<&PlainFileStore> {
        let chosen = self.chosen.get() == Some(&Place::Fallback);
        self.fallback.as_ref().filter(|_| chosen)
    }
}

#[async_trait]
impl TokenCacheStore for SystemStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        if let Some(fallback) = self.is_fallback() {
            return fallback.load(partition).await;
        }
        let error = match self.native.load(partition).await {
            Ok(stored) => {
                self.chose(Place::Native, None);
                return Ok(stored);
            }
            Err(error) => error,
        };
        let Some(fallback) = self.steps_down(&error) else {
            return Err(with_ways_out(error));
        };
        let stored = fallback.load(partition).await?;
        self.chose(Place::Fallback, Some(&error));
        Ok(stored)
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        match self.is_fallback() {
            Some(fallback) => fallback.version(partition).await,
            None => self.native.version(partition).await.map_err(with_ways_out),
        }
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        if let Some(fallback) = self.is_fallback() {
            return fallback.update(partition, change).await;
        }
        let error = match self.native.update(partition, change).await {
            Ok(version) => {
                self.chose(Place::Native, None);
                return Ok(version);
            }
            Err(error) => error,
        };
        let Some(fallback) = self.steps_down(&error) else {
            return Err(with_ways_out(error));
        };
        let version = fallback.update(partition, change).await?;
        self.chose(Place::Fallback, Some(&error));
        Ok(version)
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        match self.is_fallback() {
            Some(fallback) => fallback.set_aside(partition, damaged).await,
            None => self.native.set_aside(partition, damaged).await,
        }
    }
}

/// Without a runtime a keyring cannot be asked, and so it is unknown whether there is one.
fn lacks_runtime(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<TryCurrentError>)
}

/// What can be done where the system has no place for secrets.
fn with_ways_out(error: Error) -> Error {
    if cfg!(any(windows, target_os = "macos")) || error.kind() != ErrorKind::CredentialUnavailable {
        return error;
    }
    Error::new(
        error.kind(),
        format!(
            "{error}; or set `allow_unencrypted_storage` to keep tokens in a plain file, or give a \
             `store` of your own, such as an `EncryptedFileStore`"
        ),
    )
    .with_source(error)
}

#[cfg(all(target_os = "linux", feature = "secret-service"))]
#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::ffi::OsStr;

    #[test]
    fn that_a_keyring_cannot_be_asked_here_is_no_reason_to_do_without() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::of(&[
            ("HOME", home.path().as_os_str()),
            ("DBUS_SESSION_BUS_ADDRESS", OsStr::new("unix:path=/nowhere")),
        ]);
        let store = SystemStore::with_environment(true, environment);
        let partition = Partition::new("msal.cache", false);
        let error = store.load(&partition).now_or_never().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains("runtime"), "{error}");
        assert!(store.is_fallback().is_none());
    }
}
