//! Azure AD B2C: endpoints for each policy, and what its tokens say.

use crate::{client::*, person::Person};
use bytes::Bytes;
use http::Request;

const POLICY: &str = "contoso.onmicrosoft.com/B2C_1_SignIn";

#[tokio::test]
async fn each_policy_has_metadata() {
    let emulator = emulator().await;
    let (base, tenant) = (emulator.authority(), emulator.tenant_id());
    for (asked, realm, issuer) in [
        (
            POLICY.to_owned(),
            "contoso.onmicrosoft.com/b2c_1_signin".to_owned(),
            format!("{base}/{tenant}/v2.0/"),
        ),
        (
            format!("tfp/{POLICY}"),
            "tfp/contoso.onmicrosoft.com/b2c_1_signin".to_owned(),
            format!("{base}/tfp/{tenant}/b2c_1_signin/v2.0/"),
        ),
        (
            format!("{tenant}/b2c_1a_in"),
            format!("{tenant}/b2c_1a_in"),
            format!("{base}/{tenant}/v2.0/"),
        ),
    ] {
        let path = format!("/{asked}/v2.0/.well-known/openid-configuration");
        let metadata = get(&emulator, &path).await;
        assert_eq!(metadata.text("issuer"), issuer);
        let endpoint = format!("{base}/{realm}/oauth2/v2.0/token");
        assert_eq!(metadata.text("token_endpoint"), endpoint);
        assert!(metadata.body["device_authorization_endpoint"].is_null());
    }
    for unknown in [
        "contoso.onmicrosoft.com/other",
        "nowhere.onmicrosoft.com/b2c_1_in",
        "organizations/b2c_1_in",
    ] {
        let path = format!("/{unknown}/v2.0/.well-known/openid-configuration");
        assert_ne!(get(&emulator, &path).await.status, 200, "{unknown}");
    }
}

#[tokio::test]
async fn a_person_is_another_one_for_each_policy_and_has_no_user_name() {
    let emulator = emulator().await;
    let user = emulator.users()[0].clone();
    let code = code(&emulator, &user.username, POLICY, &[]).await;
    let path = |of: &str| format!("/{of}/oauth2/v2.0/token");
    // Neither another policy nor Entra ID takes it.
    for other in ["contoso.onmicrosoft.com/b2c_1_other", emulator.tenant_id()] {
        let refused = post(&emulator, &path(other), &redemption(&code)).await;
        assert_eq!(refused.code(), 700_005, "{other}");
    }
    let reply = post(&emulator, &path(POLICY), &redemption(&code)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let claims = reply.claims("id_token");
    let issuer = format!("{}/{}/v2.0/", emulator.authority(), emulator.tenant_id());
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["tfp"], "b2c_1_signin");
    assert_eq!(claims["sub"], user.object_id);
    assert_eq!(claims["emails"][0], user.username);
    for absent in ["tid", "preferred_username", "upn"] {
        assert!(claims[absent].is_null(), "{absent}");
    }
    let info = format!(".{}.", reply.text("client_info"));
    let info = Json {
        body: serde_json::json!({ "info": info }),
        ..reply.clone()
    };
    let info = info.claims("info");
    assert_eq!(info["uid"], format!("{}-b2c_1_signin", user.object_id));
    assert_eq!(info["utid"], user.tenant_id);

    let refresh = [
        ("client_id", DEVELOPER),
        ("grant_type", "refresh_token"),
        ("refresh_token", reply.text("refresh_token")),
        ("scope", "https://management.azure.com/.default openid"),
    ];
    for (of, status) in [
        (POLICY, 200),
        ("contoso.onmicrosoft.com/b2c_1_other", 400),
        ("organizations", 400),
    ] {
        let reply = post(&emulator, &path(of), &refresh).await;
        assert_eq!(reply.status, status, "{of}");
    }
}

#[tokio::test]
async fn the_answer_names_the_policys_issuer() {
    let emulator = doorkey_emulator::Emulator::builder()
        .authorization_response_issuer(true)
        .start()
        .await
        .unwrap();
    let username = emulator.users()[0].username.clone();
    for (tenant, issuer) in [
        (POLICY, format!("{}/v2.0/", emulator.tenant_id())),
        (
            "tfp/contoso.onmicrosoft.com/b2c_1_signin",
            format!("tfp/{}/b2c_1_signin/v2.0/", emulator.tenant_id()),
        ),
    ] {
        let mut person = Person::new(&emulator);
        let page = person.sign_in(&authorize_url(tenant, &[]), &username).await;
        let issuer = format!("{}/{issuer}", emulator.authority());
        assert_eq!(value(&answer(&page), "iss"), issuer);
    }
}

/// Entra External ID is told by its hosts.
#[tokio::test]
async fn a_host_of_external_id_has_one_tenant_and_names_it_by_its_id() {
    let emulator = emulator().await;
    let at = |tenant: &str| {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let request = Request::get(format!("https://contoso.ciamlogin.com{path}"));
        request.body(Bytes::new()).unwrap()
    };
    let id = emulator.tenant_id();
    let metadata = send(&emulator, at("contoso.onmicrosoft.com")).await;
    assert_eq!(
        metadata.text("issuer"),
        format!("https://{id}.ciamlogin.com/{id}/v2.0")
    );
    assert_eq!(
        metadata.text("token_endpoint"),
        format!("https://contoso.ciamlogin.com/{id}/oauth2/v2.0/token")
    );
    for of_many in ["common", "organizations"] {
        let refused = send(&emulator, at(of_many)).await;
        assert_eq!(refused.code(), 90002, "{of_many}");
    }
}
