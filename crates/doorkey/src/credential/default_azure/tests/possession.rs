//! Tokens that are bound to a key, in the default chain.

use super::*;
use azure_core::http::{Context, Method, Pipeline, Request};

#[tokio::test(start_paused = true)]
async fn the_policy_signs_by_the_first_link_that_can() {
    let scene = Scene::new(laptop).await;
    let username = scene.entra.username(0);
    scene.signed_in(&username).await;
    // Which of them the environment's link is, depends on the features.
    let variables = [
        ("AZURE_CLIENT_ID", "an-application"),
        ("AZURE_USERNAME", &username),
        ("AZURE_PASSWORD", "x"),
    ];
    let credential = scene.credential(&variables);
    let mut client = scene.options.client.client_options.clone();
    client.per_try_policies = vec![credential.pop_policy(&[SCOPE])];
    let pipeline = Pipeline::new(Some("a-client"), None, client, vec![], vec![], None);
    let before = scene.machine.seen().len();
    let url = format!("{}/resource/me", scene.entra.emulator.authority());
    for _ in 0..2 {
        let mut request = Request::new(url.parse().unwrap(), Method::Get);
        let sent = pipeline.send(&Context::new(), &mut request, None).await;
        assert_eq!(u16::from(sent.unwrap().status()), 200);
    }
    let seen = &scene.machine.seen()[before..];
    let grants: Vec<_> = seen
        .iter()
        .filter_map(|request| request.form_value("grant_type"))
        .collect();
    // That of the shared cache, and neither an application's nor a password.
    assert_eq!(grants, ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_signed_in_the_error_tells_who_was_passed_by() {
    let scene = Scene::new(laptop).await;
    let credential = scene.credential(&SERVICE_PRINCIPAL);
    let options = TokenInfoOptions {
        pop: Some(crate::PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: "https://graph.microsoft.com/v1.0/me".into(),
            nonce: "n".into(),
        }),
        ..Default::default()
    };
    let error = credential.get_token_info(&[SCOPE], Some(options)).await;
    let error = error.unwrap_err();
    assert_eq!(attempts(&error), ALL);
    let text = error.to_string();
    for name in [
        "EnvironmentCredential",
        "ManagedIdentityCredential",
        "AzureCliCredential",
    ] {
        let passed_by = format!(
            "{name}: was not asked, as it cannot be asked for proof-of-possession in a request"
        );
        assert!(text.contains(&passed_by), "{name}: {text}");
    }
    assert!(
        text.contains("SharedTokenCacheCredential: a person has to sign in"),
        "{text}"
    );
    assert!(scene.machine.seen().is_empty());
}
