//! Doorkey signs a person in to Microsoft Entra ID, and keeps them signed in.
//!
//! Its credentials implement [`TokenCredential`](azure_core::credentials::TokenCredential) of the
//! official Azure SDK for Rust, so every client of that SDK takes them:
//!
//! - [`InteractiveBrowserCredential`] opens the browser that the person uses anyway;
//! - [`DeviceCodeCredential`] shows a code that they type on another device;
//! - `UsernamePasswordCredential` (feature `username-password`) sends a password, for test accounts in
//!   pipelines: whoever can sign in by themselves should;
//! - [`InteractiveBrowserBrokerCredential`] asks the operating system's [`Broker`], in which the person is
//!   signed in already, and opens the browser where there is none;
//! - [`AzureCliTokenCacheCredential`] uses the sign-in of `az`, without starting it;
//! - `DefaultAzureCredential` and `ChainedTokenCredential` (feature `chain`, on by default) use whichever
//!   sign-in is there, that of a machine in Azure included.
//!
//! The first token asks the person. Later ones come from memory or by the refresh token, and the
//! person is asked again only when the authority demands it.
//!
//! ```
//! use azure_core::credentials::TokenCredential;
//! use doorkey::{DeviceCodeCredential, DeviceCodeCredentialOptions};
//! # use doorkey::{Error, PublicClientOptions};
//! # use doorkey_emulator::{DeviceDecision, Emulator};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let emulator = Emulator::builder().start().await?;
//! # let mut client = PublicClientOptions::default();
//! # client.client_options.transport =
//! #     Some(azure_core::http::Transport::new(emulator.transport()));
//! # let username = emulator.users()[0].username.clone();
//! # let person = emulator.clone();
//! # let show = move |code: &str| {
//! #     let decision = DeviceDecision::Approve { username: username.clone() };
//! #     person.decide_device_code(code, decision).expect("the code is known");
//! # };
//! let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
//!     application_name: Some("Example".into()),
//!     prompt_callback: Some(Arc::new(move |info| {
//!         eprintln!("{info}"); // or show it in a window
//! #       show(&info.user_code);
//!         Ok(())
//!     })),
//! #   client,
//!     ..Default::default()
//! }))?;
//! let scopes = ["https://storage.azure.com/.default"];
//! let token = credential.get_token(&scopes, None).await?; // asks the person
//! let again = credential.get_token(&scopes, None).await?; // asks nobody
//! assert_eq!(token.token, again.token);
//! # Ok(())
//! # }
//! ```
//!
//! [`InteractiveCredential`] has what the SDK's trait has no room for: signing in ahead of time,
//! signing out, and a token with what is known of it. [`accounts`] lists who is signed in. An [`Error`] tells a person what to do next, and a program
//! [which case](ErrorKind) it is; [`Error::find`] gets it out of the SDK's.
//!
//! A client of the SDK takes any of them; one that needs another tenant takes a
//! [`scoped`](InteractiveCredential::scoped) view, one that shall deal with revoked tokens the
//! [`continuous_access_policy`](InteractiveCredential::continuous_access_policy), and an HTTP client that is
//! none of the SDK's a [`bearer_token_provider`].
//!
//! A token that is worth nothing to who steals it is bound to a key, and each request signed:
//! [`TokenInfoOptions::pop`] for one request, the [`pop_policy`](InteractiveCredential::pop_policy) for a
//! client of the SDK (feature `pop`, on by default).
//!
//! # What it needs
//!
//! A Tokio runtime with I/O and time; where there is none, what would wait is an error. An HTTP
//! client: the feature `reqwest` (on by default, with `reqwest_rustls`, `reqwest_gzip` and
//! `reqwest_deflate`; all are `azure_core`'s own) brings one, or give your own in
//! [`PublicClientOptions::client_options`].
//!
//! # What it keeps
//!
//! Tokens, in memory, as long as the credential lives. With
//! [`cache_persistence`](PublicClientOptions::cache_persistence) also tokens and accounts from one
//! run to the next: in the [system's own place](SystemStore) for secrets, in a [plain](PlainFileStore)
//! or [encrypted](EncryptedFileStore) file, or wherever a [`TokenCacheStore`] of yours keeps them. The
//! cache is the one that Microsoft's libraries for other languages share, so that a person who signed
//! in with one of their programs is signed in here, too: the credential is silent for the person of its
//! [`AuthenticationRecord`], else for the only one who fits.

mod account;
mod broker;
mod cache;
mod challenge;
mod claims;
mod cloud;
mod continuous_access;
mod credential;
mod error;
mod events;
mod oauth;
mod oauth_error;
mod options;
mod pop;
mod pop_policy;
mod record;
mod scopes;
mod seams;
mod sensitive;
mod session;
mod sign_in;
mod source;
mod tenant;
#[cfg(test)]
mod testing;
mod tokens;

pub use account::{Account, accounts, sign_out};
pub use broker::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, ParentWindow,
};
pub use cache::{
    CacheChange, CacheVersion, EncryptedFileStore, EncryptionKey, MemoryStore, Partition,
    PlainFileStore, StoredCache, SystemStore, TokenCacheStore,
};
pub use challenge::Challenge;
pub use cloud::AuthorityHosts;
pub use credential::{
    AzureCliAccount, AzureCliTokenCacheCredential, AzureCliTokenCacheCredentialOptions,
    BearerTokenProvider, DeviceCodeCredential, DeviceCodeCredentialOptions,
    InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    bearer_token_provider,
};
#[cfg(feature = "chain")]
pub use credential::{
    ChainLink, ChainedTokenCredential, DefaultAzureCredential, DefaultAzureCredentialOptions,
};
#[cfg(feature = "username-password")]
pub use credential::{UsernamePasswordCredential, UsernamePasswordCredentialOptions};
pub use error::{Error, ErrorKind, Result};
pub use oauth_error::OAuthError;
pub use options::{
    AccessTokenInfo, AuthenticateOptions, PopTokenRequestOptions, PromptOutcome,
    PublicClientOptions, SignInObserver, SignInPrompt, TokenCachePersistenceOptions,
    TokenInfoOptions,
};
pub use record::AuthenticationRecord;
pub use sign_in::{
    browser::{BrowserLauncher, BrowserPages, Prompt},
    device_code::DeviceCodeInfo,
};
