//! The extension is built with MSAL, and its errors have MSAL's domain, numbers and names.

use super::super::{
    messages::{Failure, SystemError},
    refusal::{self, Asked},
};
use super::*;
use doorkey::{Broker as _, BrokerAccountsRequest, BrokerSignOutRequest, Error, ErrorKind};

/// As the system hands it over.
fn said(code: i64, details: &Value) -> SystemError {
    SystemError {
        domain: "com.apple.AuthenticationServices.AuthorizationError".into(),
        code: -6000,
        underlying: Some(Box::new(SystemError {
            domain: "MSALErrorDomain".into(),
            code,
            details: details.as_object().unwrap().clone().into_iter().collect(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn refused(code: i64, details: &Value, asked: Asked) -> Error {
    refusal::of_failure(&Failure::Error(said(code, details)), asked)
}

#[test]
fn msals_numbers_mean_what_its_librarys_do() {
    use ErrorKind::{
        AuthenticationRequired as Required, Declined, Network, Protocol, Refused, WrongAccount,
    };
    for (code, within, kind, in_silence) in [
        (-50001, None, Required, Required),
        (-50002, None, Required, Required),
        (-50003, None, Refused, Refused),
        (-50004, None, Refused, Refused),
        (-50005, None, Declined, Required),
        (-50006, None, Network, Network),
        (-50007, None, Required, Required),
        (-50008, None, Required, Required),
        (-50142, None, Required, Required),
        (-50000, Some(-42002), Refused, Refused),
        (-50000, Some(-42003), Refused, Refused),
        (-50000, Some(-42004), Required, Required),
        (-50000, Some(-42005), Refused, Refused),
        (-50000, Some(-42006), Refused, Refused),
        (-50000, Some(-42007), Network, Network),
        (-50000, Some(-42009), Refused, Refused),
        (-50000, Some(-42101), WrongAccount, WrongAccount),
        (-50000, Some(-42102), Required, Required),
        (-50000, Some(-42104), Refused, Refused),
        (-50000, Some(-42106), Required, Required),
        (-50000, Some(-42401), Declined, Required),
        (-50000, Some(-42402), Refused, Refused),
        (-50000, Some(-42501), Protocol, Protocol),
        (-50000, Some(-42600), Protocol, Protocol),
        (-50000, Some(-42700), Protocol, Protocol),
        (-50000, Some(-42709), Protocol, Protocol),
        (-50000, Some(-42711), Refused, Refused),
        (-50000, Some(-42719), Refused, Refused),
        (-50000, Some(-1), Refused, Refused),
        (-42004, None, Required, Required),
        (-1, None, Refused, Refused),
    ] {
        let details = match within {
            Some(number) => json!({"MSALInternalErrorCodeKey": number}),
            None => json!({}),
        };
        let error = refused(code, &details, Asked::Person);
        assert_eq!(error.kind(), kind, "{code} {within:?}");
        let number = within.unwrap_or(code).to_string();
        assert!(error.to_string().contains(&number), "{error}");
        let error = refused(code, &details, Asked::Silence);
        assert_eq!(error.kind(), in_silence, "{code} {within:?}");
    }
    // Which the browser does not need.
    for within in [-42010, -42714, -42736] {
        let details = json!({"MSALInternalErrorCodeKey": within.to_string()});
        let error = refused(-50000, &details, Asked::Person);
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{within}");
    }
}

#[test]
fn the_authoritys_words_are_found_by_msals_names() {
    let details = json!({
        "MSALOAuthErrorKey": "invalid_grant",
        "MSALOAuthSubErrorKey": "basic_action",
        "MSALErrorDescriptionKey": "AADSTS50076: more is needed",
        "MSALSTSErrorCodesKey": [50076],
        "MSALCorrelationIDKey": CORRELATION,
        "MSALHTTPResponseCodeKey": "400",
    });
    let error = refused(-50002, &details, Asked::Silence);
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(error.to_string().contains("more is needed"), "{error}");
    let oauth = error.oauth().unwrap();
    assert_eq!(oauth.error, "invalid_grant");
    assert_eq!(oauth.suberror.as_deref(), Some("basic_action"));
    assert_eq!(oauth.codes, [50076]);
    assert_eq!(oauth.correlation_id.as_deref(), Some(CORRELATION));
    assert_eq!(oauth.status, Some(400));
}

#[tokio::test]
async fn an_account_that_is_not_known_is_signed_out_and_nobodys_default() {
    let unknown = || {
        let details = json!({"MSALInternalErrorCodeKey": -42106});
        Failure::Error(said(-50000, &details))
    };
    let sign_out = BrokerSignOutRequest::new(application("organizations"), account());
    let system = Recorder::failing(unknown());
    system.extension().sign_out(&sign_out).await.unwrap();

    let mut request = BrokerAccountsRequest::new(application("organizations"));
    request.default_account = true;
    let system = Recorder::failing(unknown());
    assert!(
        system
            .extension()
            .accounts(&request)
            .await
            .unwrap()
            .is_empty()
    );
}
