//! A person types a device's code in a browser.

use crate::scene::{SCOPE, Scene};
use doorkey::{
    AccessTokenInfo, DeviceCodeCredential, DeviceCodeCredentialOptions, DeviceCodeInfo, ErrorKind,
    InteractiveCredential as _, Result,
};
use doorkey_emulator::Endpoint;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

async fn scene() -> Scene {
    Scene::with(|emulator| emulator.device_code_interval(Duration::from_secs(1))).await
}

/// Asks for a token by device code; what the person does with the code runs meanwhile.
async fn ask<P: Future<Output = ()>>(
    scene: &Scene,
    person: impl FnOnce(DeviceCodeInfo) -> P,
) -> Result<AccessTokenInfo> {
    let (show, mut shown) = mpsc::unbounded_channel();
    let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
        prompt_callback: Some(Arc::new(move |info| {
            show.send(info.clone()).unwrap();
            Ok(())
        })),
        client: scene.client(),
        ..Default::default()
    }))
    .unwrap();
    let person = async {
        let info = shown.recv().await.unwrap();
        person(info).await;
    };
    let (outcome, ()) = tokio::join!(credential.get_token_info(&[SCOPE], None), person);
    outcome
}

#[tokio::test]
async fn a_person_types_the_code_of_a_device_and_signs_it_in() {
    let scene = scene().await;
    let (browser, adele) = (&scene.browser, scene.user("Adele"));
    let token = ask(&scene, async |info| {
        browser.goto(&info.verification_uri).await;
        browser.shows("Enter code").await;
        browser.picture("device-code").await;
        browser.fill("user_code", "WRONGCODE").await;
        browser.press("next").await;
        browser.shows_problem("That code didn't work").await;
        assert_eq!(browser.value("user_code").await, "WRONGCODE");
        browser.picture("device-code-wrong").await;
        // As people type.
        let typed = info.user_code.to_lowercase();
        browser.fill("user_code", &typed).await;
        browser.press("next").await;
        browser
            .shows("Are you trying to sign in to Microsoft Azure CLI?")
            .await;
        browser.picture("device-confirm").await;
        browser.press("accept").await;
        browser.sign_in(&adele).await;
        browser.shows("You are signed in").await;
        browser.picture("device-signed-in").await;
    })
    .await
    .unwrap();
    let me = scene.resource_says(&token).await;
    assert_eq!(me["username"], adele.username);
    assert_eq!(scene.requests_to(Endpoint::DeviceCode).len(), 1);
}

#[tokio::test]
async fn a_person_who_did_not_begin_it_stops_the_device() {
    let scene = scene().await;
    let browser = &scene.browser;
    let outcome = ask(&scene, async |info| {
        browser.goto(&info.verification_uri).await;
        browser.fill("user_code", &info.user_code).await;
        browser.press("next").await;
        browser
            .shows("Are you trying to sign in to Microsoft Azure CLI?")
            .await;
        browser.press("cancel").await;
        browser.shows("You declined the sign-in").await;
        browser.picture("device-declined").await;
    })
    .await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Declined);
}
