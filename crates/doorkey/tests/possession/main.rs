//! Published clients of the SDK, unchanged, with the policy below them: all that they send is signed.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

mod services;

use azure_core::{
    Bytes,
    credentials::TokenCredential,
    http::{Body, ClientOptions, Method, RequestContent, Transport},
    stream::{BytesStream, SeekableStream},
};
use azure_security_keyvault_secrets::{
    SecretClient, SecretClientOptions, models::SetSecretParameters,
};
use azure_storage_blob::{BlobClient, BlobServiceClient, BlobServiceClientOptions};
use doorkey::{
    DeviceCodeCredential, DeviceCodeCredentialOptions, Error, InteractiveCredential,
    PublicClientOptions,
};
use doorkey_emulator::{DeviceDecision, Emulator};
use futures_util::{TryStreamExt as _, future::join_all};
use services::{Fault, Seen, Services};
use std::sync::Arc;

const SCOPE: &str = "https://storage.azure.com/.default";

struct Scene {
    emulator: Emulator,
    services: Arc<Services>,
    credential: Arc<DeviceCodeCredential>,
}

impl Scene {
    async fn new() -> Self {
        let emulator = Emulator::builder().start().await.unwrap();
        let person = emulator.clone();
        let options = DeviceCodeCredentialOptions {
            prompt_callback: Some(Arc::new(move |info| {
                let username = person.users()[0].username.clone();
                let decision = DeviceDecision::Approve { username };
                let decided = person.decide_device_code(&info.user_code, decision);
                decided.map_err(|error| Error::new(doorkey::ErrorKind::Declined, error.to_string()))
            })),
            client: PublicClientOptions {
                client_options: ClientOptions {
                    transport: Some(Transport::new(emulator.transport())),
                    ..Default::default()
                },
                ..Default::default()
            },
            ..Default::default()
        };
        Self {
            services: Services::new(emulator.transport()),
            credential: DeviceCodeCredential::new(Some(options)).unwrap(),
            emulator,
        }
    }

    fn client_options(&self) -> ClientOptions {
        let services: Arc<Services> = Arc::clone(&self.services);
        ClientOptions {
            per_try_policies: vec![self.credential.pop_policy(&[SCOPE])],
            transport: Some(Transport::new(services)),
            ..Default::default()
        }
    }

    fn blob(&self, credential: Option<Arc<dyn TokenCredential>>) -> BlobClient {
        let options = BlobServiceClientOptions {
            client_options: self.client_options(),
            ..Default::default()
        };
        let url = format!("{}/resource/blobs/", self.emulator.authority());
        let url = url.parse().unwrap();
        let service = BlobServiceClient::new(url, credential, Some(options)).unwrap();
        let container = service.blob_container_client("a-container");
        container.blob_client("a blob/with?odd%names")
    }

    fn vault(&self) -> SecretClient {
        let options = SecretClientOptions {
            client_options: self.client_options(),
            verify_challenge_resource: Some(false),
            ..Default::default()
        };
        let url = format!("{}/resource/vault/", self.emulator.authority());
        let credential: Arc<dyn TokenCredential> = self.credential.clone();
        SecretClient::new(&url, credential, Some(options)).unwrap()
    }

    /// The requests since this was asked last, each of which was signed for what it is, or for nothing.
    fn seen(&self) -> Vec<Seen> {
        let seen = self.services.seen();
        for one in &seen {
            let Some(authorization) = &one.authorization else {
                continue;
            };
            assert!(authorization.starts_with("PoP "), "{authorization}");
            assert_eq!(one.signed("m"), one.method.as_str());
            assert_eq!(one.signed("p"), one.url.path());
        }
        seen
    }

    fn grants(&self) -> usize {
        let requests = self.emulator.requests();
        let granted = |request: &&doorkey_emulator::RecordedRequest| {
            request.form_value("grant_type") == Some("refresh_token")
                || request.form_value("device_code").is_some()
        };
        requests.iter().filter(granted).count()
    }
}

fn statuses(seen: &[Seen]) -> Vec<u16> {
    seen.iter().map(|one| one.status).collect()
}

async fn upload(blob: &BlobClient, text: &str) -> azure_core::Result<()> {
    let stream: Box<dyn SeekableStream> = Box::new(BytesStream::new(text.to_owned()));
    let content = Body::SeekableStream(stream);
    blob.upload(content.into(), None).await.map(drop)
}

async fn download(blob: &BlobClient) -> Bytes {
    let response = blob.download(None).await.unwrap();
    response.body.collect().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_blob_goes_there_and_back_with_one_refusal() {
    let scene = Scene::new().await;
    let blob = scene.blob(None);
    upload(&blob, "the content").await.unwrap();
    assert_eq!(download(&blob).await, "the content");
    upload(&blob, "newer content").await.unwrap();
    assert_eq!(download(&blob).await, "newer content");
    let seen = scene.seen();
    assert_eq!(statuses(&seen), [401, 201, 206, 201, 206]);
    assert_eq!(seen[0].authorization, None);
    let mut nonces: Vec<_> = seen[1..].iter().map(|one| one.signed("nonce")).collect();
    nonces.dedup();
    assert_eq!(nonces.len(), 4);
    let token = seen[1].signed("at");
    assert!(seen[1..].iter().all(|one| one.signed("at") == token));
}

#[tokio::test(start_paused = true)]
async fn each_try_of_a_client_is_signed_anew_and_its_body_whole() {
    for (fault, expected) in [
        (Fault::Trouble(503), &[503, 401, 201][..]),
        (Fault::TroubleAfterwards(500), &[500, 401, 201]),
        (Fault::Trouble(429), &[429, 401, 201]),
        (Fault::UsedUp, &[401, 201]),
        (Fault::WithoutNextNonce, &[201]),
    ] {
        let scene = Scene::new().await;
        let blob = scene.blob(None);
        upload(&blob, "first").await.unwrap();
        scene.seen();
        scene.services.fail(&[fault]);
        upload(&blob, "the content").await.unwrap();
        let seen = scene.seen();
        assert_eq!(statuses(&seen), expected, "{fault:?}");
        assert!(
            seen.iter().all(|one| one.body == "the content"),
            "{fault:?}"
        );
        let signed: Vec<_> = seen.iter().map(|one| &one.authorization).collect();
        for (index, one) in signed.iter().enumerate() {
            let others = &signed[index + 1..];
            assert!(
                one.is_none() || !others.contains(one),
                "a replay: {fault:?}"
            );
        }
        assert_eq!(download(&blob).await, "the content", "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clients_own_bearer_token_does_not_get_through() {
    let scene = Scene::new().await;
    let credential: Arc<dyn TokenCredential> = scene.credential.clone();
    let blob = scene.blob(Some(credential));
    upload(&blob, "the content").await.unwrap();
    scene.services.fail(&[Fault::UsedUp]);
    assert_eq!(download(&blob).await, "the content");
    let bearer = scene.credential.get_token(&[SCOPE], None).await.unwrap();
    let seen = scene.seen();
    assert_eq!(statuses(&seen)[..2], [401, 201]);
    for one in seen {
        let authorization = one.authorization.unwrap_or_default();
        assert!(!authorization.contains(bearer.token.secret()));
    }
    assert_eq!(scene.grants(), 2, "one for each kind of token");
}

#[tokio::test(start_paused = true)]
async fn clients_at_once_share_a_sign_in_and_no_signature() {
    let scene = Scene::new().await;
    let blobs: Vec<_> = (0..3).map(|_| scene.blob(None)).collect();
    let uploads = (0..12).map(|index| upload(&blobs[index % 3], "one of many"));
    for outcome in join_all(uploads).await {
        outcome.unwrap();
    }
    let seen = scene.seen();
    let mut signed: Vec<_> = seen
        .iter()
        .filter_map(|one| one.authorization.as_ref())
        .collect();
    let count = signed.len();
    signed.sort();
    signed.dedup();
    assert_eq!(signed.len(), count);
    assert_eq!(scene.grants(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_vaults_client_that_wants_to_see_the_challenge_first_sends_its_secrets_whole() {
    let scene = Scene::new().await;
    let vault = scene.vault();
    let parameters = SetSecretParameters {
        value: Some("a secret".into()),
        ..Default::default()
    };
    let content: RequestContent<SetSecretParameters> = parameters.try_into().unwrap();
    // The first request of a vault's client goes out without its body, to be challenged.
    vault.set_secret("one", content, None).await.unwrap();
    let seen = scene.seen();
    let written: Vec<_> = seen
        .iter()
        .filter(|one| one.authorization.is_some())
        .collect();
    assert_eq!(written.len(), 1, "{seen:?}");
    assert_eq!(written[0].status, 200);
    assert!(String::from_utf8_lossy(&written[0].body).contains("a secret"));

    let secret = vault.get_secret("one", None).await.unwrap();
    let secret = secret.into_model().unwrap();
    assert_eq!(secret.value.as_deref(), Some("a secret"));
    let pages = vault.list_secret_properties(None).unwrap();
    let listed: Vec<_> = pages.try_collect().await.unwrap();
    assert_eq!(listed.len(), 2);
    let seen = scene.seen();
    assert_eq!(statuses(&seen), [200, 200, 200]);
    let query: Vec<_> = seen[2].url.query_pairs().collect();
    assert_eq!(query.len(), 2, "{query:?}");
    assert_eq!(seen[2].signed("q")[0].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_vaults_client_that_reads_first_needs_no_challenge() {
    let scene = Scene::new().await;
    let vault = scene.vault();
    vault.get_secret("one", None).await.unwrap();
    vault.get_secret("one", None).await.unwrap();
    let seen = scene.seen();
    assert_eq!(statuses(&seen), [401, 200, 200]);
    assert!(seen.iter().all(|one| one.method == Method::Get));
}
