//! Every rule of the decision, by the requests that the authority saw.

mod aliases;
#[cfg(feature = "username-password")]
mod answers;
mod family;
mod people;
#[cfg(feature = "pop")]
mod pop;
mod prompts;
mod races;
mod record;
mod rest;
mod store;
mod tenants;

use crate::{
    AuthenticateOptions, ErrorKind, InteractiveCredential, TokenInfoOptions,
    testing::{Answer, Entra, OTHER_SCOPE, SCOPE, turn_clock},
};
use azure_core::{credentials::TokenCredential, time::OffsetDateTime};
use doorkey_emulator::{Endpoint, Reply};
use std::time::Duration;
use tokio::time::Instant;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn token(credential: &dyn TokenCredential, scope: &str) -> crate::Result<String> {
    match credential.get_token(&[scope], None).await {
        Ok(token) => Ok(token.token.secret().to_owned()),
        Err(error) => Err(crate::Error::find(&error).unwrap().clone()),
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn refusal(error: &str, suberror: &str) -> Reply {
    Reply::new(400)
        .header("content-type", "application/json")
        .body(
        serde_json::json!({
            "error": error, "suberror": suberror, "error_codes": [50076],
            "error_description": "AADSTS50076: more is needed.", "claims": r#"{"access_token":{}}"#,
        })
        .to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_person_is_asked_once_and_then_the_cache_answers() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let first = token(&*credential, SCOPE).await.unwrap();
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), first);
    assert_eq!(entra.grants(), [DEVICE]);
    assert_eq!(
        entra.emulator.requests().len(),
        2,
        "{:?}",
        entra.emulator.requests()
    );
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn acquire_token_silent_for_other_scopes_comes_by_the_refresh_token_with_its_route() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let record = credential.authenticate(None).await.unwrap();
    token(&*credential, OTHER_SCOPE).await.unwrap();
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    let requests = entra.requests_to(Endpoint::Token);
    let route = format!("Oid:{}", record.home_account_id.replace('.', "@"));
    assert_eq!(requests[1].header("x-anchormailbox"), Some(&*route));
    let scope = requests[1].form_value("scope").unwrap();
    assert_eq!(
        scope,
        format!("{OTHER_SCOPE} offline_access openid profile")
    );
    assert!(
        requests
            .iter()
            .all(|request| request.form_value("resource").is_none())
    );
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn expired_token_and_cached_token_within_refresh_window_are_renewed_and_cached_token_outside_refresh_window_is_not()
 {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    let first = token(&*credential, SCOPE).await.unwrap();

    until(&entra, info.expires_on, 301).await;
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        first,
        "more than five minutes are left"
    );
    turn_clock(Duration::from_secs(1)).await;
    let second = token(&*credential, SCOPE).await.unwrap();
    assert_ne!(second, first);
    turn_clock(minutes(24 * 60)).await;
    token(&*credential, SCOPE).await.unwrap();
    let requests = entra.requests_to(Endpoint::Token);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token", "refresh_token"]);
    assert_ne!(
        requests[1].form_value("refresh_token"),
        requests[2].form_value("refresh_token")
    );
}

#[tokio::test(start_paused = true)]
async fn retry_delay_of_thirty_seconds_after_a_failed_renewal_while_the_token_lives() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.expires_on, 200).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 100, Reply::new(500));
    for _ in 0..50 {
        assert_eq!(
            token(&*credential, SCOPE).await.unwrap(),
            info.token.secret()
        );
    }
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    turn_clock(Duration::from_secs(30)).await;
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        info.token.secret()
    );
    assert_eq!(entra.grants().len(), 3, "asked again after the pause");
    assert_eq!(entra.prompts(), 1, "nobody is asked while a token lives");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_authority_costs_a_living_token_five_seconds_and_then_a_pause() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.expires_on, 200).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 100, Reply::stall());
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(
            token(&*credential, SCOPE).await.unwrap(),
            info.token.secret()
        );
    }
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    turn_clock(Duration::from_secs(29)).await;
    token(&*credential, SCOPE).await.unwrap();
    assert_eq!(
        entra.grants().len(),
        2,
        "the pause is counted from the failure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_at_home_in_organizations_wherever_they_signed_in_first() {
    let entra = Entra::start().await;
    entra.person_answers(Answer::As(entra.guest()));
    let credential = entra.credential(|_| {});
    let abroad = TokenInfoOptions {
        tenant_id: Some(entra.emulator.tenant_id().to_owned()),
        ..Default::default()
    };
    let abroad = credential
        .get_token_info(&[SCOPE], Some(abroad))
        .await
        .unwrap();
    let at_home = token(&*credential, SCOPE).await.unwrap();
    assert_ne!(at_home, abroad.token.secret());
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), at_home);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_authority_demands_of_a_new_sign_in_is_asked_of_the_person() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    entra.emulator.replace_next(
        Endpoint::Token,
        1,
        refusal("interaction_required", "basic_action"),
    );
    token(&*credential, SCOPE).await.unwrap();
    let asked = &entra.requests_to(Endpoint::DeviceCode)[1];
    assert_eq!(asked.form_value("claims"), Some(r#"{"access_token":{}}"#));
}

/// A resource demands one thing, and the policy of the tenant another one for it.
#[tokio::test(start_paused = true)]
async fn what_the_authority_demands_comes_on_top_of_what_the_caller_does() {
    let demanded =
        r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"nbf":{"value":"1"}}}"#;
    let theirs = r#"{"access_token":{"nbf":{"value":"2"},"capolids":{"values":["p"]}},"id_token":{"amr":null}}"#;
    let both = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"nbf":{"value":"2"},"capolids":{"values":["p"]}},"id_token":{"amr":null}}"#;
    let refusal = serde_json::json!({
        "error": "interaction_required", "suberror": "basic_action", "claims": theirs,
        "error_description": "AADSTS50076: more is needed.",
    });
    let demand = TokenInfoOptions {
        claims: Some(demanded.into()),
        ..Default::default()
    };
    for automatic in [true, false] {
        let entra = Entra::start().await;
        let credential = entra.credential(|options| {
            options.disable_automatic_authentication = !automatic;
        });
        credential.authenticate(None).await.unwrap();
        let refused = Reply::new(400).body(refusal.to_string());
        entra.emulator.replace_next(Endpoint::Token, 1, refused);
        let outcome = credential.get_token_info(&[SCOPE], Some(demand.clone()));
        match outcome.await {
            Ok(_) => {
                let asked = &entra.requests_to(Endpoint::DeviceCode)[1];
                assert_eq!(asked.form_value("claims"), Some(both));
            }
            Err(error) => assert_eq!(error.claims(), Some(both), "{error}"),
        }
        assert_eq!(entra.prompts(), if automatic { 2 } else { 1 });
    }
    // Of the sign-in itself.
    let entra = Entra::start().await;
    let refused = Reply::new(400).body(refusal.to_string());
    entra.emulator.replace_next(Endpoint::Token, 1, refused);
    let demand = AuthenticateOptions {
        claims: Some(demanded.into()),
        ..Default::default()
    };
    let outcome = entra.credential(|_| {}).authenticate(Some(demand)).await;
    assert_eq!(outcome.unwrap_err().claims(), Some(both));
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_asks_for_rest_gets_it() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.expires_on, 290).await;
    let busy = Reply::new(429).header("retry-after", "120");
    entra.emulator.replace_next(Endpoint::Token, 1, busy);
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(Duration::from_secs(119)).await;
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        info.token.secret()
    );
    assert_eq!(entra.grants().len(), 2);
    turn_clock(Duration::from_secs(1)).await;
    assert_ne!(
        token(&*credential, SCOPE).await.unwrap(),
        info.token.secret()
    );
}

#[tokio::test(start_paused = true)]
async fn expired_token_propagates_error_of_an_outage_and_prompts_nobody() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 10, Reply::new(503));
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.is_transient());
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_request_has_thirty_seconds_in_all() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 10, Reply::stall());
    let begun = Instant::now();
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_token_leads_to_the_person() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    entra.emulator.revoke_refresh_tokens(&entra.username(0));
    token(&*credential, SCOPE).await.unwrap();
    assert_eq!(entra.grants(), [DEVICE, "refresh_token", DEVICE]);
    assert_eq!(entra.prompts(), 2);
}

#[tokio::test(start_paused = true)]
async fn acquire_token_silent_with_error_will_return_error_that_says_what_to_ask() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| options.disable_automatic_authentication = true);
    let options = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    };
    credential.authenticate(Some(options)).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    entra.emulator.replace_next(
        Endpoint::Token,
        1,
        refusal("interaction_required", "basic_action"),
    );
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(
        error.claims(),
        Some(r#"{"access_token":{}}"#),
        "the authority's own"
    );
    let oauth = error.oauth().unwrap();
    assert_eq!(oauth.suberror.as_deref(), Some("basic_action"));
    assert_eq!(
        (oauth.codes.as_slice(), oauth.status),
        ([50076].as_slice(), Some(400))
    );
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn authenticate_always_asks_and_may_switch_the_person() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let first = credential.authenticate(None).await.unwrap();
    assert_eq!(first.username, entra.username(0));
    let guest = entra
        .emulator
        .users()
        .iter()
        .find(|user| user.note.contains("guest"));
    let other = guest.unwrap().username.clone();
    entra.person_answers(Answer::As(other.clone()));
    let second = credential.authenticate(None).await.unwrap();
    assert_eq!(entra.prompts(), 2);
    assert_eq!(second.username, other);
    assert_ne!(second.home_account_id, first.home_account_id);
    let scope = "https://management.core.windows.net//.default";
    let requested = entra.requests_to(Endpoint::DeviceCode)[0]
        .form_value("scope")
        .unwrap()
        .to_owned();
    assert!(
        requested.contains(scope),
        "the default of the public cloud: {requested}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_of_somebody_else_is_not_kept() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let record = credential.authenticate(None).await.unwrap();
    let fresh = entra.credential(|options| options.authentication_record = Some(record.clone()));
    let guest = entra
        .emulator
        .users()
        .iter()
        .find(|user| user.note.contains("guest"));
    entra.person_answers(Answer::As(guest.unwrap().username.clone()));
    let error = token(&*fresh, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
    assert!(error.to_string().contains(&record.username), "{error}");
    entra.person_answers(Answer::As(record.username.clone()));
    token(&*fresh, SCOPE).await.unwrap();
    assert_eq!(
        entra.grants(),
        [DEVICE; 3],
        "nothing of the other person was used"
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_are_kept_under_the_persons_real_tenant() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let options = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    };
    let record = credential.authenticate(Some(options)).await.unwrap();
    let requests = entra.emulator.requests().len();
    assert_eq!(record.tenant_id, entra.emulator.tenant_id());
    let in_tenant = |tenant: &str| TokenInfoOptions {
        tenant_id: Some(tenant.to_owned()),
        ..Default::default()
    };
    let tenant = in_tenant(&record.tenant_id);
    credential
        .get_token_info(&[SCOPE], Some(tenant))
        .await
        .unwrap();
    assert_eq!(
        entra.emulator.requests().len(),
        requests,
        "asked by `organizations`, found by id"
    );

    let (_, domain) = record.username.split_once('@').unwrap();
    credential
        .get_token_info(&[SCOPE], Some(in_tenant(domain)))
        .await
        .unwrap();
    let learned = entra.emulator.requests().len();
    credential
        .get_token_info(&[SCOPE], Some(in_tenant(domain)))
        .await
        .unwrap();
    assert_eq!(
        entra.emulator.requests().len(),
        learned,
        "a domain's tenant is learned once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_allowed_is_refused_before_anything_is_sent() {
    let entra = Entra::start().await;
    let credential =
        entra.credential(|options| options.client.tenant_id = Some("a.example".into()));
    for tenant in ["b.example", "b/../c"] {
        let options = TokenInfoOptions {
            tenant_id: Some(tenant.into()),
            ..Default::default()
        };
        let error = credential
            .get_token_info(&[SCOPE], Some(options))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert!(entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn claims_challenge_passes_the_cache_by_and_goes_on_both_requests() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let with = || TokenInfoOptions {
        claims: Some(claims.into()),
        ..Default::default()
    };
    credential
        .get_token_info(&[SCOPE], Some(with()))
        .await
        .unwrap();
    credential
        .get_token_info(&[SCOPE], Some(with()))
        .await
        .unwrap();
    let newest = credential
        .get_token_info(&[SCOPE], Some(with()))
        .await
        .unwrap();
    assert_eq!(entra.grants(), [DEVICE, "refresh_token", "refresh_token"]);
    for request in entra.emulator.requests() {
        assert_eq!(
            request.form_value("claims"),
            Some(claims),
            "{}",
            request.path
        );
    }
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        newest.token.secret()
    );

    let malformed = TokenInfoOptions {
        claims: Some("{".into()),
        ..Default::default()
    };
    let error = credential
        .get_token_info(&[SCOPE], Some(malformed))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn client_capabilities_are_sent_for_continuous_access_alone_which_has_tokens_of_its_own() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let plain = token(&*credential, SCOPE).await.unwrap();
    let with = || TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    };
    let revocable = credential
        .get_token_info(&[SCOPE], Some(with()))
        .await
        .unwrap();
    assert_ne!(revocable.token.secret(), plain);
    credential
        .get_token_info(&[SCOPE], Some(with()))
        .await
        .unwrap();
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), plain);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    let requests = entra.emulator.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| request.form_value("claims"))
        .collect();
    let capability = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    assert_eq!(sent, [None, None, Some(capability)]);
}

#[tokio::test(start_paused = true)]
async fn a_cached_call_makes_two_allocations_and_a_small_future() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let token = token(&*credential, SCOPE).await.unwrap();
    let mut size = 0;
    let allocations = allocation_counter::measure(|| {
        let mut call = credential.get_token(&[SCOPE], None);
        size = size_of_val(&*call);
        assert!(poll_once(&mut call).is_ready());
    });
    assert_eq!(
        allocations.count_total, 2,
        "the token, and the boxed future"
    );
    assert!(size <= 256, "{size} bytes of future");
    assert_eq!(allocations.bytes_total as usize, token.len() + size);
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

#[test]
fn without_a_runtime_there_is_an_error_that_says_so() {
    let credential = crate::DeviceCodeCredential::new(None).unwrap();
    let scopes = [SCOPE];
    let mut call = credential.get_token(&scopes, None);
    let std::task::Poll::Ready(outcome) = poll_once(&mut call) else {
        panic!("nothing can be waited for")
    };
    let error = outcome.unwrap_err();
    let error = crate::Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("Tokio"), "{error}");
}

/// Turns the clock to so many seconds before `time`.
async fn until(entra: &Entra, time: OffsetDateTime, seconds: u32) {
    let left = time - entra.now();
    turn_clock(left.unsigned_abs() - Duration::from_secs(seconds.into())).await;
}
