//! Tokens that are bound to a key, and the resource that wants the proof.

use crate::client::*;
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use doorkey_emulator::Emulator;
use http::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use time::{Duration, OffsetDateTime};

/// They take a while to make.
static OURS: LazyLock<Key> = LazyLock::new(Key::new);
static THEIRS: LazyLock<Key> = LazyLock::new(Key::new);

struct Key {
    pair: KeyPair,
    jwk: Value,
    thumbprint: String,
}

impl Key {
    fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let [n, e] = [
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        ]
        .map(|number| URL_SAFE_NO_PAD.encode(number));
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        Self {
            jwk: json!({"kty": "RSA", "n": n, "e": e}),
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())),
            pair,
        }
    }

    fn confirmation(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!({"kid": self.thumbprint}).to_string())
    }

    fn sign(&self, header: &Value, body: &Value) -> String {
        let [header, body] = [header, body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{body}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

struct Scene {
    emulator: Emulator,
    token: String,
}

impl Scene {
    /// Somebody has signed in, with a token that is bound to our key.
    async fn new() -> Self {
        let emulator = emulator().await;
        let reply = bound(&emulator, &OURS.confirmation()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.text("token_type"), "pop");
        assert_eq!(
            reply.claims("access_token")["cnf"],
            json!({"kid": OURS.thumbprint})
        );
        let token = reply.text("access_token").to_owned();
        Self { emulator, token }
    }

    async fn me(&self, method: &str, authorization: &str) -> Json {
        self.me_with("a=b", method, authorization).await
    }

    async fn me_with(&self, query: &str, method: &str, authorization: &str) -> Json {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/resource/me?{query}", self.emulator.authority()))
            .header("authorization", authorization);
        send(&self.emulator, request.body(Bytes::new()).unwrap()).await
    }

    async fn nonce(&self) -> String {
        let reply = self.me("GET", "").await;
        assert_eq!(reply.status, 401);
        nonce_of(&reply)
    }

    fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "pop", "kid": OURS.thumbprint})
    }

    fn body(&self, nonce: &str) -> Value {
        let host = self.emulator.authority().replace("https://", "");
        json!({
            "at": self.token, "ts": OffsetDateTime::now_utc().unix_timestamp(), "m": "GET",
            "u": host, "p": "/resource/me", "nonce": nonce, "cnf": {"jwk": OURS.jwk},
        })
    }
}

async fn bound(emulator: &Emulator, confirmation: &str) -> Json {
    let username = emulator.users()[0].username.clone();
    let code = code(emulator, &username, "organizations", &[]).await;
    let binding = [("token_type", "pop"), ("req_cnf", confirmation)];
    token(emulator, &changed(&redemption(&code), &binding)).await
}

fn nonce_of(reply: &Json) -> String {
    let challenge = reply.headers["www-authenticate"].to_str().unwrap();
    let (_, rest) = challenge.split_once("PoP nonce=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn reason_of(reply: &Json) -> &str {
    reply.body["error"]["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_signed_request_is_taken_once_and_brings_the_next_nonce() {
    let scene = Scene::new().await;
    let signed = OURS.sign(&scene.header(), &scene.body(&scene.nonce().await));
    let reply = scene.me("GET", &format!("PoP {signed}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.text("username"), "adele@contoso.example");

    let replayed = scene.me("GET", &format!("PoP {signed}")).await;
    assert_eq!(replayed.status, 401);
    assert!(reason_of(&replayed).contains("nonce"), "{replayed:?}");
    assert!(!nonce_of(&replayed).is_empty());

    let next = reply.headers["authentication-info"].to_str().unwrap();
    let next = next
        .strip_prefix("nextnonce=\"")
        .unwrap()
        .trim_end_matches('"');
    let signed = OURS.sign(&scene.header(), &scene.body(next));
    let reply = scene.me("GET", &format!("pop {signed}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn each_path_and_method_below_it_is_checked_as_what_it_is() {
    let scene = Scene::new().await;
    for (method, path) in [("PUT", "/resource/a/b%20c"), ("DELETE", "/resource/me/")] {
        for (signed_for, status) in [(path, 200), ("/resource/me", 401)] {
            let mut body = scene.body(&scene.nonce().await);
            body["m"] = json!(method);
            body["p"] = json!(signed_for);
            let signed = OURS.sign(&scene.header(), &body);
            let request = Request::builder()
                .method(method)
                .uri(format!("{}{path}", scene.emulator.authority()))
                .header("authorization", format!("PoP {signed}"));
            let reply = send(&scene.emulator, request.body(Bytes::new()).unwrap()).await;
            assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn what_was_signed_for_something_else_is_refused() {
    let scene = Scene::new().await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for (part, member, value, reason) in [
        ("body", "m", json!("POST"), "another method"),
        ("body", "u", json!("graph.microsoft.com"), "another host"),
        ("body", "p", json!("/resource/you"), "another path"),
        ("body", "ts", json!(now - 400), "just now"),
        ("body", "ts", json!(now + 400), "just now"),
        ("body", "ts", json!("now"), "malformed"),
        ("body", "nonce", json!("our own"), "nonce"),
        ("body", "at", json!("nonsense"), "signature is invalid"),
        ("header", "alg", json!("none"), "another type"),
        ("header", "typ", json!("JWT"), "another type"),
        ("header", "kid", json!(THEIRS.thumbprint), "another key"),
    ] {
        let (mut header, mut body) = (scene.header(), scene.body(&scene.nonce().await));
        let changed = if part == "body" {
            &mut body
        } else {
            &mut header
        };
        changed[member] = value;
        let signed = OURS.sign(&header, &body);
        let reply = scene.me("GET", &format!("PoP {signed}")).await;
        assert_eq!(reply.status, 401, "{member}");
        assert!(reason_of(&reply).contains(reason), "{member}: {reply:?}");
    }
    for nonsense in ["", "x", "a.b.c", &scene.token] {
        let reply = scene.me("GET", &format!("PoP {nonsense}")).await;
        assert_eq!(reply.status, 401, "{nonsense}");
    }
    // What is refused for something else leaves the nonce good.
    let nonce = scene.nonce().await;
    let signed = OURS.sign(&scene.header(), &scene.body(&nonce));
    assert_eq!(scene.me("POST", &format!("PoP {signed}")).await.status, 401);
    let reply = scene.me("GET", &format!("PoP {signed}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn the_query_is_checked_where_it_is_signed() {
    let scene = Scene::new().await;
    let hash = |signed: &str| URL_SAFE_NO_PAD.encode(digest(&SHA256, signed.as_bytes()));
    let of = |names: &[&str], signed: &str| json!([names, hash(signed)]);
    for (query, signed, is_taken) in [
        ("a=b&c=d", of(&["a", "c"], "a=b&c=d"), true),
        ("c=d&a=b", of(&["a", "c"], "a=b&c=d"), true),
        ("", of(&[], ""), true),
        ("a=b", of(&[], ""), true),
        ("a=%2F", of(&["a"], "a=%2F"), true),
        ("a=b", of(&["a"], "a=c"), false),
        ("A=b", of(&["a"], "a=b"), false),
        ("a=%2F", of(&["a"], "a=/"), false),
        ("", of(&["a"], "a=b"), false),
        ("a=b&a=b", of(&["a"], "a=b"), false),
        // what msal-common writes
        ("a=b", json!([[], "a=b"]), false),
        ("a=b", json!("a=b"), false),
        ("a=b", json!([["a"]]), false),
        ("a=b", json!([["a"], hash("a=b"), 1]), false),
    ] {
        let mut body = scene.body(&scene.nonce().await);
        body["q"] = signed.clone();
        let authorization = format!("PoP {}", OURS.sign(&scene.header(), &body));
        let reply = scene.me_with(query, "GET", &authorization).await;
        assert_eq!(reply.status == 200, is_taken, "{query} {signed}: {reply:?}");
        if !is_taken {
            assert!(reason_of(&reply).contains("another query"), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_without_its_key() {
    let scene = Scene::new().await;
    let reply = scene.me("GET", &format!("Bearer {}", scene.token)).await;
    assert_eq!(reply.status, 401);
    assert!(reason_of(&reply).contains("bound to a key"), "{reply:?}");
    assert!(!nonce_of(&reply).is_empty());

    let header = json!({"alg": "RS256", "typ": "pop", "kid": THEIRS.thumbprint});
    let mut body = scene.body(&scene.nonce().await);
    body["cnf"]["jwk"] = THEIRS.jwk.clone();
    let reply = scene
        .me("GET", &format!("PoP {}", THEIRS.sign(&header, &body)))
        .await;
    assert_eq!(reply.status, 401);
    assert!(
        reason_of(&reply).contains("not bound to the key"),
        "{reply:?}"
    );

    // With our public key beside their signature.
    let signed = THEIRS.sign(&scene.header(), &scene.body(&scene.nonce().await));
    let reply = scene.me("GET", &format!("PoP {signed}")).await;
    assert!(
        reason_of(&reply).contains("signature of the request"),
        "{reply:?}"
    );

    // Nor is a bearer token made a bound one by a signature.
    let bearer = signed_in(&scene.emulator).await;
    assert_eq!(bearer.text("token_type"), "Bearer");
    assert!(bearer.claims("access_token")["cnf"].is_null());
    let mut body = scene.body(&scene.nonce().await);
    body["at"] = json!(bearer.text("access_token"));
    let signed = OURS.sign(&scene.header(), &body);
    let reply = scene.me("GET", &format!("PoP {signed}")).await;
    assert!(
        reason_of(&reply).contains("not bound to the key"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_nonce_and_the_token_in_the_proof_have_their_time() {
    let scene = Scene::new().await;
    let nonce = scene.nonce().await;
    for (offset, reason) in [
        (Duration::minutes(6), "nonce"),
        (Duration::hours(2), "expired"),
    ] {
        scene.emulator.set_clock_offset(offset);
        let nonce = match reason {
            "nonce" => nonce.clone(),
            _ => scene.nonce().await,
        };
        let mut body = scene.body(&nonce);
        let now = OffsetDateTime::now_utc() + offset;
        body["ts"] = json!(now.unix_timestamp());
        let signed = OURS.sign(&scene.header(), &body);
        let reply = scene.me("GET", &format!("PoP {signed}")).await;
        assert!(reason_of(&reply).contains(reason), "{reply:?}");
    }
}

#[tokio::test]
async fn a_binding_that_names_no_key_is_refused() {
    let emulator = emulator().await;
    for confirmation in ["!", "e30", "eyJraWQiOiIifQ", "W10"] {
        let reply = bound(&emulator, confirmation).await;
        assert_eq!(reply.status, 400, "{confirmation}");
        assert_eq!(reply.code(), 9_002_313, "{confirmation}");
    }
    let reply = bound(&emulator, "").await;
    assert_eq!(reply.code(), 900_144, "{reply:?}");
}

#[tokio::test]
async fn a_refresh_binds_to_whichever_key_it_names() {
    let emulator = emulator().await;
    let first = signed_in(&emulator).await;
    for (key, token_type) in [
        (Some(&*OURS), "pop"),
        (Some(&*THEIRS), "pop"),
        (None, "Bearer"),
    ] {
        let confirmation = key.map(Key::confirmation);
        let mut pairs = vec![
            ("client_id", DEVELOPER),
            ("grant_type", "refresh_token"),
            ("refresh_token", first.text("refresh_token")),
            ("scope", ARM),
        ];
        if let Some(confirmation) = &confirmation {
            pairs.extend([("token_type", "pop"), ("req_cnf", confirmation.as_str())]);
        }
        let reply = token(&emulator, &pairs).await;
        assert_eq!(reply.text("token_type"), token_type, "{reply:?}");
        let bound = reply.claims("access_token")["cnf"]["kid"].clone();
        assert_eq!(bound.as_str(), key.map(|key| key.thumbprint.as_str()));
    }
}
