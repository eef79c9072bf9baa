//! What the benchmarks share: a credential of ours and one of the official crate, both signed in
//! at an authority inside the process, both with a token of the same length.

use azure_core::{
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport,
        headers::Headers,
    },
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use doorkey::{
    DeviceCodeCredential, DeviceCodeCredentialOptions, Error, InteractiveCredential,
    PublicClientOptions,
};
use doorkey_emulator::{DeviceDecision, Emulator};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// What is asked for again and again.
pub const SCOPE: &str = "https://storage.azure.com/.default";

/// Asked for meanwhile, each once, at an authority that takes its time.
pub const OTHER_SCOPES: [&str; 4] = [
    "https://vault.azure.net/.default",
    "https://management.azure.com/.default",
    "https://graph.microsoft.com/.default",
    "https://database.windows.net/.default",
];

/// Our credential, signed in for [`SCOPE`]. `pause` is how long the authority takes for each reply
/// after that.
pub async fn ours(pause: Duration) -> Arc<DeviceCodeCredential> {
    let emulator = Emulator::builder()
        .device_code_interval(Duration::from_secs(1))
        .start()
        .await
        .expect("the emulator starts");
    let person = emulator.clone();
    let username = emulator.users()[0].username.clone();
    let slow = Slow {
        inner: emulator.transport(),
        pause,
    };
    let options = DeviceCodeCredentialOptions {
        prompt_callback: Some(Arc::new(move |info| {
            let decision = DeviceDecision::Approve {
                username: username.clone(),
            };
            person
                .decide_device_code(&info.user_code, decision)
                .expect("the code is known");
            Ok::<(), Error>(())
        })),
        client: PublicClientOptions {
            client_options: client_options(Arc::new(slow)),
            ..Default::default()
        },
        ..Default::default()
    };
    let credential = DeviceCodeCredential::new(Some(options)).expect("the options are good");
    credential
        .get_token_info(&[SCOPE], None)
        .await
        .expect("the person signs in");
    credential
}

/// The official crate's cache, by way of a credential that is as cheap as any of its.
pub async fn official(token: &str, pause: Duration) -> Arc<ClientSecretCredential> {
    let body = format!(r#"{{"token_type":"Bearer","expires_in":86400,"access_token":"{token}"}}"#);
    let slow = Slow {
        inner: Arc::new(Fixed(body)),
        pause,
    };
    let options = ClientSecretCredentialOptions {
        client_options: client_options(Arc::new(slow)),
    };
    let credential =
        ClientSecretCredential::new("tenant", "client".into(), "secret".into(), Some(options))
            .expect("the options are good");
    credential
        .get_token(&[SCOPE], None)
        .await
        .expect("the authority answers");
    credential
}

fn client_options(client: Arc<dyn HttpClient>) -> ClientOptions {
    ClientOptions {
        transport: Some(Transport::new(client)),
        ..Default::default()
    }
}

/// An authority that always says the same.
#[derive(Debug)]
struct Fixed(String);

#[async_trait::async_trait]
impl HttpClient for Fixed {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Ok,
            Headers::new(),
            self.0.clone(),
        ))
    }
}

/// An authority that takes its time.
#[derive(Debug)]
struct Slow {
    inner: Arc<dyn HttpClient>,
    pause: Duration,
}

#[async_trait::async_trait]
impl HttpClient for Slow {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        sleep(self.pause).await;
        self.inner.execute_request(request).await
    }
}
