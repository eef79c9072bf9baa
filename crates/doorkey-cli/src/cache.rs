//! Where tokens are kept from one run to the next.

use crate::store::OfThisMachine;
use clap::{
    Args,
    builder::{FalseyValueParser, NonEmptyStringValueParser},
};
use doorkey::{
    EncryptedFileStore, EncryptionKey, PlainFileStore, TokenCachePersistenceOptions,
    TokenCacheStore,
};
use std::sync::{Arc, OnceLock};

/// The cache of all programs that name no other.
const SHARED: &str = "msal.cache";

/// Which cache.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where tokens are kept")]
pub(crate) struct CacheArguments {
    /// The cache, by name; other programs on this machine share the default
    #[arg(long, value_name = "NAME", default_value = SHARED, env = "DOORKEY_CACHE_NAME",
        hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    cache_name: String,

    /// Keep tokens in a plain file of yours where this machine has no keyring
    ///
    /// Other programs share that file. Without this option they are kept in a file of doorkey's alone,
    /// encrypted with a key in the Linux kernel's keyring, which is gone after a restart. It means
    /// nothing on Windows and macOS.
    #[arg(long, env = "DOORKEY_ALLOW_UNENCRYPTED_STORAGE", hide_env_values = true,
        value_parser = FalseyValueParser::new())]
    allow_unencrypted_storage: bool,

    /// Shared by the credentials of a run, which shall not choose differently.
    #[arg(skip)]
    store: OnceLock<Arc<OfThisMachine>>,
}

impl CacheArguments {
    pub(crate) fn is_shared(&self) -> bool {
        self.cache_name == SHARED
    }

    pub(crate) fn persistence(&self) -> TokenCachePersistenceOptions {
        TokenCachePersistenceOptions {
            name: self.cache_name.clone(),
            allow_unencrypted_storage: self.allow_unencrypted_storage,
            store: self.store(),
        }
    }

    /// The places where an earlier run may have kept tokens because another one was not there.
    pub(crate) fn other_places(&self) -> Vec<TokenCachePersistenceOptions> {
        if !cfg!(target_os = "linux") {
            return Vec::new();
        }
        let encrypted = EncryptedFileStore::new(EncryptionKey::from_kernel_keyring());
        let stores: [Arc<dyn TokenCacheStore>; 2] =
            [Arc::new(encrypted), Arc::new(PlainFileStore::new())];
        let places = stores.map(|store| TokenCachePersistenceOptions {
            name: self.cache_name.clone(),
            store: Some(store),
            ..Default::default()
        });
        places.into()
    }

    /// `None` where the library's own choice is the right one.
    fn store(&self) -> Option<Arc<dyn TokenCacheStore>> {
        if self.allow_unencrypted_storage || !cfg!(target_os = "linux") {
            return None;
        }
        Some(self.store.get_or_init(Arc::default).clone())
    }
}
