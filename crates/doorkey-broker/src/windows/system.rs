//! The seam right above the calls to Windows.

use super::messages::{
    AccountsStatus, Failure, ProviderError, TokenAnswer, TokenRequest, WebAccount,
};
use async_trait::async_trait;
use std::{fmt, num::NonZeroIsize};

/// `WebAuthenticationCoreManager`, one method for each of its calls.
#[async_trait]
pub(super) trait System: fmt::Debug + Send + Sync {
    /// A `WebAccountProvider`.
    type Provider: Send + Sync;
    /// A `WebAccount`.
    type Account: Send + Sync;

    /// `FindAccountProviderAsync`: `None` is one that this Windows does not have. Without an
    /// authority it is the one of `id` alone.
    async fn find_provider(
        &self,
        id: &str,
        authority: Option<&str>,
    ) -> Result<Option<FoundProvider<Self::Provider>>, Failure>;

    /// `FindAccountAsync`.
    async fn find_account(
        &self,
        provider: &Self::Provider,
        id: &str,
    ) -> Result<Option<FoundAccount<Self::Account>>, Failure>;

    /// `FindAllAccountsAsync`.
    async fn find_all_accounts(
        &self,
        provider: &Self::Provider,
        client_id: &str,
    ) -> Result<FoundAccounts<Self::Account>, Failure>;

    /// `GetTokenSilentlyAsync`.
    async fn token_silently(
        &self,
        provider: &Self::Provider,
        request: &TokenRequest,
        account: Option<&Self::Account>,
    ) -> Result<TokenAnswer, Failure>;

    /// `RequestTokenForWindowAsync`, and `RequestTokenWithWebAccountForWindowAsync`.
    async fn token_for_window(
        &self,
        window: NonZeroIsize,
        provider: &Self::Provider,
        request: &TokenRequest,
        account: Option<&Self::Account>,
    ) -> Result<TokenAnswer, Failure>;

    /// `WebAccount.SignOutAsync`, for one application.
    async fn sign_out(&self, account: &Self::Account, client_id: &str) -> Result<(), Failure>;

    /// Where the person sees this program's console.
    fn console(&self) -> Console;
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Console {
    /// In this window.
    Window(NonZeroIsize),
    /// Nowhere: it has none.
    #[default]
    None,
    /// Nowhere: no desktop is there, as in Server Core, in a service or over SSH.
    NoDesktop,
}

pub(super) struct FoundProvider<P> {
    pub(super) provider: P,
    /// As Windows says it: of the default account, what kind of account it is.
    pub(super) authority: String,
}

pub(super) struct FoundAccount<A> {
    pub(super) account: A,
    pub(super) written: WebAccount,
}

/// A `FindAllAccountsResult`.
pub(super) struct FoundAccounts<A> {
    pub(super) status: AccountsStatus,
    pub(super) accounts: Vec<FoundAccount<A>>,
    pub(super) error: Option<ProviderError>,
}
