//! Every method, as each broker answers it.

use crate::scene::{Scene, ended};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const OBJECT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const TENANT: &str = "99999999-8888-7777-6666-555555555555";
const JWT: &str = "aGVhZA.Ym9keQ.c2ln";

pub(crate) fn home() -> String {
    format!("{OBJECT}.{TENANT}")
}

pub(crate) fn client_info() -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": OBJECT, "utid": TENANT }).to_string())
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock").as_secs()
}

fn ada() -> Value {
    json!({
        "clientInfo": client_info(),
        "environment": "login.windows.net",
        "familyName": "Lovelace",
        "givenName": "Ada",
        "homeAccountId": home(),
        "localAccountId": OBJECT,
        "name": "Ada Lovelace",
        "passwordExpiry": 0,
        "realm": TENANT,
        "username": "ada@contoso.example",
    })
}

/// What every broker that works says of Ada.
fn person() -> Value {
    json!({ "id": home(), "username": "ada@contoso.example", "tenant": TENANT })
}

pub(crate) fn microsofts_2() -> Scene {
    let scene = Scene::new();
    let token = json!({
        "brokerTokenResponse": {
            "accessToken": "secret",
            "accessTokenType": 0,
            "account": ada(),
            "clientInfo": client_info(),
            "expiresOn": (now() + 3600) * 1000,
            "extendedExpiresOn": (now() + 7200) * 1000,
            "grantedScopes": "scope more",
            "idToken": JWT,
        },
    });
    scene.reply("getAccounts", &json!({ "accounts": [ada()] }));
    scene.reply("acquireTokenSilently", &token);
    scene.reply("acquireTokenInteractively", &token);
    scene.reply("removeAccount", &json!({}));
    scene.reply("cancelInteractiveFlow", &json!({}));
    scene.reply(
        "getLinuxBrokerVersion",
        &json!({ "linuxBrokerVersion": "2.0.1" }),
    );
    scene.reply(
        "generateSignedHttpRequest",
        &json!({ "signedHttpRequest": JWT }),
    );
    let cookie = json!({ "cookieName": "x-ms-RefreshTokenCredential", "cookieContent": "c" });
    scene.reply("acquirePrtSsoCookie", &cookie);
    scene
}

pub(crate) fn microsofts_3() -> Scene {
    let scene = microsofts_2();
    let token = json!({
        "brokerTokenResponse": {
            "accessToken": "secret",
            "accessTokenType": 0,
            "clientInfo": client_info(),
            "expiresOn": ((now() + 3600) * 1000).to_string(),
            "grantedScopes": ["scope", "more"],
            "idToken": JWT,
        },
    });
    scene.reply("acquireTokenSilently", &token);
    scene.reply(
        "getLinuxBrokerVersion",
        &json!({ "linuxBrokerVersion": "3.0.1" }),
    );
    let cookie = json!({ "cookieName": "x-ms-RefreshTokenCredential", "cookieContent": "c" });
    scene.reply("acquirePrtSsoCookie", &json!({ "cookieItems": [cookie] }));
    scene
}

/// Which has not implemented the rest.
pub(crate) fn himmelblau() -> Scene {
    let scene = Scene::new();
    let account = json!({
        "givenName": "Ada Lovelace",
        "homeAccountId": home(),
        "localAccountId": OBJECT,
        "name": "Ada Lovelace",
        "realm": TENANT,
        "username": "ada@contoso.example",
    });
    let token = json!({
        "brokerTokenResponse": {
            "accessToken": "secret",
            "accessTokenType": "Bearer",
            "clientInfo": client_info(),
            "expiresOn": now() * 1000 + 3600 + 30_000,
            "extendedExpiresOn": now() + 3600,
            "grantedScopes": "scope more",
            "idToken": URL_SAFE_NO_PAD.encode(r#"{"name":"Ada Lovelace"}"#),
        },
    });
    scene.reply("getAccounts", &json!({ "accounts": [account] }));
    scene.reply("acquireTokenSilently", &token);
    scene.reply("acquireTokenInteractively", &token);
    scene.reply(
        "getLinuxBrokerVersion",
        &json!({ "linuxBrokerVersion": "0.9.0" }),
    );
    scene
}

/// What himmelblau says where nobody is named.
fn nobody_named() -> Value {
    let text = "Missing account username in request";
    json!({ "error": ["org.freedesktop.DBus.Error.Failed", text] })
}

#[test]
fn every_dialect_says_who_is_there_and_gives_their_token() {
    for (scene, version, id_token) in [
        (microsofts_2(), "2.0.1", json!(JWT)),
        (microsofts_3(), "3.0.1", json!(JWT)),
        (himmelblau(), "0.9.0", Value::Null),
    ] {
        assert_eq!(scene.ask(&["version"]), version);
        assert_eq!(scene.ask(&["accounts"]), json!([person()]), "{version}");
        assert_eq!(
            scene.ask(&["accounts", "default"]),
            json!([person()]),
            "{version}"
        );
        for way in ["silent", "interactive"] {
            let token = scene.ask(&[way, &home()]);
            assert_eq!(token["token"], "secret", "{version} {way}");
            assert_eq!(token["scopes"], json!(["scope", "more"]), "{version} {way}");
            assert_eq!(token["account"], person(), "{version} {way}");
            assert_eq!(token["id_token"], id_token, "{version} {way}");
            let left = token["expires_on"]
                .as_u64()
                .unwrap_or_default()
                .saturating_sub(now());
            assert!((3500..=3600).contains(&left), "{version} {way}: {left}");
        }
    }
}

#[test]
fn the_other_methods_of_microsofts_do_what_they_are_for() {
    for scene in [microsofts_2(), microsofts_3()] {
        assert_eq!(
            scene.ask(&["cookies", &home()]),
            json!([["x-ms-RefreshTokenCredential", "c"]])
        );
        assert_eq!(scene.ask(&["sign", &home()]), JWT);
        assert_eq!(scene.ask(&["sign-out", &home()]), Value::Null);
        let calls = scene.calls();
        let removal = calls.last().expect("a call");
        assert_eq!(removal["method"], "removeAccount");
        assert_eq!(
            removal["message"],
            json!({ "clientId": "client", "account": ada() })
        );
    }
}

/// Else they would be known by the other account.
#[test]
fn who_is_a_guest_elsewhere_leaves_there_too() {
    let scene = microsofts_2();
    let mut guest = ada();
    guest["realm"] = json!("33333333-3333-3333-3333-333333333333");
    let bob = json!({ "homeAccountId": format!("b.{TENANT}"), "username": "bob" });
    let people = json!({ "accounts": [guest, bob, ada()] });
    scene.reply("getAccounts", &people);
    let gone = json!({ "reply": { "error": { "status": "AccountNotFound" } } });
    scene.script("removeAccount", &json!([{ "reply": {} }, gone]));
    scene.ask(&["sign-out", &home()]);
    let calls = scene.calls();
    let removed = calls
        .iter()
        .filter(|call| call["method"] == "removeAccount");
    let removed: Vec<_> = removed.map(|call| &call["message"]["account"]).collect();
    assert_eq!(removed, [&guest, &ada()]);
}

#[test]
fn what_himmelblau_lacks_is_said() {
    let scene = himmelblau();
    for (command, kind, next) in [
        ("sign", "CredentialUnavailable", "update the broker"),
        ("cookies", "CredentialUnavailable", "update the broker"),
        ("sign-out", "Refused", "ada@contoso.example stays signed in"),
    ] {
        let text = scene.fail(&[command, &home()]);
        assert!(text.starts_with(&format!("{kind}: ")), "{text}");
        assert!(text.contains("cannot do that"), "{text}");
        assert!(text.contains(next), "{text}");
    }
}

#[test]
fn himmelblau_asks_the_only_person_that_it_has_or_the_one_of_the_hint() {
    let bob = json!({ "homeAccountId": format!("b.{TENANT}"), "username": "bob@contoso.example" });
    for (others, hint, asked) in [
        (vec![], "", Some("ada@contoso.example")),
        (vec![], "eve@contoso.example", None),
        (vec![&bob], "", None),
        (
            vec![&bob],
            "BOB@contoso.example",
            Some("bob@contoso.example"),
        ),
    ] {
        let scene = himmelblau();
        let token = scene.read("acquireTokenInteractively");
        let script = json!([nobody_named(), token]);
        scene.script("acquireTokenInteractively", &script);
        let mut people = vec![ada()];
        people.extend(others.into_iter().cloned());
        scene.reply("getAccounts", &json!({ "accounts": people }));
        let mut program = scene.program(&["interactive"]);
        program.env("HINT", hint);
        let (succeeded, text) = ended(&program.output().expect("it starts"));
        assert_eq!(succeeded, asked.is_some(), "{text}");
        let last = scene.calls().pop().expect("a call");
        let named = last["message"]["account"]["username"].as_str();
        assert_eq!(named, asked, "{text}");
        if asked.is_none() {
            assert!(text.starts_with("CredentialUnavailable: "), "{text}");
        }
    }
}

#[test]
fn each_call_has_the_version_of_the_protocol_and_an_id() {
    let scene = microsofts_2();
    scene.ask(&["silent", &home()]);
    scene.ask(&["interactive"]);
    assert_eq!(
        scene.methods(),
        [
            "getAccounts",
            "acquireTokenSilently",
            "getLinuxBrokerVersion",
            "acquireTokenInteractively",
        ]
    );
    let calls = scene.calls();
    for call in &calls {
        assert_eq!(call["version"], "0.0", "{call}");
        let id = call["correlationId"].as_str().unwrap_or_default();
        assert_eq!(
            id.split('-').map(str::len).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
    }
    assert_eq!(
        calls[0]["correlationId"], calls[1]["correlationId"],
        "one question"
    );
    assert_ne!(
        calls[1]["correlationId"], calls[2]["correlationId"],
        "another"
    );
}

#[test]
fn the_broker_gets_its_own_account_back_and_the_claims() {
    let scene = microsofts_2();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let mut program = scene.program(&["silent", &home()]);
    let output = program.env("CLAIMS", claims).output();
    assert!(ended(&output.expect("it starts")).0);
    let calls = scene.calls();
    let parameters = &calls[1]["message"]["authParameters"];
    assert_eq!(parameters["account"], ada());
    assert_eq!(parameters["decodedClaims"], claims);
}

#[test]
fn the_default_account_is_the_only_one() {
    let scene = microsofts_2();
    let bob = json!({ "homeAccountId": format!("b.{TENANT}"), "username": "bob" });
    scene.reply("getAccounts", &json!({ "accounts": [ada(), bob] }));
    assert_eq!(scene.ask(&["accounts", "default"]), json!([]));
    let accounts = scene.ask(&["accounts"]);
    assert_eq!(accounts.as_array().map(Vec::len), Some(2));
    scene.reply("getAccounts", &json!({ "accounts": [] }));
    assert_eq!(scene.ask(&["accounts", "default"]), json!([]));
}

#[test]
fn an_account_that_the_broker_does_not_know_needs_the_person() {
    let scene = microsofts_2();
    let text = scene.fail(&["silent", "nobody"]);
    assert!(text.starts_with("AuthenticationRequired: "), "{text}");
    assert!(text.contains("doorkey login --broker"), "{text}");
    assert_eq!(scene.methods(), ["getAccounts"]);
    // The person may be signed in to the broker by that; they are named, and no account is.
    scene.ask(&["interactive", "nobody"]);
    let calls = scene.calls();
    assert!(calls[2]["message"].get("account").is_none());
    // And is signed out already.
    assert_eq!(scene.ask(&["sign-out", "nobody"]), Value::Null);
    assert!(!scene.methods().contains(&"removeAccount".to_owned()));
    let refusal = json!({ "error": { "status": "AccountNotFound" } });
    scene.reply("removeAccount", &refusal);
    assert_eq!(scene.ask(&["sign-out", &home()]), Value::Null);
}
