//! What others see of all this.

use super::{authentication_services::AuthenticationServices, extension::Extension};
use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Result,
};

/// The single sign-on extension of Microsoft's Company Portal for macOS, which signs in whoever is
/// signed in to the Mac with their organization's account.
///
/// Nothing is kept between two questions.
///
/// # Limits
///
/// - macOS 10.15 and later, Company Portal, and a device management that switches its extension on. Any
///   other Mac is [`CredentialUnavailable`](doorkey::ErrorKind::CredentialUnavailable).
/// - The application needs the redirect URI `msauth.<bundle id>://auth` of the program that asks;
///   `msauth.com.msauth.unsignedapp://auth` of one without a bundle, which must not be signed with a
///   certificate then (an ad-hoc signature is none).
/// - Only Microsoft's own clouds: ADFS, Azure AD B2C, External ID and local authorities are
///   `CredentialUnavailable`.
/// - macOS does all of it on the main thread. In a program that runs an event loop there (`NSApplication`),
///   any task may ask. In one that does not, the future has to be polled on that thread, as the one
///   that `#[tokio::main]` or `block_on` runs is, and lets the main thread's loop run while it waits; a
///   task that was spawned is `CredentialUnavailable` after three seconds.
/// - It is asked within a Tokio runtime with its timer. Who does not answer in silence is given up after
///   40 seconds ([`TimedOut`](doorkey::ErrorKind::TimedOut)); a credential gives up sooner.
/// - A future that is dropped cancels the request; before macOS 13 its window stays.
///
/// It has never been run: see `docs/brokers.md`.
#[derive(Debug)]
#[non_exhaustive]
pub struct MacosBroker {
    extension: Extension<AuthenticationServices>,
}

impl MacosBroker {
    /// This machine's.
    #[must_use]
    pub fn new() -> Self {
        Self {
            extension: Extension::new(AuthenticationServices),
        }
    }
}

impl Default for MacosBroker {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Broker for MacosBroker {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        self.extension.accounts(request).await
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.extension.acquire_silently(request).await
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        self.extension.acquire_interactively(request).await
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        self.extension.sign_out(request).await
    }
}
