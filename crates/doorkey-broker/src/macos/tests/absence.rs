//! The calls themselves, where they cannot succeed: a test runs beside the main thread, on which nobody
//! runs an event loop, and few Macs have the extension.

use super::super::MacosBroker;
use crate::testing::outcomes;
use doorkey::ErrorKind;

#[tokio::test]
async fn what_cannot_be_asked_is_unavailable() {
    for outcome in outcomes(&MacosBroker::new()).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    }
}
