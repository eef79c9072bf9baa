//! Of which tenant a token is, where its reply does not say.

use super::store::Scene;
use crate::{InteractiveCredential, TokenInfoOptions, testing::OTHER_SCOPE};
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_renewal_that_names_no_tenant_is_of_the_one_that_was_asked() {
    let scene = Scene::signed_in().await;
    let credential = || {
        let record = Some(scene.record.clone());
        scene.run(|options| {
            options.authentication_record = record;
            options.client.additionally_allowed_tenants = vec!["*".into()];
        })
    };
    let abroad = || TokenInfoOptions {
        tenant_id: Some("fabrikam.example".into()),
        ..Default::default()
    };
    let reply = json!({ "access_token": "of-fabrikam", "expires_in": 3600, "scope": OTHER_SCOPE });
    let reply = Reply::new(200).body(reply.to_string());
    scene.entra.emulator.replace_next(Endpoint::Token, 1, reply);
    for credential in [credential(), credential()] {
        let theirs = credential.get_token_info(&[OTHER_SCOPE], Some(abroad()));
        assert_eq!(theirs.await.unwrap().token.secret(), "of-fabrikam");
        let at_home = credential.get_token_info(&[OTHER_SCOPE], None).await;
        assert_ne!(at_home.unwrap().token.secret(), "of-fabrikam");
    }
    assert_eq!(scene.grants(), ["refresh_token"; 2]);
}
