//! The protected resource: what it accepts, and how it refuses.

use crate::client::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use doorkey_emulator::Emulator;
use http::Request;
use time::Duration;

async fn me(emulator: &Emulator, authorization: &str) -> Json {
    let request = Request::get(format!("{}/resource/me", emulator.authority()))
        .header("authorization", authorization);
    send(emulator, request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn it_tells_whose_token_it_was_given() {
    let emulator = emulator().await;
    for scope in [
        ARM,
        "https://storage.azure.com/.default",
        "https://management.core.windows.net//.default",
        "User.Read",
        "api://22223333-cccc-4444-dddd-5555eeee6666/Expenses.Read",
    ] {
        let changes = [("scope", scope)];
        let code = code(
            &emulator,
            "adele@contoso.example",
            "organizations",
            &changes,
        )
        .await;
        let reply = token(&emulator, &changed(&redemption(&code), &changes)).await;
        let bearer = format!("Bearer {}", reply.text("access_token"));
        let reply = if scope.starts_with("api:") || scope != ARM {
            me(&emulator, &bearer).await
        } else {
            me(&emulator, &bearer.replacen("Bearer", "bearer", 1)).await
        };
        assert_eq!(reply.status, 200, "{scope}: {reply:?}");
        assert_eq!(reply.text("username"), "adele@contoso.example");
        assert_eq!(reply.text("tenant_id"), emulator.tenant_id());
        assert_eq!(reply.text("application"), DEVELOPER);
        assert!(reply.body["scopes"].is_array());
    }
}

#[tokio::test]
async fn a_token_of_another_kind_of_authority_is_taken_too() {
    let emulator = emulator().await;
    let adele = "adele@contoso.example";
    let pairs = [
        ("client_id", DEVELOPER),
        ("grant_type", "password"),
        ("username", adele),
        ("password", "not-a-secret-adele"),
        ("scope", "https://management.azure.com/.default openid"),
    ];
    for path in [
        "/adfs/oauth2/token",
        "/contoso.example/b2c_1_in/oauth2/v2.0/token",
        "/tfp/contoso.example/b2c_1_in/oauth2/v2.0/token",
    ] {
        let reply = post(&emulator, path, &pairs).await;
        let bearer = format!("Bearer {}", reply.text("access_token"));
        let reply = me(&emulator, &bearer).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_bad_token_is_challenged() {
    let emulator = emulator().await;
    let reply = signed_in(&emulator).await;
    let access = reply.text("access_token").to_owned();
    let id = reply.text("id_token").to_owned();
    let mut parts: Vec<String> = access.split('.').map(str::to_owned).collect();
    parts[1] = URL_SAFE_NO_PAD.encode(r#"{"aud":"https://management.azure.com"}"#);
    for (authorization, reason) in [
        ("", ""),
        ("Basic abc", ""),
        ("Bearer nonsense", "signature"),
        (&format!("Bearer {}", parts.join(".")), "signature"),
        (&format!("Bearer {id}"), "audience"),
    ] {
        let reply = me(&emulator, authorization).await;
        assert_eq!(reply.status, 401, "{authorization}");
        let challenge = reply.headers["www-authenticate"].to_str().unwrap();
        let start = format!(
            "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\"",
            emulator.authority()
        );
        assert!(challenge.starts_with(&start), "{challenge}");
        // RFC 6750, section 3.1: no error where no token was sent.
        assert_eq!(
            challenge.contains("error=\"invalid_token\""),
            !reason.is_empty()
        );
        assert!(challenge.contains(reason), "{challenge}");
    }
    for (offset, reason) in [
        (Duration::hours(2), "expired"),
        (Duration::hours(-1), "not valid yet"),
    ] {
        emulator.set_clock_offset(offset);
        let reply = me(&emulator, &format!("Bearer {access}")).await;
        let challenge = reply.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(reason), "{challenge}");
    }
}

#[tokio::test]
async fn a_token_of_another_authority_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = Emulator::builder()
        .state_folder(folder.path())
        .start()
        .await
        .unwrap();
    let reply = signed_in(&other).await;
    let emulator = emulator().await;
    let reply = me(&emulator, &format!("Bearer {}", reply.text("access_token"))).await;
    assert_eq!(reply.status, 401);
}
