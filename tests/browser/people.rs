//! Each kind of person signs in.

use crate::scene::{SCOPE, Scene};
use doorkey::{AuthenticateOptions, ErrorKind, InteractiveCredential as _};
use doorkey_emulator::Endpoint;

const EXPENSES: &str = "22223333-cccc-4444-dddd-5555eeee6666";

#[tokio::test]
async fn a_person_signs_in_and_their_code_is_in_no_address() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let token = scene
        .ask(&scene.credential(|_| {}), async {
            let page = scene.open_page().await;
            scene.browser.shows("Sign in").await;
            scene.browser.picture("sign-in").await;
            scene.browser.give_name(&adele).await;
            scene.browser.shows("Enter password").await;
            scene.browser.picture("password").await;
            scene.browser.give_password(&adele.password).await;
            scene.browser.shows("You are signed in").await;
            assert_eq!(scene.browser.url().await, page.redirect_uri());
            scene.browser.picture("library-signed-in").await;
        })
        .await;
    let token = token.unwrap();
    let me = scene.resource_says(&token).await;
    assert_eq!(me["username"], adele.username);

    assert_eq!(scene.grants(), ["authorization_code"]);
    let redeemed = &scene.requests_to(Endpoint::Token)[0];
    let code = redeemed.form_value("code").unwrap();
    let history = scene.browser.history().await;
    assert!(history.len() > 2, "{history:?}");
    for address in history {
        assert!(
            !address.contains(code) && !address.contains("code="),
            "{address}"
        );
    }
    assert_eq!(scene.browser.run("return document.referrer").await, "");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_the_right_one_signs_in() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let token = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.give_name(&adele).await;
            scene.browser.give_password("not hers").await;
            scene.browser.shows_problem("password is incorrect").await;
            scene.browser.picture("wrong-password").await;
            scene.browser.give_password(&adele.password).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&token.unwrap()).await;
    assert_eq!(me["username"], adele.username);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_until_it_is_right() {
    let scene = Scene::new().await;
    let morgan = scene.user("Morgan");
    let token = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.sign_in(&morgan).await;
            scene.browser.shows("Verify your identity").await;
            scene.browser.picture("second-factor").await;
            scene.browser.fill("code", "000000").await;
            scene.browser.press("verify").await;
            scene.browser.shows_problem("That code is not right").await;
            scene.browser.picture("second-factor-wrong").await;
            let code = morgan.mfa_code.as_deref().unwrap();
            scene.browser.fill("code", code).await;
            scene.browser.press("verify").await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&token.unwrap()).await;
    assert_eq!(me["username"], morgan.username);
}

#[tokio::test]
async fn consent_is_declined_and_then_given_once() {
    let scene = Scene::new().await;
    let casey = scene.user("Casey");
    let credential = scene.credential(|_| {});
    let declined = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.sign_in(&casey).await;
            scene.browser.shows("Permissions requested").await;
            scene.browser.picture("consent").await;
            scene.browser.press("cancel").await;
            scene.browser.shows("You did not sign in").await;
        })
        .await;
    assert_eq!(declined.unwrap_err().kind(), ErrorKind::Declined);
    assert!(scene.grants().is_empty());

    let given = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.sign_in(&casey).await;
            scene.browser.shows("Permissions requested").await;
            scene.browser.press("accept").await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&given.unwrap()).await;
    assert_eq!(me["username"], casey.username);

    let again = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.pick(&casey).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    again.unwrap();
}

#[tokio::test]
async fn an_application_that_all_have_to_consent_to_is_named() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let credential = scene.credential(|options| options.client_id = Some(EXPENSES.into()));
    let token = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("Permissions requested").await;
            assert!(scene.browser.text().await.contains("Contoso Expenses"));
            scene.browser.press("accept").await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&token.unwrap()).await;
    assert_eq!(me["application"], EXPENSES);
}

#[tokio::test]
async fn a_hint_skips_the_first_page_and_another_person_can_sign_in() {
    let scene = Scene::new().await;
    let (adele, gale) = (scene.user("Adele"), scene.user("Gale"));
    let credential = scene.credential(|options| options.login_hint = Some(adele.username.clone()));
    let token = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.shows("Enter password").await;
            assert!(scene.browser.text().await.contains(&adele.username));
            scene.browser.press("other").await;
            scene.browser.sign_in(&gale).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&token.unwrap()).await;
    assert_eq!(me["username"], gale.username);
}

#[tokio::test]
async fn who_is_signed_in_is_offered_and_another_can_be_picked() {
    let scene = Scene::new().await;
    let (adele, gale) = (scene.user("Adele"), scene.user("Gale"));
    let first = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    first.unwrap();

    let other = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.shows("Pick an account").await;
            assert!(scene.browser.text().await.contains(&adele.name));
            scene.browser.press("other").await;
            scene.browser.sign_in(&gale).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&other.unwrap()).await;
    assert_eq!(me["username"], gale.username);

    for user in [adele, gale] {
        let picked = scene
            .ask(&scene.credential(|_| {}), async {
                let page = scene.open_page().await;
                assert_eq!(page.parameter("prompt"), "select_account");
                scene.browser.shows("Pick an account").await;
                scene.browser.picture("pick-an-account").await;
                scene.browser.pick(&user).await;
                scene.browser.shows("You are signed in").await;
            })
            .await;
        let me = scene.resource_says(&picked.unwrap()).await;
        assert_eq!(me["username"], user.username);
    }
}

#[tokio::test]
async fn a_guest_signs_in_to_the_tenant_that_invited_them() {
    let scene = Scene::new().await;
    let gale = scene.user("Gale");
    let contoso = scene.emulator.tenant_id().to_owned();
    let credential = scene.credential(|options| options.client.tenant_id = Some(contoso.clone()));
    let token = scene
        .ask(&credential, async {
            let page = scene.open_page().await;
            assert!(page.0.path().starts_with(&format!("/{contoso}/")));
            scene.browser.sign_in(&gale).await;
            scene.browser.shows("You are signed in").await;
        })
        .await;
    let me = scene.resource_says(&token.unwrap()).await;
    assert_eq!(me["username"], gale.username);
    assert_eq!(me["tenant_id"], contoso);

    let asked = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    };
    let (record, ()) = tokio::join!(credential.authenticate(Some(asked)), async {
        scene.open_page().await;
        scene.browser.pick(&gale).await;
        scene.browser.shows("You are signed in").await;
    });
    let record = record.unwrap();
    assert_eq!(record.tenant_id, contoso);
    assert!(record.home_account_id.ends_with(&gale.tenant_id));
}
