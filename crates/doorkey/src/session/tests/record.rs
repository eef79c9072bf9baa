//! The account of a record, and nobody else's.

use super::{
    store::{Scene, first},
    token,
};
use crate::{AuthenticationRecord, ErrorKind, InteractiveCredential, testing::SCOPE};
use doorkey_emulator::Endpoint;
use serde_json::json;

/// Every entry of the cache is then of this account.
async fn of_account(scene: &Scene, home_account_id: &str) {
    scene
        .change(false, |document| {
            for section in ["AccessToken", "Account", "IdToken", "RefreshToken"] {
                first(&mut document[section])["home_account_id"] = home_account_id.into();
            }
        })
        .await;
}

/// Those that were sent since the sign-in.
fn refresh_tokens(scene: &Scene) -> Vec<String> {
    let requests = scene.entra.requests_to(Endpoint::Token);
    let sent = requests
        .iter()
        .filter_map(|request| request.form_value("refresh_token"));
    sent.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn authentication_record_uses_its_accounts_refresh_token() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            document["AccessToken"] = json!({});
            first(&mut document["RefreshToken"])["secret"] = "its own".into();
        })
        .await;
    token(&*scene.next_run(), SCOPE).await.unwrap_err();
    assert_eq!(refresh_tokens(&scene), ["its own"]);
}

#[tokio::test(start_paused = true)]
async fn authentication_record_empty_cache() {
    let scene = Scene::signed_in().await;
    scene.store.write(false, "{}").await;
    let error = token(&*scene.next_run(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(scene.entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn authentication_record_no_match() {
    let scene = Scene::signed_in().await;
    let (uid, utid) = scene.record.home_account_id.split_once('.').unwrap();
    for other in [
        format!("another.{utid}"),
        format!("{uid}.another"),
        String::new(),
    ] {
        of_account(&scene, &other).await;
        let error = token(&*scene.next_run(), SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{other}");
    }
    assert!(scene.entra.emulator.requests().is_empty());
    of_account(&scene, &scene.record.home_account_id).await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn auth_record_multiple_accounts_for_username() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            document["AccessToken"] = json!({});
            for section in ["Account", "RefreshToken"] {
                let mut namesake = first(&mut document[section]).clone();
                namesake["home_account_id"] = "another.tenant".into();
                if section == "RefreshToken" {
                    first(&mut document[section])["secret"] = "the record's".into();
                }
                document[section]["a namesake"] = namesake;
            }
        })
        .await;
    token(&*scene.next_run(), SCOPE).await.unwrap_err();
    assert_eq!(refresh_tokens(&scene), ["the record's"]);
}

#[tokio::test(start_paused = true)]
async fn authentication_record_authenticating_tenant() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run_in(Some("fabrikam.example"));
    token(&*credential, SCOPE).await.unwrap_err();
    let sent = &scene.entra.requests_to(Endpoint::Token)[0];
    assert!(sent.path.starts_with("/fabrikam.example/"), "{}", sent.path);
}

/// A guest whom the directory gives no name.
#[tokio::test(start_paused = true)]
async fn whoever_has_no_user_name_is_called_by_their_account() {
    let scene = Scene::signed_in().await;
    let nobody = AuthenticationRecord {
        home_account_id: "another.account".into(),
        username: String::new(),
        ..scene.record.clone()
    };
    let credential = scene.entra.credential(|options| {
        options.authentication_record = Some(nobody);
    });
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
    assert!(error.to_string().contains("another.account"), "{error}");
}
