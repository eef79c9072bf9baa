//! Refresh tokens.

use crate::client::*;
use doorkey_emulator::Emulator;
use time::Duration;

fn refreshing(refresh_token: &str) -> Vec<(&str, &str)> {
    vec![
        ("client_id", DEVELOPER),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        (
            "scope",
            "https://management.azure.com/.default openid offline_access",
        ),
    ]
}

#[tokio::test]
async fn each_reply_brings_a_new_one_and_the_old_ones_stay_valid() {
    let emulator = emulator().await;
    let first = signed_in(&emulator).await;
    let first = first.text("refresh_token");
    let second = token(&emulator, &refreshing(first)).await;
    let second = second.text("refresh_token");
    assert_ne!(first, second);
    for refresh_token in [first, second, first] {
        assert_eq!(
            token(&emulator, &refreshing(refresh_token)).await.status,
            200
        );
    }
}

#[tokio::test]
async fn it_serves_other_resources_and_falls_to_graph_without_a_scope() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    for (scope, audience) in [
        (
            "https://vault.azure.net/.default",
            "https://vault.azure.net",
        ),
        ("", "https://graph.microsoft.com"),
    ] {
        let refreshing = refreshing(reply.text("refresh_token"));
        let reply = token(&emulator, &changed(&refreshing, &[("scope", scope)])).await;
        assert_eq!(reply.claims("access_token")["aud"], audience, "{scope}");
    }
}

#[tokio::test]
async fn it_serves_the_family_and_nobody_else() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    for (client_id, status) in [(DEVELOPER, 200), (VS_CODE, 200), (NOTES, 400)] {
        let refreshing = refreshing(reply.text("refresh_token"));
        let reply = token(
            &emulator,
            &changed(&refreshing, &[("client_id", client_id)]),
        )
        .await;
        assert_eq!(reply.status, status, "{client_id}");
        if status == 400 {
            assert_eq!(
                (reply.text("error"), reply.code()),
                ("invalid_grant", 700_007)
            );
        } else {
            assert_eq!(reply.claims("access_token")["appid"], client_id);
        }
    }
}

#[tokio::test]
async fn it_serves_every_tenant_of_a_guest() {
    let emulator = emulator().await;
    let gale = emulator.users()[4].clone();
    let code = code(&emulator, &gale.username, "organizations", &[]).await;
    let reply = token(&emulator, &redemption(&code)).await;
    assert_eq!(reply.claims("id_token")["tid"], gale.tenant_id);
    for (tenant, object_id) in [
        ("contoso.example", &gale.guest_in[0].object_id),
        ("fabrikam.example", &gale.object_id),
        ("organizations", &gale.object_id),
    ] {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let changes = [("client_info", "1")];
        let refreshing = refreshing(reply.text("refresh_token"));
        let again = post(&emulator, &path, &changed(&refreshing, &changes)).await;
        assert_eq!(again.claims("access_token")["oid"], **object_id, "{tenant}");
        // Whoever they are in a tenant, they are the same person at home.
        assert_eq!(
            again.text("client_info"),
            reply.text("client_info"),
            "{tenant}"
        );
    }
    let adele = signed_in(&emulator).await;
    let refreshing = refreshing(adele.text("refresh_token"));
    let reply = post(
        &emulator,
        "/fabrikam.example/oauth2/v2.0/token",
        &refreshing,
    )
    .await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_grant", 50020)
    );
}

#[tokio::test]
async fn revoked_and_expired_ones_are_refused() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    let refused = async |emulator: &Emulator, refresh_token: &str| {
        let reply = token(emulator, &refreshing(refresh_token)).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.text("error"), "invalid_grant");
        reply.code()
    };
    emulator.revoke_refresh_tokens("nobody@contoso.example");
    emulator.revoke_refresh_tokens("morgan@contoso.example");
    assert_eq!(
        token(&emulator, &refreshing(reply.text("refresh_token")))
            .await
            .status,
        200
    );
    emulator.revoke_refresh_tokens("ADELE@contoso.example");
    assert_eq!(refused(&emulator, reply.text("refresh_token")).await, 50173);

    let again = signed_in(&emulator).await;
    let again = again.text("refresh_token");
    assert_eq!(token(&emulator, &refreshing(again)).await.status, 200);
    emulator.set_clock_offset(Duration::days(91));
    assert_eq!(refused(&emulator, again).await, 700_082);
    assert_eq!(refused(&emulator, "1.nonsense").await, 9_002_313);
}

#[tokio::test]
async fn what_the_sign_in_did_not_meet_is_asked_for() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let refreshing = refreshing(reply.text("refresh_token"));
    let reply = token(&emulator, &changed(&refreshing, &[("claims", claims)])).await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_grant", 50076)
    );
    assert_eq!(reply.text("suberror"), "basic_action");
    assert_eq!(reply.text("claims"), claims);
}

#[tokio::test]
async fn consent_to_one_resource_is_none_to_another() {
    let emulator = emulator().await;
    let code = code(&emulator, "casey@contoso.example", "organizations", &[]).await;
    let reply = token(&emulator, &redemption(&code)).await;
    let refreshing = refreshing(reply.text("refresh_token"));
    assert_eq!(token(&emulator, &refreshing).await.status, 200);
    let changes = [("scope", "https://vault.azure.net/.default")];
    let reply = token(&emulator, &changed(&refreshing, &changes)).await;
    assert_eq!(
        (reply.text("error"), reply.code()),
        ("invalid_grant", 65001)
    );
    assert_eq!(reply.text("suberror"), "consent_required");
}

#[tokio::test]
async fn it_outlives_a_restart_with_the_same_state_folder() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().state_folder(folder.path()).start();
    let before = start().await.unwrap();
    let reply = signed_in(&before).await;
    let pem = before.ca_certificate_pem().to_owned();
    drop(before);
    let after = start().await.unwrap();
    assert_eq!(after.ca_certificate_pem(), pem);
    assert_eq!(
        token(&after, &refreshing(reply.text("refresh_token")))
            .await
            .status,
        200
    );
    let bearer = format!("Bearer {}", reply.text("access_token"));
    let request = http::Request::get(format!("{}/resource/me", after.authority()))
        .header("authorization", bearer)
        .body(Default::default())
        .unwrap();
    assert_eq!(send(&after, request).await.status, 200);
}
