//! Tokens that are bound to a key, as each broker makes them, and as one answers that makes none.

use crate::{
    dialects::{client_info, himmelblau, home, microsofts_2, microsofts_3, now},
    scene::{Scene, answer, error},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const KEY: &str = "the-key-of-the-program";
const WAYS: [&str; 2] = ["silent", "interactive"];

fn jws(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.c2ln")
}

fn bound_to(key: &str) -> String {
    jws(&json!({ "typ": "JWT" }), &json!({ "cnf": { "kid": key } }))
}

/// What a broker signs by a key of its own.
fn signed_request() -> String {
    let header = json!({ "typ": "pop", "alg": "RS256", "kid": "the-broker's" });
    let body = json!({
        "at": bound_to("the-broker's"), "ts": now(), "m": "GET", "u": "graph.example", "p": "/me",
        "nonce": "n", "cnf": { "kid": "the-broker's" },
    });
    jws(&header, &body)
}

/// From now on, either way.
fn give(scene: &Scene, access_token: &str) {
    let token = json!({
        "brokerTokenResponse": {
            "accessToken": access_token,
            "accessTokenType": 0,
            "clientInfo": client_info(),
            "expiresOn": (now() + 3600) * 1000,
            "grantedScopes": "scope",
        },
    });
    scene.reply("acquireTokenSilently", &token);
    scene.reply("acquireTokenInteractively", &token);
}

fn ask(scene: &Scene, way: &str) -> Value {
    answer(scene.program(&[way, &home()]).env("KEY", KEY))
}

fn fail(scene: &Scene, way: &str) -> String {
    error(scene.program(&[way, &home()]).env("KEY", KEY))
}

fn parameters_of(scene: &Scene, way: &str) -> Value {
    let method = match way {
        "silent" => "acquireTokenSilently",
        _ => "acquireTokenInteractively",
    };
    let calls = scene.calls();
    let call = calls.iter().rfind(|call| call["method"] == method);
    call.expect("a question")["message"]["authParameters"]["popParams"].clone()
}

#[test]
fn a_broker_that_heeds_the_keys_name_signs_nothing() {
    for scene in [himmelblau(), microsofts_2(), microsofts_3()] {
        give(&scene, &bound_to(KEY));
        for way in WAYS {
            let token = ask(&scene, way);
            assert_eq!(token["token"], bound_to(KEY));
            assert_eq!(token["type"], "pop");
            assert_eq!(token["is_signed_request"], false);
            assert_eq!(
                parameters_of(&scene, way),
                json!({
                    "authenticationScheme": "pop", "httpMethod": "GET", "uriHost": "graph.example",
                    "uriPath": "/me", "nonce": "n", "kid": KEY,
                })
            );
        }
        let signs = "generateSignedHttpRequest".to_owned();
        assert!(!scene.methods().contains(&signs));
        // And who asks for none says nothing of it.
        scene.ask(&["silent", &home()]);
        assert_eq!(parameters_of(&scene, "silent"), Value::Null);
    }
}

#[test]
fn one_that_has_a_key_of_its_own_signs_the_request() {
    let signed = signed_request();
    for scene in [microsofts_2(), microsofts_3()] {
        scene.reply("generateSignedHttpRequest", &json!({ "signed": signed }));
        for unbound in ["opaque", &bound_to("the-broker's"), "e30.e30.c2ln"] {
            give(&scene, unbound);
            for way in WAYS {
                let token = ask(&scene, way);
                assert_eq!(token["token"], signed, "{unbound} {way}");
                assert_eq!(token["type"], "pop");
                assert_eq!(token["is_signed_request"], true);
                assert_eq!(token["account"]["id"], home());
                let calls = scene.calls();
                let [.., asked, call] = calls.as_slice() else {
                    panic!("two questions");
                };
                assert_eq!(call["method"], "generateSignedHttpRequest");
                assert_eq!(call["correlationId"], asked["correlationId"]);
                assert_eq!(
                    call["message"]["popParams"],
                    json!({
                        "authenticationScheme": "pop", "httpMethod": "GET", "nonce": "n",
                        "uriHost": "graph.example", "uriPath": "/me", "homeAccountId": home(),
                    })
                );
            }
        }
        // Or it gives the signed request at once.
        give(&scene, &signed);
        let before = scene.calls().len();
        assert_eq!(ask(&scene, "silent")["is_signed_request"], true);
        assert_eq!(scene.calls().len() - before, 2, "accounts, and the token");
    }
}

#[test]
fn one_that_binds_nothing_is_an_error_of_a_broker_that_is_there() {
    for unbound in ["opaque", &bound_to("another"), "e30.e30.c2ln"] {
        let scene = himmelblau();
        give(&scene, unbound);
        for way in WAYS {
            let text = fail(&scene, way);
            assert!(text.starts_with("InvalidArgument: "), "{text}");
            assert!(text.contains("InteractiveBrowserCredential"), "{text}");
            assert!(text.contains("Not implemented"), "{text}");
            assert!(!text.contains(unbound), "{text}");
        }
    }
}

#[test]
fn how_the_signature_is_refused_is_told_as_it_is() {
    let scene = microsofts_2();
    give(&scene, "opaque");
    for (script, start) in [
        (
            json!({ "reply": { "error": { "status": "InteractionRequired" } } }),
            "AuthenticationRequired",
        ),
        (
            json!({ "reply": { "error": { "status": "NoNetwork" } } }),
            "Network",
        ),
        (
            json!({ "reply": { "error": "invalid_request" } }),
            "Refused",
        ),
        (
            json!({ "reply": { "error": "Not implemented" } }),
            "InvalidArgument",
        ),
        (
            json!({ "reply": { "error": { "status": "DeviceNotRegistered" } } }),
            "InvalidArgument",
        ),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.UnknownMethod", "no"] }),
            "InvalidArgument",
        ),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.Failed", "no"] }),
            "InvalidArgument",
        ),
        (json!({ "reply": {} }), "Protocol"),
        (json!({ "reply": { "signed": "opaque" } }), "Protocol"),
        // It was there until now.
        (json!({ "dies": true }), "CredentialUnavailable"),
    ] {
        scene.script("generateSignedHttpRequest", &script);
        let text = fail(&scene, "silent");
        assert!(text.starts_with(&format!("{start}: ")), "{script}: {text}");
    }
}

#[test]
fn a_token_of_nobody_is_not_signed_for() {
    let scene = microsofts_3();
    let token = json!({ "accessToken": "opaque", "expiresOn": (now() + 3600) * 1000 });
    scene.reply("acquireTokenSilently", &token);
    let text = fail(&scene, "silent");
    assert!(text.starts_with("Protocol: "), "{text}");
    let signs = "generateSignedHttpRequest".to_owned();
    assert!(!scene.methods().contains(&signs));
}

/// From the credential to the bus, whose own check is the last.
#[test]
fn a_credential_hands_out_what_the_broker_signed_and_nothing_else() {
    let scene = microsofts_2();
    give(&scene, &bound_to("the-broker's"));
    let signed = signed_request();
    scene.reply("generateSignedHttpRequest", &json!({ "signed": signed }));
    assert_eq!(scene.ask(&["credential"]), json!(["pop", signed]));

    let another = jws(
        &json!({ "typ": "pop", "alg": "RS256", "kid": "the-broker's" }),
        &json!({
            "ts": now(), "m": "GET", "u": "graph.example", "p": "/me", "nonce": "n",
            "cnf": { "kid": "the-broker's" },
        }),
    );
    scene.reply("generateSignedHttpRequest", &json!({ "signed": another }));
    let text = scene.fail(&["credential"]);
    assert!(text.starts_with("Protocol: "), "{text}");
    assert!(text.contains("without an access token"), "{text}");

    let scene = himmelblau();
    give(&scene, "secret");
    let text = scene.fail(&["credential"]);
    assert!(text.starts_with("InvalidArgument: "), "{text}");
    assert!(!text.contains("secret"), "{text}");
}
