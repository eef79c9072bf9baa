//! Applications that share a refresh token, and what they do with one that is refused.

use super::{
    refusal,
    store::{OTHER_FAMILY_MEMBER, Scene, first},
    token,
};
use crate::{DeviceCodeCredential, ErrorKind, InteractiveCredential, testing::SCOPE};
use doorkey_emulator::Endpoint;
use serde_json::json;
use std::sync::Arc;

/// Another application, which the cache knows as `family_id` says, if at all.
async fn sibling(scene: &Scene, family_id: Option<Option<&str>>) -> Arc<DeviceCodeCredential> {
    if let Some(family_id) = family_id {
        scene
            .change(false, |document| {
                let environment = first(&mut document["AppMetadata"])["environment"].clone();
                document["AppMetadata"]["sibling"] = json!({
                    "client_id": OTHER_FAMILY_MEMBER, "environment": environment,
                    "family_id": family_id,
                });
            })
            .await;
    }
    let record = scene.record.clone();
    scene.run(|options| {
        options.client_id = Some(OTHER_FAMILY_MEMBER.into());
        options.authentication_record = Some(crate::AuthenticationRecord {
            client_id: OTHER_FAMILY_MEMBER.into(),
            ..record
        });
    })
}

#[tokio::test(start_paused = true)]
async fn unknown_orphan_app_will_attempt_frt_and_not_remove_it() {
    let scene = Scene::signed_in().await;
    let credential = sibling(&scene, None).await;
    let refused = refusal("invalid_grant", "client_mismatch");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, refused);
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(scene.grants(), ["refresh_token"]);
    assert_eq!(scene.entries("RefreshToken", false).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn known_orphan_app_will_skip_frt_and_only_use_its_own_rt() {
    let scene = Scene::signed_in().await;
    let credential = sibling(&scene, Some(None)).await;
    token(&*credential, SCOPE).await.unwrap_err();
    assert!(scene.grants().is_empty(), "the family's is not its own");
    let mut own = scene.entries("RefreshToken", false).await.remove(0);
    own["client_id"] = OTHER_FAMILY_MEMBER.into();
    own["family_id"] = json!(null);
    own["secret"] = "its own".into();
    scene
        .change(false, |document| document["RefreshToken"]["own"] = own)
        .await;
    token(&*credential, SCOPE).await.unwrap_err();
    let sent = scene.entra.requests_to(Endpoint::Token);
    let sent: Vec<_> = sent
        .iter()
        .map(|request| request.form_value("refresh_token").unwrap())
        .collect();
    assert_eq!(sent, ["its own"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_family_app_will_attempt_frt_and_join_family() {
    let scene = Scene::signed_in().await;
    let credential = sibling(&scene, None).await;
    token(&*credential, SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
    let metadata = scene.entries("AppMetadata", false).await;
    let its = metadata
        .iter()
        .find(|entry| entry["client_id"] == OTHER_FAMILY_MEMBER);
    assert_eq!(its.unwrap()["family_id"], "1");
}

#[tokio::test(start_paused = true)]
async fn preexisting_family_app_will_attempt_frt_and_return_error() {
    let scene = Scene::signed_in().await;
    let credential = sibling(&scene, Some(Some("1"))).await;
    let refused = refusal("invalid_grant", "basic_action");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, refused);
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.oauth().unwrap().error, "invalid_grant");
    assert_eq!(scene.grants(), ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn family_app_remove_account() {
    let scene = Scene::signed_in().await;
    let credential = sibling(&scene, Some(Some("1"))).await;
    token(&*credential, SCOPE).await.unwrap();
    credential.sign_out().await.unwrap();
    for section in ["AccessToken", "Account", "IdToken", "RefreshToken"] {
        assert!(scene.entries(section, false).await.is_empty(), "{section}");
    }
    assert_eq!(scene.entries("AppMetadata", false).await.len(), 2);
    let error = token(&*scene.next_run(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}
