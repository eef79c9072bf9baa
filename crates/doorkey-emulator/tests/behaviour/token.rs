//! Authorization codes at the token endpoint: what they bring and how they are refused.

use crate::client::*;
use time::Duration;

#[tokio::test]
async fn a_code_is_exchanged_for_tokens() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    let user = &emulator.users()[0];

    assert_eq!(reply.text("token_type"), "Bearer");
    assert_eq!(reply.text("foci"), "1");
    assert_eq!(reply.body["expires_in"], 4800);
    assert_eq!(reply.body["refresh_in"], 2400);
    assert_eq!(reply.body["ext_expires_in"], 4800);
    assert!(reply.text("scope").contains(ARM));
    assert_eq!(reply.headers["cache-control"], "no-store, no-cache");

    let access = reply.claims("access_token");
    assert_eq!(
        access["iss"],
        format!("https://sts.windows.net/{}/", user.tenant_id)
    );
    assert_eq!(access["aud"], "https://management.azure.com");
    assert_eq!(access["appid"], DEVELOPER);
    assert_eq!(access["upn"], user.username);
    assert_eq!(access["oid"], user.object_id);
    assert_eq!(access["tid"], user.tenant_id);
    assert_eq!(access["scp"], "user_impersonation");
    assert_eq!(access["ver"], "1.0");
    let lifetime = access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 4800);

    let id = reply.claims("id_token");
    assert_eq!(
        id["iss"],
        format!("{}/{}/v2.0", emulator.authority(), user.tenant_id)
    );
    assert_eq!(id["aud"], DEVELOPER);
    assert_eq!(id["nonce"], "the-nonce");
    assert_eq!(id["preferred_username"], user.username);
    assert_eq!(id["ver"], "2.0");
}

#[tokio::test]
async fn an_own_resource_gets_a_token_of_version_2() {
    let emulator = emulator().await;
    let scope = format!("api://{EXPENSES}/Expenses.Read openid");
    let code = code(
        &emulator,
        "adele@contoso.example",
        "common",
        &[("scope", &scope)],
    )
    .await;
    let changes = [("scope", scope.as_str())];
    let pairs = redemption(&code);
    let reply = post(
        &emulator,
        "/common/oauth2/v2.0/token",
        &changed(&pairs, &changes),
    )
    .await;
    let access = reply.claims("access_token");
    let issuer = format!("{}/{}/v2.0", emulator.authority(), emulator.tenant_id());
    assert_eq!(access["iss"], issuer);
    assert_eq!(access["aud"], EXPENSES);
    assert_eq!(access["azp"], DEVELOPER);
    assert_eq!(access["scp"], "Expenses.Read");
    assert_eq!(access["ver"], "2.0");
}

#[tokio::test]
async fn only_what_was_asked_for_comes_back() {
    let emulator = emulator().await;
    for (scope, client_info, members) in [
        (ARM, "", [false, false, false]),
        (
            "https://management.azure.com/.default openid",
            "1",
            [true, false, true],
        ),
        (
            "https://management.azure.com/.default offline_access",
            "1",
            [false, true, true],
        ),
    ] {
        let changes = [("scope", scope), ("client_info", client_info)];
        let code = code(
            &emulator,
            "adele@contoso.example",
            "organizations",
            &changes,
        )
        .await;
        let reply = token(&emulator, &changed(&redemption(&code), &changes)).await;
        let found = ["id_token", "refresh_token", "client_info"].map(|m| reply.body[m].is_string());
        assert_eq!(found, members, "{scope}");
        assert_eq!(reply.body["foci"].is_string(), members[1], "{scope}");
    }
}

#[tokio::test]
async fn only_members_of_a_family_are_told_so() {
    let emulator = emulator().await;
    let changes = [("client_id", NOTES)];
    let code = code(
        &emulator,
        "adele@contoso.example",
        "organizations",
        &changes,
    )
    .await;
    let reply = token(&emulator, &changed(&redemption(&code), &changes)).await;
    assert!(reply.body["refresh_token"].is_string());
    assert!(reply.body["foci"].is_null());
}

#[tokio::test]
async fn claims_are_heeded() {
    let emulator = emulator().await;
    let cp1 =
        r#"{"access_token":{"xms_cc":{"values":["cp1"]},"acrs":{"essential":true,"value":"c1"}}}"#;
    let changes = [("claims", cp1)];
    let code = code(
        &emulator,
        "morgan@contoso.example",
        "organizations",
        &changes,
    )
    .await;
    let reply = token(&emulator, &changed(&redemption(&code), &changes)).await;
    let access = reply.claims("access_token");
    assert_eq!(access["xms_cc"][0], "cp1");
    assert_eq!(access["acrs"][0], "c1");
    assert_eq!(access["amr"][1], "mfa");
    assert_eq!(reply.body["expires_in"], 86400);
    assert_eq!(reply.body["refresh_in"], 43200);
}

/// A row: what is changed in the request, the error, its number, and the status.
type Refused<'a> = (Pairs<'a>, &'a str, i64, u16);

#[tokio::test]
async fn a_wrong_redemption_is_refused_and_leaves_the_code_usable() {
    let emulator = emulator().await;
    let code = code(&emulator, "adele@contoso.example", "organizations", &[]).await;
    let other = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX";
    let two = "https://management.azure.com/.default https://vault.azure.net/.default";
    let refused: &[Refused<'_>] = &[
        (&[("code_verifier", other)], "invalid_grant", 501_481, 400),
        (&[("code_verifier", "short")], "invalid_grant", 501_481, 400),
        (&[("code_verifier", "")], "invalid_grant", 501_481, 400),
        (&[("client_id", NOTES)], "invalid_grant", 700_007, 400),
        (
            &[("client_id", "unknown")],
            "unauthorized_client",
            700_016,
            400,
        ),
        (&[("client_id", "")], "invalid_request", 900_144, 400),
        (
            &[("redirect_uri", "http://localhost:54322")],
            "invalid_grant",
            500_112,
            400,
        ),
        (&[("redirect_uri", "")], "invalid_request", 900_144, 400),
        (&[("code", "1.nonsense")], "invalid_grant", 9_002_313, 400),
        (&[("code", "")], "invalid_request", 900_144, 400),
        (&[("grant_type", "")], "invalid_request", 900_144, 400),
        (
            &[("grant_type", "client_credentials")],
            "unsupported_grant_type",
            70003,
            400,
        ),
        (
            &[("client_secret", "secret")],
            "invalid_client",
            700_025,
            401,
        ),
        (
            &[("client_assertion", "jwt")],
            "invalid_client",
            700_025,
            401,
        ),
        (
            &[("scope", "https://unknown.example/.default")],
            "invalid_resource",
            500_011,
            400,
        ),
        (&[("scope", "nonsense")], "invalid_scope", 70011, 400),
        (
            &[("scope", "https://vault.azure.net/Nonsense")],
            "invalid_client",
            650_053,
            400,
        ),
        (&[("claims", "{")], "invalid_request", 9_002_313, 400),
        (
            &[("code", &code), ("scope", "openid"), ("scope", "openid")],
            "invalid_request",
            9_002_313,
            400,
        ),
    ];
    for (changes, error, number, status) in refused {
        let reply = token(&emulator, &changed(&redemption(&code), changes)).await;
        assert_eq!(reply.status, *status, "{changes:?}");
        assert_eq!(reply.text("error"), *error, "{changes:?}");
        assert_eq!(reply.code(), *number, "{changes:?}");
    }
    for (tenant, error, number) in [
        ("fabrikam.example", "invalid_grant", 700_005),
        ("common", "invalid_grant", 700_005),
        ("nowhere.example", "invalid_request", 90002),
    ] {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let reply = post(&emulator, &path, &redemption(&code)).await;
        assert_eq!(
            (reply.text("error"), reply.code()),
            (error, number),
            "{tenant}"
        );
    }
    // Once it is redeemed, what the token is for is looked at.
    let reply = token(&emulator, &changed(&redemption(&code), &[("scope", two)])).await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_request", 28000)
    );
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let emulator = emulator().await;
    let code = code(&emulator, "adele@contoso.example", "organizations", &[]).await;
    assert_eq!(token(&emulator, &redemption(&code)).await.status, 200);
    let reply = token(&emulator, &redemption(&code)).await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_grant", 54005)
    );
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes() {
    let emulator = emulator().await;
    let user = "adele@contoso.example";
    let late = code(&emulator, user, "organizations", &[]).await;
    let early = code(&emulator, user, "organizations", &[]).await;
    emulator.set_clock_offset(Duration::minutes(9));
    assert_eq!(token(&emulator, &redemption(&early)).await.status, 200);
    emulator.set_clock_offset(Duration::minutes(11));
    let reply = token(&emulator, &redemption(&late)).await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_grant", 70008)
    );
}

#[tokio::test]
async fn a_code_serves_the_persons_own_tenant_too() {
    let emulator = emulator().await;
    let code = code(&emulator, "adele@contoso.example", "organizations", &[]).await;
    let path = format!("/{}/oauth2/v2.0/token", emulator.tenant_id());
    assert_eq!(post(&emulator, &path, &redemption(&code)).await.status, 200);
}

#[tokio::test]
async fn a_code_without_a_challenge_takes_no_verifier() {
    let emulator = emulator().await;
    let changes = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = code(
        &emulator,
        "adele@contoso.example",
        "organizations",
        &changes,
    )
    .await;
    let reply = token(&emulator, &redemption(&code)).await;
    assert_eq!(reply.code(), 501_481);
    let pairs = redemption(&code);
    let reply = token(&emulator, &changed(&pairs, &[("code_verifier", "")])).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_plain_challenge_is_honoured() {
    let emulator = emulator().await;
    let changes = [
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
    ];
    let code = code(
        &emulator,
        "adele@contoso.example",
        "organizations",
        &changes,
    )
    .await;
    assert_eq!(token(&emulator, &redemption(&code)).await.status, 200);
}

#[tokio::test]
async fn resource_beside_scope_must_name_the_same() {
    let emulator = emulator().await;
    for (resource, code_or_none) in [
        ("https://management.azure.com/", None),
        ("https://vault.azure.net", Some(9_010_010)),
    ] {
        let code = code(&emulator, "adele@contoso.example", "organizations", &[]).await;
        let changes = [("resource", resource)];
        let reply = token(&emulator, &changed(&redemption(&code), &changes)).await;
        assert_eq!(
            reply.body["error_codes"][0].as_i64(),
            code_or_none,
            "{resource}"
        );
    }
}

#[tokio::test]
async fn another_method_is_refused() {
    let emulator = emulator().await;
    for endpoint in ["token", "devicecode"] {
        let reply = get(&emulator, &format!("/common/oauth2/v2.0/{endpoint}")).await;
        assert_eq!(
            (reply.text("error"), reply.code()),
            ("invalid_request", 900_561)
        );
    }
}

#[tokio::test]
async fn a_refusal_has_the_body_of_entra_id() {
    let emulator = emulator().await;
    let correlation_id = "3d2f4b6c-0000-4000-8000-000000000001";
    let request = http::Request::post(format!("{}/common/oauth2/v2.0/token", emulator.authority()))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("client-request-id", correlation_id)
        .header("return-client-request-id", "true")
        .body(form(&[("client_id", DEVELOPER)]).into())
        .unwrap();
    let reply = send(&emulator, request).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.text("error"), "invalid_request");
    assert_eq!(reply.text("correlation_id"), correlation_id);
    assert_eq!(reply.headers["client-request-id"], correlation_id);
    assert_eq!(reply.headers["x-ms-request-id"], reply.text("trace_id"));
    assert_eq!(reply.text("timestamp").len(), "2026-11-25 02:44:56Z".len());
    assert!(reply.text("error_uri").ends_with("/error?code=900144"));
    let description = reply.text("error_description");
    assert!(description.starts_with("AADSTS900144: "), "{description}");
    for part in [
        correlation_id,
        reply.text("trace_id"),
        reply.text("timestamp"),
        "grant_type",
    ] {
        assert!(description.contains(part), "{description}");
    }
}
