//! Doorkey signs a person in to Microsoft Entra ID, and keeps them signed in.

mod cache;
mod claims;
mod cloud;
mod credential;
mod error;
mod oauth;
mod options;
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

pub use cloud::AuthorityHosts;
pub use credential::{
    DeviceCodeCredential, DeviceCodeCredentialOptions, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential,
};
pub use error::{Error, ErrorKind, Result};
pub use oauth::OAuthError;
pub use options::{
    AccessTokenInfo, AuthenticateOptions, PromptOutcome, PublicClientOptions, SignInObserver,
    SignInPrompt, TokenInfoOptions,
};
pub use record::AuthenticationRecord;
pub use sign_in::{
    browser::{BrowserLauncher, BrowserPages, Prompt},
    device_code::DeviceCodeInfo,
};
