//! Resources that mean harm, or mean well and have another clock.

use super::*;
use crate::{
    AccessTokenInfo, TokenInfoOptions,
    pop_policy::{GivesTokens, PopPolicy},
    testing::Answer,
};
use azure_core::{
    http::Body,
    stream::{BytesStream, SeekableStream},
    time,
};
use futures_util::io::AsyncRead;
use std::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task,
};

#[tokio::test(start_paused = true)]
async fn odd_nonces_are_signed_as_they_were_sent_and_endless_ones_are_not() {
    let endless = format!("PoP nonce=\"{}\"", "n".repeat(4_097));
    let endless: &'static str = Box::leak(endless.into_boxed_str());
    for (challenge, nonce) in [
        (r#"PoP nonce="a\"b\\c, d=e""#, Some("a\"b\\c, d=e")),
        ("PoP nonce=\"\u{fc}\u{1f511}\"", Some("\u{fc}\u{1f511}")),
        ("Digest nonce=\"d\", pop realm=x, nonce=n==", Some("n==")),
        ("PoP nonce=\"one\", PoP nonce=\"two\"", Some("one")),
        ("PoP nonce=\"\", PoP nonce=\"two\"", Some("two")),
        (endless, None),
    ] {
        let scene = Scene::new().await;
        scene.answer_next(&[(401, Some(challenge)), (200, None)]);
        let outcome = scene.send(Method::Get).await;
        let seen = scene.seen();
        match nonce {
            Some(_) => assert_eq!(outcome.unwrap(), 200, "{challenge}"),
            None => assert_eq!(seen.len(), 1, "{outcome:?}"),
        }
        let signed = seen.last().unwrap().nonce();
        assert_eq!(signed.as_deref(), nonce, "{challenge}");
    }
}

/// Microsoft's own look at the time alone, unless they are told to do more.
#[tokio::test(start_paused = true)]
async fn a_resource_that_wants_a_proof_without_a_nonce_of_its_own_gets_one_of_ours_each_time() {
    let scene = Scene::new().await;
    let wanted = Some("Bearer realm=\"\", PoP realm=\"\"");
    scene.answer_next(&[(401, wanted), (200, None), (200, None)]);
    assert_eq!(scene.send(Method::Post).await.unwrap(), 200);
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    let seen = scene.seen();
    assert_eq!(seen.len(), 3, "{seen:?}");
    let nonces: Vec<_> = seen.iter().map(Seen::nonce).collect();
    assert_eq!(nonces[0], None);
    for ours in &nonces[1..] {
        assert!(
            ours.as_ref().is_some_and(|nonce| nonce.len() >= 22),
            "{ours:?}"
        );
    }
    assert_ne!(nonces[1], nonces[2]);
    // What it says of a proof is the caller's affair.
    scene.answer_next(&[(401, Some("PoP error=\"invalid_token\""))]);
    scene.send(Method::Get).await.unwrap_err();
    assert_eq!(scene.statuses(), [401]);
    // And it may begin to want one of its own.
    scene.answer_next(&[
        (401, Some("PoP nonce=\"theirs\"")),
        (200, None),
        (200, None),
    ]);
    scene.send(Method::Get).await.unwrap();
    scene.send(Method::Get).await.unwrap();
    let nonces: Vec<_> = scene.seen().iter().map(Seen::nonce).collect();
    let theirs = Some("theirs".to_owned());
    assert_eq!(nonces[1..], [theirs.clone(), theirs]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_wrong_is_told_so() {
    let scene = Scene::new().await;
    let never = (401, Some("PoP nonce=\"n\", error=\"invalid_token\""));
    for (minutes, told) in [
        (12, Some("12 minutes behind")),
        (-90, Some("90 minutes ahead of")),
        (4, None),
        (-4, None),
    ] {
        let theirs = scene.entra.now() + minutes * MINUTE;
        *scene.resource.date.lock().unwrap() = Some(time::to_rfc7231(&theirs));
        scene.answer_next(&[never, never]);
        let error = scene.send(Method::Get).await.unwrap_err();
        let ours = Error::find(&error);
        assert_eq!(ours.map(Error::kind), told.map(|_| ErrorKind::Refused));
        let text = ours.map_or_else(|| error.to_string(), Error::to_string);
        assert!(text.contains(told.unwrap_or("401")), "{text}");
    }
    // What is taken in spite of it, or refused before anything was signed, is no error of the clock.
    let theirs = time::to_rfc7231(&(scene.entra.now() + 60 * MINUTE));
    *scene.resource.date.lock().unwrap() = Some(theirs.clone());
    scene.answer_next(&[(200, None)]);
    assert_eq!(scene.send(Method::Get).await.unwrap(), 200);
    let other = Scene::new().await;
    *other.resource.date.lock().unwrap() = Some(theirs);
    other.answer_next(&[(401, None)]);
    let error = other.send(Method::Get).await.unwrap_err();
    assert!(Error::find(&error).is_none(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_query_of_each_request_is_in_its_signature() {
    let scene = Scene::new().await;
    for query in [
        "",
        "?a=b",
        "?$filter=a%20eq%20%27b%27&x=1&x=2",
        "?a=%2f&b={c}",
    ] {
        let url = format!("{}/resource/me{query}", scene.entra.emulator.authority());
        assert_eq!(
            scene.send_to(&url, Method::Get).await.unwrap(),
            200,
            "{query}"
        );
    }
    let seen = scene.seen();
    let last = seen[2].authorization.as_ref().unwrap();
    let signed = claim(last.strip_prefix("PoP ").unwrap(), "q");
    assert_eq!(signed[0], serde_json::json!(["a"]));
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_kept_for_its_own_origin_alone() {
    let scene = Scene::new().await;
    scene.send(Method::Get).await.unwrap();
    scene.seen();
    for url in ["https://other.example/", "https://localhost:1/"] {
        scene.answer_next(&[(200, None)]);
        scene.send_to(url, Method::Get).await.unwrap();
        assert_eq!(scene.seen()[0].authorization, None, "{url}");
    }
}

/// Can be read once, as what comes from a pipe can.
#[derive(Clone, Debug)]
struct Once(BytesStream);

#[async_trait]
impl SeekableStream for Once {
    async fn reset(&mut self) -> azure_core::Result<()> {
        Err(Error::new(ErrorKind::Protocol, "it was read").into())
    }

    fn len(&self) -> Option<u64> {
        self.0.len()
    }
}

impl AsyncRead for Once {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        buffer: &mut [u8],
    ) -> task::Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_read_once_is_the_callers_to_send_again_with_the_nonce_that_came() {
    let scene = Scene::new().await;
    let send = || async {
        let stream: Box<dyn SeekableStream> = Box::new(Once(BytesStream::new("body")));
        let url = format!("{}/resource/me", scene.entra.emulator.authority());
        let mut request = Request::new(url.parse().unwrap(), Method::Post);
        request.set_body(Body::SeekableStream(stream));
        let context = Context::new();
        let sent = scene.pipeline.send(&context, &mut request, None);
        sent.await.map(|response| u16::from(response.status()))
    };
    scene.answer_next(&[(401, Some("PoP nonce=\"n\"")), (200, None)]);
    let error = send().await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    assert_eq!(scene.statuses(), [401]);
    assert_eq!(send().await.unwrap(), 200);
    let seen = scene.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].nonce().as_deref(), Some("n"));
}

/// As no session of ours does.
#[derive(Debug)]
struct Downgraded;

#[async_trait]
impl GivesTokens for Downgraded {
    async fn check(&self, _scopes: &[&str], _options: &TokenInfoOptions) -> crate::Result<()> {
        Ok(())
    }

    async fn token_info(
        &self,
        _scopes: &[&str],
        _options: TokenInfoOptions,
    ) -> crate::Result<AccessTokenInfo> {
        Ok(AccessTokenInfo {
            token: "a.bearer.token".into(),
            expires_on: time::OffsetDateTime::UNIX_EPOCH,
            is_signed_request: false,
            token_type: "Bearer".into(),
            refresh_on: None,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_bearer_token_in_the_place_of_a_bound_one_is_not_sent() {
    let scene = Scene::new().await;
    let pipeline = scene.with_policy(Arc::new(PopPolicy::new(Downgraded, &[SCOPE])));
    scene.answer_next(&[(401, Some("PoP nonce=\"n\"")), (200, None)]);
    let url = format!("{}/resource/me", scene.entra.emulator.authority());
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let sent = pipeline.send(&Context::new(), &mut request, None).await;
    let error = sent.unwrap_err();
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Protocol);
    assert_eq!(scene.statuses(), [401]);
}

const MINUTE: time::Duration = time::Duration::MINUTE;

#[tokio::test(start_paused = true)]
async fn no_nonce_is_in_the_debug_text_of_the_policy() {
    let scene = Scene::new().await;
    let policy = scene.credential.pop_policy(&[SCOPE]);
    let next: Arc<dyn Policy> = Arc::new(Refuses::default());
    let url = format!("{}/resource/me", scene.entra.emulator.authority());
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let context = Context::new();
    let sent = policy.send(&context, &mut request, &[next]).await.unwrap();
    assert_eq!(u16::from(sent.status()), 401);
    let text = format!("{policy:?}");
    assert!(text.contains("PopPolicy") && text.contains(SCOPE), "{text}");
    assert!(!text.contains("the-nonce-of"), "{text}");
}

/// Everything, in the transport's place.
#[derive(Debug)]
pub(super) struct Refuses(AtomicUsize, &'static str);

impl Refuses {
    pub(super) fn with(challenge: &'static str) -> Self {
        Self(AtomicUsize::new(0), challenge)
    }
}

impl Default for Refuses {
    fn default() -> Self {
        Self::with("PoP nonce=\"the-nonce-of-a-resource\"")
    }
}

#[expect(elided_lifetimes_in_paths, reason = "as the trait declares it")]
#[async_trait]
impl Policy for Refuses {
    async fn send(
        &self,
        _: &Context,
        _: &mut Request,
        _: &[Arc<dyn Policy>],
    ) -> azure_core::http::policies::PolicyResult {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(answer(401, Some(self.1)))
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_long_to_sign_in_has_their_request_signed_with_a_nonce_that_is_still_good() {
    let scene = Scene::new().await;
    scene.entra.person_answers(Answer::Nothing);
    let person = async {
        turn_clock(Duration::from_secs(420)).await;
        let code = scene.entra.person.codes.lock().unwrap()[0]
            .user_code
            .clone();
        let answer = Answer::As(scene.entra.username(0));
        scene.entra.person.answers(&code, answer).unwrap();
    };
    let (sent, ()) = tokio::join!(scene.send(Method::Post), person);
    assert_eq!(sent.unwrap(), 200);
    assert_eq!(scene.statuses(), [401, 401, 200]);
    assert_eq!(scene.entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_took_long_is_no_sign_of_a_wrong_clock() {
    let scene = Scene::new().await;
    let slow = (401, Some("PoP nonce=\"n\", error=\"invalid_token\""));
    scene.answer_next(&[slow, slow]);
    *scene.resource.takes.lock().unwrap() = Duration::from_secs(1_200);
    let then = scene.entra.now() + 40 * MINUTE;
    *scene.resource.date.lock().unwrap() = Some(time::to_rfc7231(&then));
    let error = scene.send(Method::Post).await.unwrap_err();
    assert!(Error::find(&error).is_none(), "{error}");
    assert!(error.to_string().contains("401"), "{error}");
}

/// What could never be signed, its body included.
#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_before_anything_is_sent() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let good = "https://resource.example/me";
    let mut cases: Vec<(Arc<dyn Policy>, &str, ErrorKind)> = vec![
        (credential.pop_policy(&[]), good, ErrorKind::InvalidArgument),
        (
            credential.pop_policy(&["a b", ""]),
            good,
            ErrorKind::InvalidArgument,
        ),
        (
            credential.pop_policy(&[SCOPE]),
            "https://ann:x@resource.example/me",
            ErrorKind::InvalidArgument,
        ),
        (
            credential.pop_policy(&[SCOPE]),
            "http://resource.example/me",
            ErrorKind::InvalidArgument,
        ),
    ];
    #[cfg(feature = "username-password")]
    {
        use crate::{UsernamePasswordCredential, UsernamePasswordCredentialOptions};
        let by_password = UsernamePasswordCredential::new(
            "04b07795-8ddb-461a-bbee-02f9e1bf7b46".into(),
            entra.username(0),
            azure_core::credentials::Secret::new("x"),
            Some(UsernamePasswordCredentialOptions {
                client: entra.client(),
            }),
        );
        let policy = by_password.unwrap().pop_policy(&[SCOPE]);
        cases.push((policy, good, ErrorKind::InvalidArgument));
    }
    #[cfg(feature = "chain")]
    {
        use crate::{ChainLink, ChainedTokenCredential};
        let theirs: Arc<dyn TokenCredential> = entra.credential(|_| {});
        let chain = ChainedTokenCredential::new(vec![ChainLink::new("theirs", theirs)]).unwrap();
        let policy = chain.pop_policy(&[SCOPE]);
        cases.push((policy, good, ErrorKind::CredentialUnavailable));
        // The same, where a plain request has chosen it.
        chain.get_token(&[SCOPE], None).await.unwrap();
        let policy = chain.pop_policy(&[SCOPE]);
        cases.push((policy, good, ErrorKind::CredentialUnavailable));
    }
    for (policy, url, kind) in cases {
        let counts = Arc::new(Refuses::default());
        let next: Arc<dyn Policy> = Arc::<Refuses>::clone(&counts);
        let mut request = Request::new(url.parse().unwrap(), Method::Post);
        request.set_body("the body");
        let sent = policy.send(&Context::new(), &mut request, &[next]).await;
        let error = sent.map(|response| response.status()).unwrap_err();
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert_eq!(counts.0.load(Ordering::Relaxed), 0, "{url}: {error}");
    }
}
