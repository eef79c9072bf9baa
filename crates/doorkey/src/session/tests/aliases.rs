//! What was kept under another name of the same cloud.

use super::{store::Scene, token};
use crate::{account::accounts_with, seams::Environment, testing::SCOPE};
use serde_json::json;

/// Somebody signed in by an older name of the authority, and their access token is gone or not.
async fn signed_in_elsewhere(has_access_token: bool) -> Scene {
    let scene = Scene::signed_in().await;
    assert_eq!(scene.record.authority, "login.microsoftonline.com");
    scene
        .change(false, |document| {
            let text = document.to_string();
            let text = text.replace("login.microsoftonline.com", "sts.windows.net");
            *document = serde_json::from_str(&text).unwrap();
            if !has_access_token {
                document["AccessToken"] = json!({});
            }
        })
        .await;
    scene
}

#[tokio::test(start_paused = true)]
async fn get_accounts_should_find_accounts_under_different_alias() {
    let scene = signed_in_elsewhere(true).await;
    let options = crate::PublicClientOptions {
        cache_persistence: Some(scene.store.options()),
        ..Default::default()
    };
    let found = accounts_with(&options, &Environment::of::<&str>(&[])).await;
    assert_eq!(found.unwrap()[0].username, scene.record.username);
}

#[tokio::test(start_paused = true)]
async fn acquire_token_silent_should_find_at_under_different_alias() {
    let scene = signed_in_elsewhere(true).await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
    assert!(scene.entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn acquire_token_silent_should_find_rt_under_different_alias() {
    let scene = signed_in_elsewhere(false).await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
}
