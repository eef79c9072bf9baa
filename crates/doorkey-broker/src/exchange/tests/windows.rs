//! On a Windows that may have no Web Account Manager, as Wine has none.

use super::*;
use crate::{
    answer_request,
    exchange::reply::{accounts, done, token},
};
use doorkey::ErrorKind;

#[tokio::test]
async fn windows_without_its_broker_says_so_to_the_other_side() {
    let answer = async |question: Question| {
        let answer = answer_request(question.written().as_bytes()).await;
        answer.secret().as_bytes().to_vec()
    };
    let mut application = application();
    application.authority = "https://login.microsoftonline.com/organizations".into();
    let everybody = BrokerAccountsRequest::new(application.clone());
    let Err(error) = accounts(&answer(Question::Accounts(everybody)).await) else {
        // It is there, and what it answers is not for a test to say.
        return;
    };
    let silent = BrokerSilentRequest::new(application.clone(), ada(), Vec::new());
    let interactive = BrokerInteractiveRequest::new(application.clone(), Vec::new());
    let sign_out = BrokerSignOutRequest::new(application, ada());
    for error in [
        error,
        token(&answer(Question::Silent(silent)).await).unwrap_err(),
        token(&answer(Question::Interactive(interactive)).await).unwrap_err(),
        done(&answer(Question::SignOut(sign_out)).await).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
        assert!(error.to_string().contains("Web Account Manager"), "{error}");
    }
}
