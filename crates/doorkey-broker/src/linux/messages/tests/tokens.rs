use super::{super::*, OBJECT, TENANT, client_info, home};
use azure_core::time::{Duration, OffsetDateTime};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{BrokerPop, BrokerToken, ErrorKind};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const JWT: &str = "aGVhZA.Ym9keQ.c2ln";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).expect("a time")
}

fn reply(members: Value) -> Value {
    let mut token = json!({ "accessToken": "secret", "expiresOn": (NOW + 3600) * 1000 });
    if let (Value::Object(token), Value::Object(members)) = (&mut token, members) {
        token.extend(members);
    }
    json!({ "brokerTokenResponse": token })
}

fn read(reply: &Value) -> BrokerToken {
    token(&reply.to_string(), None, now()).unwrap_or_else(|error| panic!("{error}: {reply}"))
}

#[test]
fn a_reply_of_each_dialect_is_read() {
    let account = json!({ "homeAccountId": home(), "realm": TENANT, "username": "ada" });
    for (dialect, members, has_id_token, username) in [
        (
            "Microsoft's 2.x",
            json!({
                "accessTokenType": 0,
                "account": account,
                "clientInfo": client_info(OBJECT, TENANT),
                "extendedExpiresOn": (NOW + 7200) * 1000,
                "grantedScopes": "a b",
                "idToken": JWT,
            }),
            true,
            "ada",
        ),
        (
            "Microsoft's 3.x, silent: no account",
            json!({
                "accessTokenType": 0,
                "clientInfo": client_info(OBJECT, TENANT),
                "grantedScopes": ["a", "b"],
                "idToken": JWT,
            }),
            true,
            "",
        ),
        (
            "himmelblau: no account, and an id token that nobody signed",
            json!({
                "accessTokenType": "Bearer",
                "clientInfo": client_info(OBJECT, TENANT),
                "extendedExpiresOn": NOW + 3600,
                "grantedScopes": "a b",
                "idToken": "eyJuYW1lIjoiQWRhIn0",
            }),
            false,
            "",
        ),
    ] {
        let token = read(&reply(members));
        assert_eq!(token.access_token.secret(), "secret", "{dialect}");
        assert_eq!(token.token_type, "Bearer", "{dialect}");
        assert_eq!(token.expires_on, now() + Duration::hours(1), "{dialect}");
        assert_eq!(token.scopes, ["a", "b"], "{dialect}");
        assert_eq!(token.id_token.is_some(), has_id_token, "{dialect}");
        let account = token.account.expect(dialect);
        assert_eq!(account.home_account_id, home(), "{dialect}");
        assert_eq!(account.username, username, "{dialect}");
    }
}

#[test]
fn a_bare_reply_is_one_too() {
    let bare = reply(json!({}))["brokerTokenResponse"].clone();
    assert_eq!(read(&bare).access_token.secret(), "secret");
}

#[test]
fn whose_it_is_is_what_the_authority_says() {
    let theirs = json!({ "homeAccountId": "some.else", "username": "else" });
    for (members, expected) in [
        (json!({ "account": theirs }), Some("some.else".to_owned())),
        (
            json!({ "account": theirs, "clientInfo": client_info(OBJECT, TENANT) }),
            Some(home()),
        ),
        (json!({}), None),
        (json!({ "clientInfo": "?", "account": null }), None),
    ] {
        let account = read(&reply(members.clone())).account;
        let id = account.map(|account| account.home_account_id);
        assert_eq!(id, expected, "{members}");
    }
}

#[test]
fn the_end_of_a_token_is_found_in_every_unit() {
    let in_an_hour = NOW + 3600;
    for (what, members, expected) in [
        (
            "milliseconds",
            json!({ "expiresOn": in_an_hour * 1000 }),
            in_an_hour,
        ),
        (
            "a text",
            json!({ "expiresOn": (in_an_hour * 1000).to_string() }),
            in_an_hour,
        ),
        ("seconds", json!({ "expiresOn": in_an_hour }), in_an_hour),
        (
            "a float",
            json!({ "expiresOn": 1_800_003_600_000.0 }),
            in_an_hour,
        ),
        (
            "a text with a fraction",
            json!({ "expiresOn": format!("{in_an_hour}000.0") }),
            in_an_hour,
        ),
        (
            "a date",
            json!({ "expiresOn": "2027-01-15T10:00:00+01:00" }),
            in_an_hour,
        ),
        (
            "himmelblau: seconds added to milliseconds",
            json!({ "expiresOn": NOW * 1000 + 3599, "extendedExpiresOn": NOW + 3600 }),
            NOW + 3599,
        ),
        (
            "never beyond the extended end, which is real there",
            json!({ "expiresOn": NOW * 1000 + 80_000, "extendedExpiresOn": NOW + 3600 }),
            NOW + 3600,
        ),
        (
            "himmelblau, if it is mended",
            json!({ "expiresOn": in_an_hour * 1000, "extendedExpiresOn": NOW + 7200 }),
            in_an_hour,
        ),
        (
            "Microsoft's, which ends in a moment",
            json!({ "expiresOn": NOW * 1000 + 3599, "extendedExpiresOn": (NOW + 3600) * 1000 }),
            NOW + 3,
        ),
        (
            "one that has ended",
            json!({ "expiresOn": (NOW - 5) * 1000 }),
            NOW - 5,
        ),
    ] {
        let token = read(&reply(members));
        assert_eq!(token.expires_on.unix_timestamp(), expected, "{what}");
    }
}

#[test]
fn what_makes_no_sense_is_no_token_and_is_not_quoted() {
    for (what, members) in [
        ("no token", json!({ "accessToken": null })),
        ("an empty one", json!({ "accessToken": "" })),
        ("a number", json!({ "accessToken": 5 })),
        ("no end", json!({ "expiresOn": null })),
        ("an end that is none", json!({ "expiresOn": "tomorrow" })),
        ("an end before all", json!({ "expiresOn": -1 })),
        ("an end after all", json!({ "expiresOn": i64::MAX })),
        ("an end beyond all", json!({ "expiresOn": 1e300 })),
        ("another type", json!({ "accessTokenType": "pop" })),
        ("another type by number", json!({ "accessTokenType": 1 })),
        ("a type that is none", json!({ "accessTokenType": [] })),
    ] {
        let reply = reply(members).to_string();
        let error = token(&reply, None, now()).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{what}");
        assert!(
            !format!("{error:?}").contains("secret"),
            "{what}: {error:?}"
        );
    }
    for reply in [
        "null",
        "secret",
        "[\"secret\"]",
        "{}",
        r#"{"brokerTokenResponse":"#,
    ] {
        let error = token(reply, None, now()).expect_err(reply);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{reply}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn cookies_are_one_or_many() {
    let one = json!({ "cookieName": "x-ms-RefreshTokenCredential", "cookieContent": "c" });
    for (reply, count) in [
        (one.clone(), 1),
        (
            json!({ "cookieItems": [one, { "cookieName": "n", "cookieContent": "d" }] }),
            2,
        ),
    ] {
        let cookies = sso_cookies(&reply.to_string()).expect("cookies");
        assert_eq!(cookies.len(), count, "{reply}");
        assert_eq!(cookies[0].0, "x-ms-RefreshTokenCredential");
        assert_eq!(cookies[0].1.secret(), "c");
    }
    for reply in [
        json!({}),
        json!({ "cookieItems": [] }),
        json!({ "cookieItems": [{}] }),
    ] {
        let error = sso_cookies(&reply.to_string()).expect_err("none");
        assert_eq!(error.kind(), ErrorKind::Protocol, "{reply}");
    }
}

#[test]
fn whether_a_token_is_bound_is_read_in_it_and_not_in_its_type() {
    let pop = BrokerPop::new("ours", "GET", "graph.example", "/", "n");
    let jws = |header: Value, claims: Value| {
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.c2ln")
    };
    let to = |kid: &str| jws(json!({ "typ": "JWT" }), json!({ "cnf": { "kid": kid } }));
    let signed = jws(json!({ "typ": "pop" }), json!({ "at": to("theirs") }));
    let bare = jws(json!({ "typ": "JWT" }), json!({}));
    for kind in [
        json!(0),
        json!("Bearer"),
        json!("pop"),
        json!(2),
        Value::Null,
    ] {
        for (access_token, expected) in [
            (to("ours"), ("pop", false)),
            (to("theirs"), ("Bearer", false)),
            (bare.clone(), ("Bearer", false)),
            ("opaque".to_owned(), ("Bearer", false)),
            (signed.clone(), ("pop", true)),
        ] {
            let reply = reply(json!({ "accessToken": access_token, "accessTokenType": kind }));
            let token = token(&reply.to_string(), Some(&pop), now()).expect("a token");
            assert_eq!(token.access_token.secret(), access_token);
            let seen = (&*token.token_type, token.is_signed_request);
            assert_eq!(seen, expected, "{kind} {access_token}");
        }
    }
}

#[test]
fn a_signed_request_is_told_by_its_shape() {
    let signed = signed_http_request(&json!({ "some": JWT, "more": "text" }).to_string());
    assert_eq!(signed.expect("one").secret(), JWT);
    for reply in [
        json!({}),
        json!({ "some": "text" }),
        json!({ "some": "a..c" }),
        json!({ "some": JWT, "another": JWT }),
    ] {
        let error = signed_http_request(&reply.to_string()).expect_err("none");
        assert_eq!(error.kind(), ErrorKind::Protocol, "{reply}");
    }
}

#[test]
fn a_version_is_one_line() {
    let read = version(r#"{"linuxBrokerVersion":"3.0\n.1"}"#).expect("one");
    assert_eq!(read, "3.0 .1");
    assert!(version(r#"{"linuxBrokerVersion":3}"#).is_err());
}
