use super::chain::{Chain, Foreign, Interactive, Link};
use crate::{
    credential::InteractiveCredential,
    error::{Error, Result},
    options::{AccessTokenInfo, TokenInfoOptions},
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::policies::Policy,
};
use std::sync::Arc;

/// Credentials that are tried one after the other, until one gives a token; from then on that one
/// alone is used.
///
/// The next one is tried where a credential cannot work here: where its error is of kind
/// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) or
/// [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired). Any other error ends the
/// chain, as the next credential may be somebody else. Errors of other crates do not say which they
/// are: one that has an HTTP reply in it ends the chain, and any other goes on. That suits no managed
/// identity, which may answer where it cannot work: for one, use `DefaultAzureCredential`, with
/// `AZURE_TOKEN_CREDENTIALS` or its `exclude_…`.
///
/// ```no_run
/// use azure_identity::AzureDeveloperCliCredential;
/// use doorkey::{ChainLink, ChainedTokenCredential, InteractiveBrowserCredential};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credential = ChainedTokenCredential::new(vec![
///     ChainLink::new("azd", AzureDeveloperCliCredential::new(None)?),
///     ChainLink::interactive("browser", InteractiveBrowserCredential::new(None)?),
/// ])?;
/// # let _ = credential;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChainedTokenCredential {
    chain: Chain,
}

/// One credential of a [`ChainedTokenCredential`].
#[derive(Clone, Debug)]
pub struct ChainLink(Arc<dyn Link>);

impl ChainLink {
    /// Any credential; `name` is what errors call it. It takes scopes and nothing else, so a request
    /// for claims, continuous access, another tenant or proof-of-possession passes it by.
    #[must_use]
    pub fn new(name: impl Into<String>, credential: Arc<dyn TokenCredential>) -> Self {
        let name = name.into();
        Self(Arc::new(Foreign { name, credential }))
    }

    /// One of this crate that can ask a person, which takes all that a request can say, but that a
    /// password brings no token which is bound to a key.
    #[must_use]
    pub fn interactive(
        name: impl Into<String>,
        credential: Arc<dyn InteractiveCredential>,
    ) -> Self {
        let name = name.into();
        Self(Arc::new(Interactive { name, credential }))
    }
}

impl From<Arc<dyn TokenCredential>> for ChainLink {
    fn from(credential: Arc<dyn TokenCredential>) -> Self {
        Self::new("a credential", credential)
    }
}

impl ChainedTokenCredential {
    /// Nothing is sent before the first token.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where there is no link.
    pub fn new<L: Into<ChainLink>>(links: Vec<L>) -> Result<Arc<Self>> {
        if links.is_empty() {
            return Err(Error::invalid_argument(
                "`links` is empty; a chain needs at least one credential",
            ));
        }
        let links = links.into_iter().map(|link| link.into().0).collect();
        Ok(Arc::new(Self {
            chain: Chain::new("ChainedTokenCredential", links),
        }))
    }
}

/// What both credentials that are chains answer alike.
macro_rules! answer_by_chain {
    ($credential:ty) => {
        impl $credential {
            /// A token for `scopes`, and what is known of it. Links that cannot honour the options are
            /// passed by; where a plain request has chosen one that cannot, that is an error.
            ///
            /// # Errors
            ///
            /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where no link can
            /// work here; its text tells every attempt, in order. Else that of the link which ended
            /// the chain.
            pub async fn get_token_info(
                &self,
                scopes: &[&str],
                options: Option<TokenInfoOptions>,
            ) -> Result<AccessTokenInfo> {
                let options = options.unwrap_or_default();
                self.chain.get_token_info(scopes, options).await
            }

            /// The same choice, with these options on every request: see
            /// [`InteractiveCredential::scoped`](crate::InteractiveCredential::scoped).
            pub fn scoped(&self, options: TokenInfoOptions) -> Arc<dyn TokenCredential> {
                self.chain.scoped(options)
            }

            /// Continuous access for those links that can: see
            /// [`InteractiveCredential::continuous_access_policy`](crate::InteractiveCredential::continuous_access_policy).
            pub fn continuous_access_policy(&self) -> Arc<dyn Policy> {
                self.chain.continuous_access_policy()
            }

            /// Proof-of-possession for any client of the SDK, by the first link that can: see
            /// [`InteractiveCredential::pop_policy`](crate::InteractiveCredential::pop_policy).
            /// Others are passed by; where a plain request has chosen one of them, a request is an
            /// error.
            pub fn pop_policy(&self, scopes: &[&str]) -> Arc<dyn Policy> {
                self.chain.pop_policy(scopes)
            }
        }

        #[async_trait]
        impl TokenCredential for $credential {
            async fn get_token(
                &self,
                scopes: &[&str],
                _options: Option<TokenRequestOptions<'_>>,
            ) -> azure_core::Result<AccessToken> {
                self.chain.get_token(scopes).await
            }
        }
    };
}

pub(super) use answer_by_chain;

answer_by_chain!(ChainedTokenCredential);
