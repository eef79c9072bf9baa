//! What a test sets, replaces and looks at.

use crate::client::*;
use doorkey_emulator::{Emulator, Endpoint, Reply};
use std::{
    future::Future as _,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use time::OffsetDateTime;

const METADATA: &str = "/common/v2.0/.well-known/openid-configuration";

#[tokio::test]
async fn replies_are_replaced_in_order_and_then_no_more() {
    let emulator = emulator().await;
    let throttled = Reply::new(429)
        .header("Retry-After", "7")
        .body(r#"{"error":"throttled"}"#);
    emulator.replace_next(Endpoint::OpenIdConfiguration, 2, throttled);
    emulator.replace_next(Endpoint::OpenIdConfiguration, 1, Reply::new(503));
    for (status, retry_after) in [(429, Some("7")), (429, Some("7")), (503, None), (200, None)] {
        // Another endpoint is not touched.
        assert_eq!(
            get(&emulator, "/common/discovery/v2.0/keys").await.status,
            200
        );
        let reply = get(&emulator, METADATA).await;
        assert_eq!(reply.status, status);
        let header = reply
            .headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after);
    }
}

#[tokio::test]
async fn a_cut_reply_is_short_and_a_stalled_one_never_comes() {
    let emulator = emulator().await;
    emulator.replace_next(Endpoint::OpenIdConfiguration, 1, Reply::cut());
    let reply = get(&emulator, METADATA).await;
    assert!(reply.body.is_null(), "half of a JSON object is none");

    emulator.replace_next(Endpoint::OpenIdConfiguration, 1, Reply::stall());
    let mut stalled = pin!(get(&emulator, METADATA));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(matches!(stalled.as_mut().poll(&mut context), Poll::Pending));
    }
    assert_eq!(
        emulator.requests().len(),
        2,
        "a replaced request is in the log"
    );
}

#[tokio::test]
async fn the_log_shows_what_was_received() {
    let emulator = emulator().await;
    token(
        &emulator,
        &[("client_id", DEVELOPER), ("password", "hidden")],
    )
    .await;
    get(&emulator, "/nowhere?a=b").await;
    let requests = emulator.requests();
    assert_eq!(requests[0].endpoint, Some(Endpoint::Token));
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].form_value("client_id"), Some(DEVELOPER));
    assert_eq!(
        requests[0].header("Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
    assert!(!format!("{requests:?}").contains("hidden"));
    assert_eq!(requests[1].endpoint, None);
    assert_eq!(requests[1].query, [("a".to_owned(), "b".to_owned())]);
    emulator.clear_requests();
    assert!(emulator.requests().is_empty());
}

#[tokio::test]
async fn debug_shows_no_secrets() {
    let emulator = emulator().await;
    let code = code(&emulator, "adele@contoso.example", "organizations", &[]).await;
    let shown = format!("{emulator:?}");
    assert!(shown.contains(emulator.authority()), "{shown}");
    assert!(
        !shown.contains(&code) && !shown.contains("not-a-secret"),
        "{shown}"
    );
}

#[tokio::test]
async fn lifetimes_are_set_by_the_builder() {
    let emulator = Emulator::builder()
        .access_token_lifetime(Duration::from_secs(600))
        .refresh_in(Duration::from_secs(60))
        .device_code_lifetime(Duration::from_secs(30))
        .device_code_interval(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    let reply = signed_in(&emulator).await;
    assert_eq!(reply.body["expires_in"], 600);
    assert_eq!(reply.body["refresh_in"], 60);
    let pairs = [("client_id", DEVELOPER), ("scope", "openid")];
    let codes = post(&emulator, "/common/oauth2/v2.0/devicecode", &pairs).await;
    assert_eq!(codes.body["expires_in"], 30);
    assert_eq!(codes.body["interval"], 1);
}

#[tokio::test(start_paused = true)]
async fn time_comes_from_the_clock_alone() {
    let now = OffsetDateTime::from_unix_timestamp(1_764_020_000).unwrap();
    let emulator = Emulator::builder()
        .clock(Arc::new(move || now))
        .start()
        .await
        .unwrap();
    let reply = signed_in(&emulator).await;
    assert_eq!(reply.claims("access_token")["iat"], 1_764_020_000);
    emulator.set_clock_offset(time::Duration::seconds(100));
    let reply = signed_in(&emulator).await;
    assert_eq!(reply.claims("access_token")["iat"], 1_764_020_100);
}

#[test]
fn handles_go_between_threads() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<Emulator>();
}
