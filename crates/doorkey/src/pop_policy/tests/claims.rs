//! Claims challenges beside the nonce, and in its place.

use super::*;
use crate::{
    AccessTokenInfo, AuthenticateOptions, BrokerPop, Result, TokenInfoOptions,
    pop_policy::{GivesTokens, PopPolicy},
    testing::broker::signed_request,
};
use base64::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Any sign-in satisfies it, so the authority is silent.
const SILENT: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1795564800"}}}"#;

/// Only one with a person's new consent to it does.
const STRONGER: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

fn demanding(claims: &str) -> String {
    let claims = BASE64_STANDARD.encode(claims);
    format!("error=\"insufficient_claims\", claims=\"{claims}\"")
}

/// In each of the shapes in which a resource can say it; `NONCE` stands for one that is good.
fn shapes(claims: &str) -> [String; 5] {
    let demanding = demanding(claims);
    [
        format!("PoP nonce=\"NONCE\", {demanding}"),
        format!("PoP {demanding}, nonce=\"NONCE\""),
        format!("PoP {demanding}"),
        format!("Bearer realm=\"\", {demanding}"),
        format!("Bearer realm=\"\", {demanding}, PoP nonce=\"NONCE\""),
    ]
}

/// Refuses one access token, for good.
fn refuse(scene: &Scene, refused: String, challenge: String) {
    let demands = move |token: &str| (token == refused).then(|| challenge.clone());
    *scene.resource.demands.lock().unwrap() = Box::new(demands);
}

/// Refuses every access token without the stronger sign-in.
fn refuse_weak(scene: &Scene) {
    let demands = |token: &str| {
        let is_weak = claim(token, "acrs").is_null();
        is_weak.then(|| shapes(STRONGER)[0].clone())
    };
    *scene.resource.demands.lock().unwrap() = Box::new(demands);
}

/// The access token that a first request brought.
async fn first_token(scene: &Scene) -> String {
    scene.send(Method::Get).await.unwrap();
    let seen = scene.seen();
    seen.last().unwrap().access_token().unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_shape_of_a_challenge_is_answered_silently_by_a_new_token_that_is_signed() {
    for (index, shape) in shapes(SILENT).into_iter().enumerate() {
        let has_cae = |options: &mut DeviceCodeCredentialOptions| options.client.enable_cae = true;
        let scene = Scene::with_options(false, false, has_cae).await;
        let old = first_token(&scene).await;
        refuse(&scene, old.clone(), shape.clone());
        assert_eq!(scene.send(Method::Post).await.unwrap(), 200, "{shape}");
        let seen = scene.seen();
        let statuses: Vec<_> = seen.iter().map(|seen| seen.status).collect();
        // Where the challenge brings no nonce, the one that was used up costs a refusal.
        let expected: &[u16] = match index {
            2 | 3 => &[401, 401, 200],
            _ => &[401, 200],
        };
        assert_eq!(statuses, expected, "{shape}");
        assert!(seen.iter().all(|seen| seen.body == b"the body"));
        let newer = seen.last().unwrap().access_token().unwrap();
        assert_ne!(newer, old);
        assert_eq!(claim(&newer, "cnf"), claim(&old, "cnf"));
        let requests = scene.entra.requests_to(Endpoint::Token);
        let sent = requests.last().unwrap().form_value("claims").unwrap();
        assert_eq!(
            sent,
            r#"{"access_token":{"nbf":{"essential":true,"value":"1795564800"},"xms_cc":{"values":["cp1"]}}}"#
        );
        assert_eq!(scene.entra.prompts(), 1);
        // From now on that one is used.
        assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
        assert_eq!(scene.seen().last().unwrap().access_token(), Some(newer));
        assert_eq!(scene.entra.grants().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_request_may_need_a_nonce_then_claims_then_a_nonce_and_no_more() {
    let scene = Scene::new().await;
    scene.answer_next(&[
        (401, Some("PoP nonce=\"one\"")),
        (
            401,
            Some("PoP error=\"insufficient_claims\", claims=\"e30=\""),
        ),
        (401, Some("PoP nonce=\"two\"")),
        (401, Some("PoP nonce=\"three\", claims=\"e30=\"")),
        (200, None),
    ]);
    scene.send(Method::Post).await.unwrap_err();
    let seen = scene.seen();
    let nonces: Vec<_> = seen.iter().map(Seen::nonce).collect();
    let expected = [None, Some("one"), Some("one"), Some("two")];
    assert_eq!(nonces, expected.map(|nonce| nonce.map(str::to_owned)));
    assert_ne!(seen[1].access_token(), seen[2].access_token());
    assert_eq!(seen[2].access_token(), seen[3].access_token());
}

#[tokio::test(start_paused = true)]
async fn a_herd_of_refused_requests_makes_one_of_tokens() {
    let scene = Scene::new().await;
    let old = first_token(&scene).await;
    refuse(&scene, old, shapes(SILENT)[0].clone());
    scene.entra.emulator.clear_requests();
    let sent = join_all((0..20).map(|_| scene.send(Method::Post))).await;
    assert!(
        sent.iter().all(|status| matches!(status, Ok(200))),
        "{sent:?}"
    );
    assert_eq!(scene.entra.grants(), ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_new_sign_in_alone_can_satisfy_asks_the_person_once() {
    let scene = Scene::new().await;
    first_token(&scene).await;
    refuse_weak(&scene);
    let sent = join_all((0..5).map(|_| scene.send(Method::Get))).await;
    assert!(
        sent.iter().all(|status| matches!(status, Ok(200))),
        "{sent:?}"
    );
    assert_eq!(scene.entra.prompts(), 2);
}

#[tokio::test(start_paused = true)]
async fn clients_with_a_policy_each_ask_the_person_once_together() {
    let scene = Scene::new().await;
    first_token(&scene).await;
    refuse_weak(&scene);
    let clients: Vec<_> = (0..4).map(|_| scene.another()).collect();
    let url = format!("{}/resource/me", scene.entra.emulator.authority());
    let sent = join_all(clients.iter().map(|client| async {
        let mut request = Request::new(url.parse().unwrap(), Method::Get);
        let context = Context::new();
        let sent = client.send(&context, &mut request, None).await;
        sent.map(|response| u16::from(response.status()))
    }));
    let sent = sent.await;
    assert!(
        sent.iter().all(|status| matches!(status, Ok(200))),
        "{sent:?}"
    );
    assert_eq!(scene.entra.prompts(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_asked_is_told_what_to_authenticate_with_and_not_tried_again() {
    let silent = |options: &mut DeviceCodeCredentialOptions| {
        options.disable_automatic_authentication = true;
    };
    let scene = Scene::with_options(false, false, silent).await;
    let for_scope = || AuthenticateOptions {
        scopes: vec![SCOPE.to_owned()],
        ..Default::default()
    };
    let credential = &scene.credential;
    credential.authenticate(Some(for_scope())).await.unwrap();
    first_token(&scene).await;
    refuse_weak(&scene);
    let error = scene.send(Method::Get).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(error.scopes(), [SCOPE]);
    assert_eq!(error.claims(), Some(STRONGER));
    assert_eq!(scene.statuses(), [401]);

    let options = AuthenticateOptions {
        claims: error.claims().map(str::to_owned),
        ..for_scope()
    };
    credential.authenticate(Some(options)).await.unwrap();
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    assert_eq!(
        scene.statuses(),
        [401, 200],
        "with the nonce of the refusal"
    );
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_never_satisfied_is_not_served_for_ever() {
    let scene = Scene::new().await;
    first_token(&scene).await;
    *scene.resource.demands.lock().unwrap() = Box::new(|_| Some(shapes(SILENT)[0].clone()));
    scene.send(Method::Get).await.unwrap_err();
    assert_eq!(scene.statuses(), [401, 401]);
    for _ in 0..5 {
        scene.send(Method::Get).await.unwrap_err();
        assert_eq!(scene.statuses(), [401]);
    }
    assert_eq!(
        scene.entra.grants().len(),
        2,
        "the sign-in, and the one answer"
    );
    // What was fresh once may not be any more.
    turn_clock(Duration::from_secs(299)).await;
    scene.send(Method::Get).await.unwrap_err();
    assert_eq!(scene.entra.grants().len(), 2);
    turn_clock(Duration::from_secs(2)).await;
    scene.send(Method::Get).await.unwrap_err();
    assert_eq!(scene.entra.grants().len(), 3);

    // Demands that name the moment, so that no two are the same.
    let count = AtomicUsize::new(0);
    *scene.resource.demands.lock().unwrap() = Box::new(move |_| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        let claims =
            format!(r#"{{"access_token":{{"nbf":{{"essential":true,"value":"{count}"}}}}}}"#);
        Some(shapes(&claims)[0].clone())
    });
    for _ in 0..20 {
        scene.send(Method::Get).await.unwrap_err();
    }
    assert!(
        scene.entra.grants().len() <= 9,
        "{:?}",
        scene.entra.grants()
    );
    assert_eq!(scene.entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn claims_that_make_no_sense_or_are_demanded_of_no_token_ask_nobody() {
    let scene = Scene::new().await;
    // Before it has seen a token, only the nonce is answered.
    let challenge = shapes(STRONGER)[0].replace("NONCE", "n");
    let challenge: &'static str = Box::leak(challenge.into_boxed_str());
    scene.answer_next(&[(401, Some(challenge)), (200, None)]);
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    assert_eq!(scene.entra.grants().len(), 1);
    scene.seen();
    for header in [
        "PoP claims=\"!!!\"".to_owned(),
        format!("PoP {}", demanding(r#"{"access_token":7}"#)),
        format!("Digest {}", demanding(SILENT)),
    ] {
        let header: &'static str = Box::leak(header.into_boxed_str());
        scene.answer_next(&[(401, Some(header))]);
        let error = scene.send(Method::Get).await.unwrap_err();
        assert!(error.to_string().contains("401"), "{header}: {error}");
        assert_eq!(scene.seen().last().unwrap().status, 401, "{header}");
    }
    assert_eq!(scene.entra.grants().len(), 1);
    assert_eq!(scene.entra.prompts(), 1);
}

/// The policy for bearer tokens above this one must not think that its token was refused, which nobody saw.
#[tokio::test(start_paused = true)]
async fn continuous_access_above_it_answers_for_no_token_that_was_never_sent() {
    let scene = Scene::with(true, false).await;
    let challenge = shapes(STRONGER)[3].clone();
    *scene.resource.demands.lock().unwrap() = Box::new(move |_| Some(challenge.clone()));
    let theirs = Arc::<DeviceCodeCredential>::clone(&scene.credential);
    let transport: Arc<dyn HttpClient> = Arc::<Resource>::clone(&scene.resource);
    let options = ClientOptions {
        per_try_policies: vec![
            scene.credential.continuous_access_policy(),
            scene.credential.pop_policy(&[SCOPE]),
        ],
        transport: Some(Transport::new(transport)),
        ..Default::default()
    };
    let own: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(theirs, [SCOPE]));
    let pipeline = Pipeline::new(Some("a-client"), None, options, vec![], vec![own], None);
    let url = format!("{}/resource/me", scene.entra.emulator.authority());
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let context = Context::new();
    let sent = pipeline.send(&context, &mut request, None).await;
    assert!(sent.unwrap_err().to_string().contains("401"));
    let seen = scene.seen();
    let is_bearer = |seen: &Seen| {
        let authorization = seen.authorization.as_deref().unwrap_or_default();
        authorization.contains("Bearer")
    };
    assert!(!seen.iter().any(is_bearer), "{seen:?}");
    // To sign in, and for what the resource demands of the token that it got.
    assert_eq!(scene.entra.prompts(), 2);
    assert!(seen.len() <= 4, "{seen:?}");
}

/// A broker that signs each request around another token, of which none is kept.
#[derive(Debug, Default)]
struct EachTimeAnother {
    given: AtomicUsize,
    with_claims: AtomicUsize,
}

#[async_trait]
impl GivesTokens for Arc<EachTimeAnother> {
    async fn check(&self, _: &[&str], _: &TokenInfoOptions) -> Result<()> {
        Ok(())
    }

    async fn token_info(&self, _: &[&str], options: TokenInfoOptions) -> Result<AccessTokenInfo> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        if options.claims.is_some() {
            self.with_claims.fetch_add(1, Ordering::Relaxed);
        }
        let pop = options.pop.unwrap();
        let pop = BrokerPop::new("k", "GET", "resource.example", "/", pop.nonce);
        let now = azure_core::time::OffsetDateTime::UNIX_EPOCH;
        Ok(AccessTokenInfo {
            token: signed_request(&pop, &number.to_string(), now),
            expires_on: now,
            token_type: "pop".into(),
            refresh_on: None,
            is_signed_request: true,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_no_token_contents_is_given_up_where_each_request_has_another() {
    let broker = Arc::new(EachTimeAnother::default());
    let policy = PopPolicy::new(Arc::clone(&broker), &[SCOPE]);
    let challenge: &'static str = Box::leak(shapes(STRONGER)[0].clone().into_boxed_str());
    let refuses: Arc<dyn Policy> = Arc::new(hostile::Refuses::with(challenge));
    let send = async || {
        let url = "https://resource.example/".parse().unwrap();
        let mut request = Request::new(url, Method::Get);
        let next = [Arc::clone(&refuses)];
        let sent = policy.send(&Context::new(), &mut request, &next).await;
        assert_eq!(u16::from(sent.unwrap().status()), 401);
    };
    for _ in 0..20 {
        send().await;
    }
    assert_eq!(broker.with_claims.load(Ordering::Relaxed), 1);
    turn_clock(Duration::from_secs(301)).await;
    send().await;
    assert_eq!(broker.with_claims.load(Ordering::Relaxed), 2);
}
