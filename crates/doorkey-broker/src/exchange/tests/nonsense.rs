//! Requests and answers that make no sense, and those that nearly do not.

use super::*;
use crate::exchange::reply::{accounts, done, token};
use doorkey::ErrorKind;
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_that_makes_no_sense_is_answered_so_and_nobody_is_asked() {
    let application = json!({
        "clientId": "c",
        "authority": "https://login.example/t",
        "correlationId": "01234567-89ab-cdef-0123-456789abcdef",
    });
    let account = json!({ "homeAccountId": "o.t" });
    let question = |change: fn(&mut Value)| {
        let mut question = json!({
            "version": 1,
            "operation": "acquireInteractively",
            "application": application,
            "account": account,
            "scopes": ["a"],
        });
        change(&mut question);
        question.to_string()
    };
    use ErrorKind::{CredentialUnavailable, Protocol};
    for (request, kind, words) in [
        (String::new(), Protocol, "is empty"),
        (" \r\n".into(), Protocol, "is empty"),
        ("nonsense".into(), Protocol, "not one JSON object alone"),
        ("[]".into(), Protocol, "not one JSON object alone"),
        ("{}{}".into(), Protocol, "not one JSON object alone"),
        ("{}".into(), Protocol, "no member `version`"),
        (
            " ".repeat(1 << 20) + "{}",
            Protocol,
            "longer than 1048576 bytes",
        ),
        (
            question(|it| it["version"] = "1".into()),
            Protocol,
            "`version` that is not a natural number",
        ),
        (
            question(|it| it["version"] = 2.into()),
            CredentialUnavailable,
            "version 2 of the exchange, and `doorkey broker-request` knows version 1; update the \
             `doorkey` that was asked",
        ),
        (
            question(|it| it["version"] = 0.into()),
            CredentialUnavailable,
            "update the program that asks",
        ),
        (
            question(|it| it["operation"] = Value::Null),
            Protocol,
            "no member `operation`",
        ),
        (
            question(|it| it["operation"] = "dance".into()),
            Protocol,
            "`operation` that is not one of",
        ),
        (
            question(|it| it["application"] = Value::Null),
            Protocol,
            "no member `application`",
        ),
        (
            question(|it| it["application"]["clientId"] = Value::Null),
            Protocol,
            "no member `application.clientId`",
        ),
        (
            question(|it| it["application"]["correlationId"] = "x".into()),
            Protocol,
            "`application.correlationId` that is not a UUID",
        ),
        (
            question(|it| it["account"] = "ada".into()),
            Protocol,
            "`account` that is not an object",
        ),
        (
            question(|it| it["account"] = json!({})),
            Protocol,
            "no member `account.homeAccountId`",
        ),
        (
            question(|it| it["scopes"] = Value::Null),
            Protocol,
            "no member `scopes`",
        ),
        (
            question(|it| it["scopes"] = json!([1])),
            Protocol,
            "`scopes` that is not a list of texts",
        ),
        (
            question(|it| it["prompt"] = "shout".into()),
            Protocol,
            "`prompt` that is not",
        ),
        (
            question(|it| it["extraQueryParameters"] = json!([["a"]])),
            Protocol,
            "`extraQueryParameters` that is not a list of pairs",
        ),
        (
            question(|it| it["pop"] = json!({ "keyId": "k" })),
            Protocol,
            "no member `pop.httpMethod`",
        ),
        (
            question(|it| it["operation"] = "signOut".into()).replace("homeAccountId", "id"),
            Protocol,
            "no member `account.homeAccountId`",
        ),
    ] {
        let broker = Fake::new(Ok(given()));
        let answer = answer_by(&broker, Ok(None), request.as_bytes()).await;
        let error = token(answer.secret().as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{request}: {error}");
        assert!(error.to_string().contains(words), "{request}: {error}");
        assert!(broker.asked.lock().unwrap().is_empty(), "{request}");
    }
}

const GOOD: &str = r#"{"version":1,"token":{"accessToken":"secret","expiresOn":4102444800}}"#;

#[test]
fn blanks_and_a_byte_order_mark_around_an_answer_are_none_of_it() {
    for reply in [
        GOOD.to_owned(),
        format!("   \r\n{GOOD}\r\n"),
        format!("\u{feff}{GOOD}\r\n"),
        format!("  \u{feff}{GOOD}"),
        GOOD.replace(',', "\r\n,\t"),
    ] {
        let token = token(reply.as_bytes()).unwrap();
        assert_eq!(token.access_token.secret(), "secret");
        assert_eq!(token.token_type, "Bearer");
    }
}

#[test]
fn an_answer_that_makes_no_sense_is_refused_without_its_words() {
    use ErrorKind::{CredentialUnavailable, Protocol};
    let good = |member: &str, value: Value| {
        let mut reply: Value = serde_json::from_str(GOOD).unwrap();
        reply["token"][member] = value;
        reply.to_string()
    };
    for (reply, kind, words) in [
        (String::new(), Protocol, "is empty"),
        ("secret".into(), Protocol, "not one JSON object alone"),
        (r#""secret""#.into(), Protocol, "not one JSON object alone"),
        (
            format!("{GOOD}{GOOD}"),
            Protocol,
            "not one JSON object alone",
        ),
        (
            format!("{GOOD} secret"),
            Protocol,
            "not one JSON object alone",
        ),
        (GOOD[..40].to_owned(), Protocol, "not one JSON object alone"),
        (
            format!(r#"{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500)),
            Protocol,
            "not one JSON object alone",
        ),
        (
            format!(r#"{{"version":1,"x":"{}"}}"#, "y".repeat(1 << 20)),
            Protocol,
            "longer than 1048576 bytes",
        ),
        ("{}".into(), Protocol, "no member `version`"),
        (r#"{"version":1}"#.into(), Protocol, "no member `token`"),
        (
            r#"{"version":1,"accounts":[]}"#.into(),
            Protocol,
            "no member `token`",
        ),
        (
            r#"{"version":1,"token":"secret"}"#.into(),
            Protocol,
            "`token` that is not an object",
        ),
        (
            GOOD.replace('1', "2"),
            CredentialUnavailable,
            "answered in version 2 of the exchange, and this program knows version 1; update this \
             program",
        ),
        (
            GOOD.replace("\"version\":1", "\"version\":0"),
            CredentialUnavailable,
            "update `doorkey.exe` on Windows",
        ),
        (
            good("accessToken", Value::Null),
            Protocol,
            "no member `token.accessToken`",
        ),
        (
            good("accessToken", json!(["secret"])),
            Protocol,
            "`token.accessToken` that is not a text",
        ),
        (
            good("expiresOn", Value::Null),
            Protocol,
            "no member `token.expiresOn`",
        ),
        (
            good("expiresOn", "secret".into()),
            Protocol,
            "`token.expiresOn` that is not a whole number",
        ),
        (
            good("expiresOn", i64::MAX.into()),
            Protocol,
            "`token.expiresOn` that is not a time",
        ),
        (
            good("isSignedRequest", "secret".into()),
            Protocol,
            "`token.isSignedRequest` that is not `true` or `false`",
        ),
        (
            good("scopes", "secret".into()),
            Protocol,
            "`token.scopes` that is not a list",
        ),
        (
            good("account", json!({ "username": "secret" })),
            Protocol,
            "no member `token.account.homeAccountId`",
        ),
    ] {
        let error = token(reply.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    let error = accounts(br#"{"version":1,"accounts":[{"homeAccountId":"a"},{}]}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no member `accounts[1].homeAccountId`"),
        "{error}"
    );
    for reply in [r#"{"version":1}"#, r#"{"version":1,"done":false}"#, GOOD] {
        let error = done(reply.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("no member `done`"), "{error}");
    }
}

#[test]
fn an_error_of_any_version_and_kind_can_be_read() {
    use ErrorKind::{Declined, Protocol};
    for (error, kind, words) in [
        (
            json!({ "kind": "Declined", "message": "no" }),
            Declined,
            "no",
        ),
        (json!({ "kind": "Bored", "message": "no" }), Protocol, "no"),
        (
            json!({ "kind": "Declined", "message": "a\r\nb\u{1b}[2Jc" }),
            Declined,
            "a  b [2Jc",
        ),
        (
            json!({ "message": "x" }),
            Protocol,
            "no member `error.kind`",
        ),
        (
            json!({ "kind": "Declined" }),
            Protocol,
            "no member `error.message`",
        ),
        (
            json!({ "kind": "Declined", "message": "x", "oauth": {} }),
            Protocol,
            "no member `error.oauth.error`",
        ),
        (
            json!({ "kind": "Declined", "message": "x", "oauth": { "error": "e", "status": 70000 } }),
            Protocol,
            "`error.oauth.status` that is not an HTTP status",
        ),
    ] {
        for version in [json!(1), json!(99), Value::Null] {
            let reply = json!({ "version": version, "error": error }).to_string();
            let read = token(reply.as_bytes()).unwrap_err();
            assert_eq!(read.kind(), kind, "{reply}");
            assert!(read.to_string().contains(words), "{reply}: {read}");
        }
    }
    let endless = json!({ "error": { "kind": "Refused", "message": "x".repeat(100_000) } });
    let error = token(endless.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string().len(), 4_000);
}
