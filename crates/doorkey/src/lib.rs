//! Doorkey signs a person in to Microsoft Entra ID, and keeps them signed in.

mod cloud;
mod error;
mod oauth;
mod options;
mod record;
mod sign_in;

pub use cloud::AuthorityHosts;
pub use error::{Error, ErrorKind, Result};
pub use oauth::OAuthError;
pub use options::{
    AccessTokenInfo, AuthenticateOptions, PromptOutcome, PublicClientOptions, SignInObserver,
    SignInPrompt, TokenInfoOptions,
};
pub use record::AuthenticationRecord;
pub use sign_in::browser::{BrowserLauncher, BrowserPages};

/// Placeholder.
#[derive(Clone, Debug)]
pub struct DeviceCodeInfo;
/// Placeholder.
#[derive(Debug)]
pub struct InteractiveCredential;
