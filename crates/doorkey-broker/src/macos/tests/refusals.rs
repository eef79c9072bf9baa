use super::super::{
    messages::{Failure, SystemError},
    refusal::{self, Asked},
    reply,
};
use super::*;
use doorkey::{
    Broker as _, BrokerInteractiveRequest, BrokerPop, BrokerSilentRequest, Error, ErrorKind,
};

const AUTHORIZATION: &str = "com.apple.AuthenticationServices.AuthorizationError";
pub(super) const BROKER: &str = "MSIDErrorDomain";
const OAUTH: &str = "MSIDOAuthErrorDomain";
const HTTP: &str = "MSIDHttpErrorCodeDomain";

pub(super) fn said(domain: &str, code: i64, details: &Value) -> SystemError {
    SystemError {
        domain: domain.into(),
        code,
        message: "text\r\n of  the\tsystem".into(),
        details: details.as_object().unwrap().clone().into_iter().collect(),
        underlying: None,
    }
}

pub(super) fn wrapped(code: i64, within: SystemError) -> SystemError {
    SystemError {
        underlying: Some(Box::new(within)),
        ..said(AUTHORIZATION, code, &json!({}))
    }
}

pub(super) fn asking(error: SystemError) -> Error {
    refusal::of_failure(&Failure::Error(error), Asked::Person)
}

pub(super) fn silently(error: SystemError) -> Error {
    refusal::of_failure(&Failure::Error(error), Asked::People)
}

#[test]
fn every_number_means_something() {
    use ErrorKind::{
        AuthenticationRequired as Required, CredentialUnavailable as Unavailable, Declined,
        Network, Protocol, Refused, WrongAccount,
    };
    for (domain, code, kind, in_silence) in [
        (AUTHORIZATION, 1000, Unavailable, Unavailable),
        (AUTHORIZATION, 1001, Declined, Required),
        (AUTHORIZATION, 1002, Protocol, Protocol),
        (AUTHORIZATION, 1003, Unavailable, Unavailable),
        (AUTHORIZATION, 1004, Unavailable, Unavailable),
        (AUTHORIZATION, 1005, Unavailable, Required),
        (AUTHORIZATION, 1099, Unavailable, Unavailable),
        // With nothing within.
        (AUTHORIZATION, -6000, Unavailable, Unavailable),
        (BROKER, -51100, Unavailable, Unavailable),
        (BROKER, -51111, Unavailable, Unavailable),
        (BROKER, -51112, Unavailable, Unavailable),
        (BROKER, -51113, Required, Required),
        (BROKER, -51114, Unavailable, Unavailable),
        (BROKER, -51115, Required, Required),
        (BROKER, -51117, WrongAccount, WrongAccount),
        (BROKER, -51118, Unavailable, Unavailable),
        (BROKER, -51119, Unavailable, Unavailable),
        (BROKER, -51200, Required, Required),
        (BROKER, -51201, Protocol, Protocol),
        (BROKER, -51600, Unavailable, Unavailable),
        (BROKER, -51700, Declined, Required),
        (BROKER, -51701, Declined, Required),
        (BROKER, -51702, Unavailable, Unavailable),
        (BROKER, -51710, Refused, Refused),
        (BROKER, -51720, Unavailable, Unavailable),
        (BROKER, -51730, Unavailable, Unavailable),
        (BROKER, -51731, Unavailable, Unavailable),
        (BROKER, -51732, Required, Required),
        (BROKER, -51733, Required, Required),
        (BROKER, -51800, Protocol, Protocol),
        (BROKER, -51805, Protocol, Protocol),
        (BROKER, -51809, Protocol, Protocol),
        (BROKER, -51810, Required, Required),
        (BROKER, -51811, Refused, Refused),
        (BROKER, -51814, Unavailable, Unavailable),
        (BROKER, -51815, Unavailable, Unavailable),
        (BROKER, -51821, Refused, Refused),
        (BROKER, -51837, Unavailable, Unavailable),
        (BROKER, -52001, Unavailable, Unavailable),
        (BROKER, -1, Refused, Refused),
        // The library keeps the domain where the authority's word has a number of another.
        (OAUTH, -51115, Required, Required),
        (OAUTH, -51700, Declined, Required),
        (OAUTH, -51400, Refused, Refused),
        (OAUTH, -51401, Protocol, Protocol),
        (OAUTH, -51410, Refused, Refused),
        (OAUTH, -51411, Refused, Refused),
        (OAUTH, -51412, Required, Required),
        (OAUTH, -51413, Refused, Refused),
        (OAUTH, -51415, Refused, Refused),
        (OAUTH, -51416, Declined, Declined),
        (OAUTH, -51417, Network, Network),
        (OAUTH, -51420, Protocol, Protocol),
        (OAUTH, -51430, Refused, Refused),
        (OAUTH, -50142, Required, Required),
        (OAUTH, -514_102, Required, Required),
        (HTTP, -51500, Network, Network),
        (HTTP, -51501, Refused, Refused),
        ("NSURLErrorDomain", -1009, Network, Network),
        ("NSURLErrorDomain", -999, Network, Network),
        ("NSCocoaErrorDomain", 4097, Unavailable, Unavailable),
        ("", 0, Unavailable, Unavailable),
    ] {
        let bare = said(domain, code, &json!({}));
        let error = asking(bare.clone());
        assert_eq!(error.kind(), kind, "{domain} {code}");
        assert!(error.to_string().contains(&code.to_string()), "{error}");
        assert!(error.to_string().contains("text of the system"), "{error}");
        assert!(error.to_string().contains(';'), "no next step: {error}");
        assert_eq!(silently(bare.clone()).kind(), in_silence, "{domain} {code}");
        // As the extension hands it over.
        assert_eq!(
            silently(wrapped(-6000, bare)).kind(),
            in_silence,
            "{domain} {code}"
        );
    }
}

#[test]
fn the_authoritys_own_words_decide_where_the_number_does_not() {
    use ErrorKind::{AuthenticationRequired, Declined, Network, Refused};
    for (domain, code, details, kind) in [
        (
            OAUTH,
            -51400,
            json!({"MSIDOAuthErrorKey": "login_required"}),
            AuthenticationRequired,
        ),
        (
            BROKER,
            -51811,
            json!({"MSIDOAuthErrorKey": "invalid_grant"}),
            AuthenticationRequired,
        ),
        (
            OAUTH,
            -51416,
            json!({"MSIDOAuthErrorKey": "access_denied"}),
            Declined,
        ),
        (
            OAUTH,
            -51416,
            json!({
                "MSIDOAuthErrorKey": "access_denied",
                "MSIDOAuthSubErrorKey": "device_not_compliant",
            }),
            Refused,
        ),
        (
            "MSALErrorDomain",
            -50005,
            json!({
                "MSALOAuthErrorKey": "access_denied",
                "MSALOAuthSubErrorKey": "device_not_compliant",
            }),
            Refused,
        ),
        (
            "MSALErrorDomain",
            -50005,
            json!({"MSALOAuthErrorKey": "access_denied"}),
            Declined,
        ),
        (
            OAUTH,
            -51440,
            json!({"MSIDOAuthErrorKey": "access_denied", "MSIDOAuthSubErrorKey": "user_skipped"}),
            Declined,
        ),
        (
            OAUTH,
            -51400,
            json!({"MSIDOAuthErrorKey": "temporarily_unavailable"}),
            Network,
        ),
        (
            HTTP,
            -51500,
            json!({"MSIDHTTPResponseCodeKey": "503"}),
            Network,
        ),
        (
            HTTP,
            -51500,
            json!({"MSIDHTTPResponseCodeKey": 429}),
            Network,
        ),
        (
            HTTP,
            -51500,
            json!({"MSIDHTTPResponseCodeKey": 400}),
            Refused,
        ),
        (
            HTTP,
            -51500,
            json!({"MSIDHTTPResponseCodeKey": "400", "MSIDOAuthErrorKey": "invalid_grant"}),
            AuthenticationRequired,
        ),
        (OAUTH, -51400, json!({"MSIDOAuthErrorKey": 7}), Refused),
    ] {
        let error = asking(said(domain, code, &details));
        assert_eq!(error.kind(), kind, "{code} {details}");
    }
}

#[test]
fn an_error_within_is_heard_if_it_says_more() {
    let within = said(BROKER, -51115, &json!({}));
    for (error, kind) in [
        (
            wrapped(1000, within.clone()),
            ErrorKind::AuthenticationRequired,
        ),
        (
            wrapped(-6000, wrapped(-6000, within)),
            ErrorKind::AuthenticationRequired,
        ),
        (
            wrapped(1005, said("NSCocoaErrorDomain", 1, &json!({}))),
            ErrorKind::AuthenticationRequired,
        ),
        (
            wrapped(-6000, said("NSCocoaErrorDomain", 1, &json!({}))),
            ErrorKind::CredentialUnavailable,
        ),
    ] {
        assert_eq!(silently(error.clone()).kind(), kind, "{error:?}");
    }
}

/// As the extension says that the person is needed whatever the authority answered.
#[test]
fn an_error_within_the_extensions_has_its_words_and_not_its_kind() {
    let within = said(
        OAUTH,
        -51410,
        &json!({
            "MSIDOAuthErrorKey": "invalid_request",
            "MSIDErrorDescriptionKey": "AADSTS90072: not in the tenant",
            "MSIDSTSErrorCodesKey": [90072],
        }),
    );
    let details = json!({
        "MSIDOAuthErrorKey": "invalid_request",
        "MSIDErrorDescriptionKey": "User interaction is required",
        "MSIDCorrelationIdKey": CORRELATION,
    });
    for (domain, code) in [(BROKER, -51115), ("MSALErrorDomain", -50002)] {
        let needed = SystemError {
            underlying: Some(Box::new(within.clone())),
            ..said(domain, code, &details)
        };
        for error in [silently(needed.clone()), silently(wrapped(-6000, needed))] {
            assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
            assert!(error.to_string().contains(&code.to_string()), "{error}");
            assert!(error.to_string().contains("not in the tenant"), "{error}");
            let oauth = error.oauth().unwrap();
            assert_eq!(oauth.codes, [90072]);
            assert_eq!(oauth.correlation_id.as_deref(), Some(CORRELATION));
        }
    }
}

#[test]
fn a_reply_may_be_an_error() {
    use ErrorKind::{AuthenticationRequired, Declined, Network, Refused};
    for (error, suberror, kind) in [
        ("interaction_required", None, AuthenticationRequired),
        ("login_required", None, AuthenticationRequired),
        ("consent_required", None, AuthenticationRequired),
        ("Invalid_Grant", Some("bad_token"), AuthenticationRequired),
        ("access_denied", None, Declined),
        ("access_denied", Some("TTS_denied"), Declined),
        ("access_denied", Some("device_not_compliant"), Refused),
        ("server_error", None, Network),
        ("temporarily_unavailable", None, Network),
        ("invalid_client", None, Refused),
        ("invalid_request", None, Refused),
    ] {
        let answer = json!({
            "success": "0",
            "error": error,
            "suberror": suberror,
            "error_description": "AADSTS7000218%3A%20a%2Bb%20%26%20c%3D\r\nd",
            "error_codes": [7_000_218],
            "correlation_id": CORRELATION,
        });
        let refused = reply::accounts(&reply(&answer)).unwrap_err();
        assert_eq!(refused.kind(), kind, "{error}");
        let words = "“AADSTS7000218: a+b & c= d”";
        assert!(refused.to_string().contains(words), "{refused}");
        let oauth = refused.oauth().unwrap();
        assert_eq!(oauth.codes, [7_000_218]);
        assert_eq!(oauth.suberror.as_deref(), suberror);
    }
    let bare = reply::accounts(&reply(&json!({"success": "0"}))).unwrap_err();
    assert!(bare.to_string().contains("without a reason"), "{bare}");
    assert!(
        bare.to_string()
            .contains("msauth.com.msauth.unsignedapp://auth")
    );
}

#[tokio::test]
async fn a_refusal_reaches_the_caller() {
    let cancelled = || Failure::Error(said(AUTHORIZATION, 1001, &json!({})));
    let silent = BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
    let system = Recorder::failing(cancelled());
    let error = system.extension().acquire_silently(&silent).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);

    let asking = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let system = Recorder::failing(cancelled());
    let error = system.extension().acquire_interactively(&asking).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Declined);
}

/// As its window may do.
#[tokio::test]
async fn an_extension_that_broke_in_silence_asks_the_person() {
    for (domain, code) in [
        (BROKER, -51100),
        (BROKER, -51111),
        ("MSALErrorDomain", -50000),
        // With nothing within.
        (AUTHORIZATION, -6000),
    ] {
        let broken = || Failure::Error(wrapped(-6000, said(domain, code, &json!({}))));
        let silent = BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
        let system = Recorder::failing(broken());
        let error = system.extension().acquire_silently(&silent).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
        assert!(error.to_string().contains(&code.to_string()), "{error}");

        let asking = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
        let system = Recorder::failing(broken());
        let error = system.extension().acquire_interactively(&asking).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    }
}

#[tokio::test]
async fn an_answer_with_nothing_in_it_is_none() {
    let asking = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let system = Recorder::answering([reply(&json!({}))]);
    let error = system.extension().acquire_interactively(&asking).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    assert!(error.to_string().contains("without an answer"), "{error}");
}

/// Whoever chose a broker chose its policies: there is no way down to a key of the browser's sign-in.
#[tokio::test]
async fn an_extension_that_may_bind_no_tokens_is_there() {
    use ErrorKind::{AuthenticationRequired, CredentialUnavailable, InvalidArgument};
    for (domain, code, in_silence, kind) in [
        (BROKER, -51114, InvalidArgument, InvalidArgument),
        (BROKER, -51100, AuthenticationRequired, InvalidArgument),
        (
            "MSALErrorDomain",
            -50000,
            AuthenticationRequired,
            InvalidArgument,
        ),
        (BROKER, -51119, CredentialUnavailable, CredentialUnavailable),
        (BROKER, -51814, CredentialUnavailable, CredentialUnavailable),
    ] {
        let failure = || Failure::Error(wrapped(-6000, said(domain, code, &json!({}))));
        let pop = BrokerPop::new("key", "GET", "host", "/", "nonce");
        let mut silent =
            BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
        silent.pop = Some(pop.clone());
        let system = Recorder::failing(failure());
        let error = system.extension().acquire_silently(&silent).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), in_silence, "{error}");

        let mut asking = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
        asking.pop = Some(pop);
        let system = Recorder::failing(failure());
        let error = system.extension().acquire_interactively(&asking).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(&code.to_string()), "{error}");
    }
}
