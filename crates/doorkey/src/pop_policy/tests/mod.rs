//! The SDK's own pipeline with the policy in it, and the emulator's resource behind it.

mod claims;
mod hostile;

use crate::{
    Challenge, DeviceCodeCredential, DeviceCodeCredentialOptions, Error, ErrorKind,
    InteractiveCredential,
    testing::{Entra, SCOPE, resource::claim, turn_clock},
};
use async_trait::async_trait;
use azure_core::{
    Bytes,
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, Body, ClientOptions, Context, ExponentialRetryOptions, HttpClient,
        Method, Pipeline, Request, RetryOptions, Transport,
        headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE},
        policies::{Policy, auth::BearerTokenAuthorizationPolicy},
    },
};
use doorkey_emulator::Endpoint;
use futures_util::future::join_all;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What the resource got, and what it answered.
#[derive(Clone, Debug)]
struct Seen {
    authorization: Option<String>,
    status: u16,
    body: Vec<u8>,
}

impl Seen {
    fn nonce(&self) -> Option<String> {
        let signed = self.authorization.as_ref()?.strip_prefix("PoP ")?;
        claim(signed, "nonce").as_str().map(str::to_owned)
    }

    fn access_token(&self) -> Option<String> {
        let signed = self.authorization.as_ref()?.strip_prefix("PoP ")?;
        claim(signed, "at").as_str().map(str::to_owned)
    }
}

/// Decides by the access token which challenge a signed request is answered with, if any.
type Demands = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A resource, before which something can be put.
struct Resource {
    transport: Arc<dyn HttpClient>,
    seen: Mutex<Vec<Seen>>,
    /// Answers the next requests in the resource's place: a status, and a challenge.
    instead: Mutex<Vec<(u16, Option<&'static str>)>>,
    demands: Mutex<Demands>,
    /// With which `Date` it answers, if with one.
    date: Mutex<Option<String>>,
    /// How long each answer takes.
    takes: Mutex<Duration>,
    /// Whether the next nonce is kept from the client.
    hides_next: bool,
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Resource")
    }
}

#[async_trait]
impl HttpClient for Resource {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let authorization = request.headers().get_optional_string(&AUTHORIZATION);
        let instead = self.instead.lock().unwrap().pop();
        let takes = *self.takes.lock().unwrap();
        turn_clock(takes).await;
        let mut seen = Seen {
            authorization,
            status: 0,
            body: match request.body() {
                Body::Bytes(bytes) => bytes.to_vec(),
                Body::SeekableStream(_) => Vec::new(),
            },
        };
        let token = seen.access_token();
        let challenge = token.and_then(|token| self.demands.lock().unwrap()(&token));
        let response = match (instead, challenge) {
            (None, None) => self.transport.execute_request(request).await?,
            (Some((status, challenge)), _) => answer(status, challenge),
            // The nonce in the request is used up, and the challenge brings another.
            (None, Some(challenge)) => {
                self.transport.execute_request(request).await?;
                let challenge = match challenge.contains("NONCE") {
                    true => challenge.replace("NONCE", &self.nonce(request).await),
                    false => challenge,
                };
                answer(401, Some(&challenge))
            }
        };
        seen.status = response.status().into();
        self.seen.lock().unwrap().push(seen);
        let date = self.date.lock().unwrap().clone();
        let response = match date {
            None => response,
            Some(date) => {
                let (status, mut headers, body) = response.deconstruct();
                headers.insert("date", date);
                AsyncRawResponse::new(status, headers, Box::pin(body))
            }
        };
        if !self.hides_next {
            return Ok(response);
        }
        let (status, mut headers, body) = response.deconstruct();
        headers.remove("authentication-info");
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

fn answer(status: u16, challenge: Option<&str>) -> AsyncRawResponse {
    let mut headers = Headers::new();
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge.to_owned());
    }
    AsyncRawResponse::from_bytes(status.into(), headers, Bytes::new())
}

impl Resource {
    async fn nonce(&self, request: &Request) -> String {
        let bare = Request::new(request.url().clone(), Method::Get);
        let refused = self.transport.execute_request(&bare).await.unwrap();
        let header = refused.headers().get_optional_string(&WWW_AUTHENTICATE);
        let challenges = Challenge::parse(&header.unwrap());
        let nonce = challenges.iter().find_map(Challenge::nonce);
        nonce.unwrap().to_owned()
    }
}

struct Scene {
    entra: Entra,
    credential: Arc<DeviceCodeCredential>,
    resource: Arc<Resource>,
    pipeline: Pipeline,
}

impl Scene {
    async fn new() -> Self {
        Self::with(false, false).await
    }

    /// A client of the SDK, perhaps with a bearer token of its own.
    async fn with(has_bearer: bool, hides_next: bool) -> Self {
        Self::with_options(has_bearer, hides_next, |_| {}).await
    }

    async fn with_options(
        has_bearer: bool,
        hides_next: bool,
        change: impl FnOnce(&mut DeviceCodeCredentialOptions),
    ) -> Self {
        let entra = Entra::start().await;
        let credential = entra.credential(change);
        let resource = Arc::new(Resource {
            transport: entra.emulator.transport(),
            seen: Mutex::default(),
            instead: Mutex::default(),
            demands: Mutex::new(Box::new(|_| None)),
            date: Mutex::default(),
            takes: Mutex::default(),
            hides_next,
        });
        let transport: Arc<dyn HttpClient> = Arc::<Resource>::clone(&resource);
        let options = ClientOptions {
            per_try_policies: vec![credential.pop_policy(&[SCOPE])],
            transport: Some(Transport::new(transport)),
            retry: RetryOptions::exponential(ExponentialRetryOptions::default()),
            ..Default::default()
        };
        let mut own: Vec<Arc<dyn Policy>> = Vec::new();
        if has_bearer {
            let theirs = Arc::<DeviceCodeCredential>::clone(&credential);
            own.push(Arc::new(BearerTokenAuthorizationPolicy::new(
                theirs,
                [SCOPE],
            )));
        }
        let pipeline = Pipeline::new(Some("a-client"), None, options, Vec::new(), own, None);
        Self {
            entra,
            credential,
            resource,
            pipeline,
        }
    }

    /// A client of its own, with a policy of its own.
    fn another(&self) -> Pipeline {
        self.with_policy(self.credential.pop_policy(&[SCOPE]))
    }

    fn with_policy(&self, policy: Arc<dyn Policy>) -> Pipeline {
        let transport: Arc<dyn HttpClient> = Arc::<Resource>::clone(&self.resource);
        let options = ClientOptions {
            per_try_policies: vec![policy],
            transport: Some(Transport::new(transport)),
            ..Default::default()
        };
        Pipeline::new(Some("another"), None, options, vec![], vec![], None)
    }

    async fn send(&self, method: Method) -> azure_core::Result<u16> {
        let url = format!("{}/resource/me?x=y", self.entra.emulator.authority());
        self.send_to(&url, method).await
    }

    async fn send_to(&self, url: &str, method: Method) -> azure_core::Result<u16> {
        let mut request = Request::new(url.parse().unwrap(), method);
        if method == Method::Post {
            request.set_body("the body");
        }
        let context = Context::new();
        let sent = self.pipeline.send(&context, &mut request, None).await;
        sent.map(|response| response.status().into())
    }

    /// What the resource got since this was asked last.
    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.resource.seen.lock().unwrap())
    }

    fn statuses(&self) -> Vec<u16> {
        self.seen().iter().map(|seen| seen.status).collect()
    }

    fn answer_next(&self, replies: &[(u16, Option<&'static str>)]) {
        let replies = replies.iter().rev().copied().collect();
        *self.resource.instead.lock().unwrap() = replies;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_nonce_comes_from_a_refusal_and_the_next_ones_from_replies() {
    let scene = Scene::new().await;
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    let first = scene.seen();
    assert_eq!(first[0].authorization, None);
    assert_eq!([first[0].status, first[1].status], [401, 200]);
    assert_eq!(scene.send(Method::Post).await.unwrap(), 200);
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    let then = scene.seen();
    assert_eq!(then.len(), 2, "{then:?}");
    let nonces: Vec<_> = first[1..].iter().chain(&then).map(Seen::nonce).collect();
    assert!(nonces.iter().all(Option::is_some));
    assert_ne!(nonces[0], nonces[1]);
    assert_ne!(nonces[1], nonces[2]);
    // One access token for all of them.
    assert_eq!(scene.entra.grants().len(), 1);
    assert_eq!(scene.entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_try_of_a_retried_request_is_signed_anew() {
    let scene = Scene::new().await;
    scene.send(Method::Get).await.unwrap();
    scene.seen();
    // Whether the resource has used up the nonce is unknown, so the next try asks for another.
    scene.answer_next(&[(503, None)]);
    assert_eq!(scene.send(Method::Post).await.unwrap(), 200);
    let seen = scene.seen();
    let statuses: Vec<_> = seen.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [503, 401, 200]);
    assert_eq!(seen[1].authorization, None);
    assert!(seen[0].nonce().is_some());
    assert_ne!(seen[0].nonce(), seen[2].nonce());
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_is_not_followed_by_another_is_tried_again_and_costs_a_refusal_at_most() {
    let scene = Scene::with(false, true).await;
    for _ in 0..3 {
        assert_eq!(scene.send(Method::Post).await.unwrap(), 200);
        assert_eq!(scene.statuses(), [401, 200]);
    }
    // Where the resource takes it more than once, not even that.
    let taken = (200, None);
    scene.answer_next(&[(401, Some("PoP nonce=\"again\"")), taken, taken]);
    scene.send(Method::Get).await.unwrap();
    scene.send(Method::Get).await.unwrap();
    let nonces: Vec<_> = scene.seen().iter().map(Seen::nonce).collect();
    assert_eq!(
        nonces[1..],
        [Some("again".to_owned()), Some("again".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_has_grown_old_is_replaced() {
    let scene = Scene::new().await;
    scene.send(Method::Get).await.unwrap();
    scene.seen();
    turn_clock(Duration::from_secs(600)).await;
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    assert_eq!(scene.statuses(), [401, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_never_content_gets_two_requests() {
    let scene = Scene::new().await;
    let never = (401, Some("PoP nonce=\"n\", error=\"invalid_token\""));
    scene.answer_next(&[never, never, never]);
    scene.send(Method::Get).await.unwrap_err();
    assert_eq!(scene.statuses(), [401, 401]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_nonce_is_the_callers() {
    let scene = Scene::new().await;
    for challenge in [None, Some("Bearer realm=\"\""), Some("Digest nonce=\"d\"")] {
        scene.answer_next(&[(401, challenge)]);
        scene.send(Method::Get).await.unwrap_err();
        assert_eq!(scene.statuses(), [401], "{challenge:?}");
    }
    assert_eq!(scene.entra.prompts(), 0, "nobody was asked for nothing");
}

#[tokio::test(start_paused = true)]
async fn a_clients_own_bearer_token_is_never_sent() {
    let scene = Scene::with(true, false).await;
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    for seen in scene.seen() {
        let authorization = seen.authorization.unwrap_or_default();
        assert!(!authorization.contains("Bearer"), "{authorization}");
    }
    // And what it has is one, and stays one.
    let token = scene.credential.get_token(&[SCOPE], None).await.unwrap();
    assert!(claim(token.token.secret(), "cnf").is_null());
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_out_in_the_clear() {
    let scene = Scene::new().await;
    scene.send(Method::Get).await.unwrap();
    scene.seen();
    let error = scene.send_to("http://localhost/resource/me", Method::Get);
    let error = error.await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(scene.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn clients_that_send_at_once_share_one_sign_in_and_no_nonce() {
    let scene = Scene::new().await;
    let sending = join_all((0..4).map(|_| scene.send(Method::Get)));
    for status in sending.await {
        assert_eq!(status.unwrap(), 200);
    }
    let good = scene.seen();
    let mut nonces: Vec<_> = good
        .iter()
        .filter(|seen| seen.status == 200)
        .map(Seen::nonce)
        .collect();
    assert_eq!(nonces.len(), 4);
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4);
    assert_eq!(scene.entra.requests_to(Endpoint::DeviceCode).len(), 1);
    assert_eq!(scene.entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_below_the_client() {
    let scene = Scene::new().await;
    scene.send(Method::Get).await.unwrap();
    turn_clock(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    assert_eq!(scene.entra.grants().len(), 2);
    assert_eq!(scene.entra.prompts(), 1);
}
