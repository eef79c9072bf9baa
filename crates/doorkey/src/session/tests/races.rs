//! What happens at once, and what fails: a sign-out beside a renewal, a store that is full, halfway
//! or gone.

use super::{
    minutes, refusal,
    store::{OTHER_FAMILY_MEMBER, Scene, first, revocable},
    token, until,
};
use crate::{
    ErrorKind, InteractiveCredential,
    testing::{Answer, Entra, OTHER_SCOPE, SCOPE, turn_clock},
};
use azure_core::credentials::TokenCredential;
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

#[tokio::test(start_paused = true)]
async fn a_sign_out_elsewhere_is_not_undone_by_a_renewal_of_the_other_half() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    // While the authority answers, another process signs the person out of both halves.
    scene.store.write_before_next_update("{}".into());
    credential
        .get_token_info(&[SCOPE], Some(revocable()))
        .await
        .unwrap();
    assert!(scene.entries("RefreshToken", false).await.is_empty());
    assert!(
        scene.entries("RefreshToken", true).await.is_empty(),
        "resurrected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_here_is_not_undone_by_a_renewal_of_the_other_half() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::cut());
    let asking = Arc::clone(&credential);
    let flight = tokio::spawn(async move {
        asking
            .get_token_info(&[SCOPE], Some(revocable()))
            .await
            .map(|_| ())
    });
    scene.request_is_sent().await;
    assert!(
        scene.entries("RefreshToken", true).await.is_empty(),
        "too late for this test"
    );
    credential.sign_out().await.unwrap();
    let _ = flight.await.unwrap();
    assert!(scene.entries("RefreshToken", false).await.is_empty());
    assert!(
        scene.entries("RefreshToken", true).await.is_empty(),
        "resurrected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_that_has_access_tokens_alone_is_signed_out_too() {
    let scene = Scene::signed_in().await;
    scene
        .next_run()
        .get_token_info(&[SCOPE], Some(revocable()))
        .await
        .unwrap();
    scene
        .change(true, |document| document["RefreshToken"] = json!({}))
        .await;
    assert!(scene.entries("Account", true).await.is_empty());
    scene.next_run().sign_out().await.unwrap();
    assert!(
        scene.entries("AccessToken", true).await.is_empty(),
        "left behind"
    );
}

#[tokio::test(start_paused = true)]
async fn a_family_that_the_other_half_knows_is_signed_out_too() {
    let scene = Scene::signed_in().await;
    let sibling = scene.run(|options| options.client_id = Some(OTHER_FAMILY_MEMBER.into()));
    let options = crate::AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        enable_cae: true,
        ..Default::default()
    };
    sibling.authenticate(Some(options)).await.unwrap();
    // the twin in the first half is the application's own
    scene.entra.emulator.clear_requests();
    scene.next_run().sign_out().await.unwrap();
    token(&*scene.next_run(), OTHER_SCOPE).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_stored_does_not_replace_what_came_meanwhile() {
    let scene = Scene::signed_in().await;
    let a = scene.next_run();
    token(&*a, SCOPE).await.unwrap();
    scene.store.is_full.store(true, Ordering::Relaxed);
    token(&*a, OTHER_SCOPE).await.unwrap();
    scene.store.is_full.store(false, Ordering::Relaxed);
    turn_clock(minutes(10)).await;
    // Somebody changes their password: the old refresh tokens die, and they sign in again elsewhere.
    scene
        .entra
        .emulator
        .revoke_refresh_tokens(&scene.record.username);
    let b = scene.run(|_| {});
    b.authenticate(None).await.unwrap();
    let newest = scene.entries("RefreshToken", false).await[0]["secret"].clone();
    scene.entra.emulator.clear_requests();
    let got = token(&*a, "https://graph.microsoft.com/User.Read").await;
    let sent: Vec<_> = scene
        .entra
        .requests_to(Endpoint::Token)
        .iter()
        .map(|request| {
            request
                .form_value("refresh_token")
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    got.unwrap();
    assert_eq!(sent, [newest.as_str().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_polls_any_more_does_not_keep_the_store() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    scene.store.hangs.store(true, Ordering::Relaxed);
    let scopes = [OTHER_SCOPE];
    let mut first = credential.get_token(&scopes, None);
    let _ = tokio::time::timeout(Duration::from_secs(5), &mut first).await;
    scene
        .change(false, |document| document["More"] = json!(1))
        .await;
    // `first` is alive, and not polled.
    let second = tokio::time::timeout(minutes(10), token(&*credential, SCOPE)).await;
    drop(first);
    assert!(second.is_ok(), "waits for ever for a cached token");
}

#[test]
fn a_renewal_ahead_of_time_whose_runtime_ended_is_begun_again() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let main = runtime();
    let (entra, credential, info) = main.block_on(async {
        let entra = Entra::start_with(|emulator| emulator.refresh_in(minutes(30))).await;
        let credential = entra.credential(|_| {});
        let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
        until(&entra, info.refresh_on.unwrap(), 0).await;
        (entra, credential, info)
    });
    let short = runtime();
    short.block_on(async {
        until(&entra, info.refresh_on.unwrap(), 0).await;
        token(&*credential, SCOPE).await.unwrap()
    });
    drop(short);
    main.block_on(async {
        for _ in 0..5 {
            token(&*credential, SCOPE).await.unwrap();
            turn_clock(minutes(1)).await;
        }
        assert_ne!(
            token(&*credential, SCOPE).await.unwrap(),
            info.token.secret(),
            "never refreshed ahead again: {:?}",
            entra.grants()
        );
    });
}

#[tokio::test(start_paused = true)]
async fn when_a_token_dies_in_a_pause_the_person_is_asked() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.expires_on, 10).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 1, refusal("invalid_grant", "basic_action"));
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(Duration::from_secs(11)).await;
    let got = token(&*credential, SCOPE).await;
    assert!(
        got.is_ok(),
        "no prompt, but {:?}",
        got.map_err(|error| error.to_string())
    );
}

#[tokio::test(start_paused = true)]
async fn when_a_token_dies_in_a_pause_the_error_says_what_to_ask() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&scene.entra, info.expires_on, 10).await;
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, refusal("invalid_grant", "basic_action"));
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(Duration::from_secs(11)).await;
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
    assert_eq!(error.scopes(), [SCOPE]);
}

#[tokio::test(start_paused = true)]
async fn expired_token_ignores_retry_delay_so_the_authority_is_tried_again_after_an_outage() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.expires_on, 10).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 9, Reply::cut());
    token(&*credential, SCOPE).await.unwrap();
    entra
        .emulator
        .replace_next(Endpoint::Token, 0, Reply::cut());
    turn_clock(Duration::from_secs(11)).await;
    let before = entra.grants().len();
    let _ = token(&*credential, SCOPE).await;
    assert!(entra.grants().len() > before, "an error without trying");
}

#[tokio::test(start_paused = true)]
async fn a_living_token_under_the_name_of_all_tenants_beats_an_expired_one() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            let mut living = first(&mut document["AccessToken"]).clone();
            living["realm"] = "organizations".into();
            living["secret"] = "living".into();
            first(&mut document["AccessToken"])["expires_on"] = "1000".into();
            document["AccessToken"]["python"] = living;
        })
        .await;
    assert_eq!(token(&*scene.next_run(), SCOPE).await.unwrap(), "living");
}

#[tokio::test(start_paused = true)]
async fn signing_out_twice_signs_nobody_else_out() {
    let scene = Scene::signed_in().await;
    let guest = scene.entra.guest();
    scene.entra.person_answers(Answer::As(guest));
    scene.run(|_| {}).authenticate(None).await.unwrap();
    let credential = scene.next_run();
    credential.sign_out().await.unwrap();
    assert_eq!(scene.entries("RefreshToken", false).await.len(), 1);
    credential.sign_out().await.unwrap();
    assert_eq!(
        scene.entries("RefreshToken", false).await.len(),
        1,
        "the other person was signed out"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_that_cannot_be_read_does_not_end_the_silence_of_the_other() {
    let scene = Scene::signed_in().await;
    *scene.store.broken_half.lock().unwrap() = Some("cae");
    token(&*scene.next_run(), OTHER_SCOPE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_damaged_cache_that_cannot_be_set_aside_stays_as_it_is() {
    let scene = Scene::signed_in().await;
    scene
        .store
        .write(false, "not JSON at all, somebody's only copy")
        .await;
    scene.store.no_drawer.store(true, Ordering::Relaxed);
    scene.store.calls();
    let _ = token(&*scene.next_run(), SCOPE).await;
    let calls = scene.store.calls();
    assert!(
        !calls.iter().any(|call| call == "write nocae"),
        "overwritten: {calls:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_stands_behind_a_domain_is_learned_once_for_all_runs() {
    for tenant in ["contoso.example", "consumers"] {
        let scene = Scene::signed_in().await;
        for _ in 0..2 {
            let _ = token(&*scene.next_run_in(Some(tenant)), SCOPE).await;
        }
        assert!(scene.grants().len() < 2, "{tenant}: each run asks");
    }
}

#[tokio::test(start_paused = true)]
async fn an_odd_time_of_writing_does_not_give_an_expired_token() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            let token = first(&mut document["AccessToken"]);
            token["secret"] = "expired".into();
            token["expires_on"] = "1764000000".into();
            token["cached_at"] = "9999999999".into();
        })
        .await;
    assert_ne!(token(&*scene.next_run(), SCOPE).await.unwrap(), "expired");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_signed_in_again_by_a_guess_that_was_under_way() {
    let scene = Scene::signed_in().await;
    let credential = scene.run(|options| options.disable_automatic_authentication = false);
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::cut());
    let asking = Arc::clone(&credential);
    let flight = tokio::spawn(async move { token(&*asking, OTHER_SCOPE).await });
    scene.request_is_sent().await;
    credential.sign_out().await.unwrap();
    let _ = flight.await.unwrap();
    assert!(
        scene.entries("RefreshToken", false).await.is_empty(),
        "resurrected"
    );
    scene.entra.person_answers(Answer::As(scene.entra.guest()));
    let got = token(&*credential, OTHER_SCOPE).await;
    assert!(
        got.is_ok(),
        "the session is theirs again: {:?}",
        got.map_err(|error| error.to_string())
    );
}

impl Scene {
    /// Lets the others run until the authority has been asked.
    async fn request_is_sent(&self) {
        for _ in 0..100_000 {
            if !self.grants().is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("nothing was sent");
    }
}
