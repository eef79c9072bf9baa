//! The front doors: options in, tokens out.

mod browser;
mod client;
mod device_code;

pub use browser::{InteractiveBrowserCredential, InteractiveBrowserCredentialOptions};
pub(crate) use client::{authority, persistence};
pub use device_code::{DeviceCodeCredential, DeviceCodeCredentialOptions};

use crate::{
    error::Result,
    options::{AccessTokenInfo, AuthenticateOptions, TokenInfoOptions},
    record::AuthenticationRecord,
};
use async_trait::async_trait;
use azure_core::credentials::TokenCredential;

/// A credential that can ask a person to sign in.
///
/// Cannot be implemented outside this crate, so that methods can be added.
///
/// ```no_run
/// use doorkey::{DeviceCodeCredential, InteractiveCredential};
///
/// # async fn example() -> doorkey::Result<()> {
/// let credential = DeviceCodeCredential::new(None)?;
/// let record = credential.authenticate(None).await?;
/// println!("signed in as {}", record.username);
/// let info = credential.get_token_info(&["https://storage.azure.com/.default"], None).await?;
/// println!("good until {}", info.expires_on);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait InteractiveCredential: TokenCredential + sealed::Sealed {
    /// Asks a person to sign in, whatever is cached, and makes the credential theirs. Asks even
    /// where `disable_automatic_authentication` is set.
    ///
    /// # Errors
    ///
    /// [`Declined`](crate::ErrorKind::Declined), [`TimedOut`](crate::ErrorKind::TimedOut),
    /// [`Refused`](crate::ErrorKind::Refused), [`Network`](crate::ErrorKind::Network),
    /// [`Protocol`](crate::ErrorKind::Protocol),
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) and
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) (also where `scopes` is empty and the
    /// authority's cloud has no default).
    async fn authenticate(
        &self,
        options: Option<AuthenticateOptions>,
    ) -> Result<AuthenticationRecord>;

    /// A token for `scopes`, and what is known of it: from the cache, else by the refresh token,
    /// else by asking a person.
    ///
    /// # Errors
    ///
    /// As [`authenticate`](Self::authenticate);
    /// [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired) where a person would
    /// have to be asked and must not be; [`WrongAccount`](crate::ErrorKind::WrongAccount) where
    /// somebody else signed in.
    async fn get_token_info(
        &self,
        scopes: &[&str],
        options: Option<TokenInfoOptions>,
    ) -> Result<AccessTokenInfo>;

    /// Forgets the person: removes from the cache, and from its store, what this application and
    /// its family (applications of Microsoft that share refresh tokens) have of them. Whoever is
    /// asked next may be somebody else. This is local: the browser and the authority still know
    /// the person.
    ///
    /// # Errors
    ///
    /// [`Cache`](crate::ErrorKind::Cache) or
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where the store could not
    /// be written to; then the tokens are still there.
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where the credential is nobody's yet
    /// and several people are signed in.
    async fn sign_out(&self) -> Result<()>;
}

mod sealed {
    pub trait Sealed {}
}

/// What all credentials of a session answer alike.
macro_rules! answer_by_session {
    ($credential:ty) => {
        impl $crate::credential::sealed::Sealed for $credential {}

        #[async_trait::async_trait]
        impl azure_core::credentials::TokenCredential for $credential {
            async fn get_token(
                &self,
                scopes: &[&str],
                _options: Option<azure_core::credentials::TokenRequestOptions<'_>>,
            ) -> azure_core::Result<azure_core::credentials::AccessToken> {
                Ok(self.session.get_token(scopes).await?)
            }
        }

        #[async_trait::async_trait]
        impl $crate::InteractiveCredential for $credential {
            async fn authenticate(
                &self,
                options: Option<$crate::AuthenticateOptions>,
            ) -> $crate::Result<$crate::AuthenticationRecord> {
                self.session.authenticate(options.unwrap_or_default()).await
            }

            async fn get_token_info(
                &self,
                scopes: &[&str],
                options: Option<$crate::TokenInfoOptions>,
            ) -> $crate::Result<$crate::AccessTokenInfo> {
                self.session
                    .get_token_info(scopes, options.unwrap_or_default())
                    .await
            }

            async fn sign_out(&self) -> $crate::Result<()> {
                self.session.sign_out().await
            }
        }
    };
}

use answer_by_session;

#[cfg(test)]
mod tests;
