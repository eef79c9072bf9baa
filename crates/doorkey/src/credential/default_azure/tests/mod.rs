//! Each link against what it would meet, in every order, by the requests that were seen and the
//! errors that were told.
#![expect(
    clippy::disallowed_methods,
    reason = "what a test writes is nobody's secret"
)]

mod azure;
mod broker;
mod environment;
mod people;
#[cfg(feature = "pop")]
mod possession;
mod selection;
mod shared_cache;
#[cfg(unix)]
mod tools;

use super::{DefaultAzureCredential, DefaultAzureCredentialOptions};
use crate::{
    BrowserLauncher, DeviceCodeCredential, Error, ErrorKind, InteractiveCredential, MemoryStore,
    Partition, PublicClientOptions, TokenCachePersistenceOptions, TokenInfoOptions,
    testing::{
        Entra, SCOPE,
        browser::{Conduct, browser},
        machine::{Fate, Machine, Seen},
        resource::claim,
    },
};
use azure_core::{cloud::CloudConfiguration, credentials::TokenCredential, http::ClientOptions};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const METADATA: &str = "169.254.169.254";

const SERVICE_PRINCIPAL: [(&str, &str); 3] = [
    ("AZURE_TENANT_ID", TENANT),
    ("AZURE_CLIENT_ID", "an-application"),
    ("AZURE_CLIENT_SECRET", "its-secret"),
];

/// The metadata service's reply, and that of Entra ID to an application.
fn issued(token: &str) -> Fate {
    Fate::Answered(
        200,
        format!(
            r#"{{"access_token":"{token}","expires_on":"4102444800","expires_in":3600,"resource":"","token_type":"Bearer"}}"#
        ),
    )
}

fn metadata_service(seen: &Seen) -> Fate {
    match seen.headers.get_optional_str(&"metadata".into()) {
        None => Fate::Answered(400, r#"{"error":"invalid_request"}"#.into()),
        Some(_) => issued("of-the-machine"),
    }
}

/// A laptop: metadata packets are lost, and Entra ID is the emulator.
fn laptop(seen: &Seen) -> Fate {
    match seen.url.host_str() {
        Some(METADATA) => Fate::Lost,
        _ => Fate::EntraId,
    }
}

struct Scene {
    entra: Entra,
    machine: Arc<Machine>,
    options: DefaultAzureCredentialOptions,
}

impl Scene {
    async fn new(decide: impl Fn(&Seen) -> Fate + Send + Sync + 'static) -> Self {
        let entra = Entra::start().await;
        let machine = Machine::new(&entra, decide);
        let options = DefaultAzureCredentialOptions {
            client: PublicClientOptions {
                client_options: ClientOptions {
                    transport: machine.transport(),
                    ..Default::default()
                },
                cache_persistence: Some(TokenCachePersistenceOptions {
                    store: Some(Arc::new(MemoryStore::default())),
                    ..Default::default()
                }),
                ..Default::default()
            },
            ..Default::default()
        };
        Self {
            entra,
            machine,
            options,
        }
    }

    fn credential(&self, variables: &[(&str, &str)]) -> Arc<DefaultAzureCredential> {
        let seams = self.entra.seams(variables);
        DefaultAzureCredential::with_seams(self.options.clone(), &seams).unwrap()
    }

    async fn error(&self, variables: &[(&str, &str)]) -> Error {
        token(&self.credential(variables)).await.unwrap_err()
    }

    /// Somebody signs in with another program that keeps the same cache.
    async fn signed_in(&self, username: &str) {
        let mut options = self.entra.options();
        options.client.cache_persistence = self.options.client.cache_persistence.clone();
        self.entra
            .person_answers(crate::testing::Answer::As(username.into()));
        let seams = self.entra.seams(&[]);
        let credential = DeviceCodeCredential::with_seams(options, seams).unwrap();
        credential.authenticate(None).await.unwrap();
    }

    fn seen_by(&self, host: &str) -> Vec<Seen> {
        let mut seen = self.machine.seen();
        seen.retain(|request| request.url.host_str() == Some(host));
        seen
    }
}

async fn token(credential: &DefaultAzureCredential) -> Result<String, Error> {
    let outcome = credential.get_token(&[SCOPE], None).await;
    outcome
        .map(|token| token.token.secret().to_owned())
        .map_err(|error| Error::find(&error).unwrap().clone())
}

/// The names in the order in which an error tells of them.
fn attempts(error: &Error) -> Vec<String> {
    let text = error.to_string();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    lines
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name.to_owned()))
        .collect()
}

const ALL: [&str; 9] = [
    "EnvironmentCredential",
    "WorkloadIdentityCredential",
    "ManagedIdentityCredential",
    "SharedTokenCacheCredential",
    "VisualStudioCodeCredential",
    "AzureCliTokenCacheCredential",
    "AzureCliCredential",
    "AzurePowerShellCredential",
    "AzureDeveloperCliCredential",
];

fn refused(options: DefaultAzureCredentialOptions, variables: &[(&str, &str)]) -> Error {
    let seams = crate::seams::Seams {
        environment: crate::seams::Environment::of(variables),
        ..Default::default()
    };
    let error = DefaultAzureCredential::with_seams(options, &seams).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    error
}

#[tokio::test(start_paused = true)]
async fn initialization_sends_nothing_and_one_error_tells_every_attempt_in_order() {
    let scene = Scene::new(laptop).await;
    let credential = scene.credential(&[]);
    assert!(scene.machine.seen().is_empty());
    let error = token(&credential).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(attempts(&error), ALL);
    let text = error.to_string();
    for said in [
        "EnvironmentCredential: AZURE_TENANT_ID and AZURE_CLIENT_ID are not set",
        "WorkloadIdentityCredential: not set up: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE not set",
        "ManagedIdentityCredential: this is no virtual machine of Azure",
        "SharedTokenCacheCredential: a person has to sign in",
        "VisualStudioCodeCredential: does not exist in Rust",
        "AzureCliCredential: the program `az` is not on PATH; install it and run `az login`",
        "AzureDeveloperCliCredential: the program `azd` is not on PATH",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("disable_automatic_authentication"), "{text}");
    assert_eq!(scene.entra.prompts(), 0);
}

#[test]
fn error_tenant_id() {
    let mut options = DefaultAzureCredentialOptions::default();
    options.client.tenant_id = Some(TENANT.into());
    let error = refused(options, &[]);
    assert!(
        error
            .to_string()
            .contains("`interactive_browser_tenant_id`"),
        "{error}"
    );
}

/// The authority by option, cloud and variable reaches every link that takes one: in the peers, not
/// all of them.
#[tokio::test(start_paused = true)]
async fn authority_and_passes_authority_argument_to_each_link() {
    let china = || Some(Arc::new(CloudConfiguration::AzureChina));
    for (option, cloud, variable, host) in [
        (
            Some("https://login.microsoftonline.us"),
            None,
            None,
            "login.microsoftonline.us",
        ),
        (None, china(), None, "login.chinacloudapi.cn"),
        (
            None,
            None,
            Some("https://login.microsoftonline.us/"),
            "login.microsoftonline.us",
        ),
        (
            Some("login.microsoftonline.us"),
            china(),
            Some("https://x.example"),
            "login.microsoftonline.us",
        ),
    ] {
        let mut scene = Scene::new(move |seen| match seen.url.host_str() {
            Some(METADATA) => Fate::Unreachable,
            _ => issued("of-the-application"),
        })
        .await;
        scene.options.client.authority = option.map(str::to_owned);
        scene.options.client.client_options.cloud = cloud;
        let mut variables = SERVICE_PRINCIPAL.to_vec();
        variables.extend(variable.map(|value| ("AZURE_AUTHORITY_HOST", value)));
        token(&scene.credential(&variables)).await.unwrap();
        let hosts: Vec<_> = scene
            .machine
            .seen()
            .iter()
            .map(|seen| seen.url.host_str().unwrap().to_owned())
            .collect();
        assert_eq!(hosts, [host]);

        // The shared cache and the browser go there, too.
        let opened = Arc::new(Mutex::new(Vec::new()));
        scene.options.include_interactive_browser = true;
        scene.options.interactive_browser_launcher = closed_browser(&opened);
        variables.drain(..3);
        scene.error(&variables).await;
        let url = opened.lock().unwrap()[0].clone();
        assert!(url.starts_with(&format!("https://{host}/")), "{url}");
    }
}

/// A constructor that fails is an attempt, not the end.
#[tokio::test(start_paused = true)]
async fn failed_dac_credential_error_reporting_and_failed_dac_credential_in_chain() {
    let scene = Scene::new(metadata_service).await;
    let mut variables = SERVICE_PRINCIPAL.to_vec();
    variables[0] = ("AZURE_TENANT_ID", "no/tenant");
    variables.push(("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token"));
    let mut failing = scene.options.clone();
    failing.exclude_managed_identity_credential = Some(true);
    failing.exclude_shared_token_cache_credential = Some(true);
    let seams = scene.entra.seams(&variables);
    let credential = DefaultAzureCredential::with_seams(failing, &seams).unwrap();
    let error = token(&credential).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(attempts(&error)[..2], ALL[..2]);
    assert!(
        text.contains("Environment") && text.to_lowercase().contains("tenant"),
        "{text}"
    );
    variables.remove(0);
    assert_eq!(
        token(&scene.credential(&variables)).await.unwrap(),
        "of-the-machine"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_says_more_reaches_those_who_can_honour_it() {
    let scene = Scene::new(|seen| match seen.url.host_str() {
        Some(METADATA) => metadata_service(seen),
        _ => Fate::EntraId,
    })
    .await;
    let guest = scene.entra.guest();
    scene.signed_in(&guest).await;
    let users = scene.entra.emulator.users();
    let user = users.iter().find(|user| user.username == guest).unwrap();
    let away = user.guest_in[0].tenant_id.clone();
    let options = TokenInfoOptions {
        tenant_id: Some(away.clone()),
        enable_cae: true,
        ..Default::default()
    };
    let credential = scene.credential(&SERVICE_PRINCIPAL[..0]);
    let info = credential
        .get_token_info(&[SCOPE], Some(options.clone()))
        .await
        .unwrap();
    assert_eq!(claim(info.token.secret(), "tid"), away.as_str());
    assert!(scene.seen_by(METADATA).is_empty());
    // The machine's identity is still the first for those who ask for nothing more.
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    let credential = scene.credential(&[]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    let error = credential
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("ManagedIdentityCredential"),
        "{error}"
    );
}

/// One that opens nothing, and remembers what it should have.
fn closed_browser(opened: &Arc<Mutex<Vec<String>>>) -> BrowserLauncher {
    let opened = Arc::clone(opened);
    BrowserLauncher::Callback(Arc::new(move |url| {
        opened.lock().unwrap().push(url.to_owned());
        Err(std::io::Error::other("closed"))
    }))
}
