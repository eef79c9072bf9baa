//! The last link: who is signed in to the operating system.

use super::*;
use crate::{
    ErrorKind,
    testing::broker::{Call, Conduct, FakeBroker, account},
};

async fn with_broker() -> (Scene, Arc<FakeBroker>) {
    let mut scene = Scene::new(laptop).await;
    let broker = FakeBroker::new(&scene.entra);
    scene.options.broker = Some(broker.clone());
    (scene, broker)
}

#[tokio::test(start_paused = true)]
async fn broker_credential_comes_last_and_asks_nobody() {
    let (mut scene, broker) = with_broker().await;
    let error = scene.error(&[]).await;
    let names = attempts(&error);
    assert_eq!(names[..9], ALL);
    assert_eq!(names[9..], ["BrokerCredential"]);
    assert_eq!(broker.calls(), ["default"]);

    broker.sign_in_by_default();
    let credential = scene.credential(&[]);
    let first = token(&credential).await.unwrap();
    assert!(first.ends_with(&scene.entra.username(0)), "{first}");
    assert_eq!(broker.calls(), ["default", "silent"]);
    assert_eq!(token(&credential).await.unwrap(), first);
    assert!(broker.calls().is_empty());

    // What it gave is in the shared cache now, too.
    scene.options.client.cache_persistence = None;
    scene.options.exclude_shared_token_cache_credential = Some(true);
    scene.options.exclude_broker_credential = Some(true);
    let names = attempts(&scene.error(&[]).await);
    assert!(!names.contains(&"BrokerCredential".to_owned()), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_with_exclude_beats_the_variable_for_the_broker_too() {
    let (mut scene, broker) = with_broker().await;
    broker.sign_in_by_default();
    scene.options.exclude_shared_token_cache_credential = Some(true);
    for (value, exclude, serves) in [
        ("dev", None, true),
        ("prod", None, false),
        ("prod", Some(false), true),
        ("dev", Some(true), false),
    ] {
        scene.options.exclude_broker_credential = exclude;
        let credential = scene.credential(&[("AZURE_TOKEN_CREDENTIALS", value)]);
        assert_eq!(token(&credential).await.is_ok(), serves, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn broker_credential_client_id_and_broker_credential_tenant_id_reach_the_broker() {
    let (mut scene, broker) = with_broker().await;
    broker.sign_in_by_default();
    // That of the fake is of the home tenant, whichever is asked for.
    let changes = |token: &mut crate::BrokerToken| token.id_token = None;
    broker.set(Call::Silently, Conduct::Changes(Arc::new(changes)));
    scene.options.exclude_shared_token_cache_credential = Some(true);
    let asked = async |scene: &Scene, variables: &[(&str, &str)]| {
        token(&scene.credential(variables)).await.unwrap();
        let request = broker.silent.lock().unwrap().pop().unwrap();
        (request.application.client_id, request.application.authority)
    };
    let (client_id, authority) = asked(&scene, &[("AZURE_TENANT_ID", TENANT)]).await;
    assert_eq!(client_id, "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    assert!(authority.ends_with(TENANT), "{authority}");
    scene.options.broker_client_id = Some("my-application".into());
    scene.options.broker_tenant_id = Some("fabrikam.example".into());
    let (client_id, authority) = asked(&scene, &[("AZURE_TENANT_ID", TENANT)]).await;
    assert_eq!(client_id, "my-application");
    assert!(authority.ends_with("/fabrikam.example"), "{authority}");
}

#[tokio::test(start_paused = true)]
async fn broker_credential_requirements_not_installed_is_one_attempt_among_the_others() {
    for (conduct, kind) in [
        (
            Conduct::Fails(ErrorKind::CredentialUnavailable),
            ErrorKind::CredentialUnavailable,
        ),
        (Conduct::Hangs, ErrorKind::CredentialUnavailable),
        (Conduct::Panics, ErrorKind::CredentialUnavailable),
    ] {
        let (scene, broker) = with_broker().await;
        broker.set_all(&conduct);
        let error = scene.error(&[]).await;
        assert_eq!(error.kind(), kind);
        assert_eq!(attempts(&error).last().unwrap(), "BrokerCredential");
        assert_eq!(broker.calls(), ["default"]);
    }
}

/// It stands for the account of the operating system, not for whoever is in the cache.
#[tokio::test(start_paused = true)]
async fn somebody_else_in_the_cache_is_not_taken_for_the_default_account() {
    let (mut scene, broker) = with_broker().await;
    scene.signed_in(&scene.entra.username(0)).await;
    scene.options.exclude_shared_token_cache_credential = Some(true);
    broker.sign_in(account(&scene.entra, 0));
    let error = scene.error(&[]).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(broker.calls(), ["default"]);
}

#[cfg(feature = "pop")]
#[tokio::test(start_paused = true)]
async fn a_bound_token_is_the_brokers_and_where_it_binds_none_that_is_one_attempt_among_the_others()
{
    use crate::testing::{broker::Binding, resource::claim};
    let options = || TokenInfoOptions {
        pop: Some(crate::PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: "https://resource.example/".into(),
            nonce: "n".into(),
        }),
        ..Default::default()
    };
    for binding in [
        Binding::ToTheKey,
        Binding::ToItsOwn,
        Binding::Cannot,
        Binding::Ignores,
    ] {
        let (mut scene, broker) = with_broker().await;
        scene.options.exclude_shared_token_cache_credential = Some(true);
        broker.sign_in_by_default();
        *broker.binding.lock().unwrap() = binding;
        let credential = scene.credential(&[]);
        let outcome = credential.get_token_info(&[SCOPE], Some(options())).await;
        assert_eq!(broker.calls(), ["default", "silent"]);
        assert!(broker.silent.lock().unwrap()[0].pop.is_some());
        match binding {
            Binding::ToTheKey | Binding::ToItsOwn => {
                let info = outcome.unwrap();
                assert_eq!(info.token_type, "pop");
                assert_eq!(claim(info.token.secret(), "nonce"), "n");
            }
            Binding::Cannot | Binding::Ignores => {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
                assert_eq!(attempts(&error).last().unwrap(), "BrokerCredential");
            }
        }
    }
}
