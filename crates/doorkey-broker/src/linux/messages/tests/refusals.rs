use super::super::{
    refusal::{failed, has_failed, wants_account},
    *,
};
use azure_core::time::OffsetDateTime;
use doorkey::{Error, ErrorKind};
use serde_json::{Value, json};

fn error(reply: &Value) -> Error {
    let reply = reply.to_string();
    token(&reply, None, OffsetDateTime::UNIX_EPOCH).expect_err(&reply)
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
        (
            json!({ "error": { "status": 11, "context": "untrusted" } }),
            CredentialUnavailable,
            "untrusted",
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
    assert!(token(&reply.to_string(), None, OffsetDateTime::UNIX_EPOCH).is_ok());
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
    for reply in ["{}", "null", "removed", r#"{"error":null}"#] {
        assert!(done(reply).is_ok(), "{reply}");
    }
    for (status, is_unknown) in [("AccountNotFound", true), ("Unexpected", false)] {
        let reply = json!({ "error": { "status": status } }).to_string();
        let refusal = done(&reply).expect_err("a refusal").expect("its words");
        assert_eq!(refusal.is_unknown_account(), is_unknown, "{status}");
    }
    assert!(done("").expect_err("no answer").is_none());
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

/// As Microsoft's broker 2.0 writes it, shortened.
#[test]
fn the_authoritys_words_are_found_among_a_brokers_diagnostics() {
    let error = error(&json!({ "brokerTokenResponse": {
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
    } }));
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
    let oauth = error.oauth().expect("the authority's words");
    assert_eq!(oauth.error, "invalid_grant");
    assert_eq!(oauth.suberror.as_deref(), Some("basic_action"));
    assert_eq!(oauth.codes, [50078]);
}

/// As Microsoft's broker 2.5 writes it, shortened.
#[test]
fn the_authoritys_words_inside_a_brokers_are_found() {
    let reply = |status: u8, context: &str, suberror: &str| {
        let inner = json!({
            "context": context, "diagnostics": null, "errorCode": 0, "status": status,
            "subStatus": 0, "tag": 595_719_680,
        });
        error(&json!({
            "brokerTokenResponse": { "error": inner, "subError": suberror },
            "telemetry": { "api_error_code": "0", "broker_version": "2.5.2" },
        }))
    };
    let context = "Recieved an error from AAD. Code: 'invalid_grant' description: '(pii)' \
                   correlation id: '3531ee2e' suberror: 'token_expired'";
    let refused = reply(2, context, "");
    assert_eq!(refused.kind(), ErrorKind::AuthenticationRequired);
    let oauth = refused.oauth().expect("its words");
    assert_eq!(oauth.error, "invalid_grant");
    assert_eq!(oauth.suberror.as_deref(), Some("token_expired"));
    let refused = reply(2, "why", "bad_token");
    let suberror = refused.oauth().and_then(|oauth| oauth.suberror.as_deref());
    assert_eq!(suberror, Some("bad_token"));
    // Which is the authority's no, whatever the broker thinks of it.
    for context in [
        "Recieved an error from AAD. Code: 'invalid_client' description: '(pii)'",
        "AADSTS7000218: a secret is wanted",
    ] {
        let refused = reply(0, context, "");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{context}");
        assert!(refused.oauth().is_some(), "{context}");
    }
}

/// himmelblau says everything so. It is nobody's no, and another way may do.
#[test]
fn a_broker_that_failed_itself_has_refused_nobody() {
    for error in [
        json!({ "context": "Failed to authenticate user", "status": 0, "subStatus": 0 }),
        json!({ "status": "Unexpected" }),
        json!({ "context": "Crypto key not found", "status": 15 }),
        json!(0),
    ] {
        for reply in [
            json!({ "error": error }),
            json!({ "brokerTokenResponse": { "error": error } }),
        ] {
            let error = self::error(&reply);
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{reply}");
            assert!(error.to_string().contains("failed"), "{error}");
            assert!(error.to_string().contains("by the browser"), "{error}");
            assert!(has_failed(&error) && !wants_account(&error), "{error}");
        }
    }
    assert!(!has_failed(&error(&json!({ "error": { "status": 2 } }))));
    assert!(wants_account(&failed(
        "“Missing account username in request”"
    )));
}

#[test]
fn a_reply_without_a_word_is_no_answer() {
    for reply in ["", " \n"] {
        let error = accounts(reply).expect_err("no list");
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{reply:?}");
        let error = token(reply, None, OffsetDateTime::UNIX_EPOCH).expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{reply:?}");
    }
}
