//! Windows' broker, and this Linux' own where that is not there.

use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Error, ErrorKind, Result,
};

/// Asks the second where the first is not there. What the first answers is the answer.
#[derive(Debug)]
pub(crate) struct InOrder<W, L> {
    windows: W,
    linux: L,
}

impl<W, L> InOrder<W, L> {
    pub(crate) fn new(windows: W, linux: L) -> Self {
        Self { windows, linux }
    }
}

#[async_trait]
impl<W: Broker, L: Broker> Broker for InOrder<W, L> {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        match is_there(self.windows.accounts(request).await) {
            Ok(answer) => answer,
            Err(absent) => told(&absent, self.linux.accounts(request).await),
        }
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        match is_there(self.windows.acquire_silently(request).await) {
            Ok(answer) => answer,
            Err(absent) => told(&absent, self.linux.acquire_silently(request).await),
        }
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        match is_there(self.windows.acquire_interactively(request).await) {
            Ok(answer) => answer,
            Err(absent) => told(&absent, self.linux.acquire_interactively(request).await),
        }
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        match is_there(self.windows.sign_out(request).await) {
            Ok(answer) => answer,
            Err(absent) => told(&absent, self.linux.sign_out(request).await),
        }
    }
}

/// What has been answered; else the error of one that is not there.
fn is_there<T>(answer: Result<T>) -> Result<Result<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::CredentialUnavailable => Err(error),
        answer => Ok(answer),
    }
}

/// The second's answer; where that is not there either, both are told.
fn told<T>(windows: &Error, linux: Result<T>) -> Result<T> {
    linux.map_err(|linux| match linux.kind() {
        ErrorKind::CredentialUnavailable => Error::new(
            ErrorKind::CredentialUnavailable,
            format!("{linux} (and Windows' broker was no way either: {windows})"),
        )
        .with_source(linux),
        _ => linux,
    })
}
