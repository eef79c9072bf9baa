//! A system whose broker is not supported.

use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Error, ErrorKind, Result,
};

#[derive(Debug)]
pub(crate) struct Absent;

fn unavailable() -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "the identity broker of {} is not supported; sign in by the browser",
            std::env::consts::OS
        ),
    )
}

#[async_trait]
impl Broker for Absent {
    async fn accounts(&self, _: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        Err(unavailable())
    }

    async fn acquire_silently(&self, _: &BrokerSilentRequest) -> Result<BrokerToken> {
        Err(unavailable())
    }

    async fn acquire_interactively(&self, _: &BrokerInteractiveRequest) -> Result<BrokerToken> {
        Err(unavailable())
    }

    async fn sign_out(&self, _: &BrokerSignOutRequest) -> Result<()> {
        Err(unavailable())
    }
}
