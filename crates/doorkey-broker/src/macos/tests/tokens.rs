use super::super::reply::{self, Expected};
use super::*;
use azure_core::time::{Duration, OffsetDateTime};
use doorkey::{BrokerPop, BrokerToken, ErrorKind, Result};

const NOW: i64 = 1_800_000_000;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

fn read(change: &Value, account: Option<&BrokerAccount>) -> Result<BrokerToken> {
    let reply = reply(&changed(token(), change));
    reply::token(&reply, Expected { account, pop: None }, now())
}

fn read_bound(change: &Value) -> Result<BrokerToken> {
    let pop = BrokerPop::new("key", "GET", "host", "/", "nonce");
    let reply = reply(&changed(token(), change));
    let expected = Expected {
        account: None,
        pop: Some(&pop),
    };
    reply::token(&reply, expected, now())
}

#[test]
fn a_token_and_whose_it_is() {
    let token = read(&json!({}), Some(&account())).unwrap();
    assert_eq!(token.access_token.secret(), "token");
    assert_eq!(token.token_type, "Bearer");
    assert!(!token.is_signed_request);
    assert_eq!(token.expires_on.unix_timestamp(), 4_102_444_800);
    assert_eq!(token.scopes, ["scope", "openid"]);
    assert!(token.id_token.unwrap().secret().starts_with("header."));
    let account = token.account.unwrap();
    assert_eq!(account.home_account_id, format!("{OBJECT}.{TENANT}"));
    assert_eq!(account.username, "ada@contoso.com");
    assert_eq!(account.tenant_id, TENANT);
}

#[test]
fn members_are_found_in_any_case() {
    let shouted = token().as_object().unwrap().clone().into_iter();
    let shouted = Reply::new(shouted.map(|(name, value)| (name.to_ascii_uppercase(), value)));
    let expected = Expected {
        account: None,
        pop: None,
    };
    assert!(reply::token(&shouted, expected, now()).is_ok());
}

#[test]
fn an_end_is_in_seconds_since_1970_or_from_now_on() {
    for (expires_on, expires_in, expected) in [
        (json!("1800003600"), json!("60"), Some(3600)),
        (json!(1_800_003_600), json!(null), Some(3600)),
        (json!(1_800_003_600.75), json!(null), Some(3600)),
        (json!(" 1800003600.5 "), json!(null), Some(3600)),
        (json!("0"), json!("60"), Some(60)),
        (json!(null), json!("60"), Some(60)),
        (json!(null), json!(60), Some(60)),
        (json!("tomorrow"), json!("60"), Some(60)),
        (json!("-5"), json!("60"), Some(60)),
        (json!("9223372036854775807"), json!("60"), Some(60)),
        (json!("1e300"), json!("60"), Some(60)),
        (json!("NaN"), json!("60"), Some(60)),
        (json!([]), json!({}), None),
        (json!("0"), json!("0"), None),
        (json!(null), json!(null), None),
        (json!(null), json!("-1"), None),
        (json!(null), json!("9223372036854775807"), None),
    ] {
        let change = json!({"expires_on": expires_on, "expires_in": expires_in});
        match read(&change, None) {
            Ok(token) => {
                let life = token.expires_on - now();
                assert_eq!(Some(life), expected.map(Duration::seconds), "{change}");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{change}");
                assert_eq!(expected, None, "{change}");
            }
        }
    }
}

#[test]
fn half_a_reply_is_a_token_or_an_error() {
    use ErrorKind::{Protocol, Refused, WrongAccount};
    for (change, kind) in [
        (
            json!({"operation_response_type": null, "operation": null}),
            None,
        ),
        (json!({"success": null}), None),
        (json!({"success": true}), None),
        (json!({"success": 1}), None),
        (json!({"error": ""}), None),
        (json!({"error": 7}), None),
        (json!({"scope": null}), None),
        (json!({"scope": []}), None),
        (json!({"token_type": null}), None),
        (json!({"token_type": "bearer"}), None),
        (json!({"id_token": "garbage"}), None),
        (json!({"id_token": null}), None),
        (json!({"client_info": null}), None),
        (json!({"client_info": "garbage"}), None),
        (json!({"access_token": ""}), Some(Protocol)),
        (json!({"access_token": " "}), Some(Protocol)),
        (json!({"access_token": null}), Some(Protocol)),
        (json!({"access_token": 7}), Some(Protocol)),
        (json!({"access_token": ["token"]}), Some(Protocol)),
        (json!({"token_type": "Pop"}), Some(Protocol)),
        (
            json!({"operation_response_type": "operation_get_accounts_response"}),
            Some(Protocol),
        ),
        (json!({"success": "0"}), Some(Refused)),
        (json!({"success": 0}), Some(Refused)),
        (json!({"error": "something"}), Some(Refused)),
        (
            json!({"client_info": client_info("somebody", TENANT)}),
            Some(WrongAccount),
        ),
        (
            json!({"client_info": client_info(OBJECT, "elsewhere")}),
            Some(WrongAccount),
        ),
        (
            json!({"client_info": client_info(&OBJECT.to_uppercase(), TENANT)}),
            None,
        ),
    ] {
        let answer = read(&change, Some(&account()));
        if let Err(error) = &answer {
            assert!(!error.to_string().contains("header."), "{error}");
        }
        assert_eq!(answer.err().map(|error| error.kind()), kind, "{change}");
    }
}

#[test]
fn a_name_and_a_tenant_are_found_where_they_are() {
    let home = json!({"client_info": client_info(OBJECT, TENANT)});
    for (claims, named, username, tenant) in [
        (
            json!({"tid": "guest", "preferred_username": "a"}),
            true,
            "a",
            "guest",
        ),
        (json!({"upn": "b"}), true, "b", TENANT),
        (
            json!({"tid": 7, "preferred_username": []}),
            true,
            "ada@contoso.com",
            TENANT,
        ),
        (json!({}), false, "", TENANT),
    ] {
        let change = changed(home.clone(), &json!({"id_token": id_token(&claims)}));
        let named = named.then(account);
        let account = read(&change, named.as_ref()).unwrap().account.unwrap();
        assert_eq!(
            (&*account.username, &*account.tenant_id),
            (username, tenant)
        );
    }
    // Then whose it is cannot be told here.
    let change = json!({"client_info": null});
    assert_eq!(read(&change, Some(&account())).unwrap().account, None);
}

#[test]
fn a_token_is_bound_only_if_the_reply_shows_it() {
    let bound = |claims: Value| json!({"token_type": "Pop", "access_token": id_token(&claims)});
    let confirmed = |kid: &str| {
        let confirmation = URL_SAFE_NO_PAD.encode(json!({ "kid": kid }).to_string());
        json!({"token_type": "pop", "access_token": "opaque", "req_cnf": confirmation})
    };
    let contradicted = changed(
        bound(json!({"cnf": {"kid": "other"}})),
        &json!({
            "req_cnf": URL_SAFE_NO_PAD.encode(r#"{"kid":"key"}"#),
        }),
    );
    for (change, is_bound) in [
        (bound(json!({"cnf": {"kid": "key"}})), true),
        (confirmed("key"), true),
        (bound(json!({"cnf": {"kid": "other"}})), false),
        (bound(json!({})), false),
        (contradicted, false),
        (confirmed("other"), false),
        (
            json!({"token_type": "Pop", "access_token": "opaque"}),
            false,
        ),
        (
            json!({"token_type": "Pop", "access_token": "opaque", "req_cnf": "garbage"}),
            false,
        ),
        // A bearer token in its place.
        (json!({}), false),
        (json!({"token_type": null}), false),
    ] {
        match read_bound(&change) {
            Ok(token) => {
                assert!(is_bound, "{change}");
                assert_eq!(token.token_type, "pop");
            }
            Err(error) => {
                assert!(!is_bound, "{error}");
                assert_eq!(error.kind(), ErrorKind::Protocol);
            }
        }
    }
}
