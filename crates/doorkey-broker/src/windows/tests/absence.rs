//! The calls themselves, on a Windows that may have no Web Account Manager, as Wine has none.

use super::super::WindowsBroker;
use super::*;
use doorkey::{
    Broker as _, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, ErrorKind,
};

#[tokio::test]
async fn an_absent_web_account_manager_is_unavailable() {
    let broker = WindowsBroker::new();
    let request = BrokerAccountsRequest::new(application("organizations"));
    let Err(error) = broker.accounts(&request).await else {
        // It is there, and what it answers is not for a test to say.
        return;
    };
    let silent = BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
    let interactive = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let sign_out = BrokerSignOutRequest::new(application("organizations"), account());
    for error in [
        error,
        broker.acquire_silently(&silent).await.unwrap_err(),
        broker
            .acquire_interactively(&interactive)
            .await
            .unwrap_err(),
        broker.sign_out(&sign_out).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    }
}
