//! The authorization endpoint and the ways through its pages.

use crate::{
    client::*,
    person::{Page, Person},
};
use doorkey_emulator::Emulator;
use http::StatusCode;

const ADELE: &str = "adele@contoso.example";
const MORGAN: &str = "morgan@contoso.example";
const CASEY: &str = "casey@contoso.example";
const GALE: &str = "gale@fabrikam.example";

fn url(changes: Pairs<'_>) -> String {
    authorize_url("organizations", changes)
}

async fn first_page(emulator: &Emulator, changes: Pairs<'_>) -> Page {
    Person::new(emulator).open(&url(changes)).await
}

#[tokio::test]
async fn the_answer_travels_as_asked_for() {
    let emulator = emulator().await;
    for mode in ["query", "fragment", "form_post", ""] {
        let mut person = Person::new(&emulator);
        let page = person
            .sign_in(&url(&[("response_mode", mode)]), ADELE)
            .await;
        let answer = answer(&page);
        assert_eq!(value(&answer, "state"), "the-state", "{mode}");
        assert!(value(&answer, "code").starts_with("1."), "{mode}");
        assert!(!value(&answer, "client_info").is_empty());
        assert!(!value(&answer, "session_state").is_empty());
        assert_eq!(value(&answer, "iss"), "");
        if mode == "form_post" {
            assert_eq!(page.action(), REDIRECT_URI);
            assert!(page.html.contains("<noscript>"));
        } else {
            assert_eq!(page.status, StatusCode::FOUND);
            let mark = if mode == "fragment" { "#" } else { "?" };
            assert!(
                page.header("location")
                    .starts_with(&format!("{REDIRECT_URI}/{mark}"))
            );
        }
    }
}

#[tokio::test]
async fn the_address_keeps_its_own_query() {
    let emulator = emulator().await;
    let changes = [
        ("redirect_uri", "http://localhost:54321/back?to=here"),
        ("response_mode", "query"),
    ];
    let page = Person::new(&emulator).sign_in(&url(&changes), ADELE).await;
    let location = page.header("location");
    assert!(
        location.starts_with("http://localhost:54321/back?to=here&code="),
        "{location}"
    );
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_the_applications() {
    let emulator = emulator().await;
    for (changes, number) in [
        ([("redirect_uri", "https://evil.example")], 50011),
        ([("redirect_uri", "http://[::1]:54321")], 50011),
        ([("redirect_uri", "")], 900_144),
        ([("client_id", "unknown")], 700_016),
        ([("client_id", "")], 900_144),
        ([("response_type", "token")], 700_054),
        ([("response_type", "")], 900_144),
        ([("response_mode", "carrier_pigeon")], 70007),
    ] {
        let page = first_page(&emulator, &changes).await;
        assert_eq!(page.status, 400, "{changes:?}");
        assert!(
            page.html.contains(&format!("AADSTS{number}")),
            "{changes:?}"
        );
        assert_eq!(page.header("location"), "");
        assert_eq!(page.action(), "");
    }
    let page = Person::new(&emulator)
        .open(&authorize_url("nowhere.example", &[]))
        .await;
    assert!(page.html.contains("AADSTS90002"));
    let twice = format!("{}&scope=openid", url(&[]));
    let page = Person::new(&emulator).open(&twice).await;
    assert!(page.html.contains("AADSTS9002313"));
}

#[tokio::test]
async fn the_application_is_told_what_is_wrong_with_its_request() {
    let emulator = emulator().await;
    for (changes, error, number) in [
        ([("scope", "")], "invalid_request", 900_144),
        ([("scope", "nonsense")], "invalid_scope", 70011),
        (
            [("scope", "https://unknown.example/.default")],
            "invalid_resource",
            500_011,
        ),
        ([("prompt", "nonsense")], "invalid_request", 90023),
        ([("claims", "nonsense")], "invalid_request", 9_002_313),
        ([("code_challenge", "short")], "invalid_request", 501_491),
        (
            [("code_challenge_method", "S512")],
            "invalid_request",
            50149,
        ),
        ([("prompt", "none")], "login_required", 50058),
    ] {
        for mode in ["query", "form_post"] {
            let changes = [changes[0], ("response_mode", mode)];
            let answer = answer(&first_page(&emulator, &changes).await);
            assert_eq!(value(&answer, "error"), error, "{changes:?}");
            assert!(value(&answer, "error_description").contains(&number.to_string()));
            assert!(value(&answer, "error_uri").ends_with(&format!("code={number}")));
            assert_eq!(value(&answer, "state"), "the-state");
        }
    }
}

#[tokio::test]
async fn each_person_meets_their_own_pages() {
    let emulator = emulator().await;
    for (tenant, username, pages) in [
        ("organizations", ADELE, &["username", "password"][..]),
        ("contoso.example", ADELE, &["username", "password"]),
        ("common", MORGAN, &["username", "password", "code"]),
        ("organizations", CASEY, &["username", "password", "consent"]),
        ("organizations", GALE, &["username", "password"]),
        ("contoso.example", GALE, &["username", "password"]),
    ] {
        let mut person = Person::new(&emulator);
        let mut page = person.open(&authorize_url(tenant, &[])).await;
        let mut seen = Vec::new();
        while !page.step().is_empty() {
            seen.push(page.step());
            let user = person.user(username);
            page = match page.step().as_str() {
                "username" => person.submit(&page, &[("username", username)]).await,
                "password" => person.submit(&page, &[("password", &user.password)]).await,
                "code" => {
                    person
                        .submit(&page, &[("code", user.mfa_code.as_ref().unwrap())])
                        .await
                }
                _ => person.submit(&page, &[("action", "accept")]).await,
            };
        }
        assert_eq!(seen, pages, "{username} at {tenant}");
        assert!(!value(&answer(&page), "code").is_empty());
    }
}

#[tokio::test]
async fn a_wrong_entry_shows_the_page_again_with_the_reason() {
    let emulator = emulator().await;
    let mut person = Person::new(&emulator);
    let page = person.open(&url(&[])).await;
    let page = person.submit(&page, &[("username", "")]).await;
    assert!(page.alert().contains("Enter your user name"));
    let page = person
        .submit(&page, &[("username", "nobody@contoso.example")])
        .await;
    assert_eq!(page.step(), "username");
    assert!(page.alert().contains("50034"));
    assert!(page.html.contains("value=\"nobody@contoso.example\""));
    let page = person.submit(&page, &[("username", MORGAN)]).await;
    let page = person.submit(&page, &[("password", "")]).await;
    assert!(page.alert().contains("Enter your password"));
    let page = person.submit(&page, &[("password", "wrong")]).await;
    assert_eq!(page.step(), "password");
    assert!(page.alert().contains("50126"));
    let page = person
        .submit(&page, &[("password", "not-a-secret-morgan")])
        .await;
    let page = person.submit(&page, &[("code", "000000")]).await;
    assert_eq!(page.step(), "code");
    assert!(page.alert().contains("500121"));
    let page = person.submit(&page, &[("code", "246 810")]).await;
    assert!(!value(&answer(&page), "code").is_empty());
}

#[tokio::test]
async fn who_may_not_sign_in_is_told_so() {
    let emulator = emulator().await;
    for (tenant, username, number) in [
        ("organizations", "dana@contoso.example", "50057"),
        ("fabrikam.example", ADELE, "50020"),
        ("consumers", ADELE, "50020"),
    ] {
        let page = Person::new(&emulator)
            .sign_in(&authorize_url(tenant, &[]), username)
            .await;
        assert!(
            page.alert().contains(number),
            "{username} at {tenant}: {}",
            page.html
        );
    }
}

#[tokio::test]
async fn cancelling_any_page_declines() {
    let emulator = emulator().await;
    for stop in ["username", "password", "code", "consent"] {
        let username = if stop == "code" { MORGAN } else { CASEY };
        let mut person = Person::new(&emulator);
        let mut page = person.open(&url(&[])).await;
        while page.step() != stop {
            let password = person.user(username).password;
            let filled = [("username", username), ("password", password.as_str())];
            page = person.submit(&page, &filled).await;
        }
        let page = person.submit(&page, &[("action", "cancel")]).await;
        let answer = answer(&page);
        assert_eq!(value(&answer, "error"), "access_denied", "{stop}");
        assert!(value(&answer, "error_description").contains("AADSTS65004"));
        assert_eq!(value(&answer, "state"), "the-state");
        assert_eq!(value(&answer, "code"), "");
    }
}

#[tokio::test]
async fn a_hint_skips_the_first_page() {
    let emulator = emulator().await;
    for (hint, prompt, step) in [
        (ADELE, "", "password"),
        (ADELE, "select_account", "password"),
        ("nobody@contoso.example", "", "username"),
    ] {
        let page = first_page(&emulator, &[("login_hint", hint), ("prompt", prompt)]).await;
        assert_eq!(page.step(), step, "{hint}");
        assert!(page.html.contains(hint), "{hint}");
    }
}

#[tokio::test]
async fn a_browser_remembers_who_is_signed_in() {
    let emulator = emulator().await;
    let mut person = Person::new(&emulator);
    person.sign_in(&url(&[]), ADELE).await;

    // One person: nothing is asked, unless the application wants it.
    let page = person.open(&url(&[])).await;
    assert!(!value(&answer(&page), "code").is_empty());
    let page = person.open(&url(&[("prompt", "none")])).await;
    assert!(!value(&answer(&page), "code").is_empty());
    assert_eq!(
        person.open(&url(&[("prompt", "login")])).await.step(),
        "username"
    );
    let page = person.open(&url(&[("prompt", "consent")])).await;
    assert_eq!(page.step(), "consent");

    // Two people: which one?
    let page = person.open(&url(&[("prompt", "select_account")])).await;
    assert_eq!(page.attributes("button", "data-username"), [ADELE]);
    person.go_on(page, MORGAN).await;
    let page = person.open(&url(&[])).await;
    assert_eq!(page.attributes("button", "data-username"), [ADELE, MORGAN]);
    let page = person.submit(&page, &[("account", MORGAN)]).await;
    assert!(!value(&answer(&page), "code").is_empty());
    let answer_of = answer(&person.open(&url(&[("prompt", "none")])).await);
    assert_eq!(value(&answer_of, "error"), "interaction_required");
    let hinted = [("prompt", "none"), ("login_hint", ADELE)];
    assert!(!value(&answer(&person.open(&url(&hinted)).await), "code").is_empty());

    // Another browser knows nobody.
    assert_eq!(first_page(&emulator, &[]).await.step(), "username");

    // And neither does this one after signing out.
    person.open("/organizations/oauth2/v2.0/logout").await;
    assert_eq!(person.open(&url(&[])).await.step(), "username");
}

#[tokio::test]
async fn silence_is_refused_where_the_person_is_needed() {
    let emulator = emulator().await;
    let mut person = Person::new(&emulator);
    person.sign_in(&url(&[]), ADELE).await;
    for (changes, error, number) in [
        (
            [("client_id", EXPENSES), ("prompt", "none")],
            "consent_required",
            "65001",
        ),
        (
            [("login_hint", MORGAN), ("prompt", "none")],
            "interaction_required",
            "16000",
        ),
    ] {
        let answer = answer(&person.open(&url(&changes)).await);
        assert_eq!(value(&answer, "error"), error);
        assert!(value(&answer, "error_description").contains(number));
    }
}

#[tokio::test]
async fn consent_is_asked_once() {
    let emulator = emulator().await;
    let changes = [("client_id", EXPENSES)];
    let mut person = Person::new(&emulator);
    let page = person.open(&url(&changes)).await;
    let page = person.submit(&page, &[("username", ADELE)]).await;
    let page = person
        .submit(&page, &[("password", "not-a-secret-adele")])
        .await;
    assert_eq!(page.step(), "consent");
    for part in [
        "Contoso Expenses",
        "Use Azure Resource Manager as you",
        "user_impersonation",
    ] {
        assert!(page.html.contains(part), "{part}");
    }
    person.submit(&page, &[("action", "accept")]).await;
    let page = person.open(&url(&changes)).await;
    assert!(!value(&answer(&page), "code").is_empty());
}

#[tokio::test]
async fn no_form_jumps_the_queue() {
    let emulator = emulator().await;
    let mut person = Person::new(&emulator);
    let page = person.open(&url(&[])).await;
    let id = value(&page.hidden(), "transaction").to_owned();
    let path = "/sign-in";
    for (step, field, text) in [
        ("consent", "action", "accept"),
        ("code", "code", "246810"),
        ("password", "password", "not-a-secret-morgan"),
        ("account", "account", MORGAN),
        ("nonsense", "username", MORGAN),
    ] {
        let forged = Page {
            status: StatusCode::OK,
            headers: Default::default(),
            html: format!(
                "<form action=\"{path}\"><input type=\"hidden\" name=\"transaction\" value=\"{id}\">\
                 <input type=\"hidden\" name=\"step\" value=\"{step}\">"
            ),
        };
        let page = person.submit(&forged, &[(field, text)]).await;
        assert_eq!(page.step(), "username", "{step}");
    }
    let page = person.submit(&page, &[("username", MORGAN)]).await;
    let stolen = Person::new(&emulator)
        .submit(&page, &[("password", "not-a-secret-morgan")])
        .await;
    assert_eq!(stolen.status, 400);
    let page = person
        .submit(&page, &[("password", "not-a-secret-morgan")])
        .await;
    assert_eq!(page.step(), "code");
}

#[tokio::test]
async fn a_sign_in_ends_once_and_not_too_late() {
    let emulator = emulator().await;
    let mut person = Person::new(&emulator);
    let page = person.open(&url(&[("login_hint", ADELE)])).await;
    let filled = [("password", "not-a-secret-adele")];
    assert_eq!(person.submit(&page, &filled).await.status, 200);
    let again = person.submit(&page, &filled).await;
    assert_eq!(again.status, 400);
    assert!(again.html.contains("This sign-in is over"));

    let page = person
        .open(&url(&[("prompt", "login"), ("login_hint", ADELE)]))
        .await;
    emulator.set_clock_offset(time::Duration::hours(2));
    assert_eq!(person.submit(&page, &filled).await.status, 400);
}

#[tokio::test]
async fn the_answer_names_its_issuer_where_wanted() {
    let emulator = Emulator::builder()
        .authorization_response_issuer(true)
        .start()
        .await
        .unwrap();
    let page = Person::new(&emulator).sign_in(&url(&[]), ADELE).await;
    let issuer = format!("{}/{}/v2.0", emulator.authority(), emulator.tenant_id());
    assert_eq!(value(&answer(&page), "iss"), issuer);
    let page = Person::new(&emulator)
        .open(&authorize_url("contoso.example", &[("prompt", "none")]))
        .await;
    assert_eq!(value(&answer(&page), "iss"), issuer);
}
