//! The pages: their headers, their escaping, and what assistive technology reads.

use crate::{
    client::*,
    person::{Page, Person},
};
use doorkey_emulator::{Directory, Emulator};

const SCRIPT: &str = "\"><script>alert(1)</script>";

/// One of each page, with `text` in every field that a request or a directory can fill.
async fn every_page(emulator: &Emulator, text: &str) -> Vec<Page> {
    let mut person = Person::new(emulator);
    let username = emulator.users()[0].username.clone();
    let url = |changes: Pairs<'_>| authorize_url("organizations", changes);
    let mut pages = vec![
        person.open("/").await,
        person.open("/nowhere").await,
        person
            .open(&format!("/error?{}", form(&[("code", text)])))
            .await,
        person.open("/common/oauth2/v2.0/logout").await,
        person.open(&url(&[("client_id", text)])).await,
        person.open(&url(&[("redirect_uri", text)])).await,
        person.open(&url(&[("response_mode", text)])).await,
        person.open(&url(&[("scope", text)])).await,
        person
            .open(&authorize_url(
                "organizations",
                &[("state", text), ("prompt", "none")],
            ))
            .await,
        person.open("/common/oauth2/deviceauth").await,
    ];
    let page = person
        .submit(pages.last().unwrap(), &[("user_code", text)])
        .await;
    pages.push(page);
    let mut page = person
        .open(&url(&[("login_hint", text), ("state", text)]))
        .await;
    page = person.submit(&page, &[("username", text)]).await;
    pages.push(page);
    let mut page = person
        .submit(pages.last().unwrap(), &[("username", &username)])
        .await;
    for _ in 0..4 {
        let step = page.step();
        pages.push(page);
        let last = pages.last().unwrap();
        let user = person.user(&username);
        page = match step.as_str() {
            "password" => person.submit(last, &[("password", &user.password)]).await,
            "code" => {
                person
                    .submit(last, &[("code", user.mfa_code.as_ref().unwrap())])
                    .await
            }
            "consent" => person.submit(last, &[("action", "accept")]).await,
            _ => break,
        };
    }
    pages.push(person.open(&url(&[("prompt", "select_account")])).await);
    pages
}

/// A directory whose every text is `text`.
fn directory(text: &str) -> Directory {
    let quoted = toml::Value::String(text.to_owned()).to_string();
    let username = toml::Value::String(format!("{text}@contoso.example")).to_string();
    Directory::from_toml(&format!(
        "[[tenants]]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\n\
         domain = \"contoso.example\"\nname = {quoted}\n\
         [[applications]]\nclient_id = \"{DEVELOPER}\"\nname = {quoted}\nmust_consent = true\n\
         redirect_uris = [\"http://localhost\"]\n\
         [[people]]\nusername = {username}\npassword = {quoted}\nname = {quoted}\nnote = {quoted}\n\
         mfa_code = \"1\"\ntenant = \"contoso.example\"\n"
    ))
    .unwrap()
}

#[tokio::test]
async fn nothing_that_is_put_in_runs() {
    let emulator = Emulator::builder()
        .directory(directory(SCRIPT))
        .start()
        .await
        .unwrap();
    let pages = every_page(&emulator, SCRIPT).await;
    let steps: Vec<_> = pages.iter().map(Page::step).collect();
    for step in ["username", "password", "code", "consent", "account"] {
        assert!(
            steps.iter().any(|seen| seen == step),
            "{step} is missing in {steps:?}"
        );
    }
    for page in pages {
        assert!(!page.html.contains("<script>"), "{}", page.html);
        assert!(!page.html.contains("alert(1)</script>"), "{}", page.html);
    }
}

#[tokio::test]
async fn every_page_is_locked_down_and_says_what_it_is() {
    let emulator = emulator().await;
    let mut nonces = Vec::new();
    for page in every_page(&emulator, "text").await {
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'nonce-"),
            "{policy}"
        );
        for part in [
            "script-src 'nonce-",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        let form_action = policy
            .split("; ")
            .find(|part| part.starts_with("form-action"))
            .unwrap();
        for source in ["'self'", "http://localhost:*", "http://127.0.0.1:*"] {
            assert!(form_action.contains(source), "{form_action}");
        }
        let nonce = policy
            .split("nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(page.html.contains(&format!("<style nonce=\"{nonce}\">")));
        assert!(!nonces.contains(&nonce), "a nonce is used once");
        nonces.push(nonce);

        assert!(page.header("cache-control").contains("no-store"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");

        assert!(page.html.contains("<html lang=\"en\">"));
        assert_eq!(page.html.matches("<h1").count(), 1, "{}", page.html);
        assert!(page.html.contains("Never type a real password here"));
        for outside in [
            "src=",
            "@import",
            "url(",
            "fetch(",
            "XMLHttpRequest",
            "href=\"http",
        ] {
            assert!(!page.html.contains(outside), "{outside} in {}", page.html);
        }
    }
}

#[tokio::test]
async fn every_field_has_a_label_and_every_mistake_is_announced() {
    let emulator = emulator().await;
    for page in every_page(&emulator, "text").await {
        let fields = page.attributes("input", "id");
        for field in &fields {
            assert!(
                page.html.contains(&format!("<label for=\"{field}\"")),
                "{field}"
            );
        }
        if !page.alert().is_empty() && !fields.is_empty() {
            assert!(
                page.html.contains("aria-describedby=\"problem"),
                "{}",
                page.html
            );
            assert!(page.html.contains("aria-invalid=\"true\""));
        }
        if !page.step().is_empty() {
            assert!(page.html.contains("autofocus"), "{}", page.html);
            assert!(
                page.attributes("button", "id")
                    .contains(&"cancel".to_owned())
            );
        }
    }
}

#[tokio::test]
async fn the_form_may_lead_to_a_registered_address() {
    let emulator = emulator().await;
    let registered = "https://login.microsoftonline.com/common/oauth2/nativeclient";
    let url = authorize_url("organizations", &[("redirect_uri", registered)]);
    let page = Person::new(&emulator).open(&url).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(" https://login.microsoftonline.com;"),
        "{policy}"
    );
}

#[tokio::test]
async fn the_cookie_is_kept_to_this_host() {
    let emulator = emulator().await;
    let page = Person::new(&emulator)
        .open(&authorize_url("common", &[]))
        .await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-doorkey="), "{cookie}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}
