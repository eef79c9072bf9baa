//! Where tokens are kept from one run to the next.

use clap::{
    Args,
    builder::{FalseyValueParser, NonEmptyStringValueParser},
};
use doorkey::TokenCachePersistenceOptions;

/// Which cache.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where tokens are kept")]
pub(crate) struct CacheArguments {
    /// The cache, by name; other programs on this machine share the default
    #[arg(long, value_name = "NAME", default_value = "msal.cache", env = "DOORKEY_CACHE_NAME",
        hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    cache_name: String,

    /// Keep tokens in a plain file of yours where this machine has no keyring
    #[arg(long, env = "DOORKEY_ALLOW_UNENCRYPTED_STORAGE", hide_env_values = true,
        value_parser = FalseyValueParser::new())]
    allow_unencrypted_storage: bool,
}

impl CacheArguments {
    pub(crate) fn persistence(&self) -> TokenCachePersistenceOptions {
        TokenCachePersistenceOptions {
            name: self.cache_name.clone(),
            allow_unencrypted_storage: self.allow_unencrypted_storage,
            ..Default::default()
        }
    }
}
