//! Script in whatever is shown: the pages must show it as text.

use crate::{
    chromium::Chromium,
    scene::{SCOPE, Scene},
};
use doorkey::{ErrorKind, InteractiveCredential as _};
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;
use url::{Url, form_urlencoded};

/// Ends an attribute, a tag, a comment and a title, and runs a script where that worked.
const HOSTILE: &str = "\"'--></title></p><script>window.ran=1;alert(1)</script>\
    <img src=x onerror=\"window.ran=1;alert(1)\"><svg onload=window.ran=1>{{7*7}}&lt;b&gt;";

/// The same where RFC 6749 forbids quotes and spaces: the resource of a scope.
const HOSTILE_RESOURCE: &str = "https://x/<script>window.ran=1;alert(1)</script>";

impl Chromium {
    /// Whether `text` stands on the page, as text, and nothing of it became a part of the page.
    async fn shows_harmlessly(&self, text: &str) {
        let probe = "
            const inserted = document.querySelectorAll(
                'script:not([nonce]), img, iframe, main svg:not([role=img]), [onload], [onerror]');
            const text = document.body.textContent;
            return [window.ran ?? null, inserted.length, text.includes(arguments[0])];";
        let found = self.run_with(probe, vec![json!(text)]).await;
        let source = "return document.documentElement.outerHTML";
        assert_eq!(found, json!([null, 0, true]), "{}", self.run(source).await);
    }
}

/// A page of the authority that sends the person back with these fields.
fn page_that_returns(redirect_uri: &Url, fields: &[(&str, &str)]) -> Reply {
    let escape = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let mut html = format!(
        "<!doctype html><title>Authority</title><h1>Authority</h1>\
         <form method=post action=\"{redirect_uri}\">"
    );
    for (name, value) in fields {
        let value = escape(value);
        html.push_str(&format!(
            "<input type=hidden name=\"{name}\" value=\"{value}\">"
        ));
    }
    html.push_str("<button id=return>Return</button></form>");
    Reply::new(200)
        .header("content-type", "text/html; charset=utf-8")
        .body(html)
}

#[tokio::test]
async fn script_in_the_redirect_is_shown_as_text() {
    let scene = Scene::new().await;
    for own_page in [false, true] {
        let credential = scene.credential(|options| {
            // Without a policy that would stop what slips through.
            options.pages.failure = own_page.then(|| {
                "<!doctype html><title>{reason}</title><h1>Signing in did not work</h1>\
                 <p title=\"{reason}\" class='{reason}'>{reason}</p>"
                    .into()
            });
        });
        let outcome = scene
            .ask(&credential, async {
                let page = scene.page().await;
                let state = page.parameter("state");
                let names = ["error", "error_description", "error_subcode", "error_uri"];
                let mut fields: Vec<_> = names.map(|name| (name, HOSTILE)).into();
                fields.extend([("suberror", HOSTILE), ("state", &state)]);
                let reply = page_that_returns(&page.redirect_uri(), &fields);
                scene.emulator.replace_next(Endpoint::Authorize, 1, reply);
                scene.browser.goto(page.0.as_str()).await;
                scene.browser.press("return").await;
                scene.browser.comes_to("Signing in did not work").await;
                scene.browser.shows_harmlessly(HOSTILE).await;
                if !own_page {
                    scene.browser.check_manners().await;
                    scene.browser.picture("library-failed-hostile").await;
                }
            })
            .await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.oauth().unwrap().error, HOSTILE);
    }
}

#[tokio::test]
async fn script_that_the_authority_repeats_is_shown_as_text() {
    let scene = Scene::new().await;
    let credential = scene.credential(|_| {});
    let scope = format!("{HOSTILE_RESOURCE}/.default");
    let scopes = [scope.as_str()];
    let person = async {
        scene.open_page().await;
        scene.browser.shows("Signing in did not work").await;
        scene.browser.shows_harmlessly(HOSTILE_RESOURCE).await;
        scene.browser.picture("library-failed").await;
    };
    let (outcome, ()) = tokio::join!(credential.get_token_info(&scopes, None), person);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn script_in_the_reply_for_the_code_is_shown_as_text() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let body = json!({"error": HOSTILE, "error_description": HOSTILE, "suberror": HOSTILE});
    let reply = Reply::new(400)
        .header("content-type", "application/json")
        .body(body.to_string());
    scene.emulator.replace_next(Endpoint::Token, 1, reply);
    let outcome = scene
        .ask(&scene.credential(|_| {}), async {
            scene.open_page().await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("Signing in did not work").await;
            scene.browser.shows_harmlessly(HOSTILE).await;
        })
        .await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn script_in_a_request_is_shown_as_text_by_the_authority() {
    let scene = Scene::new().await;
    let authority = scene.emulator.authority();
    let client_id = scene.emulator.client_id();
    let good = [
        ("client_id", client_id),
        ("redirect_uri", "http://localhost:1"),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("prompt", "login"),
    ];
    let address = |tenant: &str, name: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (known, value) in good {
            query.append_pair(known, if known == name { HOSTILE } else { value });
        }
        query.append_pair("state", HOSTILE);
        format!(
            "{authority}/{tenant}/oauth2/v2.0/authorize?{}",
            query.finish()
        )
    };
    for name in ["client_id", "redirect_uri", "response_type"] {
        scene.browser.goto(&address("organizations", name)).await;
        scene.browser.shows("We couldn't sign you in").await;
        scene.browser.shows_harmlessly(HOSTILE).await;
        scene.browser.picture(&format!("error-{name}")).await;
    }
    let tenant: String = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let tenant = tenant.replace('+', "%20");
    scene.browser.goto(&address(&tenant, "")).await;
    scene.browser.shows("We couldn't sign you in").await;
    scene.browser.shows_harmlessly(HOSTILE).await;

    let code: String = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    scene
        .browser
        .goto(&format!("{authority}/error?code={code}"))
        .await;
    scene.browser.shows("Error code").await;
    scene.browser.shows_harmlessly(HOSTILE).await;
}

#[tokio::test]
async fn script_that_a_person_types_is_shown_as_text() {
    let scene = Scene::new().await;
    let browser = &scene.browser;
    let call = scene.credential(|options| options.login_hint = Some(HOSTILE.into()));
    let outcome = scene
        .ask(&call, async {
            scene.open_page().await;
            browser.shows("Sign in").await;
            assert_eq!(browser.value("username").await, HOSTILE);
            browser.press("next").await;
            browser.shows_problem("find an account").await;
            browser.shows_harmlessly(HOSTILE).await;
            assert_eq!(browser.value("username").await, HOSTILE);
            browser.picture("unknown-person-hostile").await;
            browser.press("cancel").await;
            browser.shows("You did not sign in").await;
        })
        .await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Declined);
}
