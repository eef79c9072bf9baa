//! The chain that suits most programs: in Azure the identity of the machine, on a developer's own
//! the sign-in that is there already.

mod absent;
#[cfg(feature = "client-certificate")]
mod certificate;
mod developer_tool;
mod environment;
mod executor;
mod managed_identity;
mod official;
mod process_group;
mod selection;
mod workload_identity;

use super::{
    browser::InteractiveBrowserCredential,
    chain::{Chain, Interactive, Link, Silent},
    chained::answer_by_chain,
    client::{Client, authority, check_timeout, filled},
};
use crate::{
    AzureCliTokenCacheCredential, AzureCliTokenCacheCredentialOptions, BrowserLauncher,
    InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions,
    InteractiveBrowserCredentialOptions, TokenCachePersistenceOptions,
    broker::Broker,
    error::{Error, Result},
    oauth::default_transport,
    options::{AccessTokenInfo, PublicClientOptions, TokenInfoOptions},
    seams::Seams,
    sign_in::{Nobody, SignIn},
};
use absent::Absent;
use async_trait::async_trait;
use azure_core::{
    cloud::CustomConfiguration,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{ClientOptions, policies::Policy},
};
use developer_tool::{DeveloperTool, Tool};
use environment::{FromEnvironment, trimmed};
use managed_identity::ManagedIdentity;
use official::{Official, Then};
use selection::{Named, Selection};
use std::{sync::Arc, time::Duration};
use workload_identity::WorkloadIdentity;

/// Gets tokens from the first of these that can give one, and from then on from that one alone:
///
/// 1. **Environment**: a service principal in `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
///    `AZURE_CLIENT_SECRET`, or `AZURE_CLIENT_CERTIFICATE_PATH` (feature `client-certificate`); with
///    none of these a person in `AZURE_CLIENT_ID`, `AZURE_USERNAME` and `AZURE_PASSWORD` (feature
///    `username-password`), which logs a warning;
/// 2. **Workload identity** of Kubernetes;
/// 3. **Managed identity** of App Service or of a virtual machine;
/// 4. **Shared token cache**: who signed in with another program that keeps the shared cache, such as
///    one of Python's `azure-identity`, or `doorkey login`;
/// 5. **Azure CLI**: who signed in with `az login`, by its token cache
///    ([`AzureCliTokenCacheCredential`]), else by its program;
/// 6. **Azure Developer CLI**: who signed in with `azd auth login`;
/// 7. **Browser**: only with `include_interactive_browser`;
/// 8. **Broker**: only with `broker`: who is signed in to the operating system, without asking anybody.
///
/// The next one is tried where one cannot work here. An error of one that could ends the chain, as
/// the next may be somebody else; only the tools and sign-ins of developers go on in any case. Where
/// nobody has a token, one error of kind
/// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) tells every attempt in order.
///
/// The environment variable `AZURE_TOKEN_CREDENTIALS` narrows the choice: `prod` (1 to 3), `dev` (4 to
/// 6, and 8), or one by its name: `EnvironmentCredential`, `WorkloadIdentityCredential`,
/// `ManagedIdentityCredential`, `AzureCliCredential`, `AzureDeveloperCliCredential`,
/// `InteractiveBrowserCredential`.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use doorkey::DefaultAzureCredential;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credential = DefaultAzureCredential::new(None)?;
/// let token = credential.get_token(&["https://management.azure.com/.default"], None).await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DefaultAzureCredential {
    chain: Chain,
}

/// Options of [`DefaultAzureCredential`], by the names that Python's has.
///
/// An `exclude_…` that is `None` is as `AZURE_TOKEN_CREDENTIALS` says; `Some` beats the variable.
#[derive(Clone, Debug, Default)]
pub struct DefaultAzureCredentialOptions {
    /// Leave out the service principal in the environment.
    pub exclude_environment_credential: Option<bool>,
    /// Leave out workload identity.
    pub exclude_workload_identity_credential: Option<bool>,
    /// Leave out managed identity.
    pub exclude_managed_identity_credential: Option<bool>,
    /// Leave out the shared token cache.
    pub exclude_shared_token_cache_credential: Option<bool>,
    /// Leave out the Azure CLI: its program, and its token cache.
    pub exclude_cli_credential: Option<bool>,
    /// Leave out the Azure Developer CLI.
    pub exclude_developer_cli_credential: Option<bool>,
    /// Leave out the broker.
    pub exclude_broker_credential: Option<bool>,
    /// Ask the person in a browser where nothing else gives a token. Default: no.
    pub include_interactive_browser: bool,
    /// A user-assigned managed identity. Default: `AZURE_CLIENT_ID`, else the system-assigned one.
    pub managed_identity_client_id: Option<String>,
    /// The application of the workload identity. Default: `managed_identity_client_id`, else
    /// `AZURE_CLIENT_ID`.
    pub workload_identity_client_id: Option<String>,
    /// Its tenant. Default: `AZURE_TENANT_ID`.
    pub workload_identity_tenant_id: Option<String>,
    /// Whose tokens of the shared cache are meant, by user name. Default: `AZURE_USERNAME`, else the
    /// only person in it.
    pub shared_cache_username: Option<String>,
    /// The tenant for which the shared cache's person is asked. Default: `AZURE_TENANT_ID`, else
    /// `organizations`.
    pub shared_cache_tenant_id: Option<String>,
    /// The application that the browser signs in to. Default: as
    /// [`InteractiveBrowserCredentialOptions::client_id`].
    pub interactive_browser_client_id: Option<String>,
    /// Its tenant. Default: `AZURE_TENANT_ID`, else `organizations`.
    pub interactive_browser_tenant_id: Option<String>,
    /// What opens its page. Default: the system's browser.
    pub interactive_browser_launcher: BrowserLauncher,
    /// The operating system's broker, asked silently for its default account. Default: none.
    pub broker: Option<Arc<dyn Broker>>,
    /// The application that the broker is asked for. Default: as
    /// [`InteractiveBrowserBrokerCredentialOptions::client_id`].
    pub broker_client_id: Option<String>,
    /// Its tenant. Default: `AZURE_TENANT_ID`, else `organizations`.
    pub broker_tenant_id: Option<String>,
    /// How long a program of a developer may take. Default: 10 seconds.
    pub process_timeout: Option<Duration>,
    /// Refuse to choose where `AZURE_TOKEN_CREDENTIALS` is not set, so that a deployment cannot forget
    /// it.
    pub require_envvar: bool,
    /// Authority, transport, cache and observer: they reach every link that takes them. Its
    /// `tenant_id` is refused, as the links are of different kinds: each has an option of its own.
    pub client: PublicClientOptions,
}

/// How long `az` may take where nothing else is said, as in the peers.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(10);

impl DefaultAzureCredential {
    /// Checks the options; nothing is sent, started or read before the first token.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): `client.tenant_id` is set, everything
    /// is excluded, `require_envvar` is set and `AZURE_TOKEN_CREDENTIALS` is not, or it names something
    /// that does not exist (Visual Studio Code and PowerShell have no credential in Rust).
    pub fn new(options: Option<DefaultAzureCredentialOptions>) -> Result<Arc<Self>> {
        Self::with_seams(options.unwrap_or_default(), &Seams::default())
    }

    pub(crate) fn with_seams(
        options: DefaultAzureCredentialOptions,
        seams: &Seams,
    ) -> Result<Arc<Self>> {
        if options.client.tenant_id.is_some() {
            return Err(Error::invalid_argument(
                "`client.tenant_id` means nothing to a chain of different credentials; give \
                 `shared_cache_tenant_id`, `interactive_browser_tenant_id`, `broker_tenant_id` or \
                 `workload_identity_tenant_id`",
            ));
        }
        check_timeout(options.process_timeout)?;
        let selection = Selection::read(&options, &seams.environment)?;
        let links = links(options, &selection, seams)?;
        if links.is_empty() {
            return Err(Error::invalid_argument(
                "every credential of the chain is excluded; leave one in",
            ));
        }
        Ok(Arc::new(Self {
            chain: Chain::new("DefaultAzureCredential", links),
        }))
    }
}

answer_by_chain!(DefaultAzureCredential);

/// The links in their order.
fn links(
    options: DefaultAzureCredentialOptions,
    selection: &Selection,
    seams: &Seams,
) -> Result<Vec<Arc<dyn Link>>> {
    let environment = &seams.environment;
    let variable = |given: Option<String>, name: &str| match filled(given) {
        Some(given) => Ok(Some(given)),
        None => trimmed(environment, name),
    };
    let client = options.client;
    let official = OfficialOptions {
        authority: authority(&client, None, environment)?.as_str().to_owned(),
        client_options: client.client_options.clone(),
    };
    let mut links: Vec<Arc<dyn Link>> = Vec::new();
    if selection.has(Named::Environment) {
        #[cfg(feature = "username-password")]
        let person = environment::by_password(&client, seams).transpose();
        #[cfg(not(feature = "username-password"))]
        let person = None;
        links.push(match person {
            Some(link) => attempt(environment::NAME, link, false)?,
            None => {
                let maker = FromEnvironment {
                    environment: environment.clone(),
                    options: official.clone(),
                };
                Arc::new(Official::new(maker, Then::Ends))
            }
        });
    }
    if selection.has(Named::WorkloadIdentity) {
        let maker = WorkloadIdentity {
            client_id: filled(options.workload_identity_client_id)
                .or_else(|| filled(options.managed_identity_client_id.clone())),
            tenant_id: filled(options.workload_identity_tenant_id),
            environment: environment.clone(),
            options: official.clone(),
        };
        links.push(Arc::new(Official::new(maker, Then::Ends)));
    }
    if selection.has(Named::ManagedIdentity) {
        let maker = ManagedIdentity {
            client_id: variable(options.managed_identity_client_id, "AZURE_CLIENT_ID")?,
            environment: environment.clone(),
            options: official,
            is_probed: !selection.is_named_alone(Named::ManagedIdentity),
        };
        links.push(Arc::new(Official::new(maker, Then::Ends)));
    }
    if selection.has(Named::SharedTokenCache) {
        let is_given = options.shared_cache_tenant_id.is_some();
        let client = PublicClientOptions {
            tenant_id: variable(options.shared_cache_tenant_id, "AZURE_TENANT_ID")?,
            ..client.clone()
        };
        let username = variable(options.shared_cache_username, "AZURE_USERNAME")?;
        let link = shared_token_cache(username, client, seams);
        links.push(attempt(SHARED_TOKEN_CACHE, link, is_given)?);
    }
    if selection.has(Named::VisualStudioCode) {
        links.push(Arc::new(Absent::in_rust("VisualStudioCodeCredential")));
    }
    let process_timeout = options.process_timeout.unwrap_or(PROCESS_TIMEOUT);
    let tool = |tool| -> Arc<dyn Link> {
        let maker = DeveloperTool::new(tool, process_timeout, environment.clone());
        Arc::new(Official::new(maker, Then::GoesOn))
    };
    if selection.has(Named::AzureCli) {
        let options = AzureCliTokenCacheCredentialOptions {
            client: PublicClientOptions {
                cache_persistence: None,
                ..client.clone()
            },
            ..Default::default()
        };
        links.push(Arc::new(Silent {
            name: "AzureCliTokenCacheCredential",
            whose: AzureCliTokenCacheCredential::with_seams(options, seams.clone())?.whose(),
        }));
        links.push(tool(Tool::AzureCli));
    }
    if selection.has(Named::AzurePowerShell) {
        links.push(Arc::new(Absent::in_rust("AzurePowerShellCredential")));
    }
    if selection.has(Named::AzureDeveloperCli) {
        links.push(tool(Tool::AzureDeveloperCli));
    }
    if selection.has(Named::InteractiveBrowser) {
        let is_given = options.interactive_browser_tenant_id.is_some();
        let client = PublicClientOptions {
            tenant_id: variable(options.interactive_browser_tenant_id, "AZURE_TENANT_ID")?,
            ..client.clone()
        };
        let options = InteractiveBrowserCredentialOptions {
            client_id: options.interactive_browser_client_id,
            browser: options.interactive_browser_launcher,
            client,
            ..Default::default()
        };
        let credential = InteractiveBrowserCredential::with_seams(options, seams.clone());
        let link = credential.map(|credential| -> Arc<dyn Link> {
            let name = INTERACTIVE_BROWSER.to_owned();
            Arc::new(Interactive { name, credential })
        });
        links.push(attempt(INTERACTIVE_BROWSER, link, is_given)?);
    }
    if let Some(broker) = options.broker.filter(|_| selection.has(Named::Broker)) {
        let is_given = options.broker_tenant_id.is_some();
        let client = PublicClientOptions {
            tenant_id: variable(options.broker_tenant_id, "AZURE_TENANT_ID")?,
            ..client
        };
        let options = InteractiveBrowserBrokerCredentialOptions {
            client_id: options.broker_client_id,
            use_default_broker_account: true,
            disable_interactive_fallback: true,
            client,
            ..Default::default()
        };
        let credential =
            InteractiveBrowserBrokerCredential::with_seams(broker, options, seams.clone());
        let link = credential.map(|credential| -> Arc<dyn Link> {
            let whose = credential.whose();
            Arc::new(Silent {
                name: BROKER,
                whose,
            })
        });
        links.push(attempt(BROKER, link, is_given)?);
    }
    Ok(links)
}

const SHARED_TOKEN_CACHE: &str = "SharedTokenCacheCredential";
const INTERACTIVE_BROWSER: &str = "InteractiveBrowserCredential";
const BROKER: &str = "BrokerCredential";

/// What an option has wrong is the program's mistake; what a variable has, is an attempt that failed.
fn attempt(
    name: &'static str,
    link: Result<Arc<dyn Link>>,
    is_given: bool,
) -> Result<Arc<dyn Link>> {
    match link {
        Err(error) if !is_given => Ok(Arc::new(Absent {
            name,
            why: format!("AZURE_TENANT_ID or another variable is wrong: {error}"),
        })),
        outcome => outcome,
    }
}

fn shared_token_cache(
    login_hint: Option<String>,
    mut client: PublicClientOptions,
    seams: &Seams,
) -> Result<Arc<dyn Link>> {
    client
        .cache_persistence
        .get_or_insert_with(|| TokenCachePersistenceOptions {
            // To be read: whoever wrote it has decided where.
            allow_unencrypted_storage: true,
            ..Default::default()
        });
    let home_tenant = client.tenant_id.clone();
    let session = Client {
        client_id: None,
        record: None,
        disable_automatic_authentication: true,
        options: client,
        sign_in: SignIn::Nobody(Nobody {
            login_hint,
            home_tenant,
            instead: "give `shared_cache_username` or AZURE_USERNAME, or sign in with a program that \
                      keeps the shared token cache",
            without_refresh_token: "there is no refresh token of theirs; sign in again with a program \
                                    that keeps the shared token cache",
        }),
        seams: seams.clone(),
    };
    Ok(Arc::new(Silent {
        name: SHARED_TOKEN_CACHE,
        whose: Arc::new(session.session()?),
    }))
}

/// What the official crate's credentials take.
#[derive(Clone, Debug)]
struct OfficialOptions {
    authority: String,
    client_options: ClientOptions,
}

impl OfficialOptions {
    /// The authority goes by the cloud, which is the only way to name it there; the transport is one
    /// that does not panic.
    fn client_options(&self) -> Result<ClientOptions> {
        let mut options = self.client_options.clone();
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.authority);
        options.cloud = Some(Arc::new(cloud.into()));
        if options.transport.is_none() {
            options.transport = Some(default_transport()?);
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests;
