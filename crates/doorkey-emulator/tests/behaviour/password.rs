//! The password grant and the realm that clients ask for before it.

use crate::client::*;

fn asking<'a>(username: &'a str, password: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", DEVELOPER),
        ("grant_type", "password"),
        ("username", username),
        ("password", password),
        (
            "scope",
            "https://management.azure.com/.default openid offline_access",
        ),
    ]
}

#[tokio::test]
async fn a_managed_account_signs_in() {
    let emulator = emulator().await;
    let pairs = asking("Adele@Contoso.example", "not-a-secret-adele");
    let reply = token(&emulator, &pairs).await;
    assert_eq!(
        reply.claims("id_token")["preferred_username"],
        "adele@contoso.example"
    );
    assert!(reply.body["refresh_token"].is_string());
}

#[tokio::test]
async fn what_needs_the_person_is_refused() {
    let emulator = emulator().await;
    for (tenant, username, password, number) in [
        ("organizations", "adele@contoso.example", "wrong", 50126),
        ("organizations", "nobody@contoso.example", "wrong", 50034),
        (
            "organizations",
            "dana@contoso.example",
            "not-a-secret-dana",
            50057,
        ),
        ("organizations", "dana@contoso.example", "wrong", 50126),
        (
            "organizations",
            "morgan@contoso.example",
            "not-a-secret-morgan",
            50076,
        ),
        (
            "organizations",
            "casey@contoso.example",
            "not-a-secret-casey",
            65001,
        ),
        (
            "fabrikam.example",
            "adele@contoso.example",
            "not-a-secret-adele",
            50020,
        ),
    ] {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let reply = post(&emulator, &path, &asking(username, password)).await;
        assert_eq!(
            (reply.text("error"), reply.code()),
            ("invalid_grant", number),
            "{username}"
        );
    }
    for tenant in ["common", "consumers"] {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let pairs = asking("adele@contoso.example", "not-a-secret-adele");
        let reply = post(&emulator, &path, &pairs).await;
        assert_eq!(
            (reply.text("error"), reply.code()),
            ("invalid_request", 9_001_023)
        );
    }
    for missing in ["username", "password", "scope"] {
        let pairs = asking("adele@contoso.example", "not-a-secret-adele");
        let reply = token(&emulator, &changed(&pairs, &[(missing, "")])).await;
        assert_eq!(
            (reply.text("error"), reply.code()),
            ("invalid_request", 900_144)
        );
        assert!(reply.text("error_description").contains(missing));
    }
}

#[tokio::test]
async fn the_realm_tells_who_checks_the_password() {
    let emulator = emulator().await;
    for (username, account_type, domain) in [
        ("adele@contoso.example", "Managed", Some("contoso.example")),
        (
            "gale%40fabrikam.example",
            "Managed",
            Some("fabrikam.example"),
        ),
        ("nobody@nowhere.example", "Unknown", None),
    ] {
        let path = format!("/common/userrealm/{username}?api-version=1.0");
        let reply = get(&emulator, &path).await;
        assert_eq!(reply.text("account_type"), account_type);
        assert_eq!(reply.body["domain_name"].as_str(), domain);
    }
    let reply = get(&emulator, "/common/userrealm/adele@contoso.example").await;
    assert_eq!(reply.code(), 900_144);
}
