//! Device codes: the endpoint, the polls, and the page where the code is typed.

use crate::{
    client::*,
    person::{Page, Person},
};
use doorkey_emulator::{DeviceDecision, Emulator, Error};
use time::Duration;

const PAGE: &str = "/common/oauth2/deviceauth";

async fn begin(emulator: &Emulator, tenant: &str, changes: Pairs<'_>) -> Json {
    let pairs: Pairs<'_> = &[
        ("client_id", DEVELOPER),
        (
            "scope",
            "https://management.azure.com/.default openid offline_access",
        ),
    ];
    let path = format!("/{tenant}/oauth2/v2.0/devicecode");
    post(emulator, &path, &changed(pairs, changes)).await
}

async fn poll(emulator: &Emulator, device_code: &str) -> Json {
    let pairs = [
        ("client_id", DEVELOPER),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code),
        // Python's library sends it under both names.
        ("code", device_code),
        ("client_info", "1"),
    ];
    token(emulator, &pairs).await
}

fn refusal(reply: &Json) -> (&str, i64) {
    (reply.text("error"), reply.code())
}

async fn type_code(person: &mut Person, user_code: &str) -> Page {
    let page = person.open(PAGE).await;
    person.submit(&page, &[("user_code", user_code)]).await
}

#[tokio::test]
async fn the_reply_is_entra_ids() {
    let emulator = emulator().await;
    let codes = begin(&emulator, "organizations", &[]).await;
    assert_eq!(codes.body["expires_in"], 900);
    assert_eq!(codes.body["interval"], 5);
    assert_eq!(codes.text("user_code").len(), 9);
    assert_eq!(
        codes.text("verification_uri"),
        format!("{}{PAGE}", emulator.authority())
    );
    assert!(codes.body["verification_uri_complete"].is_null());
    for part in [codes.text("user_code"), codes.text("verification_uri")] {
        assert!(codes.text("message").contains(part));
    }
}

#[tokio::test]
async fn a_wrong_request_is_refused() {
    let emulator = emulator().await;
    let two = "https://management.azure.com/.default https://vault.azure.net/.default";
    let refused: &[(Pairs<'_>, i64)] = &[
        (&[("client_id", "unknown")], 700_016),
        (&[("client_id", "")], 900_144),
        (&[("scope", "")], 900_144),
        (&[("scope", two)], 28000),
        (&[("scope", "https://unknown.example/.default")], 500_011),
        (&[("claims", "[]")], 9_002_313),
    ];
    for (changes, number) in refused {
        assert_eq!(
            begin(&emulator, "organizations", changes).await.code(),
            *number,
            "{changes:?}"
        );
    }
    assert_eq!(begin(&emulator, "nowhere.example", &[]).await.code(), 90002);
}

#[tokio::test]
async fn a_person_types_the_code_and_the_device_gets_its_tokens_once() {
    let emulator = emulator().await;
    for (username, tenant) in [
        ("adele@contoso.example", "organizations"),
        ("morgan@contoso.example", "common"),
        ("casey@contoso.example", "contoso.example"),
        ("gale@fabrikam.example", "contoso.example"),
    ] {
        let codes = begin(&emulator, tenant, &[]).await;
        let mut person = Person::new(&emulator);
        let typed = format!(" {}", codes.text("user_code").to_lowercase());
        let page = type_code(&mut person, &typed).await;
        assert_eq!(page.step(), "confirm");
        assert!(page.html.contains("Microsoft Azure CLI"));
        assert!(page.html.contains("Only continue if you started this"));
        let page = person.go_on(page, username).await;
        assert!(
            page.html
                .contains("You have signed in to Microsoft Azure CLI"),
            "{}",
            page.html
        );

        let reply = poll(&emulator, codes.text("device_code")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let expected = if tenant == "contoso.example" {
            emulator.tenant_id()
        } else {
            ""
        };
        assert!(
            reply.claims("id_token")["tid"]
                .as_str()
                .unwrap()
                .starts_with(expected)
        );
        let again = poll(&emulator, codes.text("device_code")).await;
        assert_eq!(refusal(&again), ("invalid_grant", 54005));
        let page = type_code(&mut Person::new(&emulator), codes.text("user_code")).await;
        assert!(page.alert().contains("70018"));
    }
}

#[tokio::test]
async fn polls_are_answered_by_the_clock() {
    let emulator = emulator().await;
    let codes = begin(&emulator, "organizations", &[]).await;
    let device_code = codes.text("device_code");
    for (seconds, error) in [
        (0, "authorization_pending"),
        (5, "authorization_pending"),
        (9, "slow_down"),
        // From now on ten seconds (RFC 8628, section 3.5).
        (18, "slow_down"),
        (33, "authorization_pending"),
        (880, "authorization_pending"),
        (901, "expired_token"),
    ] {
        emulator.set_clock_offset(Duration::seconds(seconds));
        let reply = poll(&emulator, device_code).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.text("error"), error, "after {seconds} s");
    }
    let page = type_code(&mut Person::new(&emulator), codes.text("user_code")).await;
    assert!(page.alert().contains("70018"));
}

#[tokio::test]
async fn each_refusal_has_its_name() {
    let emulator = emulator().await;
    assert_eq!(
        refusal(&poll(&emulator, "1.unknown").await),
        ("bad_verification_code", 70000)
    );

    let codes = begin(&emulator, "organizations", &[("client_id", NOTES)]).await;
    let reply = poll(&emulator, codes.text("device_code")).await;
    assert_eq!(refusal(&reply), ("invalid_grant", 700_007));

    let codes = begin(&emulator, "organizations", &[]).await;
    let mut person = Person::new(&emulator);
    let page = type_code(&mut person, codes.text("user_code")).await;
    let page = person.submit(&page, &[("action", "cancel")]).await;
    assert!(page.html.contains("You declined"));
    let reply = poll(&emulator, codes.text("device_code")).await;
    assert_eq!(refusal(&reply), ("authorization_declined", 70017));

    let page = type_code(&mut Person::new(&emulator), "WRONGCODE").await;
    assert!(page.alert().contains("70018"), "{}", page.html);
}

#[tokio::test]
async fn a_test_decides_without_a_page() {
    let emulator = emulator().await;
    let approve = |username: &str| DeviceDecision::Approve {
        username: username.to_owned(),
    };

    let codes = begin(&emulator, "organizations", &[]).await;
    let user_code = codes.text("user_code");
    emulator
        .decide_device_code(user_code, approve("morgan@contoso.example"))
        .unwrap();
    let reply = poll(&emulator, codes.text("device_code")).await;
    assert_eq!(reply.claims("access_token")["amr"][1], "mfa");
    let decided = emulator.decide_device_code(user_code, DeviceDecision::Decline);
    assert!(matches!(decided, Err(Error::UnknownUserCode)));

    let codes = begin(&emulator, "fabrikam.example", &[]).await;
    for username in ["nobody@contoso.example", "adele@contoso.example"] {
        let decided = emulator.decide_device_code(codes.text("user_code"), approve(username));
        assert!(
            matches!(decided, Err(Error::UnknownUser { .. })),
            "{username}"
        );
    }
    emulator
        .decide_device_code(codes.text("user_code"), DeviceDecision::Decline)
        .unwrap();
    let reply = poll(&emulator, codes.text("device_code")).await;
    assert_eq!(reply.text("error"), "authorization_declined");
}

#[tokio::test]
async fn claims_of_the_first_request_count() {
    let emulator = emulator().await;
    let claims = r#"{"access_token":{"xms_cc":{"values":["cp1"]},"acrs":{"value":"c1"}}}"#;
    let codes = begin(&emulator, "organizations", &[("claims", claims)]).await;
    let mut person = Person::new(&emulator);
    let page = type_code(&mut person, codes.text("user_code")).await;
    person.go_on(page, "adele@contoso.example").await;
    let reply = poll(&emulator, codes.text("device_code")).await;
    assert_eq!(reply.claims("access_token")["xms_cc"][0], "cp1");
    assert_eq!(reply.claims("access_token")["acrs"][0], "c1");
}
