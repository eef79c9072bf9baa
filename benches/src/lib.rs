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
    CacheChange, CacheVersion, DeviceCodeCredential, DeviceCodeCredentialOptions, Error,
    InteractiveCredential, MemoryStore, Partition, PublicClientOptions, StoredCache,
    TokenCachePersistenceOptions, TokenCacheStore,
};
use doorkey_emulator::{DeviceDecision, Emulator};
use serde_json::{Value, json};
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
    let credential = credential(pause, |_| {}).await;
    credential
        .get_token_info(&[SCOPE], None)
        .await
        .expect("the person signs in");
    credential
}

/// A credential whose person signs in when they are asked.
pub async fn credential(
    pause: Duration,
    change: impl FnOnce(&mut DeviceCodeCredentialOptions),
) -> Arc<DeviceCodeCredential> {
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
    let mut options = DeviceCodeCredentialOptions {
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
    change(&mut options);
    DeviceCodeCredential::new(Some(options)).expect("the options are good")
}

/// A credential with a cache that others use too: so many people are signed in there.
pub async fn among(accounts: usize) -> Arc<DeviceCodeCredential> {
    let store = Arc::new(Crowd {
        memory: MemoryStore::new(),
        others: accounts.saturating_sub(1),
    });
    let persistence = TokenCachePersistenceOptions {
        store: Some(store),
        ..Default::default()
    };
    let credential = credential(Duration::ZERO, |options| {
        options.client.cache_persistence = Some(persistence);
    })
    .await;
    credential
        .get_token_info(&[SCOPE], None)
        .await
        .expect("the person signs in");
    credential
}

/// Lets others sign in before anybody reads what is stored.
#[derive(Debug)]
struct Crowd {
    memory: MemoryStore,
    others: usize,
}

impl Crowd {
    async fn fill(&self, partition: &Partition) -> Result<(), Error> {
        let is_new = self.memory.load(partition).await?.bytes.is_empty();
        if !is_new || partition.file_name().ends_with(".cae") {
            return Ok(());
        }
        let mut change = |_: &[u8]| Some(crowd(self.others).to_string().into_bytes());
        self.memory.update(partition, &mut change).await.map(drop)
    }
}

#[async_trait::async_trait]
impl TokenCacheStore for Crowd {
    async fn load(&self, partition: &Partition) -> Result<StoredCache, Error> {
        self.fill(partition).await?;
        self.memory.load(partition).await
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion, Error> {
        self.memory.version(partition).await
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion, Error> {
        self.fill(partition).await?;
        self.memory.update(partition, change).await
    }
}

/// People of another application, as MSAL keeps them.
fn crowd(people: usize) -> Value {
    const CLIENT: &str = "00000000-0000-0000-0000-000000000001";
    const HOST: &str = "login.microsoftonline.com";
    let secret = "x".repeat(1_500);
    let mut document = json!({ "AccessToken": {}, "Account": {}, "RefreshToken": {} });
    for number in 0..people {
        let home = format!("00000000-0000-0000-0000-{number:012}.tenant");
        let of = |kind: &str, mut members: Value| {
            members["home_account_id"] = home.as_str().into();
            members["environment"] = HOST.into();
            members["realm"] = "tenant".into();
            members["client_id"] = CLIENT.into();
            (format!("{home}-{HOST}-{kind}"), members)
        };
        let (key, token) = of(
            "accesstoken",
            json!({ "secret": secret, "target": SCOPE, "expires_on": "32503680000" }),
        );
        document["AccessToken"][key] = token;
        let (key, account) = of("account", json!({ "username": number.to_string() }));
        document["Account"][key] = account;
        let (key, token) = of("refreshtoken", json!({ "secret": secret }));
        document["RefreshToken"][key] = token;
    }
    document
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
