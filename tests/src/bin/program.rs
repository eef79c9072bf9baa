//! A program that keeps its tokens in the system's store: each test runs it with an environment of
//! its own.
//!
//! ```text
//! program load                    prints what the store holds
//! program put KEY                 adds an entry, as a cache would
//! program sign-in SCOPE FILE      writes the user code into FILE, prints the record
//! program token SCOPE RECORD      prints a token; asks nobody
//! program az-token SCOPE COUNT    prints the token that so many credentials got from az
//! program fill COUNT PREFIX       adds so many entries to the plain file, and prints each number
//! program overflow                adds large entries to the plain file until it fails
//! ```

#![expect(clippy::print_stdout, reason = "the test reads it")]

use azure_core::http::{ClientOptions, Transport};
use doorkey::{
    AuthenticateOptions, AuthenticationRecord, AzureCliTokenCacheCredential,
    AzureCliTokenCacheCredentialOptions, DeviceCodeCredential, DeviceCodeCredentialOptions, Error,
    ErrorKind, InteractiveCredential as _, Partition, PlainFileStore, PublicClientOptions, Result,
    SystemStore, TokenCachePersistenceOptions, TokenCacheStore,
};
use serde_json::{Value, json};
use std::{env, fs, io, process::ExitCode, sync::Arc};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["load"] => load().await,
        ["put", key] => put(key).await,
        ["sign-in", scope, file] => sign_in(scope, (*file).to_owned()).await,
        ["token", scope, record] => token(scope, record).await,
        ["az-token", scope, count] => az_token(scope, count.parse().unwrap_or_default()).await,
        ["fill", count, prefix] => fill(count.parse().unwrap_or_default(), prefix).await,
        ["overflow"] => overflow().await,
        _ => Err(Error::new(ErrorKind::InvalidArgument, "which of them?")),
    };
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn allow_unencrypted_storage() -> bool {
    env::var_os("ALLOW_UNENCRYPTED_STORAGE").is_some()
}

fn partition() -> Partition {
    Partition::new("msal.cache", false)
}

async fn load() -> Result<String> {
    let store = SystemStore::new(allow_unencrypted_storage());
    let stored = store.load(&partition()).await?;
    Ok(String::from_utf8_lossy(&stored.bytes).into_owned())
}

async fn put(key: &str) -> Result<String> {
    let store = SystemStore::new(allow_unencrypted_storage());
    add(&store, &partition(), key, key).await?;
    Ok(String::new())
}

async fn add(
    store: &dyn TokenCacheStore,
    partition: &Partition,
    key: &str,
    secret: &str,
) -> Result<()> {
    let mut change = |bytes: &[u8]| {
        let mut document = match bytes {
            [] => json!({}),
            bytes => serde_json::from_slice::<Value>(bytes).expect("what is there is whole"),
        };
        document["RefreshToken"][key] = json!({ "secret": secret });
        Some(document.to_string().into_bytes())
    };
    store.update(partition, &mut change).await.map(drop)
}

async fn fill(count: u32, prefix: &str) -> Result<String> {
    let (store, partition) = (PlainFileStore::new(), partition());
    for number in 0..count {
        let key = format!("{prefix}-{number}");
        add(&store, &partition, &key, &key).await?;
        println!("{number}");
    }
    Ok(String::new())
}

async fn overflow() -> Result<String> {
    let (store, partition) = (PlainFileStore::new(), partition());
    let secret = "x".repeat(10_000);
    for number in 0..1_000 {
        add(&store, &partition, &number.to_string(), &secret).await?;
        println!("{number}");
    }
    Ok(String::new())
}

async fn az_token(scope: &str, count: u32) -> Result<String> {
    let mut options = AzureCliTokenCacheCredentialOptions::default();
    options.client.client_options = client_options();
    let mut tokens = Vec::new();
    for _ in 0..count {
        let credential = AzureCliTokenCacheCredential::new(Some(options.clone()))?;
        let info = credential.get_token_info(&[scope], None).await?;
        tokens.push(info.token.secret().to_owned());
    }
    tokens.dedup();
    Ok(tokens.join("\n"))
}

/// A transport that trusts the emulator.
fn client_options() -> ClientOptions {
    let certificate = env::var_os("DOORKEY_CA_CERTIFICATE").unwrap_or_default();
    let certificate = fs::read(certificate).expect("the authority's certificate");
    let certificate = reqwest::Certificate::from_pem(&certificate).expect("a certificate");
    let http = reqwest::Client::builder()
        .add_root_certificate(certificate)
        .no_proxy()
        .build()
        .expect("a client");
    ClientOptions {
        transport: Some(Transport::new(Arc::new(http))),
        ..Default::default()
    }
}

fn credential(
    change: impl FnOnce(&mut DeviceCodeCredentialOptions),
) -> Result<Arc<DeviceCodeCredential>> {
    let mut options = DeviceCodeCredentialOptions {
        client: PublicClientOptions {
            authority: env::var("DOORKEY_AUTHORITY").ok(),
            disable_instance_discovery: true,
            cache_persistence: Some(TokenCachePersistenceOptions {
                allow_unencrypted_storage: allow_unencrypted_storage(),
                ..Default::default()
            }),
            client_options: client_options(),
            ..Default::default()
        },
        ..Default::default()
    };
    change(&mut options);
    DeviceCodeCredential::new(Some(options))
}

async fn sign_in(scope: &str, file: String) -> Result<String> {
    let credential = credential(|options| {
        options.prompt_callback = Some(Arc::new(move |info| {
            let shown: io::Result<()> = fs::write(&file, &info.user_code);
            shown.map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()))
        }));
    })?;
    let options = AuthenticateOptions {
        scopes: vec![scope.into()],
        ..Default::default()
    };
    Ok(credential.authenticate(Some(options)).await?.serialize())
}

async fn token(scope: &str, record: &str) -> Result<String> {
    let record = AuthenticationRecord::deserialize(record)?;
    let credential = credential(|options| {
        options.authentication_record = Some(record);
        options.disable_automatic_authentication = true;
    })?;
    let info = credential.get_token_info(&[scope], None).await?;
    Ok(info.token.secret().to_owned())
}
