//! Sign-ins that do not end as they should, and pages of the program's own.

use crate::scene::{SCOPE, Scene};
use doorkey::{ErrorKind, InteractiveCredential as _};
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn who_cancels_has_declined_and_the_page_says_so() {
    let scene = Scene::new().await;
    let outcome = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.shows("Sign in").await;
            scene.browser.press("cancel").await;
            scene.browser.shows("You did not sign in").await;
            scene.browser.picture("library-declined").await;
        })
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Declined);
    assert_eq!(error.oauth().unwrap().error, "access_denied");
    assert!(scene.grants().is_empty());
}

#[tokio::test]
async fn a_disabled_person_is_told_by_the_page_and_the_program_by_the_deadline() {
    let scene = Scene::new().await;
    let dana = scene.user("Dana");
    // The pages are the authority's: the person sees them whether or not somebody waits yet.
    let credential = scene.credential(|options| options.timeout = Some(Duration::from_secs(1)));
    let outcome = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.sign_in(&dana).await;
            scene
                .browser
                .shows_problem("Your account is disabled")
                .await;
            scene.browser.picture("disabled").await;
        })
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("policy"), "{error}");
    assert!(scene.grants().is_empty());
}

#[tokio::test]
async fn a_redirect_by_query_is_refused_by_a_page_and_the_wait_goes_on() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let token = scene
        .ask(&scene.credential(|_| {}), async {
            let page = scene.page().await;
            // As an authority does that never heard of `form_post`.
            let by_query = page.with("response_mode", "query");
            scene.browser.goto(by_query.as_str()).await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("This answer cannot be used").await;
            assert!(scene.browser.url().await.query().unwrap().contains("code="));
            let text = scene.browser.text().await;
            assert!(text.contains("still waiting"), "{text}");
            scene.browser.picture("library-by-query").await;

            scene.browser.goto(page.0.as_str()).await;
            scene.browser.pick(&adele).await;
            scene.browser.shows("You are signed in").await;
        })
        .await
        .unwrap();
    let me = scene.resource_says(&token).await;
    assert_eq!(me["username"], adele.username);
    assert_eq!(scene.grants(), ["authorization_code"]);
}

#[tokio::test]
async fn a_program_that_gives_up_tells_the_person() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    scene
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::stall());
    let credential = scene.credential(|_| {});
    let call = credential.get_token_info(&[SCOPE], None);
    let gives_up = async {
        tokio::select! {
            _ = call => panic!("the authority is silent"),
            () = scene.token_is_asked_for() => {}
        }
    };
    let person = async {
        scene.open_page().await;
        scene.browser.sign_in(&adele).await;
        scene.browser.shows("The program stopped waiting").await;
        scene.browser.picture("library-stopped").await;
    };
    tokio::join!(gives_up, person);
}

#[tokio::test]
async fn a_browser_without_scripts_returns_by_a_button() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    scene
        .ask(&scene.credential(|_| {}), async {
            let off = json!({"value": true});
            let method = "Emulation.setScriptExecutionDisabled";
            scene.browser.devtools(method, off).await;
            scene.open_page().await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("Returning to the application").await;
            scene.browser.picture("form-post").await;
            scene.browser.press("continue").await;
            scene.browser.shows("You are signed in").await;
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_program_shows_pages_of_its_own() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let success = "<!doctype html><title>Example</title><h1>Welcome to Example</h1>\
        <script>document.body.dataset.ran = 'yes'</script>";
    let failure = "<!doctype html><title>Example</title><h1>Example is sad</h1>\
        <p id=why title=\"{reason}\">{reason}</p>";
    let credential = scene.credential(|options| {
        options.pages.success = Some(success.into());
        options.pages.failure = Some(failure.into());
    });
    let declined = scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.shows("Sign in").await;
            scene.browser.press("cancel").await;
            scene.browser.comes_to("Example is sad").await;
            let text = scene.browser.text().await;
            assert!(text.contains("The sign-in was declined."), "{text}");
        })
        .await;
    assert_eq!(declined.unwrap_err().kind(), ErrorKind::Declined);
    scene
        .ask(&credential, async {
            scene.open_page().await;
            scene.browser.sign_in(&adele).await;
            scene.browser.comes_to("Welcome to Example").await;
            let ran = scene.browser.run("return document.body.dataset.ran").await;
            assert_eq!(ran, "yes", "the scripts of the program's own page run");
        })
        .await
        .unwrap();
}
