//! The front doors: options in, tokens out.

mod azure_cli;
mod bearer_token_provider;
mod broker;
mod browser;
#[cfg(feature = "chain")]
mod chain;
#[cfg(feature = "chain")]
mod chained;
mod client;
#[cfg(feature = "chain")]
mod default_azure;
mod device_code;
mod scoped;
#[cfg(feature = "username-password")]
mod username_password;

pub use azure_cli::{
    AzureCliAccount, AzureCliTokenCacheCredential, AzureCliTokenCacheCredentialOptions,
};
pub use bearer_token_provider::{BearerTokenProvider, bearer_token_provider};
pub use broker::{InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions};
pub use browser::{InteractiveBrowserCredential, InteractiveBrowserCredentialOptions};
#[cfg(feature = "chain")]
pub use chained::{ChainLink, ChainedTokenCredential};
pub(crate) use client::{authority, persistence};
#[cfg(feature = "chain")]
pub use default_azure::{DefaultAzureCredential, DefaultAzureCredentialOptions};
pub use device_code::{DeviceCodeCredential, DeviceCodeCredentialOptions};
#[cfg(feature = "username-password")]
pub use username_password::{UsernamePasswordCredential, UsernamePasswordCredentialOptions};

use crate::{
    error::Result,
    options::{AccessTokenInfo, AuthenticateOptions, TokenInfoOptions},
    record::AuthenticationRecord,
};
use async_trait::async_trait;
use azure_core::{credentials::TokenCredential, http::policies::Policy};
use std::sync::Arc;

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
    /// As [`authenticate`](Self::authenticate) (with `pop`,
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where its request is none, the credential
    /// one of a password, or its broker says that it binds no tokens, and
    /// [`Protocol`](crate::ErrorKind::Protocol) where what the authority or the broker gave is not
    /// bound);
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

    /// The same sign-in, with these options on every request: one for each SDK client that needs
    /// another tenant, claims or continuous access. (A client keeps one token, whatever its calls
    /// say, so these cannot be options of a call.) What is wrong with the options is told by the
    /// first request.
    ///
    /// ```no_run
    /// use doorkey::{InteractiveBrowserCredential, InteractiveCredential, TokenInfoOptions};
    ///
    /// # fn example() -> doorkey::Result<()> {
    /// let credential = InteractiveBrowserCredential::new(None)?;
    /// let in_fabrikam = credential.scoped(TokenInfoOptions {
    ///     tenant_id: Some("fabrikam.example".into()),
    ///     ..Default::default()
    /// });
    /// // one client with `credential.clone()`, another with `in_fabrikam`
    /// # let _ = in_fabrikam;
    /// # Ok(())
    /// # }
    /// ```
    fn scoped(&self, options: TokenInfoOptions) -> Arc<dyn TokenCredential>;

    /// Continuous access for any client of the SDK: put it into the client's
    /// [`ClientOptions::per_try_policies`](azure_core::http::ClientOptions). A resource that demands
    /// more of a token answers 401 with a
    /// [claims challenge](https://learn.microsoft.com/entra/identity-platform/claims-challenge); the
    /// policy gets a token that satisfies it (silently if the authority allows it, else by asking the
    /// person) and sends the request again, once. Only requests that carry a token of this credential
    /// are touched, so the policy may sit in options that many clients share.
    ///
    /// Resources challenge only clients that say that they understand it: set
    /// [`enable_cae`](crate::PublicClientOptions::enable_cae), too.
    ///
    /// Of several `WWW-Authenticate` headers the SDK's own transport keeps the last. Resources whose
    /// demands on one scope exclude each other replace each other's tokens, a few times within five
    /// minutes at most.
    ///
    /// ```no_run
    /// use azure_core::http::ClientOptions;
    /// use doorkey::{
    ///     InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    ///     PublicClientOptions,
    /// };
    ///
    /// # fn example() -> doorkey::Result<()> {
    /// let credential = InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
    ///     client: PublicClientOptions { enable_cae: true, ..Default::default() },
    ///     ..Default::default()
    /// }))?;
    /// let client_options = ClientOptions {
    ///     per_try_policies: vec![credential.continuous_access_policy()],
    ///     ..Default::default()
    /// };
    /// // give them to any client of the SDK, with the credential
    /// # let _ = client_options;
    /// # Ok(())
    /// # }
    /// ```
    fn continuous_access_policy(&self) -> Arc<dyn Policy>;

    /// Proof-of-possession for any client of the SDK: put it into the client's
    /// [`ClientOptions::per_try_policies`](azure_core::http::ClientOptions). Each try of each request is
    /// signed anew by a token for `scopes` that is bound to a key
    /// ([`PopTokenRequestOptions`](crate::PopTokenRequestOptions)). The first nonce comes from the
    /// resource's refusal of a request without a token, the next ones from its replies; a request that was
    /// refused for its nonce is sent again, once, and so is one whose token was refused for claims (as by
    /// [`continuous_access_policy`](Self::continuous_access_policy), which need not be there, too). A
    /// request whose URL is not https is an error.
    ///
    /// One for each client: all that the client sends is signed, and a bearer token that its own
    /// authentication has put into a request is taken out. Where a client can do without a credential of
    /// its own, give it none.
    ///
    /// ```no_run
    /// use azure_core::http::ClientOptions;
    /// use doorkey::{InteractiveBrowserCredential, InteractiveCredential};
    ///
    /// # fn example() -> doorkey::Result<()> {
    /// let credential = InteractiveBrowserCredential::new(None)?;
    /// let client_options = ClientOptions {
    ///     per_try_policies: vec![credential.pop_policy(&["https://graph.microsoft.com/.default"])],
    ///     ..Default::default()
    /// };
    /// # let _ = client_options;
    /// # Ok(())
    /// # }
    /// ```
    fn pop_policy(&self, scopes: &[&str]) -> Arc<dyn Policy>;
}

mod sealed {
    pub trait Sealed {
        /// Whether it can be asked for a token that is bound to a key.
        fn binds_tokens(&self) -> bool;
    }
}

/// What all credentials of a session answer alike.
macro_rules! answer_by_session {
    ($credential:ty) => {
        impl $crate::credential::sealed::Sealed for $credential {
            fn binds_tokens(&self) -> bool {
                self.session.binds_tokens()
            }
        }

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

            fn scoped(
                &self,
                options: $crate::TokenInfoOptions,
            ) -> std::sync::Arc<dyn azure_core::credentials::TokenCredential> {
                let whose = std::sync::Arc::<$crate::session::Session>::clone(&self.session);
                std::sync::Arc::new($crate::credential::scoped::Scoped { whose, options })
            }

            fn continuous_access_policy(
                &self,
            ) -> std::sync::Arc<dyn azure_core::http::policies::Policy> {
                let whose = std::sync::Arc::<$crate::session::Session>::clone(&self.session);
                std::sync::Arc::new($crate::continuous_access::ContinuousAccessPolicy { whose })
            }

            fn pop_policy(
                &self,
                scopes: &[&str],
            ) -> std::sync::Arc<dyn azure_core::http::policies::Policy> {
                let whose: std::sync::Arc<dyn $crate::session::HasSession> =
                    std::sync::Arc::<$crate::session::Session>::clone(&self.session);
                std::sync::Arc::new($crate::pop_policy::PopPolicy::new(whose, scopes))
            }
        }
    };
}

use answer_by_session;

#[cfg(test)]
mod tests;
