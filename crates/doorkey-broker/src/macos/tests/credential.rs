//! The credential above all of this.

use super::super::messages::{Failure, SystemError};
use super::recorder::MainThread;
use super::*;
use azure_core::credentials::TokenCredential as _;
use azure_core::time::OffsetDateTime;
use doorkey::{
    ErrorKind, InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions,
    PublicClientOptions,
};
use std::sync::Arc;

fn granted() -> Value {
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
    changed(token(), &json!({"id_token": id_token(&claims)}))
}

fn somebody() -> Value {
    json!({
        "success": "1",
        "client_info": client_info(OBJECT, TENANT),
        "username": "ada@contoso.com",
        "realm": TENANT,
    })
}

/// As the extension says it.
fn refused(code: i64) -> Failure {
    let within = SystemError {
        domain: "MSALErrorDomain".into(),
        code,
        ..Default::default()
    };
    Failure::Error(SystemError {
        domain: "com.apple.AuthenticationServices.AuthorizationError".into(),
        code: -6000,
        underlying: Some(Box::new(within)),
        ..Default::default()
    })
}

fn credential(system: &Recorder) -> Arc<InteractiveBrowserBrokerCredential> {
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
    InteractiveBrowserBrokerCredential::new(broker, Some(options)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_is_signed_in_to_the_mac_is_signed_in_to_the_program() {
    let system = Recorder::answering([reply(&somebody()), reply(&granted())]);
    let system = system.main_thread(MainThread::Ours);
    let credential = credential(&system);
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

/// And not the browser, which has nothing of the device.
#[tokio::test(start_paused = true)]
async fn a_person_who_is_needed_is_asked_in_the_extensions_window() {
    let system = Recorder::with([
        Ok(reply(&somebody())),
        Err(refused(-50002)),
        Ok(reply(&granted())),
    ]);
    let token = credential(&system).get_token(&["scope"], None).await;
    assert_eq!(token.unwrap().token.secret(), "token");
    let calls = system.calls();
    assert!(calls[1].starts_with("refresh silently "), "{calls:?}");
    assert!(calls[2].starts_with("login asking "), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn who_says_no_in_the_extensions_window_is_not_asked_by_the_browser() {
    let system = Recorder::with([Ok(reply(&json!({"success": "1"}))), Err(refused(-50005))]);
    let error = credential(&system).get_token(&["scope"], None).await;
    let error = error.unwrap_err();
    let error = doorkey::Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::Declined, "{error}");
    assert_eq!(system.calls().len(), 2);
}
