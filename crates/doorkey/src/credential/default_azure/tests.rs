//! Each link against what it would meet, in every order, by the requests that were seen and the
//! errors that were told.
#![expect(
    clippy::disallowed_methods,
    reason = "what a test writes is nobody's secret"
)]

use super::{DefaultAzureCredential, DefaultAzureCredentialOptions};
use crate::{
    BrowserLauncher, DeviceCodeCredential, Error, ErrorKind, InteractiveCredential, MemoryStore,
    PublicClientOptions, TokenCachePersistenceOptions, TokenInfoOptions,
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

#[tokio::test(start_paused = true)]
async fn exclude_options_take_each_link_out() {
    let scene = Scene::new(laptop).await;
    type Exclude = fn(&mut DefaultAzureCredentialOptions);
    let cases: [(&[&str], Exclude); 6] = [
        (&ALL[0..=0], |options| {
            options.exclude_environment_credential = Some(true);
        }),
        (&ALL[1..=1], |options| {
            options.exclude_workload_identity_credential = Some(true);
        }),
        (&ALL[2..=2], |options| {
            options.exclude_managed_identity_credential = Some(true);
        }),
        (&ALL[3..=3], |options| {
            options.exclude_shared_token_cache_credential = Some(true);
        }),
        (&ALL[5..=6], |options| {
            options.exclude_cli_credential = Some(true);
        }),
        (&ALL[8..], |options| {
            options.exclude_developer_cli_credential = Some(true);
        }),
    ];
    let mut everything = scene.options.clone();
    for (names, exclude) in cases {
        let mut options = scene.options.clone();
        exclude(&mut options);
        exclude(&mut everything);
        let seams = scene.entra.seams(&[]);
        let credential = DefaultAzureCredential::with_seams(options, &seams).unwrap();
        let error = token(&credential).await.unwrap_err();
        let rest: Vec<_> = ALL
            .into_iter()
            .filter(|other| !names.contains(other))
            .collect();
        assert_eq!(attempts(&error), rest);
    }
    let error = refused(everything, &[]);
    assert!(error.to_string().contains("excluded"), "{error}");
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

#[test]
fn require_envvar_raises_error_when_envvar_missing() {
    let options = DefaultAzureCredentialOptions {
        require_envvar: true,
        ..Default::default()
    };
    for variables in [&[][..], &[("AZURE_TOKEN_CREDENTIALS", " ")]] {
        let error = refused(options.clone(), variables);
        assert!(
            error.to_string().contains("AZURE_TOKEN_CREDENTIALS"),
            "{error}"
        );
    }
    let seams = crate::seams::Seams {
        environment: crate::seams::Environment::of(&[("AZURE_TOKEN_CREDENTIALS", "prod")]),
        ..Default::default()
    };
    DefaultAzureCredential::with_seams(options, &seams).unwrap();
}

async fn selected(value: &str) -> Vec<String> {
    let scene = Scene::new(laptop).await;
    attempts(&scene.error(&[("AZURE_TOKEN_CREDENTIALS", value)]).await)
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_dev() {
    assert_eq!(selected("dev").await, ALL[3..]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_prod() {
    assert_eq!(selected("prod").await, ALL[..3]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_case_insensitive() {
    for value in ["PROD", "pRoD", "  prod\n"] {
        assert_eq!(selected(value).await, ALL[..3], "{value}");
    }
}

#[test]
fn token_credentials_env_invalid() {
    for value in ["dev,prod", "none", "credential"] {
        let error = refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
        let text = error.to_string();
        assert!(
            text.contains("dev, prod, or one of EnvironmentCredential"),
            "{text}"
        );
    }
}

#[test]
fn token_credentials_env_invalid_specific_credential() {
    for value in [
        "SharedTokenCacheCredential",
        "BrokerCredential",
        "DeviceCodeCredential",
    ] {
        refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
    }
    for value in ["VisualStudioCodeCredential", "azurepowershellcredential"] {
        let error = refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
        assert!(
            error.to_string().contains("does not exist in Rust"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_workload_identity_credential() {
    assert_eq!(selected("WorkloadIdentityCredential").await, [ALL[1]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_environment_credential() {
    assert_eq!(selected("EnvironmentCredential").await, [ALL[0]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_azure_cli_credential() {
    assert_eq!(selected("AzureCliCredential").await, ALL[5..=6]);
    assert_eq!(selected("AzureDeveloperCliCredential").await, [ALL[8]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_specific_credential_case_insensitive() {
    assert_eq!(selected(" azureCLIcredential").await, ALL[5..=6]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_managed_identity_credential_and_imds_credential_skips_probe_when_token_credentials_env_set()
 {
    let scene = Scene::new(metadata_service).await;
    let credential = scene.credential(&[("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    let seen = scene.seen_by(METADATA);
    assert_eq!(seen.len(), 1, "no probe");
    assert!(
        seen[0]
            .headers
            .get_optional_str(&"metadata".into())
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_with_exclude_and_user_exclude_flags_override_env_var() {
    let mut scene = Scene::new(laptop).await;
    let prod = [("AZURE_TOKEN_CREDENTIALS", "prod")];
    scene.options.exclude_managed_identity_credential = Some(true);
    assert_eq!(attempts(&scene.error(&prod).await), ALL[..2]);
    scene.options.exclude_cli_credential = Some(false);
    assert_eq!(
        attempts(&scene.error(&prod).await),
        [ALL[0], ALL[1], ALL[5], ALL[6]]
    );
}

#[tokio::test(start_paused = true)]
async fn incomplete_configuration_of_the_environment_names_what_is_missing() {
    let scene = Scene::new(laptop).await;
    for (variables, missing) in [
        (&SERVICE_PRINCIPAL[..1], "AZURE_CLIENT_ID is not set"),
        (&SERVICE_PRINCIPAL[1..], "AZURE_TENANT_ID is not set"),
        (
            &SERVICE_PRINCIPAL[..2],
            "AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are not set",
        ),
    ] {
        let variables = [
            variables,
            &[("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")],
        ]
        .concat();
        let error = scene.error(&variables).await;
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn client_secret_configuration() {
    let scene = Scene::new(|_| issued("of-the-application")).await;
    let credential = scene.credential(&SERVICE_PRINCIPAL);
    assert_eq!(token(&credential).await.unwrap(), "of-the-application");
    let seen = scene.machine.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].url.as_str(),
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert_eq!(seen[0].form_value("client_secret"), Some("its-secret"));
    assert_eq!(seen[0].form_value("scope"), Some(SCOPE));
    assert!(!format!("{credential:?}").contains("its-secret"));
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

#[tokio::test(start_paused = true)]
async fn a_refused_application_ends_the_chain_with_the_authoritys_word() {
    let scene = Scene::new(|_| {
        let body = r#"{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: Invalid client secret."}"#;
        Fate::Answered(401, body.into())
    })
    .await;
    let error = scene.error(&SERVICE_PRINCIPAL).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = error.to_string();
    assert!(
        text.starts_with("DefaultAzureCredential was stopped by EnvironmentCredential: "),
        "{text}"
    );
    assert!(text.contains("AADSTS7000215"), "{text}");
    assert!(!text.contains("its-secret"), "{text}");
    assert_eq!(scene.machine.seen().len(), 1);
}

#[cfg(not(feature = "client-certificate"))]
#[tokio::test(start_paused = true)]
async fn a_certificate_without_its_feature_is_told() {
    let scene = Scene::new(laptop).await;
    let mut variables = SERVICE_PRINCIPAL.to_vec();
    variables[2] = ("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere.pfx");
    let error = scene.error(&variables).await;
    assert!(
        error.to_string().contains("`client-certificate`"),
        "{error}"
    );
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
async fn a_workload_identity_exchanges_kubernetes_token_for_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "kubernetes-token").unwrap();
    let mut scene = Scene::new(|_| issued("of-the-workload")).await;
    let credential = scene.credential(&[
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", "an-application"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
    ]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-workload");
    let seen = scene.machine.seen();
    assert_eq!(
        seen[0].form_value("client_assertion"),
        Some("kubernetes-token")
    );
    assert_eq!(seen[0].form_value("client_id"), Some("an-application"));

    scene.options.workload_identity_client_id = Some("another".into());
    scene.options.workload_identity_tenant_id = Some("contoso.example".into());
    let file = [("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap())];
    token(&scene.credential(&file)).await.unwrap();
    let seen = scene.machine.seen();
    assert_eq!(seen[1].form_value("client_id"), Some("another"));
    assert!(seen[1].url.path().starts_with("/contoso.example/"));
}

#[tokio::test(start_paused = true)]
async fn managed_identity_imds_probe_finds_the_service_and_asks_it() {
    let scene = Scene::new(metadata_service).await;
    let credential = scene.credential(&[]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    token(&credential).await.unwrap();
    let seen = scene.seen_by(METADATA);
    assert_eq!(
        seen.len(),
        2,
        "a probe and a question; the second time it is known"
    );
    assert!(
        seen[0]
            .headers
            .get_optional_str(&"metadata".into())
            .is_none()
    );
    assert_eq!(
        seen[1].query_value("resource").as_deref(),
        Some("https://storage.azure.com")
    );
    assert_eq!(seen[1].query_value("client_id"), None);
}

#[tokio::test(start_paused = true)]
async fn managed_identity_failed_probe_takes_a_second_at_most() {
    let began = tokio::time::Instant::now();
    let scene = Scene::new(laptop).await;
    let prod = [("AZURE_TOKEN_CREDENTIALS", "prod")];
    let error = scene.error(&prod).await;
    assert!(
        error.to_string().contains("no virtual machine of Azure"),
        "{error}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    // A proxy that cannot reach the address is not the service.
    for status in [403, 502, 503, 200] {
        let scene = Scene::new(move |_| Fate::Answered(status, "<html>".into())).await;
        let error = scene.error(&prod).await;
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn managed_identity_client_id_by_option_before_the_variable() {
    let mut scene = Scene::new(metadata_service).await;
    let variables = [("AZURE_CLIENT_ID", "by-variable")];
    token(&scene.credential(&variables)).await.unwrap();
    scene.options.managed_identity_client_id = Some("by-option".into());
    token(&scene.credential(&variables)).await.unwrap();
    let asked: Vec<_> = scene
        .seen_by(METADATA)
        .iter()
        .filter_map(|seen| seen.query_value("client_id"))
        .collect();
    assert_eq!(asked, ["by-variable", "by-option"]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_an_identity_leaves_the_chain_to_the_developer() {
    let scene = Scene::new(|seen| match seen.url.host_str() {
        Some(METADATA) => Fate::Answered(400, r#"{"error":"invalid_request"}"#.into()),
        _ => Fate::EntraId,
    })
    .await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let token = token(&scene.credential(&[])).await.unwrap();
    assert_eq!(claim(&token, "upn"), person.as_str());
}

#[tokio::test(start_paused = true)]
async fn a_metadata_service_that_refuses_ends_the_chain() {
    let scene = Scene::new(
        |seen| match seen.headers.get_optional_str(&"metadata".into()) {
            None => Fate::Answered(400, String::new()),
            Some(_) => Fate::Answered(403, "forbidden".into()),
        },
    )
    .await;
    let error = scene.error(&[]).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(
        error
            .to_string()
            .contains("stopped by ManagedIdentityCredential"),
        "{error}"
    );
    assert_eq!(attempts(&error), ALL[..2]);
}

/// The official crate reads the variables of the process, so this test is one of its own.
#[test]
fn app_service_is_asked_with_its_header_and_validate_cloud_shell_credential_in_dac_is_told() {
    const CHILD: &str = "DOORKEY_TEST_CHILD";
    let Ok(case) = std::env::var(CHILD) else {
        for (case, variables) in [
            (
                "app-service",
                [
                    ("IDENTITY_ENDPOINT", "http://localhost:1/msi"),
                    ("IDENTITY_HEADER", "a-header"),
                ],
            ),
            (
                "cloud-shell",
                [("MSI_ENDPOINT", "http://localhost:1/msi"), ("UNUSED", "")],
            ),
        ] {
            let test = format!("{}::app_service_is_asked", module_path!());
            let test = test.split_once("::").unwrap().1;
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args([test, "--test-threads=1"])
                .env(CHILD, case)
                .envs(variables)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{case}: {said}"
            );
        }
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scene = Scene::new(|_| issued("of-the-app")).await;
        let seams = crate::seams::Seams::default();
        let credential = DefaultAzureCredential::with_seams(scene.options.clone(), &seams).unwrap();
        if case == "app-service" {
            assert_eq!(token(&credential).await.unwrap(), "of-the-app");
            let seen = scene.machine.seen();
            assert_eq!(seen.len(), 1, "no probe");
            assert_eq!(
                seen[0]
                    .headers
                    .get_optional_str(&"x-identity-header".into()),
                Some("a-header")
            );
        } else {
            let error = token(&credential).await.unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("CloudShell managed identity isn't supported"),
                "{error}"
            );
        }
    });
}

#[tokio::test(start_paused = true)]
async fn default_credential_shared_cache_use() {
    let scene = Scene::new(laptop).await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let credential = scene.credential(&[]);
    let first = token(&credential).await.unwrap();
    assert_eq!(claim(&first, "upn"), person.as_str());
    assert_eq!(token(&credential).await.unwrap(), first);
    assert_eq!(scene.seen_by(METADATA).len(), 1, "once for the choice");
    assert_eq!(scene.entra.prompts(), 1, "that of the other program");
}

#[tokio::test(start_paused = true)]
async fn shared_cache_username_by_option_before_the_variable() {
    let mut scene = Scene::new(laptop).await;
    let (first, second) = (scene.entra.username(0), scene.entra.guest());
    scene.signed_in(&first).await;
    scene.signed_in(&second).await;
    let error = scene.error(&[]).await;
    assert!(
        error.to_string().contains("several people are signed in"),
        "{error}"
    );
    let variables = [("AZURE_USERNAME", first.as_str())];
    let upn = |token: String| claim(&token, "upn");
    assert_eq!(
        upn(token(&scene.credential(&variables)).await.unwrap()),
        first.as_str()
    );
    scene.options.shared_cache_username = Some(second.clone());
    assert_eq!(
        upn(token(&scene.credential(&variables)).await.unwrap()),
        second.as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn shared_cache_tenant_id_by_option_before_the_variable() {
    let mut scene = Scene::new(laptop).await;
    let guest = scene.entra.guest();
    scene.signed_in(&guest).await;
    let users = scene.entra.emulator.users();
    let user = users.iter().find(|user| user.username == guest).unwrap();
    let (home, away) = (user.tenant_id.clone(), user.guest_in[0].tenant_id.clone());
    let variables = [("AZURE_TENANT_ID", home.as_str())];
    let tid = |token: String| claim(&token, "tid");
    assert_eq!(
        tid(token(&scene.credential(&variables)).await.unwrap()),
        home.as_str()
    );
    scene.options.shared_cache_tenant_id = Some(away.clone());
    assert_eq!(
        tid(token(&scene.credential(&variables)).await.unwrap()),
        away.as_str()
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
    let error = credential
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("ManagedIdentityCredential"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn interactive_browser_tenant_id_and_interactive_browser_client_id() {
    let mut scene = Scene::new(laptop).await;
    scene.options.include_interactive_browser = true;
    scene.options.interactive_browser_tenant_id = Some("contoso.example".into());
    scene.options.interactive_browser_client_id = Some("an-application".into());
    let opened = Arc::new(Mutex::new(Vec::new()));
    scene.options.interactive_browser_launcher = closed_browser(&opened);
    let variables = [("AZURE_TENANT_ID", TENANT)];
    let error = scene.error(&variables).await;
    assert_eq!(
        attempts(&error).last().unwrap(),
        "InteractiveBrowserCredential"
    );
    let url = opened.lock().unwrap()[0].clone();
    assert!(url.contains("/contoso.example/"), "{url}");
    assert!(url.contains("client_id=an-application"), "{url}");
    scene.options.interactive_browser_tenant_id = None;
    scene.error(&variables).await;
    let url = opened.lock().unwrap()[1].clone();
    assert!(url.contains(&format!("/{TENANT}/")), "{url}");
}

#[tokio::test(start_paused = true)]
async fn the_browser_is_the_last_resort_and_only_where_it_is_included() {
    let mut scene = Scene::new(laptop).await;
    scene.options.include_interactive_browser = true;
    let person = scene.entra.username(0);
    let pages = Arc::new(Mutex::new(Vec::new()));
    let conduct = Conduct::SignIn(person.clone());
    scene.options.interactive_browser_launcher = browser(&scene.entra.emulator, conduct, pages);
    let credential = scene.credential(&[]);
    let first = token(&credential).await.unwrap();
    assert_eq!(claim(&first, "upn"), person.as_str());
    // What it keeps is the shared cache's, where the next run finds it.
    scene.options.include_interactive_browser = false;
    assert_eq!(token(&scene.credential(&[])).await.unwrap(), first);
}

/// One that opens nothing, and remembers what it should have.
fn closed_browser(opened: &Arc<Mutex<Vec<String>>>) -> BrowserLauncher {
    let opened = Arc::clone(opened);
    BrowserLauncher::Callback(Arc::new(move |url| {
        opened.lock().unwrap().push(url.to_owned());
        Err(std::io::Error::other("closed"))
    }))
}

#[cfg(feature = "client-certificate")]
mod certificates {
    use super::*;
    use openssl::{
        asn1::Asn1Time, hash::MessageDigest, pkcs12::Pkcs12, pkey::PKey, rsa::Rsa, symm::Cipher,
        x509::X509,
    };

    /// Writes what `form` makes of a key and its certificate, and gets a token with it.
    async fn with_certificate(
        password: Option<&str>,
        form: impl Fn(&PKey<openssl::pkey::Private>, &X509) -> Vec<u8>,
    ) -> Result<Vec<Seen>, Error> {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut certificate = X509::builder().unwrap();
        certificate.set_pubkey(&key).unwrap();
        certificate
            .set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        certificate
            .set_not_after(&Asn1Time::days_from_now(1).unwrap())
            .unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate");
        std::fs::write(&file, form(&key, &certificate.build())).unwrap();
        let scene = Scene::new(|_| issued("of-the-application")).await;
        let mut variables = SERVICE_PRINCIPAL.to_vec();
        variables[2] = ("AZURE_CLIENT_CERTIFICATE_PATH", file.to_str().unwrap());
        variables.push(("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"));
        variables.extend(password.map(|it| ("AZURE_CLIENT_CERTIFICATE_PASSWORD", it)));
        token(&scene.credential(&variables)).await?;
        Ok(scene.machine.seen())
    }

    fn pem(key: &[u8], certificate: &X509) -> Vec<u8> {
        [key, &certificate.to_pem().unwrap()].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn certificate_configuration() {
        let as_pem = |key: &PKey<_>, certificate: &X509| {
            pem(&key.private_key_to_pem_pkcs8().unwrap(), certificate)
        };
        let as_pkcs12 = |key: &PKey<_>, certificate: &X509| {
            let mut builder = Pkcs12::builder();
            builder.pkey(key).cert(certificate);
            builder.build2("").unwrap().to_der().unwrap()
        };
        for seen in [
            with_certificate(None, as_pem).await.unwrap(),
            with_certificate(None, as_pkcs12).await.unwrap(),
        ] {
            assert_eq!(seen[0].form_value("client_id"), Some("an-application"));
            assert!(seen[0].form_value("client_assertion").is_some());
        }
        let error = with_certificate(None, |_, certificate| certificate.to_pem().unwrap()).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("no private key"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn certificate_with_password_configuration() {
        let locked = |key: &PKey<openssl::pkey::Private>, certificate: &X509| {
            let cipher = Cipher::aes_256_cbc();
            let key = key.private_key_to_pem_pkcs8_passphrase(cipher, b"a-password");
            pem(&key.unwrap(), certificate)
        };
        with_certificate(Some("a-password"), locked).await.unwrap();
        for password in [None, Some("another")] {
            let text = with_certificate(password, locked)
                .await
                .unwrap_err()
                .to_string();
            assert!(text.contains("its password is another one"), "{text}");
        }
    }
}

#[cfg(unix)]
mod tools {
    use super::*;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
        path::Path,
    };

    const AZ: &str =
        r#"echo '{"accessToken":"of-az","expires_on":4102444800,"tokenType":"Bearer"}'"#;
    const AZD: &str = r#"echo '{"token":"of-azd","expiresOn":"2099-01-01T00:00:00Z"}'"#;

    fn program(folder: &Path, name: &str, script: &str) {
        let path = folder.join(name);
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}.calls\n{script}\n",
            path.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    fn calls(folder: &Path, name: &str) -> Vec<String> {
        let calls = fs::read_to_string(folder.join(format!("{name}.calls"))).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// Only the tools, in the time of the system, by which their processes live.
    async fn scene() -> (Scene, tempfile::TempDir, String) {
        let mut scene = Scene::new(laptop).await;
        scene.options.exclude_environment_credential = Some(true);
        scene.options.exclude_workload_identity_credential = Some(true);
        scene.options.exclude_managed_identity_credential = Some(true);
        let folder = tempfile::tempdir().unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        (scene, folder, path)
    }

    #[tokio::test]
    async fn az_is_started_once_for_many_requests() {
        let (scene, folder, path) = scene().await;
        program(folder.path(), "az", AZ);
        program(folder.path(), "azd", AZD);
        let credential = scene.credential(&[("PATH", &path)]);
        let all = futures_util::future::join_all((0..10).map(|_| token(&credential))).await;
        assert!(
            all.iter()
                .all(|token| token.as_ref().is_ok_and(|token| token == "of-az"))
        );
        let calls_of_az = calls(folder.path(), "az");
        assert_eq!(
            calls_of_az,
            [format!("account get-access-token -o json --scope {SCOPE}")]
        );
        assert!(calls(folder.path(), "azd").is_empty());
        assert!(!format!("{credential:?}").contains("of-az"));
    }

    #[tokio::test]
    async fn a_tool_that_fails_leaves_the_chain_to_the_next_and_is_told_of() {
        let (scene, folder, path) = scene().await;
        let failing = "echo 'ERROR: Please run az login to setup account.' >&2; exit 1";
        program(folder.path(), "az", failing);
        let variables = [("PATH", path.as_str())];
        let error = scene.error(&variables).await;
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(
            error
                .to_string()
                .contains("Please run az login to setup account."),
            "{error}"
        );
        program(folder.path(), "azd", AZD);
        assert_eq!(
            token(&scene.credential(&variables)).await.unwrap(),
            "of-azd"
        );
        program(folder.path(), "az", "echo '<html>'");
        assert_eq!(
            token(&scene.credential(&variables)).await.unwrap(),
            "of-azd"
        );
    }

    #[tokio::test]
    async fn process_timeout_ends_a_tool_that_hangs_with_all_its_processes() {
        let (mut scene, folder, path) = scene().await;
        scene.options.process_timeout = Some(Duration::from_secs(1));
        program(
            folder.path(),
            "az",
            "sleep 300 & echo $! > \"$0.pid\"; wait",
        );
        let error = scene.error(&[("PATH", &path)]).await;
        assert!(error.to_string().contains("`process_timeout`"), "{error}");
        let pid = fs::read_to_string(folder.path().join("az.pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        // It is killed before the error is told; what reaps it is the system.
        let state = || fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        while state().is_ok_and(|state| !state.contains(") Z")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[test]
    fn process_timeout_default_is_ten_seconds_and_none_at_all_is_refused() {
        assert_eq!(super::super::PROCESS_TIMEOUT, Duration::from_secs(10));
        let options = DefaultAzureCredentialOptions {
            process_timeout: Some(Duration::ZERO),
            ..Default::default()
        };
        refused(options, &[]);
    }

    #[tokio::test]
    async fn a_sign_in_that_is_there_comes_before_the_tools() {
        let (scene, folder, path) = scene().await;
        program(folder.path(), "az", AZ);
        let person = scene.entra.username(0);
        scene.signed_in(&person).await;
        let token = token(&scene.credential(&[("PATH", &path)])).await.unwrap();
        assert_eq!(claim(&token, "upn"), person.as_str());
        assert!(calls(folder.path(), "az").is_empty());
    }
}
