//! Tokens that are bound to a key: which are kept, which are signed anew, and what never becomes of
//! them.

use super::{DEVICE, minutes, store::Scene, token};
use crate::{
    AccessTokenInfo, DeviceCodeCredential, Error, ErrorKind, InteractiveCredential,
    PopTokenRequestOptions, Result, TokenInfoOptions,
    testing::{Entra, OTHER_SCOPE, SCOPE, broker::bound_to, resource::claim, turn_clock},
};
use azure_core::Bytes;
use doorkey_emulator::{Endpoint, Reply};
use http::Request;
use serde_json::Value;
use std::sync::{Arc, atomic::Ordering};

fn pop(entra: &Entra, nonce: &str) -> TokenInfoOptions {
    TokenInfoOptions {
        pop: Some(PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: format!("{}/resource/me", entra.emulator.authority()),
            nonce: nonce.into(),
        }),
        ..Default::default()
    }
}

async fn signed(
    credential: &DeviceCodeCredential,
    entra: &Entra,
    nonce: &str,
) -> Result<AccessTokenInfo> {
    let options = Some(pop(entra, nonce));
    credential.get_token_info(&[SCOPE], options).await
}

/// The access token in a signed request.
fn inner(info: &AccessTokenInfo) -> String {
    let inner = claim(info.token.secret(), "at");
    inner.as_str().unwrap().to_owned()
}

fn key_of(info: &AccessTokenInfo) -> Value {
    claim(&inner(info), "cnf")["kid"].clone()
}

/// What the resource makes of a header.
async fn ask(entra: &Entra, authorization: &str) -> (u16, String) {
    let request = Request::get(format!("{}/resource/me", entra.emulator.authority()))
        .header("authorization", authorization);
    let reply = entra.emulator.send(request.body(Bytes::new()).unwrap());
    let reply = reply.await;
    let challenge = reply.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap());
    (reply.status().into(), challenge.to_owned())
}

async fn nonce(entra: &Entra) -> String {
    let (_, challenge) = ask(entra, "").await;
    let (_, nonce) = challenge.split_once("PoP nonce=\"").unwrap();
    nonce.trim_end_matches('"').to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_call_signs_anew_around_the_same_access_token() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let nonces = [nonce(&entra).await, nonce(&entra).await];
    let first = signed(&credential, &entra, &nonces[0]).await.unwrap();
    let second = signed(&credential, &entra, &nonces[1]).await.unwrap();
    assert_eq!(first.token_type, "pop");
    assert_eq!(inner(&first), inner(&second));
    assert_eq!(claim(first.token.secret(), "nonce"), nonces[0].as_str());
    assert_eq!(claim(second.token.secret(), "nonce"), nonces[1].as_str());
    for info in [first, second] {
        let header = info.authorization_header();
        assert!(header.secret().starts_with("PoP "));
        assert_eq!(ask(&entra, header.secret()).await.0, 200);
        assert_eq!(ask(&entra, header.secret()).await.0, 401, "a replay");
        let stolen = format!("Bearer {}", inner(&info));
        assert_eq!(ask(&entra, &stolen).await.0, 401);
    }
    assert_eq!(entra.prompts(), 1);
    let requests = entra.requests_to(Endpoint::Token);
    let with_binding = |name| requests.last().unwrap().form_value(name);
    assert_eq!(with_binding("token_type"), Some("pop"));
    assert!(with_binding("req_cnf").is_some());
}

#[tokio::test(start_paused = true)]
async fn bearer_and_bound_tokens_never_take_each_others_place() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let bearer = token(&*credential, SCOPE).await.unwrap();
    let bound = signed(&credential, &entra, "n").await.unwrap();
    assert_ne!(inner(&bound), bearer);
    assert_eq!(bound.token_type, "pop");
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), bearer);
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(info.token_type, "Bearer");
    assert!(claim(info.token.secret(), "cnf").is_null());
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_once_they_are_two_flights_and_each_waiter_gets_a_signature_of_its_own() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, OTHER_SCOPE).await.unwrap();
    entra.emulator.clear_requests();
    let (one, two, bearer) = tokio::join!(
        signed(&credential, &entra, "one"),
        signed(&credential, &entra, "two"),
        credential.get_token_info(&[SCOPE], None),
    );
    let (one, two, bearer) = (one.unwrap(), two.unwrap(), bearer.unwrap());
    assert_eq!(inner(&one), inner(&two));
    assert_ne!(one.token.secret(), two.token.secret());
    assert_eq!(bearer.token_type, "Bearer");
    assert_eq!(entra.grants().len(), 2, "one for each kind");
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_without_the_person_and_stays_bound() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let first = signed(&credential, &entra, "n").await.unwrap();
    turn_clock(minutes(90)).await;
    let nonce = nonce(&entra).await;
    let later = signed(&credential, &entra, &nonce).await.unwrap();
    assert_ne!(inner(&later), inner(&first));
    assert_eq!(key_of(&later), key_of(&first));
    let header = later.authorization_header();
    assert_eq!(ask(&entra, header.secret()).await.0, 200);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bearer_token_for_a_bound_one_is_an_error_and_not_kept() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, OTHER_SCOPE).await.unwrap();
    let downgraded = Reply::rewritten(|body| {
        let body = String::from_utf8_lossy(&body).into_owned();
        body.replace("\"token_type\":\"pop\"", "\"token_type\":\"Bearer\"")
            .into()
    });
    entra.emulator.replace_next(Endpoint::Token, 1, downgraded);
    let error = signed(&credential, &entra, "n").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("bound to a key"), "{error}");
    let bound = signed(&credential, &entra, "n").await.unwrap();
    assert_eq!(bound.token_type, "pop");
    assert_eq!(entra.prompts(), 1);
}

/// Whoever finds such a request could take the token out of it, and use it.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_called_bound_and_does_not_name_the_key_is_an_error_and_not_kept() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let bearer = token(&*credential, SCOPE).await.unwrap();
    let another = bound_to("another", "a").secret().to_owned();
    for unbound in [bearer, another] {
        let called_bound = Reply::altered(move |body| body["access_token"] = (&*unbound).into());
        entra
            .emulator
            .replace_next(Endpoint::Token, 1, called_bound);
        let error = signed(&credential, &entra, "n").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("bound to a key"), "{error}");
    }
    let nonce = nonce(&entra).await;
    let bound = signed(&credential, &entra, &nonce).await.unwrap();
    let header = bound.authorization_header();
    assert_eq!(ask(&entra, header.secret()).await.0, 200);
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_hands_tokens_on_without_their_type_refuses_it() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let scoped = credential.scoped(pop(&entra, "n"));
    let error = scoped.get_token(&[SCOPE], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("get_token_info"), "{error}");
    assert!(entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_anything_is_sent() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    type Spoil = fn(&mut PopTokenRequestOptions);
    let spoils: [Spoil; 3] = [
        |pop| pop.resource_request_method = "get".into(),
        |pop| pop.resource_request_url = "http://graph.microsoft.com/".into(),
        |pop| pop.nonce.clear(),
    ];
    for spoil in spoils {
        let mut options = pop(&entra, "n");
        spoil(options.pop.as_mut().unwrap());
        let outcome = credential.get_token_info(&[SCOPE], Some(options)).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    assert!(entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_bound_nobody_is_asked_to_sign_in_for_it() {
    for authority in [
        "https://fs.bound.example/adfs",
        "https://bound.b2clogin.com/contoso.example/b2c_1_in",
    ] {
        let entra = Entra::start().await;
        let credential =
            entra.credential(|options| options.client.authority = Some(authority.into()));
        let outcome = credential.get_token_info(&[SCOPE], Some(pop(&entra, "n")));
        let error = outcome.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(entra.emulator.requests().is_empty());
    }
}

#[cfg(feature = "username-password")]
#[tokio::test(start_paused = true)]
async fn a_password_brings_no_bound_token() {
    use crate::{UsernamePasswordCredential, UsernamePasswordCredentialOptions};
    let entra = Entra::start().await;
    let options = UsernamePasswordCredentialOptions {
        client: entra.client(),
    };
    let credential = UsernamePasswordCredential::new(
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46".into(),
        entra.username(0),
        azure_core::credentials::Secret::new("x"),
        Some(options),
    )
    .unwrap();
    let outcome = credential.get_token_info(&[SCOPE], Some(pop(&entra, "n")));
    let error = outcome.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_next_run_has_the_same_key_and_token_from_the_store() {
    let scene = Scene::signed_in().await;
    let entra = &scene.entra;
    let first = signed(&scene.next_run(), entra, "one").await.unwrap();
    entra.emulator.clear_requests();
    let nonce = nonce(entra).await;
    let second = signed(&scene.next_run(), entra, &nonce).await.unwrap();
    assert_eq!(inner(&first), inner(&second));
    assert!(entra.grants().is_empty());
    let header = second.authorization_header();
    assert_eq!(ask(entra, header.secret()).await.0, 200);
    // Of its own, as another place is another protection.
    let elsewhere = signed(&entra.credential(|_| {}), entra, "n").await.unwrap();
    assert_ne!(key_of(&elsewhere), key_of(&first));
}

#[tokio::test(start_paused = true)]
async fn another_processs_token_is_not_found_without_its_key() {
    let scene = Scene::signed_in().await;
    let entra = &scene.entra;
    let first = signed(&scene.next_run(), entra, "one").await.unwrap();
    // Damaged, or lost: what was bound to it is worth nothing any more.
    scene
        .store
        .write_key("{\"DoorkeyPopKey\":{\"private_key\":\"AAAA\"}}")
        .await;
    let nonce = nonce(entra).await;
    let second = signed(&scene.next_run(), entra, &nonce).await.unwrap();
    assert_ne!(key_of(&first), key_of(&second));
    let header = second.authorization_header();
    assert_eq!(ask(entra, header.secret()).await.0, 200);
    let third = signed(&scene.next_run(), entra, "three").await.unwrap();
    assert_eq!(
        key_of(&third),
        key_of(&second),
        "the damaged one was replaced"
    );
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_runs_that_begin_together_agree_on_one_key() {
    let scene = Scene::signed_in().await;
    let (one, two) = (scene.next_run(), scene.next_run());
    let (one, two) = tokio::join!(
        signed(&one, &scene.entra, "one"),
        signed(&two, &scene.entra, "two"),
    );
    assert_eq!(key_of(&one.unwrap()), key_of(&two.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn where_the_key_cannot_be_kept_there_is_no_bound_token() {
    let scene = Scene::signed_in().await;
    scene.store.is_full.store(true, Ordering::Relaxed);
    let credential: Arc<_> = scene.next_run();
    let error = signed(&credential, &scene.entra, "n").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cache);
    assert_eq!(scene.entra.prompts(), 1);
    scene.store.is_full.store(false, Ordering::Relaxed);
    signed(&credential, &scene.entra, "n").await.unwrap();
}
