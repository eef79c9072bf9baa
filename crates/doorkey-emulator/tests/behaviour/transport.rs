//! Azure SDK clients' way to the emulator.

use crate::client::emulator;
use azure_core::{
    error::ErrorKind,
    http::{Method, Request},
};
use doorkey_emulator::{Endpoint, Reply};

#[tokio::test]
async fn any_host_is_reached_without_a_socket() {
    let emulator = emulator().await;
    let transport = emulator.transport();
    let url = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration?x=1";
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    request.insert_header("x-client-sku", "test");
    let reply = transport.execute_request(&request).await.unwrap();
    assert_eq!(u16::from(reply.status()), 200);
    assert!(
        reply
            .headers()
            .get_optional_str(&"content-type".into())
            .unwrap()
            .contains("json")
    );
    let body = reply.into_body().collect().await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("https://login.microsoftonline.com/common"));
    assert_eq!(emulator.requests()[0].header("x-client-sku"), Some("test"));
    assert_eq!(emulator.requests()[0].query_value("x"), Some("1"));
}

#[tokio::test]
async fn forms_arrive_and_a_cut_body_is_an_error_of_the_stream() {
    let emulator = emulator().await;
    let transport = emulator.transport();
    let url = format!("{}/common/oauth2/v2.0/token", emulator.authority());
    let mut request = Request::new(url.parse().unwrap(), Method::Post);
    request.insert_header("content-type", "application/x-www-form-urlencoded");
    request.set_body("client_id=nobody");
    let reply = transport.execute_request(&request).await.unwrap();
    assert_eq!(u16::from(reply.status()), 400);
    assert_eq!(
        emulator.requests()[0].form_value("client_id"),
        Some("nobody")
    );

    emulator.replace_next(Endpoint::Token, 1, Reply::cut());
    let reply = transport.execute_request(&request).await.unwrap();
    let error = reply.into_body().collect().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io), "{error:?}");
}
