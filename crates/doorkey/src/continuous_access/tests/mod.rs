//! The SDK's own pipeline and bearer policy, with ours below them, by the requests that resources
//! and authority saw.

mod limits;

use crate::{
    AuthenticateOptions, Error, ErrorKind, InteractiveCredential, TokenInfoOptions,
    testing::{
        Entra, OTHER_SCOPE, SCOPE,
        resource::{Net, Received, claim},
        turn_clock,
    },
};
use azure_core::credentials::TokenCredential;
use base64::prelude::*;
use doorkey_emulator::{Endpoint, Reply};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};

/// Any sign-in satisfies it, so the authority is silent.
const SILENT: &str = r#"{"access_token":{"nbf":{"essential":true, "value":"1795564800"}}}"#;

/// Only one with a person's new consent to it does.
const STRONGER: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

fn challenge(claims: &str) -> String {
    format!(
        r#"Bearer realm="", authorization_uri="https://login.example/oauth2/authorize", error="insufficient_claims", claims="{}""#,
        BASE64_STANDARD.encode(claims)
    )
}

/// A credential for continuous access whose requests go through `net`.
fn credential(entra: &Entra, net: &Arc<Net>, automatic: bool) -> Arc<crate::DeviceCodeCredential> {
    entra.credential(|options| {
        options.disable_automatic_authentication = !automatic;
        options.client.enable_cae = true;
        options.client.client_options.transport = net.transport();
    })
}

/// Refuses one token, for good.
fn refuse(net: &Net, refused: &str, claims: &'static str) {
    let refused = refused.to_owned();
    net.challenge(move |_, token| (token == refused).then(|| challenge(claims)));
}

fn statuses(received: &[Received]) -> Vec<u16> {
    received.iter().map(|request| request.status).collect()
}

async fn first_token(credential: &dyn TokenCredential, scope: &str) -> String {
    let token = credential.get_token(&[scope], None).await.unwrap();
    token.token.secret().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_silently_below_an_unchanged_client() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    entra.emulator.clear_requests();

    let client = net.client(
        credential.clone(),
        SCOPE,
        credential.continuous_access_policy(),
    );
    assert_eq!(client.put("a.example", "the body").await.unwrap(), 201);
    assert_eq!(client.put("a.example", "another").await.unwrap(), 201);

    let received = net.received();
    assert_eq!(statuses(&received), [401, 201, 201]);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[1].body, b"the body");
    assert_ne!(received[1].token, old);
    assert_eq!(received[2].token, received[1].token);
    let requests = entra.requests_to(Endpoint::Token);
    assert_eq!(entra.grants(), ["refresh_token"]);
    let sent = requests[0].form_value("claims").unwrap();
    assert_eq!(
        sent,
        r#"{"access_token":{"nbf":{"essential":true, "value":"1795564800"},"xms_cc":{"values":["cp1"]}}}"#
    );
    assert_eq!(
        requests[0].form_value("scope").unwrap(),
        format!("{SCOPE} offline_access openid profile")
    );
    assert_eq!(entra.prompts(), 1, "that of the first sign-in");
    assert_eq!(first_token(&*credential, SCOPE).await, received[1].token);
}

#[tokio::test(start_paused = true)]
async fn without_continuous_access_the_claims_go_out_as_they_came() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = entra.credential(|options| {
        options.client.client_options.transport = net.transport();
    });
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    let policy = credential.continuous_access_policy();
    let client = net.client(credential, SCOPE, policy);
    assert_eq!(client.put("a.example", "").await.unwrap(), 201);
    let requests = entra.requests_to(Endpoint::Token);
    assert_eq!(requests.last().unwrap().form_value("claims"), Some(SILENT));
}

#[tokio::test(start_paused = true)]
async fn a_herd_of_refused_requests_makes_one_of_tokens() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    entra.emulator.clear_requests();
    let clients: Vec<_> = (0..5)
        .map(|_| {
            let policy = credential.continuous_access_policy();
            net.client(credential.clone(), SCOPE, policy)
        })
        .collect();
    let sent = join_all((0..50).map(|index| clients[index % 5].put("a.example", "x"))).await;
    assert!(sent.iter().all(|status| matches!(status, Ok(201))));
    // One that was away for long comes back with the old token.
    let late = net.client(
        Arc::new(Fixed(old)),
        SCOPE,
        credential.continuous_access_policy(),
    );
    assert_eq!(late.put("a.example", "x").await.unwrap(), 201);
    assert_eq!(entra.grants(), ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_new_sign_in_alone_can_satisfy_asks_the_person_once() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    first_token(&*credential, SCOPE).await;
    net.challenge(|_, token| claim(token, "acrs").is_null().then(|| challenge(STRONGER)));
    let policy = credential.continuous_access_policy();
    let client = net.client(credential.clone(), SCOPE, policy);
    let sent = join_all((0..10).map(|_| client.put("a.example", "x"))).await;
    assert!(
        sent.iter().all(|status| matches!(status, Ok(201))),
        "{sent:?}"
    );
    assert_eq!(entra.prompts(), 2);
    assert_eq!(
        claim(&net.received().last().unwrap().token, "acrs"),
        serde_json::json!(["c1"])
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_asked_is_told_what_to_authenticate_with_and_not_tried_again() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, false);
    credential.authenticate(Some(for_scope())).await.unwrap();
    net.challenge(|_, token| claim(token, "acrs").is_null().then(|| challenge(STRONGER)));
    entra.emulator.clear_requests();
    let policy = credential.continuous_access_policy();
    let client = net.client(credential.clone(), SCOPE, policy);
    let error = client.put("a.example", "x").await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(error.scopes(), [SCOPE]);
    assert!(error.claims().unwrap().contains("acrs"));
    assert_eq!(net.received().len(), 1);
    assert_eq!(entra.grants(), ["refresh_token"]);

    let options = AuthenticateOptions {
        scopes: error.scopes().to_vec(),
        claims: error.claims().map(str::to_owned),
        ..Default::default()
    };
    credential.authenticate(Some(options)).await.unwrap();
    assert_eq!(client.put("a.example", "x").await.unwrap(), 201);
}

#[tokio::test(start_paused = true)]
async fn another_demand_of_the_same_token_is_another_question() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    let policy = credential.continuous_access_policy();
    let client = net.client(credential.clone(), SCOPE, policy);
    client.put("a.example", "x").await.unwrap();
    net.challenge(|host, token| {
        (host == "b.example" && claim(token, "acrs").is_null()).then(|| challenge(STRONGER))
    });
    assert_eq!(client.put("b.example", "x").await.unwrap(), 201);
    let newest = net.received().last().unwrap().token.clone();
    assert_eq!(claim(&newest, "acrs"), serde_json::json!(["c1"]));
    // The client still holds the first token, and both demands are met by the newest.
    assert_eq!(client.put("a.example", "x").await.unwrap(), 201);
    assert_eq!(net.received().last().unwrap().token, newest);
}

#[tokio::test(start_paused = true)]
async fn the_successor_of_a_refused_token_is_renewed_in_time() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    let fixed = Arc::new(Fixed(old));
    let client = net.client(fixed, SCOPE, credential.continuous_access_policy());
    client.put("a.example", "x").await.unwrap();
    let second = net.received().last().unwrap().token.clone();
    turn_clock(Duration::from_secs(30 * 3_600)).await;
    client.put("a.example", "x").await.unwrap();
    assert_ne!(net.received().last().unwrap().token, second);
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_known_long_after_the_cache_has_a_newer_one() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    let fixed = Arc::new(Fixed(old.clone()));
    let client = net.client(fixed, SCOPE, credential.continuous_access_policy());
    client.put("a.example", "x").await.unwrap();
    turn_clock(Duration::from_secs(30 * 3_600)).await;
    let newer = first_token(&*credential, SCOPE).await;
    assert_ne!(newer, old);
    refuse(&net, &old, SILENT);
    assert_eq!(client.put("a.example", "x").await.unwrap(), 201);
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_after_a_refusal_is_served_though_the_client_keeps_its_token() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, false);
    credential.authenticate(Some(for_scope())).await.unwrap();
    let old = first_token(&*credential, SCOPE).await;
    net.challenge(|_, token| claim(token, "acrs").is_null().then(|| challenge(STRONGER)));
    let fixed = Arc::new(Fixed(old));
    let client = net.client(fixed, SCOPE, credential.continuous_access_policy());
    let error = client.put("a.example", "x").await.unwrap_err();
    let options = AuthenticateOptions {
        claims: Error::find(&error).unwrap().claims().map(str::to_owned),
        ..for_scope()
    };
    credential.authenticate(Some(options)).await.unwrap();
    assert_eq!(client.put("a.example", "x").await.unwrap(), 201);
    assert_eq!(statuses(&net.received()), [401, 201]);
}

fn for_scope() -> AuthenticateOptions {
    AuthenticateOptions {
        scopes: vec![SCOPE.to_owned()],
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn one_policy_under_many_clients_keeps_tenants_and_resources_apart() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let guest = entra.guest();
    entra.person_answers(crate::testing::Answer::As(guest.clone()));
    let credential = credential(&entra, &net, true);
    let user = entra
        .emulator
        .users()
        .iter()
        .find(|user| user.username == guest);
    let tenants = [
        user.unwrap().tenant_id.clone(),
        user.unwrap().guest_in[0].tenant_id.clone(),
    ];
    let policy = credential.continuous_access_policy();
    let home = first_token(&*credential, SCOPE).await;
    let of_home = serde_json::json!(tenants[0]);
    assert_eq!(claim(&home, "tid"), of_home);
    let options = TokenInfoOptions {
        tenant_id: Some(tenants[1].clone()),
        ..Default::default()
    };
    let clients = [
        net.client(credential.clone(), SCOPE, policy.clone()),
        net.client(credential.scoped(options), SCOPE, policy.clone()),
        net.client(credential.clone(), OTHER_SCOPE, policy.clone()),
    ];
    let hosts = ["home.example", "away.example", "vault.example"];
    // Each resource refuses every token that was issued before this moment.
    for (client, host) in clients.iter().zip(hosts) {
        client.put(host, "x").await.unwrap();
    }
    let before: Vec<_> = net.received().iter().map(|one| one.token.clone()).collect();
    net.challenge(move |_, token| {
        before
            .iter()
            .any(|old| old == token)
            .then(|| challenge(SILENT))
    });
    join_all((0..9).map(|index| clients[index % 3].put(hosts[index % 3], "x"))).await;
    let received = net.received();
    assert!(received.iter().filter(|one| one.status == 201).count() >= 12);
    for one in received {
        let away = serde_json::json!(tenants[1]);
        let (tenant, audience) = match one.host.as_str() {
            "home.example" => (&of_home, "https://storage.azure.com"),
            "away.example" => (&away, "https://storage.azure.com"),
            _ => (&of_home, "https://vault.azure.net"),
        };
        assert_eq!(claim(&one.token, "tid"), *tenant, "{}", one.host);
        assert_eq!(claim(&one.token, "aud"), audience, "{}", one.host);
    }
    assert_eq!(entra.prompts(), 1);
}

/// A client that keeps one token for ever.
#[derive(Debug)]
struct Fixed(String);

#[async_trait::async_trait]
impl TokenCredential for Fixed {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<azure_core::credentials::TokenRequestOptions<'_>>,
    ) -> azure_core::Result<azure_core::credentials::AccessToken> {
        Ok(azure_core::credentials::AccessToken {
            token: self.0.clone().into(),
            expires_on: azure_core::time::OffsetDateTime::now_utc() + Duration::from_secs(3_600),
        })
    }
}
