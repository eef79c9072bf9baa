use super::super::*;
use azure_core::time::OffsetDateTime;
use doorkey::{Error, ErrorKind};
use serde_json::{Value, json};

fn error(reply: &Value) -> Error {
    let reply = reply.to_string();
    token(&reply, OffsetDateTime::UNIX_EPOCH).expect_err(&reply)
}

#[test]
fn a_refusal_is_understood_in_every_shape() {
    use ErrorKind::{AuthenticationRequired, CredentialUnavailable, Declined, Network, Refused};
    for (reply, kind, words) in [
        (
            json!({ "error": "interaction_required" }),
            AuthenticationRequired,
            "interaction_required",
        ),
        (
            json!({ "error": "invalid_grant", "error_description": "AADSTS50076: more is needed" }),
            AuthenticationRequired,
            "AADSTS50076",
        ),
        (
            json!({ "brokerTokenResponse": { "error": { "status": 2, "subStatus": 0, "context": "why" } } }),
            AuthenticationRequired,
            "why",
        ),
        (
            json!({ "error": { "status": "UserCanceled", "context": "closed" } }),
            Declined,
            "closed",
        ),
        (
            json!({ "error": { "code": "USER_CANCELED" } }),
            Declined,
            "USER_CANCELED",
        ),
        (
            json!({ "error": { "error": "access_denied" } }),
            Declined,
            "access_denied",
        ),
        (
            json!({ "error": { "status": 0, "diagnostics": {
                "exception_type": "com.microsoft.identity.common.exception.UiRequiredException" } } }),
            AuthenticationRequired,
            "UiRequiredException",
        ),
        (
            json!({ "error": { "status": 0, "diagnostics": {
                "exception_type": "com.microsoft.identity.common.exception.UserCancelException" } } }),
            Declined,
            "UserCancelException",
        ),
        (json!({ "error": { "status": 3 } }), Network, "NoNetwork"),
        (
            json!({ "error": "ServerTemporarilyUnavailable" }),
            Network,
            "ServerTemporarilyUnavailable",
        ),
        (
            json!({ "error": 5 }),
            Network,
            "ServerTemporarilyUnavailable",
        ),
        (
            json!({ "error": { "status": "DeviceNotRegistered" } }),
            CredentialUnavailable,
            "device",
        ),
        (
            json!({ "error": "Not implemented" }),
            CredentialUnavailable,
            "cannot do that",
        ),
        (
            json!({ "error": { "message": "Not Implemented yet" } }),
            CredentialUnavailable,
            "yet",
        ),
        (
            json!({ "error": r#"{"status":"AccountUnusable","context":"inner"}"# }),
            AuthenticationRequired,
            "inner",
        ),
        (
            json!({ "error": { "status": 9, "context": "AADSTS50011: redirect" } }),
            Refused,
            "AADSTS50011",
        ),
        (json!({ "error": { "status": 4711 } }), Refused, "4711"),
        (json!({ "error": {} }), Refused, "without a reason"),
        (json!({ "error": [] }), Refused, "without a reason"),
        (json!({ "error": "" }), Refused, "refused"),
    ] {
        let error = error(&reply);
        assert_eq!(error.kind(), kind, "{reply}: {error}");
        assert!(error.to_string().contains(words), "{reply}: {error}");
    }
}

#[test]
fn each_says_what_to_do_next() {
    for (status, next) in [
        ("InteractionRequired", "sign in again"),
        ("UserCanceled", "begin it again"),
        ("NoNetwork", "check the network"),
        ("DeviceNotRegistered", "register the device"),
        ("IncorrectConfiguration", REDIRECT_URI),
        ("NotImplemented", "sign in by the browser"),
    ] {
        let error = error(&json!({ "error": { "status": status } }));
        assert!(error.to_string().contains(next), "{status}: {error}");
    }
}

#[test]
fn an_error_that_is_null_is_none() {
    let reply = json!({
        "error": null,
        "brokerTokenResponse": { "accessToken": "t", "expiresOn": 1_800_000_000, "error": null },
    });
    assert!(token(&reply.to_string(), OffsetDateTime::UNIX_EPOCH).is_ok());
}

#[test]
fn their_words_are_one_line_of_bounded_length() {
    let long = format!("\u{1b}[31m one\r\n{}", "x".repeat(10_000));
    let error = error(&json!({ "error": { "status": "Unexpected", "context": long } }));
    let text = error.to_string();
    assert!(text.len() < 1_200, "{}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}

#[test]
fn a_removal_is_done_unless_it_is_refused() {
    for reply in ["", "{}", "null", "removed", r#"{"error":null}"#] {
        assert!(done(reply).is_ok(), "{reply}");
    }
    let refusal = done(r#"{"error":{"status":"AccountNotFound"}}"#).expect_err("a refusal");
    assert!(refusal.is_unknown_account());
    let refusal = done(r#"{"error":{"status":"Unexpected"}}"#).expect_err("a refusal");
    assert!(!refusal.is_unknown_account());
}

#[test]
fn a_text_alone_is_read_as_well() {
    for (text, kind) in [
        ("Not implemented", ErrorKind::CredentialUnavailable),
        ("interaction_required", ErrorKind::AuthenticationRequired),
        (r#"{"status":7}"#, ErrorKind::Declined),
        ("Failed to authenticate user", ErrorKind::Refused),
    ] {
        assert_eq!(Refusal::of_text(text).into_error().kind(), kind, "{text}");
    }
}

#[test]
fn the_authoritys_own_words_are_handed_on() {
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let refused = error(&json!({
        "error": "interaction_required",
        "error_description": "AADSTS50076: more is needed. Trace",
        "suberror": "basic_action",
        "claims": claims,
    }));
    assert_eq!(refused.claims(), Some(claims));
    let oauth = refused.oauth().expect("its words");
    assert_eq!(oauth.error, "interaction_required");
    assert_eq!(oauth.codes, [50076]);
    assert_eq!(oauth.suberror.as_deref(), Some("basic_action"));

    let nested = json!({ "status": 2, "context": "(AADSTS50079)", "claims": "no JSON" });
    let refused = error(&json!({ "brokerTokenResponse": { "error": nested } }));
    assert_eq!(refused.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(refused.claims(), None);
    assert_eq!(
        refused.oauth().map(|oauth| &*oauth.codes),
        Some(&[50079][..])
    );

    let own = error(&json!({ "error": { "status": "Unexpected", "context": "odd" } }));
    assert!(own.oauth().is_none(), "{own:?}");
}

/// As people have shown the replies of Microsoft's broker 2.0 and 2.5 in public.
#[test]
fn the_authoritys_own_words_are_found_where_microsofts_brokers_have_them() {
    let in_diagnostics = json!({ "brokerTokenResponse": {
        "accessTokenType": 0,
        "error": {
            "context": "AADSTS50078: Presented multi-factor authentication has expired. Trace ID: x",
            "diagnostics": {
                "raw_error_code": "invalid_grant",
                "exception_type": "com.microsoft.identity.common.exception.UiRequiredException",
                "oauth2_sub_error_code": "basic_action",
            },
            "errorCode": 0, "status": 2, "subStatus": 0, "tag": 0,
        },
        "expiresOn": 0,
    } });
    let in_a_sentence = json!({ "brokerTokenResponse": {
        "error": {
            "context": "Recieved an error from AAD. Code: 'invalid_grant' description: '(pii)' \
                        correlation id: '3531ee2e' suberror: 'token_expired'",
            "diagnostics": null, "errorCode": 0, "status": 2, "subStatus": 0, "tag": 595_719_680,
        },
        "subError": "",
    } });
    for (reply, suberror, codes) in [
        (in_diagnostics, "basic_action", vec![50078]),
        (in_a_sentence, "token_expired", Vec::new()),
    ] {
        let error = error(&reply);
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
        let oauth = error.oauth().expect("the authority's words");
        assert_eq!(oauth.error, "invalid_grant");
        assert_eq!(oauth.suberror.as_deref(), Some(suberror));
        assert_eq!(oauth.codes, codes);
    }
}
