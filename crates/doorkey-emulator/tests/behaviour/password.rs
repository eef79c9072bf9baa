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
            "organizations",
            "ellis@contoso.example",
            "not-a-secret-ellis",
            50055,
        ),
        (
            "organizations",
            "harper@contoso.example",
            "not-a-secret-harper",
            50053,
        ),
        (
            "contoso.example",
            "riley@personal.example",
            "not-a-secret-riley",
            50034,
        ),
        (
            "organizations",
            "avery@adatum.example",
            "not-a-secret-avery",
            50126,
        ),
        (
            "contoso.example",
            "sam@contoso.example",
            "not-a-secret-sam-too",
            50126,
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
async fn namesakes_are_told_apart_by_their_tenants() {
    let emulator = emulator().await;
    for (tenant, password) in [
        ("contoso.example", "not-a-secret-sam"),
        ("fabrikam.example", "not-a-secret-sam-too"),
    ] {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let reply = post(&emulator, &path, &asking("sam@contoso.example", password)).await;
        let mut users = emulator.users().iter();
        let sam = users.find(|user| user.password == password).unwrap();
        assert_eq!(reply.claims("id_token")["oid"], *sam.object_id);
    }
}

#[tokio::test]
async fn a_policy_is_told_by_the_claims_that_satisfy_it() {
    let emulator = emulator().await;
    let pairs = asking("finley@contoso.example", "not-a-secret-finley");
    let reply = token(&emulator, &pairs).await;
    let refresh_token = reply.text("refresh_token").to_owned();
    let vault = "https://vault.azure.net/.default offline_access";
    let at_vault = [("scope", vault)];
    let asking_vault = changed(&pairs, &at_vault);
    let renewing = [
        ("client_id", DEVELOPER),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
        ("scope", vault),
    ];
    for pairs in [&asking_vault[..], &renewing] {
        let refused = token(&emulator, pairs).await;
        assert_eq!(
            (refused.text("error"), refused.code()),
            ("interaction_required", 50076)
        );
        assert_eq!(refused.text("suberror"), "basic_action");
        let claims: serde_json::Value = serde_json::from_str(refused.text("claims")).unwrap();
        assert!(claims["access_token"]["polids"]["values"][0].is_string());
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
        ("riley@personal.example", "Unknown", None),
        (
            "avery%40ADATUM.example",
            "Federated",
            Some("adatum.example"),
        ),
    ] {
        let path = format!("/common/userrealm/{username}?api-version=1.0");
        let reply = get(&emulator, &path).await;
        assert_eq!(reply.text("account_type"), account_type);
        assert_eq!(reply.body["domain_name"].as_str(), domain);
    }
    let reply = get(&emulator, "/common/userrealm/adele@contoso.example").await;
    assert_eq!(reply.code(), 900_144);
}
