//! The calls themselves, where they cannot succeed: a test runs beside the main thread, on which nobody
//! runs an event loop, and few Macs have the extension.

use super::super::MacosBroker;
use super::*;
use doorkey::{
    Broker as _, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, ErrorKind,
};

#[tokio::test]
async fn what_cannot_be_asked_is_unavailable() {
    let broker = MacosBroker::new();
    let accounts = BrokerAccountsRequest::new(application("organizations"));
    let silent = BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
    let interactive = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let sign_out = BrokerSignOutRequest::new(application("organizations"), account());
    for error in [
        broker.accounts(&accounts).await.unwrap_err(),
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
