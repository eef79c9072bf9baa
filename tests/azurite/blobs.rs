//! The unchanged blob client of the SDK, on our credentials.

use crate::{
    azurite::ACCOUNT,
    net::{Net, Seen},
    people,
};
use azure_core::{
    credentials::TokenCredential,
    http::{Body, ClientOptions, Method, RequestContent},
    stream::{BytesStream, SeekableStream},
};
use azure_storage_blob::{BlobClient, BlobServiceClient, BlobServiceClientOptions};
use base64::prelude::*;
use doorkey::{
    AuthenticateOptions, DeviceCodeCredential, DeviceCodeCredentialOptions, Error, ErrorKind,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    PublicClientOptions, TokenInfoOptions,
};
use doorkey_emulator::{Endpoint, User};
use futures_util::future::join_all;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

const SCOPE: &str = "https://storage.azure.com/.default";

/// The authority has nothing against it, so nobody is asked.
const SILENT: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;

/// Only a new sign-in satisfies it.
const STRONGER: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

fn challenge(claims: &str) -> HeaderValue {
    let claims = BASE64_STANDARD.encode(claims);
    let header = format!(
        "Bearer authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         error=\"insufficient_claims\", claims=\"{claims}\""
    );
    HeaderValue::from_str(&header).expect("a header")
}

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("JSON")
}

fn client(net: &Net) -> PublicClientOptions {
    PublicClientOptions {
        enable_cae: true,
        client_options: net.client_options(),
        ..Default::default()
    }
}

fn by_browser(net: &Net, user: &User) -> Arc<InteractiveBrowserCredential> {
    let options = InteractiveBrowserCredentialOptions {
        browser: people::browser(net, user),
        client: client(net),
        ..Default::default()
    };
    InteractiveBrowserCredential::new(Some(options)).expect("good options")
}

fn by_code(net: &Net, user: &User, automatic: bool) -> Arc<DeviceCodeCredential> {
    let options = DeviceCodeCredentialOptions {
        disable_automatic_authentication: !automatic,
        prompt_callback: people::device(net, user),
        client: client(net),
        ..Default::default()
    };
    DeviceCodeCredential::new(Some(options)).expect("good options")
}

fn service(options: ClientOptions, credential: Arc<dyn TokenCredential>) -> BlobServiceClient {
    let url = format!("https://{ACCOUNT}.blob.core.windows.net/");
    let options = BlobServiceClientOptions {
        client_options: options,
        ..Default::default()
    };
    let url = url.parse().expect("a URL");
    BlobServiceClient::new(url, Some(credential), Some(options)).expect("a client")
}

/// A service client under the credential's own policy.
fn with_policy<C: InteractiveCredential + 'static>(
    net: &Net,
    credential: &Arc<C>,
) -> BlobServiceClient {
    let mut options = net.client_options();
    options.per_try_policies = vec![credential.continuous_access_policy()];
    service(options, Arc::<C>::clone(credential))
}

async fn blob(service: &BlobServiceClient, name: &str) -> BlobClient {
    let container = service.blob_container_client(name);
    container.create(None).await.expect("a container");
    container.blob_client("a-blob")
}

async fn upload(blob: &BlobClient, text: &str) -> azure_core::Result<()> {
    let content = RequestContent::from(text.as_bytes().to_vec());
    blob.upload(content, None).await.map(drop)
}

async fn download(blob: &BlobClient) -> String {
    let response = blob.download(None).await.expect("a download");
    let content = response.body.collect().await.expect("its content");
    String::from_utf8(content.to_vec()).expect("a text")
}

fn uploads(net: &Net) -> Vec<Seen> {
    let mut seen = net.seen();
    seen.retain(|request| {
        request.method == Method::Put.as_str() && request.path.ends_with("a-blob")
    });
    seen
}

/// The grants that the authority was asked for.
fn grants(net: &Net) -> Vec<String> {
    let requests = net.emulator().requests();
    let tokens = requests
        .iter()
        .filter(|request| request.endpoint == Some(Endpoint::Token));
    tokens
        .filter_map(|request| request.form_value("grant_type").map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_made_and_a_blob_goes_there_and_back() {
    let net = Net::with_azurite().await;
    let user = net.emulator().users()[0].clone();
    let credentials: [(&str, Arc<dyn TokenCredential>); 2] = [
        ("by-browser", by_browser(&net, &user)),
        ("by-code", by_code(&net, &user, true)),
    ];
    for (name, credential) in credentials {
        let service = service(net.client_options(), credential);
        let blob = blob(&service, name).await;
        upload(&blob, name).await.expect("an upload");
        assert_eq!(download(&blob).await, name);
        let last = net.seen().pop().expect("a request");
        assert_eq!(claims_of(&last.token)["upn"], user.username);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenged_upload_succeeds_unseen_by_its_caller() {
    let net = Net::with_azurite().await;
    let user = net.emulator().users()[0].clone();
    let credential = by_browser(&net, &user);
    let service = with_policy(&net, &credential);
    let blob = blob(&service, "challenged").await;
    let refused = net.seen().pop().expect("a request").token;
    let old = refused.clone();
    net.challenge(move |seen| (seen.token == old).then(|| challenge(SILENT)));
    net.emulator().clear_requests();

    // A stream, which has to be rewound to be sent twice.
    let stream: Box<dyn SeekableStream> = Box::new(BytesStream::new("streamed".repeat(10_000)));
    let content = Body::SeekableStream(stream);
    blob.upload(content.into(), None).await.expect("an upload");
    assert_eq!(download(&blob).await, "streamed".repeat(10_000));

    let uploads = uploads(&net);
    let statuses: Vec<_> = uploads.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [StatusCode::UNAUTHORIZED, StatusCode::CREATED]);
    assert_eq!(uploads[0].body, uploads[1].body);
    assert_ne!(uploads[1].token, refused);
    assert_eq!(grants(&net), ["refresh_token"], "and no person");
    let requests = net.emulator().requests();
    let request = requests
        .iter()
        .find(|request| request.endpoint == Some(Endpoint::Token));
    let claims = request.expect("one").form_value("claims").expect("claims");
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    assert_eq!(
        claims["access_token"],
        json!({"nbf": {"essential": true, "value": "1"}, "xms_cc": {"values": ["cp1"]}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_herd_of_challenged_uploads_asks_the_authority_once_and_the_person_once() {
    let net = Net::with_azurite().await;
    let user = net.emulator().users()[0].clone();
    let credential = by_code(&net, &user, true);
    let services: Vec<_> = (0..3).map(|_| with_policy(&net, &credential)).collect();
    let first = blob(&services[0], "herd").await;
    for (claims, asked) in [
        (SILENT, &["refresh_token"][..]),
        (
            STRONGER,
            &[
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
        ),
    ] {
        let old = net.seen().pop().expect("a request").token;
        net.challenge(move |seen| (seen.token == old).then(|| challenge(claims)));
        net.emulator().clear_requests();
        let blobs = services.iter().map(|service| {
            let container = service.blob_container_client("herd");
            container.blob_client("a-blob")
        });
        let blobs: Vec<_> = blobs.collect();
        let uploads = (0..12).map(|index| upload(&blobs[index % 3], "one of many"));
        for outcome in join_all(uploads).await {
            outcome.expect("an upload");
        }
        let mut grants = grants(&net);
        grants.dedup();
        assert_eq!(grants, asked);
    }
    assert_eq!(download(&first).await, "one of many");
    let last = net.seen().pop().expect("a request");
    assert_eq!(claims_of(&last.token)["acrs"], json!(["c1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_may_be_asked_the_caller_learns_what_to_authenticate_with() {
    let net = Net::with_azurite().await;
    let user = net.emulator().users()[0].clone();
    let credential = by_code(&net, &user, false);
    let scopes = vec![SCOPE.to_owned()];
    let options = AuthenticateOptions {
        scopes: scopes.clone(),
        ..Default::default()
    };
    credential
        .authenticate(Some(options))
        .await
        .expect("they sign in");
    let service = with_policy(&net, &credential);
    let blob = blob(&service, "forbidden").await;
    net.challenge(|seen| {
        claims_of(&seen.token)["acrs"]
            .is_null()
            .then(|| challenge(STRONGER))
    });
    let error = upload(&blob, "too early")
        .await
        .expect_err("more is demanded");
    let error = Error::find(&error).expect("ours");
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(error.scopes(), scopes);
    // The SDK repeats what failed on the way, and this did not.
    assert_eq!(uploads(&net).len(), 1);

    let options = AuthenticateOptions {
        scopes,
        claims: error.claims().map(str::to_owned),
        ..Default::default()
    };
    credential
        .authenticate(Some(options))
        .await
        .expect("they sign in again");
    upload(&blob, "in time").await.expect("an upload");
    assert_eq!(download(&blob).await, "in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_views_of_one_sign_in_at_once_never_mix_their_tenants() {
    let net = Net::with_azurite().await;
    let users = net.emulator().users();
    let guest = users
        .iter()
        .find(|user| !user.guest_in.is_empty())
        .expect("a guest")
        .clone();
    let credential = by_browser(&net, &guest);
    let tenants = [guest.tenant_id.clone(), guest.guest_in[0].tenant_id.clone()];
    let mut shared = net.client_options();
    shared.per_try_policies = vec![credential.continuous_access_policy()];
    let services: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            let options = TokenInfoOptions {
                tenant_id: Some(tenant.clone()),
                ..Default::default()
            };
            service(shared.clone(), credential.scoped(options))
        })
        .collect();
    let blobs = [
        blob(&services[0], "home").await,
        blob(&services[1], "away").await,
    ];
    // Every token that was given out so far is refused once more work begins.
    let old: Vec<_> = net.seen().into_iter().map(|seen| seen.token).collect();
    net.challenge(move |seen| old.contains(&seen.token).then(|| challenge(SILENT)));
    let uploads = (0..20).map(|index| upload(&blobs[index % 2], "text"));
    for outcome in join_all(uploads).await {
        outcome.expect("an upload");
    }
    let seen = net.seen();
    assert!(seen.len() >= 22, "{}", seen.len());
    for request in seen {
        let tenant = &tenants[usize::from(request.path.starts_with("/away"))];
        assert_eq!(
            claims_of(&request.token)["tid"],
            *tenant,
            "{}",
            request.path
        );
    }
}
