//! HTTPS on loopback, as clients from outside meet it.

use crate::client::emulator;
use doorkey_emulator::{Emulator, Endpoint, Error, Reply};
use reqwest::{Certificate, Client, ClientBuilder};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

fn client(pem: &str) -> Client {
    // reqwest is built without a provider of its own; the first test installs one for the process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = Certificate::from_pem(pem.as_bytes()).unwrap();
    ClientBuilder::new()
        .tls_certs_only([ca])
        .no_proxy()
        .build()
        .unwrap()
}

fn metadata(host: &str, emulator: &Emulator) -> String {
    format!(
        "https://{host}:{}/common/v2.0/.well-known/openid-configuration",
        emulator.port()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_the_authority_is_served() {
    let emulator = emulator().await;
    let pem = std::fs::read_to_string(emulator.ca_certificate()).unwrap();
    assert_eq!(pem, emulator.ca_certificate_pem());
    let client = client(&pem);
    let mut hosts = vec!["localhost", "127.0.0.1"];
    if TcpStream::connect((Ipv6Addr::LOCALHOST, emulator.port()))
        .await
        .is_ok()
    {
        hosts.push("[::1]");
    }
    for host in hosts {
        let reply = client.get(metadata(host, &emulator)).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{host}");
        let body: serde_json::Value =
            serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        let base = format!("https://{host}:{}", emulator.port());
        assert!(body["issuer"].as_str().unwrap().starts_with(&base));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_another_one_is_not() {
    let emulator = emulator().await;
    let other = crate::client::emulator().await;
    let client = client(other.ca_certificate_pem());
    client
        .get(metadata("localhost", &emulator))
        .send()
        .await
        .unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_clients_do_not_hinder_good_ones() {
    let emulator = emulator().await;
    let address = (Ipv4Addr::LOCALHOST, emulator.port());
    let _idle = TcpStream::connect(address).await.unwrap();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    let client = client(emulator.ca_certificate_pem());
    assert_eq!(
        client
            .get(metadata("localhost", &emulator))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names_and_long_bodies_are_turned_away() {
    let emulator = emulator().await;
    let client = client(emulator.ca_certificate_pem());
    let url = metadata("localhost", &emulator);
    let reply = client
        .get(&url)
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 421);
    let url = format!("{}/common/oauth2/v2.0/token", emulator.authority());
    let reply = client.post(url).body(vec![b'x'; 300 * 1024]).send().await;
    assert!(reply.is_err() || reply.unwrap().status() == 413);
    let names: Vec<_> = emulator
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_reply_breaks_the_connection() {
    let emulator = emulator().await;
    emulator.replace_next(Endpoint::OpenIdConfiguration, 1, Reply::cut());
    let client = client(emulator.ca_certificate_pem());
    let reply = client
        .get(metadata("localhost", &emulator))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    reply.bytes().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_when_the_last_handle_is_dropped() {
    let emulator = emulator().await;
    let port = emulator.port();
    let folder = emulator.ca_certificate().parent().unwrap().to_path_buf();
    let handle = emulator.clone();
    let mut open = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    drop(emulator);
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    drop(handle);
    // The server's task is aborted: its sockets close as soon as the runtime gets to it.
    assert_eq!(open.read(&mut [0; 1]).await.unwrap_or(0), 0);
    let again = Emulator::builder()
        .listen((Ipv4Addr::LOCALHOST, port).into())
        .start()
        .await;
    assert_eq!(again.unwrap().port(), port);
    assert!(!folder.exists(), "a private folder goes with its emulator");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_address_is_named() {
    let address: SocketAddr = (Ipv4Addr::UNSPECIFIED, 0).into();
    let error = Emulator::builder()
        .listen(address)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotLoopback { .. }));
    assert!(error.to_string().contains("127.0.0.1"));

    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Emulator::builder()
        .listen(address)
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
