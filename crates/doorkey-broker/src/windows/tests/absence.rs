//! The calls themselves, on a Windows that may have no Web Account Manager, as Wine has none.

use super::super::WindowsBroker;
use crate::testing::{application, outcomes};
use doorkey::{Broker as _, BrokerAccountsRequest, ErrorKind};

#[tokio::test]
async fn an_absent_web_account_manager_is_unavailable() {
    let broker = WindowsBroker::new();
    let request = BrokerAccountsRequest::new(application("organizations"));
    if broker.accounts(&request).await.is_ok() {
        // It is there, and what it answers is not for a test to say.
        return;
    }
    for outcome in outcomes(&broker).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    }
}
