//! What others see of all this.

use super::{
    apart::Apart,
    wam::Wam,
    winrt::{self, WinRt},
};
use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Result,
};

/// Windows' Web Account Manager (WAM), which signs in whoever is signed in to Windows.
///
/// Nothing is kept between two questions, and each is asked on a thread of its own: a Windows that does
/// not answer blocks no other, and any runtime or window's thread may wait.
///
/// # Limits
///
/// - The application needs the redirect URI `ms-appx-web://Microsoft.AAD.BrokerPlugin/<client id>`.
/// - Only Microsoft's own clouds: ADFS, Azure AD B2C, External ID and local authorities are
///   [`CredentialUnavailable`](doorkey::ErrorKind::CredentialUnavailable). So is a Windows without WAM:
///   Server Core, a service, a process that runs as somebody else.
/// - A program with windows gives the handle of the one in front; in a console the console's own is
///   found. Neither is [`InvalidArgument`](doorkey::ErrorKind::InvalidArgument), and no desktop at all
///   `CredentialUnavailable`.
/// - At the tenant `common` nobody is asked for a personal account: name the tenant `consumers` for
///   that. Windows lists personal accounts to few applications; one that signed in before is found
///   by [`local_account_id`](BrokerAccount::local_account_id), or if Windows itself is signed in with it.
/// - Before its window Windows has 15 seconds, if the caller has a Tokio runtime.
/// - Where an account is named and Windows has it, [`Prompt::SelectAccount`](doorkey::Prompt) does not
///   have the person choose again.
/// - Where a token has to be bound to a key (`pop`), Windows hands the key's name on to the authority.
///   An answer does not say of which type its token is, and so the token itself has to name the key:
///   one that does not, or that cannot be read, is
///   [`InvalidArgument`](doorkey::ErrorKind::InvalidArgument), and so is a personal account.
/// - A future that is dropped cancels the call, one that blocks when it comes back; whether Windows
///   closes its window then has not been seen.
///
/// Under Wine, which has no WAM, it says so; on a real Windows it has never been run: see `docs/brokers.md`.
#[derive(Debug)]
#[non_exhaustive]
pub struct WindowsBroker {
    wam: Apart<WinRt>,
}

impl WindowsBroker {
    /// This machine's.
    #[must_use]
    pub fn new() -> Self {
        Self {
            wam: Apart::new(Wam::new(WinRt), winrt::enter_apartment),
        }
    }
}

impl Default for WindowsBroker {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Broker for WindowsBroker {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        self.wam.accounts(request).await
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.wam.acquire_silently(request).await
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        self.wam.acquire_interactively(request).await
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        self.wam.sign_out(request).await
    }
}
