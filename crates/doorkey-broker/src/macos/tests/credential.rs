//! The credential above all of this.

use super::recorder::MainThread;
use super::*;
use azure_core::credentials::TokenCredential as _;
use azure_core::time::OffsetDateTime;
use doorkey::{
    InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions,
    PublicClientOptions,
};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn whoever_is_signed_in_to_the_mac_is_signed_in_to_the_program() {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({
        "aud": "client",
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "exp": now + 3600,
        "iat": now,
        "oid": OBJECT,
        "sub": "subject",
        "tid": TENANT,
        "preferred_username": "ada@contoso.com",
    });
    let somebody = json!({
        "success": "1",
        "client_info": client_info(OBJECT, TENANT),
        "username": "ada@contoso.com",
        "realm": TENANT,
    });
    let granted = changed(token(), &json!({"id_token": id_token(&claims)}));
    let system = Recorder::answering([reply(&somebody), reply(&granted)]);
    let system = system.main_thread(MainThread::Ours);
    let options = InteractiveBrowserBrokerCredentialOptions {
        client: PublicClientOptions {
            tenant_id: Some("organizations".into()),
            ..Default::default()
        },
        client_id: Some("client".into()),
        use_default_broker_account: true,
        ..Default::default()
    };
    let broker = Arc::new(system.extension());
    let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options)).unwrap();
    for _ in 0..2 {
        let token = credential.get_token(&["scope"], None).await.unwrap();
        assert_eq!(token.token.secret(), "token");
    }
    let calls = system.calls();
    assert!(
        calls[0].starts_with("get_default_account silently "),
        "{calls:?}"
    );
    assert!(calls[1].starts_with("refresh silently "), "{calls:?}");
    assert_eq!(calls.len(), 2, "the second token is of the cache");
}
