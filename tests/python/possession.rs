//! What we sign, checked by another implementation; and what we keep, beside a program in Python.

use crate::{python, sharing::Scene, text};
use doorkey::{
    AuthenticateOptions, InteractiveCredential as _, PopTokenRequestOptions, TokenInfoOptions,
};
use std::process::Stdio;

const SCOPE: &str = "https://management.azure.com/.default";

#[tokio::test(flavor = "multi_thread")]
async fn pyjwt_checks_what_we_sign_and_azure_identity_passes_by_what_we_keep() {
    let scene = Scene::of_python().await;
    let credential = scene.credential(|_| {});
    // With no bearer token for the scope that is asked for below, by us and by them.
    let options = AuthenticateOptions {
        scopes: vec!["https://vault.azure.net/.default".into()],
        ..Default::default()
    };
    let record = credential.authenticate(Some(options)).await;
    let record = record.expect("we sign in");
    let mut signed = Vec::new();
    for (number, query) in ["?b=bar&a=foo&c=duck&$top=%2F1&a=twice", ""]
        .iter()
        .enumerate()
    {
        let options = TokenInfoOptions {
            pop: Some(PopTokenRequestOptions {
                resource_request_method: "PATCH".into(),
                resource_request_url: format!("{}/a%20path{query}", scene.emulator.authority()),
                nonce: format!("nonce \"{number}\""),
            }),
            ..Default::default()
        };
        let info = credential.get_token_info(&[SCOPE], Some(options)).await;
        signed.push(info.expect("a token").token.secret().to_owned());
    }
    let mut command = python(&scene.emulator);
    command
        .args(["-m", "unittest", "--verbose", "test_possession"])
        .env("DOORKEY_SIGNED", signed.join(" "))
        .env("DOORKEY_RECORD", record.serialize())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("nothing panics in there")
        .expect("Python starts");
    assert!(output.status.success(), "{}", text(&output));
}
