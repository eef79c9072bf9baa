//! Metadata, keys and instances.

use crate::client::*;
use bytes::Bytes;
use doorkey_emulator::Emulator;
use http::Request;

const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

async fn instance(emulator: &Emulator, endpoint: &str, version: &str) -> Json {
    let query = form(&[
        ("authorization_endpoint", endpoint),
        ("api-version", version),
    ]);
    get(emulator, &format!("/common/discovery/instance?{query}")).await
}

#[tokio::test]
async fn the_metadata_names_realm_and_issuer() {
    let emulator = emulator().await;
    let contoso = emulator.tenant_id().to_owned();
    for (tenant, realm, issuer) in [
        ("common", "common", "{tenantid}"),
        ("organizations", "organizations", "{tenantid}"),
        ("consumers", "consumers", CONSUMERS),
        ("contoso.example", &contoso, &contoso),
        ("CONTOSO.example", &contoso, &contoso),
        (&contoso, &contoso, &contoso),
    ] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let metadata = get(&emulator, &path).await;
        let base = emulator.authority();
        assert_eq!(metadata.text("issuer"), format!("{base}/{issuer}/v2.0"));
        for (member, path) in [
            ("authorization_endpoint", "oauth2/v2.0/authorize"),
            ("token_endpoint", "oauth2/v2.0/token"),
            ("device_authorization_endpoint", "oauth2/v2.0/devicecode"),
            ("end_session_endpoint", "oauth2/v2.0/logout"),
            ("jwks_uri", "discovery/v2.0/keys"),
        ] {
            assert_eq!(
                metadata.text(member),
                format!("{base}/{realm}/{path}"),
                "{tenant}"
            );
        }
        let keys = metadata
            .text("jwks_uri")
            .trim_start_matches(base)
            .to_owned();
        let keys = get(&emulator, &keys).await;
        assert_eq!(keys.body["keys"][0]["kty"], "RSA");
        assert_eq!(keys.body["keys"][0]["issuer"], metadata.body["issuer"]);
        assert!(keys.body["keys"][0]["d"].is_null());
    }
    let metadata = get(
        &emulator,
        "/nowhere.example/v2.0/.well-known/openid-configuration",
    )
    .await;
    assert_eq!(
        (metadata.text("error"), metadata.code()),
        ("invalid_tenant", 90002)
    );
    assert_eq!(metadata.status, 400);
}

#[tokio::test]
async fn a_request_for_another_host_is_answered_as_that_host() {
    let emulator = emulator().await;
    let path = "/contoso.example/v2.0/.well-known/openid-configuration";
    let by_uri = Request::get(format!("https://login.microsoftonline.us{path}"));
    let by_header = Request::get(path).header("host", "login.microsoftonline.us");
    for request in [by_uri, by_header] {
        let metadata = send(&emulator, request.body(Bytes::new()).unwrap()).await;
        let issuer = format!(
            "https://login.microsoftonline.us/{}/v2.0",
            emulator.tenant_id()
        );
        assert_eq!(metadata.text("issuer"), issuer);
    }
}

#[tokio::test]
async fn instances_are_known_with_their_aliases() {
    let emulator = emulator().await;
    for version in ["1.0", "1.1"] {
        for host in [
            "login.microsoftonline.com",
            "login.windows.net",
            "login.chinacloudapi.cn",
        ] {
            let endpoint = format!("https://{host}/common/oauth2/v2.0/authorize");
            let reply = instance(&emulator, &endpoint, version).await;
            let discovery = format!("https://{host}/common/v2.0/.well-known/openid-configuration");
            assert_eq!(reply.text("tenant_discovery_endpoint"), discovery);
            let public = &reply.body["metadata"][0];
            assert_eq!(public["preferred_network"], "login.microsoftonline.com");
            assert_eq!(public["preferred_cache"], "login.windows.net");
            assert_eq!(public["aliases"].as_array().unwrap().len(), 4);
        }
    }
    let own = format!(
        "{}/contoso.example/oauth2/v2.0/authorize",
        emulator.authority()
    );
    let reply = instance(&emulator, &own, "1.1").await;
    assert!(
        reply
            .text("tenant_discovery_endpoint")
            .starts_with(emulator.authority())
    );
    let metadata = reply.body["metadata"].as_array().unwrap();
    assert_eq!(metadata.last().unwrap()["preferred_cache"], "localhost");
}

#[tokio::test]
async fn an_unknown_instance_is_refused() {
    let emulator = emulator().await;
    for endpoint in [
        "https://login.evil.example/common/oauth2/v2.0/authorize",
        "https://fakelogin.microsoftonline.com.evil.example/common",
        "http://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com",
        "https://localhost:1/common/oauth2/v2.0/authorize",
        "nonsense",
    ] {
        let reply = instance(&emulator, endpoint, "1.1").await;
        assert_eq!(reply.status, 400);
        assert_eq!(
            (reply.text("error"), reply.code()),
            ("invalid_instance", 50049),
            "{endpoint}"
        );
    }
}
