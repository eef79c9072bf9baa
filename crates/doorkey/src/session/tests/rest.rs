//! When an authority that refused is asked again.

use super::{
    DEVICE, minutes, refusal,
    store::{OTHER_FAMILY_MEMBER, Scene},
    token,
};
use crate::{
    Error, ErrorKind, InteractiveCredential, TokenInfoOptions,
    testing::{Entra, OTHER_SCOPE, SCOPE, turn_clock},
};
use doorkey_emulator::{Endpoint, Reply};
use std::time::Duration;

const THIRD_SCOPE: &str = "https://graph.microsoft.com/User.Read";

/// The error that is told meanwhile.
async fn is_left_alone_for_a_minute(status: u16) -> Error {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(minutes(24 * 60)).await;
    let reply = Reply::new(status)
        .header("retry-after", "60")
        .body(r#"{"error":"not_today","error_description":"AADSTS1: No."}"#);
    entra.emulator.replace_next(Endpoint::Token, 1, reply);
    token(&*credential, SCOPE).await.unwrap_err();
    turn_clock(Duration::from_secs(59)).await;
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    turn_clock(Duration::from_secs(1)).await;
    token(&*credential, SCOPE).await.unwrap();
    assert_eq!(entra.grants().len(), 3);
    assert_eq!(entra.prompts(), 1);
    error
}

#[tokio::test(start_paused = true)]
async fn a_429_with_retry_after_n_seconds_should_keep_entry_for_n_seconds() {
    let error = is_left_alone_for_a_minute(429).await;
    assert_eq!(error.kind(), ErrorKind::Network);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
}

#[tokio::test(start_paused = true)]
async fn a_5xx_with_retry_after_n_seconds_should_keep_entry_for_n_seconds() {
    is_left_alone_for_a_minute(503).await;
}

#[tokio::test(start_paused = true)]
async fn a_400_with_retry_after_n_seconds_should_keep_entry_for_n_seconds() {
    is_left_alone_for_a_minute(400).await;
}

#[tokio::test(start_paused = true)]
async fn one_retry_after_request_should_block_a_similar_request() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let busy = Reply::new(429).header("retry-after", "60");
    scene.entra.emulator.replace_next(Endpoint::Token, 1, busy);
    for _ in 0..3 {
        let error = token(&*credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
    }
    assert_eq!(scene.grants().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_retry_after_request_should_not_block_a_different_request() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let busy = Reply::new(429).header("retry-after", "60");
    scene.entra.emulator.replace_next(Endpoint::Token, 1, busy);
    token(&*credential, OTHER_SCOPE).await.unwrap_err();
    token(&*credential, THIRD_SCOPE).await.unwrap();
}

fn with_claims(value: &str) -> Option<TokenInfoOptions> {
    let claims = serde_json::json!({"access_token": {"nbf": {"value": value}}});
    Some(TokenInfoOptions {
        claims: Some(claims.to_string()),
        ..Default::default()
    })
}

#[tokio::test(start_paused = true)]
async fn one_invalid_grant_should_block_a_similar_request() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let refused = refusal("invalid_grant", "basic_action");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 9, refused);
    for (claims, grants) in [("c1", 1), ("c1", 1), ("c2", 2), ("c2", 2)] {
        let error = credential
            .get_token_info(&[SCOPE], with_claims(claims))
            .await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::AuthenticationRequired);
        assert_eq!(scene.grants().len(), grants, "{claims}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_foci_app_recovering_from_invalid_grant_should_also_unblock_another() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let refused = refusal("invalid_grant", "basic_action");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, refused);
    for _ in 0..2 {
        token(&*credential, OTHER_SCOPE).await.unwrap_err();
    }
    assert_eq!(scene.grants().len(), 1);
    let sibling = scene.run(|options| options.client_id = Some(OTHER_FAMILY_MEMBER.into()));
    sibling.authenticate(None).await.unwrap();
    token(&*credential, OTHER_SCOPE).await.unwrap();
}

/// A request that must not be answered by what is known is not answered by a refusal either.
#[tokio::test(start_paused = true)]
async fn forcefresh_behavior() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    assert!(scene.grants().is_empty());
    credential
        .get_token_info(&[SCOPE], with_claims("c1"))
        .await
        .unwrap();
    assert_eq!(scene.grants().len(), 1, "past the cached token");
    let busy = Reply::new(429).header("retry-after", "60");
    scene.entra.emulator.replace_next(Endpoint::Token, 1, busy);
    token(&*credential, OTHER_SCOPE).await.unwrap_err();
    let claims = with_claims("c1");
    credential
        .get_token_info(&[OTHER_SCOPE], claims)
        .await
        .unwrap();
    assert_eq!(scene.grants().len(), 3, "past the pause");
}
