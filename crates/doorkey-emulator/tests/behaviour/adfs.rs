//! AD FS: its own paths, metadata, tokens and refusals.

use crate::{client::*, person::Person};
use doorkey_emulator::{DeviceDecision, Emulator};

const AT_ADFS: &str = "http://localhost:8400";

fn url(changes: Pairs<'_>) -> String {
    let pairs = changed(AUTHORIZE, &[("redirect_uri", AT_ADFS)]);
    let pairs = changed(&pairs, changes);
    format!("/adfs/oauth2/authorize?{}", form(&pairs))
}

async fn token_at_adfs(emulator: &Emulator, pairs: Pairs<'_>) -> Json {
    post(emulator, "/adfs/oauth2/token", pairs).await
}

#[tokio::test]
async fn the_metadata_are_those_of_adfs() {
    let emulator = emulator().await;
    let base = emulator.authority();
    let metadata = get(&emulator, "/adfs/.well-known/openid-configuration").await;
    for (member, value) in [
        ("issuer", format!("{base}/adfs")),
        (
            "access_token_issuer",
            format!("{}/adfs/services/trust", base.replace("https:", "http:")),
        ),
        (
            "authorization_endpoint",
            format!("{base}/adfs/oauth2/authorize/"),
        ),
        ("token_endpoint", format!("{base}/adfs/oauth2/token/")),
        (
            "device_authorization_endpoint",
            format!("{base}/adfs/oauth2/devicecode"),
        ),
        ("jwks_uri", format!("{base}/adfs/discovery/keys")),
    ] {
        assert_eq!(metadata.text(member), value);
    }
    let keys = get(&emulator, "/adfs/discovery/keys").await;
    assert_eq!(keys.body["keys"][0]["kty"], "RSA");
    // It has no second version of its endpoints.
    for path in [
        "/adfs/v2.0/.well-known/openid-configuration",
        "/adfs/discovery/v2.0/keys",
    ] {
        assert_eq!(get(&emulator, path).await.status, 400, "{path}");
    }
    let reply = post(&emulator, "/adfs/oauth2/v2.0/token", &redemption("x")).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn a_browser_signs_in_and_the_reply_has_no_tenant() {
    let emulator = emulator().await;
    let username = emulator.users()[0].username.clone();
    let mut person = Person::new(&emulator);
    let page = person.sign_in(&url(&[]), &username).await;
    let answer = answer(&page);
    assert_eq!(value(&answer, "client_info"), "");
    assert_eq!(value(&answer, "state"), "the-state");

    let mut pairs = redemption(value(&answer, "code"));
    pairs.retain(|(name, _)| *name != "redirect_uri");
    pairs.push(("redirect_uri", AT_ADFS));
    // As its metadata write it.
    let reply = post(&emulator, "/adfs/oauth2/token/", &pairs).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.text("token_type"), "bearer");
    assert_eq!(reply.text("scope"), "openid");
    assert_eq!(reply.text("resource"), "https://management.azure.com");
    assert!(reply.body["client_info"].is_null());
    let id_token = reply.claims("id_token");
    assert_eq!(id_token["iss"], format!("{}/adfs", emulator.authority()));
    assert_eq!(id_token["upn"], username);
    assert_eq!(id_token["nonce"], "the-nonce");
    for absent in ["tid", "oid", "preferred_username"] {
        assert!(id_token[absent].is_null(), "{absent}");
    }
    let access_token = reply.claims("access_token");
    assert_eq!(access_token["scp"], "user_impersonation");
    assert_eq!(access_token["upn"], username);

    // The refresh token stays the same one, and is of no use to Entra ID.
    let refresh = [
        ("client_id", DEVELOPER),
        ("grant_type", "refresh_token"),
        ("refresh_token", reply.text("refresh_token")),
        ("scope", "https://vault.azure.net/.default openid"),
    ];
    let renewed = token_at_adfs(&emulator, &refresh).await;
    assert_eq!(renewed.text("resource"), "https://vault.azure.net");
    assert!(renewed.body["refresh_token"].is_null());
    assert_eq!(renewed.claims("id_token")["sub"], id_token["sub"]);
    assert_eq!(
        token(&emulator, &refresh).await.text("error"),
        "invalid_grant"
    );
    let of_entra = signed_in(&emulator).await;
    let of_entra = [("refresh_token", of_entra.text("refresh_token"))];
    let refresh = changed(&refresh, &of_entra);
    assert_eq!(
        token_at_adfs(&emulator, &refresh).await.text("error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn the_port_of_the_redirect_uri_is_compared() {
    let emulator = emulator().await;
    for (uri, allowed) in [
        (AT_ADFS, true),
        ("http://localhost", true),
        ("http://localhost:8401", false),
        ("http://localhost:8400/x", false),
        ("http://127.0.0.1:8400", false),
    ] {
        let mut person = Person::new(&emulator);
        let page = person.open(&url(&[("redirect_uri", uri)])).await;
        assert_eq!(page.status == 200, allowed, "{uri}");
    }
}

#[tokio::test]
async fn a_device_is_signed_in_and_the_page_is_its_own() {
    let emulator = emulator().await;
    let username = emulator.users()[0].username.clone();
    let pairs = [
        ("client_id", DEVELOPER),
        ("scope", "https://management.azure.com/.default openid"),
    ];
    let codes = post(&emulator, "/adfs/oauth2/devicecode", &pairs).await;
    let page = "/adfs/oauth2/deviceauth";
    assert_eq!(
        codes.text("verification_uri"),
        format!("{}{page}", emulator.authority())
    );
    let poll = [
        ("client_id", DEVELOPER),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", codes.text("device_code")),
    ];
    let pending = token_at_adfs(&emulator, &poll).await;
    assert_eq!(pending.text("error"), "authorization_pending");

    let mut person = Person::new(&emulator);
    let shown = person.open(page).await;
    let mut shown = person
        .submit(&shown, &[("user_code", codes.text("user_code"))])
        .await;
    for fields in [
        [("action", "accept")],
        [("username", username.as_str())],
        [("password", emulator.users()[0].password.as_str())],
    ] {
        shown = person.submit(&shown, &fields).await;
    }
    let reply = token_at_adfs(&emulator, &poll).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.claims("id_token")["upn"], username);

    // What was begun there is of no use to Entra ID.
    let codes = post(&emulator, "/adfs/oauth2/devicecode", &pairs).await;
    let decision = DeviceDecision::Approve { username };
    emulator
        .decide_device_code(codes.text("user_code"), decision)
        .unwrap();
    let device_code = [("device_code", codes.text("device_code"))];
    let refused = token(&emulator, &changed(&poll, &device_code)).await;
    assert_eq!(refused.text("error"), "bad_verification_code");
}

#[tokio::test]
async fn refusals_have_adfs_words_and_no_numbers_of_entra_id() {
    let emulator = emulator().await;
    let password = |username, password| {
        vec![
            ("client_id", DEVELOPER),
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", "https://management.azure.com/.default openid"),
        ]
    };
    let adele = "adele@contoso.example";
    let good = token_at_adfs(&emulator, &password(adele, "not-a-secret-adele")).await;
    assert_eq!(good.claims("id_token")["upn"], adele);
    let others = emulator.users().iter();
    let guest = others.clone().find(|user| !user.guest_in.is_empty());
    let guest = guest.unwrap();
    for (pairs, error, words) in [
        (password(adele, "wrong"), "invalid_grant", "MSIS9659"),
        // The server knows its own organization alone.
        (
            password(&guest.username, &guest.password),
            "invalid_grant",
            "",
        ),
        (
            redemption("not-a-code"),
            "invalid_grant",
            "MSIS9612: The authorization code received in 'code' parameter is invalid. ",
        ),
    ] {
        let reply = token_at_adfs(&emulator, &pairs).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.text("error"), error, "{reply:?}");
        let said = reply.text("error_description");
        assert!(
            said.starts_with(words) && !said.contains("AADSTS"),
            "{said}"
        );
        assert_eq!(reply.body.as_object().unwrap().len(), 2, "{reply:?}");
    }
}
