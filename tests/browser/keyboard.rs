//! A person without a mouse.

use crate::{chromium::Chromium, scene::Scene};
use fantoccini::key::Key;

fn tab() -> String {
    char::from(Key::Tab).to_string()
}

fn enter() -> String {
    char::from(Key::Enter).to_string()
}

impl Chromium {
    /// Moves the focus to the next element, which has to show that it has it.
    async fn tab_to(&self, id_or_text: &str) {
        self.keys(&tab()).await;
        let probe = "
            const element = document.activeElement;
            const style = getComputedStyle(element);
            const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            return [element.id === arguments[0] || element.textContent.includes(arguments[0]), seen]";
        let found = self.run_with(probe, vec![id_or_text.into()]).await;
        assert_eq!(found, serde_json::json!([true, true]), "{id_or_text}");
    }
}

#[tokio::test]
async fn a_person_signs_in_with_the_keyboard_alone() {
    let scene = Scene::new().await;
    let (browser, morgan, casey) = (&scene.browser, scene.user("Morgan"), scene.user("Casey"));
    let credential = scene.credential(|_| {});
    let call = scene.ask(&credential, async {
        scene.open_page().await;
        browser.shows("Sign in").await;
        browser.keys(&(morgan.username.clone() + &enter())).await;
        browser.shows("Enter password").await;
        browser.keys(&morgan.password).await;
        browser.tab_to("signin").await;
        browser.keys(&enter()).await;
        browser.shows("Verify your identity").await;
        let code = morgan.mfa_code.clone().unwrap();
        browser.keys(&(code + &enter())).await;
        browser.shows("You are signed in").await;
    });
    let me = scene.resource_says(&call.await.unwrap()).await;
    assert_eq!(me["username"], morgan.username);

    let credential = scene.credential(|_| {});
    let call = scene.ask(&credential, async {
        scene.open_page().await;
        browser.shows("Pick an account").await;
        browser.tab_to(&morgan.username).await;
        browser.tab_to("other").await;
        browser.keys(&enter()).await;
        browser.shows("Sign in").await;
        browser.keys(&(casey.username.clone() + &enter())).await;
        browser.shows("Enter password").await;
        browser.keys(&(casey.password.clone() + &enter())).await;
        browser.shows("Permissions requested").await;
        browser.tab_to("accept").await;
        browser.keys(" ").await;
        browser.shows("You are signed in").await;
    });
    let me = scene.resource_says(&call.await.unwrap()).await;
    assert_eq!(me["username"], casey.username);
}
