//! The walk: who is asked, when it ends, and what the errors tell.

#[cfg(feature = "pop")]
mod pop;

use crate::{
    ChainLink, ChainedTokenCredential, Error, ErrorKind, InteractiveCredential,
    PopTokenRequestOptions, TokenInfoOptions,
    testing::{Entra, SCOPE, resource::claim},
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind as AzureErrorKind,
    time::OffsetDateTime,
};
use futures_util::future::join_all;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

type Answer = Box<dyn Fn() -> azure_core::Result<&'static str> + Send + Sync>;

/// Somebody else's credential.
struct Theirs {
    answer: Answer,
    calls: AtomicUsize,
}

impl std::fmt::Debug for Theirs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Theirs")
    }
}

impl Theirs {
    fn answering(
        answer: impl Fn() -> azure_core::Result<&'static str> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            calls: AtomicUsize::new(0),
        })
    }

    fn failing(kind: ErrorKind, text: &'static str) -> Arc<Self> {
        Self::answering(move || Err(Error::new(kind, text).into()))
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl TokenCredential for Theirs {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(AccessToken {
            token: (self.answer)()?.into(),
            expires_on: OffsetDateTime::UNIX_EPOCH,
        })
    }
}

fn chain(links: &[(&str, &Arc<Theirs>)]) -> Arc<ChainedTokenCredential> {
    let links = links
        .iter()
        .map(|&(name, link)| ChainLink::new(name, Arc::<Theirs>::clone(link)))
        .collect();
    ChainedTokenCredential::new(links).unwrap()
}

async fn token(credential: &ChainedTokenCredential) -> Result<String, Error> {
    let outcome = credential.get_token(&[SCOPE], None).await;
    outcome
        .map(|token| token.token.secret().to_owned())
        .map_err(|error| Error::find(&error).unwrap().clone())
}

#[test]
fn a_chain_of_nothing_is_refused() {
    let error = ChainedTokenCredential::new(Vec::<ChainLink>::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn returns_first_token_and_asks_nobody_behind_it() {
    let first = Theirs::failing(ErrorKind::CredentialUnavailable, "not here");
    let second = Theirs::answering(|| Ok("second"));
    let third = Theirs::answering(|| Ok("third"));
    let chain = chain(&[("a", &first), ("b", &second), ("c", &third)]);
    assert_eq!(token(&chain).await.unwrap(), "second");
    assert_eq!((first.calls(), second.calls(), third.calls()), (1, 1, 0));
}

#[tokio::test]
async fn iterates_only_once_however_the_first_of_many_requests_come() {
    let first = Theirs::failing(ErrorKind::AuthenticationRequired, "nobody is signed in");
    let second = Theirs::answering(|| Ok("second"));
    let chain = chain(&[("a", &first), ("b", &second)]);
    let all = join_all((0..20).map(|_| token(&chain))).await;
    assert!(
        all.iter()
            .all(|token| token.as_ref().is_ok_and(|token| token == "second"))
    );
    token(&chain).await.unwrap();
    assert_eq!(first.calls(), 1);
}

#[tokio::test]
async fn the_one_that_was_chosen_is_used_also_when_it_fails_later() {
    let count = AtomicUsize::new(0);
    let first = Theirs::answering(move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Ok("first"),
        _ => Err(Error::new(ErrorKind::CredentialUnavailable, "gone").into()),
    });
    let second = Theirs::answering(|| Ok("second"));
    let chain = chain(&[("a", &first), ("b", &second)]);
    token(&chain).await.unwrap();
    assert_eq!(token(&chain).await.unwrap_err().to_string(), "gone");
    assert_eq!(second.calls(), 0);
}

#[tokio::test]
async fn attempts_all_credentials_and_the_error_message_tells_each_in_order() {
    let first = Theirs::failing(ErrorKind::CredentialUnavailable, "is not\n\n  installed");
    let second = Theirs::failing(
        ErrorKind::AuthenticationRequired,
        "\u{1b}[31mnobody is there",
    );
    let third = Theirs::answering(|| {
        let text = "x".repeat(5_000);
        Err(azure_core::Error::with_message(
            AzureErrorKind::Credential,
            text,
        ))
    });
    let chain = chain(&[("First", &first), ("Second", &second), ("Third", &third)]);
    let error = token(&chain).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(error.scopes(), [SCOPE]);
    let text = error.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].contains("ChainedTokenCredential"), "{text}");
    assert_eq!(lines[1], "  First: is not installed");
    assert_eq!(lines[2], "  Second: [31mnobody is there");
    assert!(
        lines[3].starts_with("  Third: xxx") && lines[3].len() < 700,
        "{text}"
    );
    assert_eq!((first.calls(), second.calls(), third.calls()), (1, 1, 1));
}

#[tokio::test]
async fn raises_for_unexpected_error_and_asks_nobody_behind_it() {
    for kind in [
        ErrorKind::Declined,
        ErrorKind::TimedOut,
        ErrorKind::Refused,
        ErrorKind::Network,
        ErrorKind::WrongAccount,
        ErrorKind::InvalidArgument,
    ] {
        let first = Theirs::failing(ErrorKind::CredentialUnavailable, "not here");
        let second = Theirs::failing(kind, "no");
        let third = Theirs::answering(|| Ok("somebody else's"));
        let chain = chain(&[("a", &first), ("b", &second), ("c", &third)]);
        let error = token(&chain).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(third.calls(), 0);
        assert_eq!(
            error.to_string(),
            "ChainedTokenCredential was stopped by b: no\nBefore it:\n  a: not here"
        );
        // It chose nobody.
        assert_eq!(token(&chain).await.unwrap_err().kind(), kind);
        assert_eq!(first.calls(), 2);
    }
}

#[tokio::test]
async fn of_others_only_the_refusal_of_a_service_ends_the_chain() {
    let refused = || {
        let kind = AzureErrorKind::HttpResponse {
            status: 401.into(),
            error_code: None,
            raw_response: None,
        };
        let inner = azure_core::Error::with_message(kind, "AADSTS7000215");
        azure_core::Error::with_error(AzureErrorKind::Credential, inner, "failed")
    };
    let first = Theirs::answering(move || Err(refused()));
    let second = Theirs::answering(|| Ok("second"));
    let error = token(&chain(&[("a", &first), ("b", &second)]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(second.calls(), 0);

    for kind in [
        AzureErrorKind::Credential,
        AzureErrorKind::Connection,
        AzureErrorKind::DataConversion,
    ] {
        let first = Theirs::answering({
            let kind = kind.clone();
            move || {
                Err(azure_core::Error::with_message(
                    kind.clone(),
                    "az not found",
                ))
            }
        });
        let chain = chain(&[("a", &first), ("b", &second)]);
        assert_eq!(token(&chain).await.unwrap(), "second", "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_with_no_get_token_info_are_passed_by_where_a_request_says_more() {
    let entra = Entra::start().await;
    let theirs = Theirs::answering(|| Ok("theirs"));
    let ours = entra.credential(|_| {});
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        ChainLink::interactive("ours", ours.clone()),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let claims = TokenInfoOptions {
        claims: Some(r#"{"access_token":{"nbf":null}}"#.into()),
        ..Default::default()
    };
    let tenant = TokenInfoOptions {
        tenant_id: Some(entra.emulator.tenant_id().into()),
        ..Default::default()
    };
    let cae = TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    };
    for options in [claims, tenant.clone(), cae] {
        let info = chain.get_token_info(&[SCOPE], Some(options)).await.unwrap();
        assert_eq!(
            claim(info.token.secret(), "aud"),
            "https://storage.azure.com"
        );
    }
    assert_eq!(theirs.calls(), 0);
    // Being passed by is no failure: the next plain request finds the first.
    assert_eq!(token(&chain).await.unwrap(), "theirs");
    // Those who ask for more keep whom they have.
    chain
        .get_token_info(&[SCOPE], Some(tenant.clone()))
        .await
        .unwrap();
    // Where nobody was chosen for them, nobody else than the one who was is asked.
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        ChainLink::interactive("ours", entra.credential(|_| {})),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    token(&chain).await.unwrap();
    let error = chain
        .get_token_info(&[SCOPE], Some(tenant.clone()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("theirs"), "{error}");
    assert!(error.to_string().contains("a tenant"), "{error}");
    let scoped = chain
        .scoped(tenant)
        .get_token(&[SCOPE], None)
        .await
        .unwrap_err();
    assert!(Error::find(&scoped).is_some());

    let only = ChainedTokenCredential::new(vec![ChainLink::new("theirs", theirs.clone())]).unwrap();
    let everything = TokenInfoOptions {
        claims: Some("{}".into()),
        tenant_id: Some("t".into()),
        enable_cae: true,
        pop: Some(get("n")),
    };
    let error = only
        .get_token_info(&[SCOPE], Some(everything))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("theirs: was not asked, as it cannot be asked for claims and a tenant and continuous access and proof-of-possession in a request"), "{text}");
    assert_eq!(error.claims(), Some("{}"));
}

/// A request that a token can be bound to.
fn get(nonce: &str) -> PopTokenRequestOptions {
    PopTokenRequestOptions {
        resource_request_method: "GET".into(),
        resource_request_url: "https://graph.microsoft.com/v1.0/me".into(),
        nonce: nonce.into(),
    }
}

#[cfg(feature = "pop")]
#[tokio::test(start_paused = true)]
async fn credentials_with_pop_option_are_asked_and_those_that_cannot_are_passed_by() {
    let entra = Entra::start().await;
    let theirs = Theirs::answering(|| Ok("theirs"));
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        ChainLink::interactive("ours", entra.credential(|_| {})),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let bound = |nonce| {
        let options = TokenInfoOptions {
            pop: Some(get(nonce)),
            ..Default::default()
        };
        chain.get_token_info(&[SCOPE], Some(options))
    };
    let error = bound("").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let (one, two) = tokio::join!(bound("1"), bound("2"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.token.secret(), two.token.secret());
    assert_eq!(one.token_type, "pop");
    assert_eq!(
        claim(one.token.secret(), "at"),
        claim(two.token.secret(), "at")
    );
    assert_eq!(theirs.calls(), 0);
    assert_eq!(entra.prompts(), 1);
    let scoped = chain.scoped(TokenInfoOptions {
        pop: Some(get("n")),
        ..Default::default()
    });
    let error = scoped.get_token(&[SCOPE], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn a_silent_credential_gives_way_to_one_that_asks_and_one_tab_serves_all() {
    let entra = Entra::start().await;
    let silent = entra.credential(|options| options.disable_automatic_authentication = true);
    let asking = entra.credential(|_| {});
    let links = vec![
        ChainLink::interactive("silent", silent),
        ChainLink::interactive("asking", asking.clone()),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let all = join_all((0..5).map(|_| token(&chain))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(entra.prompts(), 1);
    asking.sign_out().await.unwrap();
    token(&chain).await.unwrap();
    assert_eq!(entra.prompts(), 2);
}

#[tokio::test]
async fn who_gives_up_leaves_the_walk_to_the_next() {
    let first = Theirs::answering(|| Ok("first"));
    let chain = chain(&[("a", &first)]);
    let mut walking = Box::pin(token(&chain));
    assert!(futures_util::poll!(&mut walking).is_pending());
    drop(walking);
    assert_eq!(token(&chain).await.unwrap(), "first");
    assert_eq!(first.calls(), 2);
}

#[test]
fn without_a_runtime_there_is_an_error_that_names_the_cure() {
    let first = Theirs::answering(|| Ok("first"));
    let chain = chain(&[("a", &first)]);
    let error = futures_util::FutureExt::now_or_never(token(&chain))
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("Tokio"), "{error}");
}

/// Who waits for the walk of another question has to drive it, as nobody else may.
#[tokio::test]
async fn a_walk_that_nobody_polls_holds_up_nobody() {
    let first = Theirs::answering(|| Ok("first"));
    let chain = chain(&[("a", &first)]);
    let mut forgotten = Box::pin(chain.get_token(&["another/scope"], None));
    assert!(futures_util::poll!(&mut forgotten).is_pending());
    assert_eq!(token(&chain).await.unwrap(), "first");
    assert_eq!(forgotten.await.unwrap().token.secret(), "first");
}

#[tokio::test(start_paused = true)]
async fn a_choice_among_those_who_can_honour_a_request_is_kept_too() {
    let entra = Entra::start().await;
    let theirs = Theirs::answering(|| Ok("theirs"));
    let silent = entra.credential(|options| options.disable_automatic_authentication = true);
    let asking = entra.credential(|_| {});
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        ChainLink::interactive("silent", silent.clone()),
        ChainLink::interactive("asking", asking),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let tenant = || TokenInfoOptions {
        tenant_id: Some(entra.emulator.tenant_id().into()),
        ..Default::default()
    };
    let scoped = chain.scoped(tenant());
    scoped.get_token(&[SCOPE], None).await.unwrap();
    // Somebody else could now be the first; but this view is somebody's already.
    silent.authenticate(None).await.unwrap();
    let prompts = entra.prompts();
    let before = scoped.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(entra.prompts(), prompts);
    assert_eq!(token(&chain).await.unwrap(), "theirs");
    let after = scoped.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(after.token, before.token);
}

#[tokio::test]
async fn malformed_claims_are_refused_before_anybody_is_asked() {
    let first = Theirs::answering(|| Ok("first"));
    let chain = chain(&[("a", &first)]);
    let options = TokenInfoOptions {
        claims: Some("[]".into()),
        ..Default::default()
    };
    let error = chain
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(first.calls(), 0);
}
