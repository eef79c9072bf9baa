mod profile;
mod settings;

use super::{
    client::{Client, DEVELOPER_SIGN_ON_CLIENT_ID, authority, filled, names_authority},
    scoped::Scoped,
};
use crate::{
    cache::BorrowedFileStore,
    continuous_access::ContinuousAccessPolicy,
    error::{Error, Result},
    oauth::Authority,
    options::{
        AccessTokenInfo, PublicClientOptions, TokenCachePersistenceOptions, TokenInfoOptions,
    },
    pop_policy::PopPolicy,
    seams::Seams,
    session::{HasSession, Session},
    sign_in::{Nobody, SignIn},
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::policies::Policy,
};
use profile::Subscription;
use settings::{Settings, Stamp};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{runtime::Handle, time::sleep};

/// Uses the sign-in of the Azure CLI, without its program: whoever has run `az login` has a token in
/// milliseconds, where `az` takes half a second.
///
/// The token cache of `az` is read, and nothing of `az` is ever written: what its refresh token
/// fetches stays in the memory of this credential. It never asks a person. Account and tenant are those
/// of the default subscription (`az account show`), and a change of it, `az login` and `az logout` are
/// seen by the next call.
///
/// Where the Azure CLI is signed in by a broker (as by default on Windows), only the tokens that it has
/// already can be read, and where it keeps its cache in a keyring, none: then only the program has them,
/// by `azure_identity`'s `AzureCliCredential`, or by `DefaultAzureCredential`, which tries both.
///
/// `az` itself asks for `https://management.core.windows.net//.default`, so that one costs no request;
/// others come by its refresh token. Its tokens can be revoked in the middle of their life: see
/// [`continuous_access_policy`](Self::continuous_access_policy).
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use doorkey::AzureCliTokenCacheCredential;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credential = AzureCliTokenCacheCredential::new(None)?;
/// println!("{} is signed in to az", credential.account()?.username);
/// let token = credential.get_token(&["https://management.azure.com/.default"], None).await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AzureCliTokenCacheCredential {
    inner: Arc<Inner>,
}

/// Options of [`AzureCliTokenCacheCredential`].
#[derive(Clone, Debug, Default)]
pub struct AzureCliTokenCacheCredentialOptions {
    /// The subscription whose account and tenant are used, by id or name. Default: the default one.
    pub subscription: Option<String>,
    /// Authority, tenant, transport. The default authority is that of the active cloud of `az`, and the
    /// default tenant that of the subscription. `cache_persistence` is refused.
    pub client: PublicClientOptions,
}

/// Who is signed in to the Azure CLI.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AzureCliAccount {
    /// The person's user name.
    pub username: String,
    /// The tenant of the subscription.
    pub tenant_id: String,
    /// The subscription's id.
    pub subscription_id: String,
    /// What it is called.
    pub subscription_name: String,
}

#[derive(Debug)]
struct Inner {
    options: AzureCliTokenCacheCredentialOptions,
    seams: Seams,
    current: Mutex<Option<Current>>,
}

/// Whose tokens, and what gets them.
#[derive(Clone, Debug)]
struct SignedIn {
    subscription: Arc<Subscription>,
    session: Arc<Session>,
}

/// What the files said when they were last read.
#[derive(Debug)]
struct Current {
    stamp: Stamp,
    /// Whether they were old enough then for a later write to have another time.
    is_settled: bool,
    said: Result<Said>,
    signed_in: Result<SignedIn>,
}

/// What is of interest in the files.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Said {
    subscription: Arc<Subscription>,
    authority: String,
    disable_instance_discovery: bool,
    token_cache: PathBuf,
}

/// The cache's name in this process.
const CACHE: &str = "msal_token_cache";

impl AzureCliTokenCacheCredential {
    /// Checks the options. Whether anybody is signed in to `az` is seen by the first call.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where `client.cache_persistence` is set.
    pub fn new(options: Option<AzureCliTokenCacheCredentialOptions>) -> Result<Arc<Self>> {
        Self::with_seams(options.unwrap_or_default(), Seams::default())
    }

    pub(crate) fn with_seams(
        options: AzureCliTokenCacheCredentialOptions,
        seams: Seams,
    ) -> Result<Arc<Self>> {
        if options.client.cache_persistence.is_some() {
            return Err(Error::invalid_argument(
                "`client.cache_persistence` is set, and the cache of the Azure CLI is the only one \
                 that this credential reads; leave it out",
            ));
        }
        Ok(Arc::new(Self {
            inner: Arc::new(Inner {
                options,
                seams,
                current: Mutex::new(None),
            }),
        }))
    }

    #[cfg(feature = "chain")]
    pub(super) fn whose(&self) -> Arc<dyn HasSession> {
        Arc::<Inner>::clone(&self.inner)
    }

    /// Who is signed in to `az`. Reads files, and sends nothing.
    ///
    /// # Errors
    ///
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where nobody is, with what to
    /// do.
    pub fn account(&self) -> Result<AzureCliAccount> {
        let signed_in = self.inner.signed_in(true)?.ok_or_else(being_written)?;
        let subscription = signed_in.subscription;
        Ok(AzureCliAccount {
            username: subscription.user.name.clone(),
            tenant_id: subscription.tenant_id.clone(),
            subscription_id: subscription.id.clone(),
            subscription_name: subscription.name.clone(),
        })
    }

    /// A token for `scopes`, and what is known of it.
    ///
    /// # Errors
    ///
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where `az` has no sign-in that
    /// can be used, [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired) where the
    /// person has to run `az login` again; else as any credential that asks nobody.
    pub async fn get_token_info(
        &self,
        scopes: &[&str],
        options: Option<TokenInfoOptions>,
    ) -> Result<AccessTokenInfo> {
        let options = options.unwrap_or_default();
        Arc::clone(&self.inner)
            .session()
            .await?
            .get_token_info(scopes, options)
            .await
    }

    /// The same sign-in, with these options on every request: see
    /// [`InteractiveCredential::scoped`](crate::InteractiveCredential::scoped).
    pub fn scoped(&self, options: TokenInfoOptions) -> Arc<dyn TokenCredential> {
        let whose = Arc::<Inner>::clone(&self.inner);
        Arc::new(Scoped { whose, options })
    }

    /// See
    /// [`InteractiveCredential::continuous_access_policy`](crate::InteractiveCredential::continuous_access_policy).
    /// Where a person is needed, the request fails with
    /// [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired).
    #[must_use]
    pub fn continuous_access_policy(&self) -> Arc<dyn Policy> {
        let whose = Arc::<Inner>::clone(&self.inner);
        Arc::new(ContinuousAccessPolicy { whose })
    }

    /// See [`InteractiveCredential::pop_policy`](crate::InteractiveCredential::pop_policy).
    #[must_use]
    pub fn pop_policy(&self, scopes: &[&str]) -> Arc<dyn Policy> {
        let whose: Arc<dyn HasSession> = Arc::<Inner>::clone(&self.inner);
        Arc::new(PopPolicy::new(whose, scopes))
    }
}

#[async_trait]
impl TokenCredential for AzureCliTokenCacheCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(Arc::clone(&self.inner)
            .session()
            .await?
            .get_token(scopes)
            .await?)
    }
}

#[async_trait]
impl HasSession for Inner {
    async fn session(self: Arc<Self>) -> Result<Arc<Session>> {
        let mut waited = Duration::ZERO;
        loop {
            // Without a runtime nothing can be waited for.
            let is_last = waited >= PATIENCE || Handle::try_current().is_err();
            if let Some(signed_in) = self.signed_in(is_last)? {
                return Ok(signed_in.session);
            }
            sleep(PAUSE).await;
            waited += PAUSE;
        }
    }
}

/// `az` truncates its profile and then fills it, which takes much less.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

impl Inner {
    /// As the files say; they are read anew where they have changed. While `az` writes its profile, what
    /// it said before is good; `None` where it said nothing, unless half a profile is to be an error.
    fn signed_in(&self, is_last: bool) -> Result<Option<SignedIn>> {
        let environment = &self.seams.environment;
        // What is wrong with its folder is no mistake of the program's.
        let folder =
            settings::folder(environment).map_err(|error| Error::unavailable(error.to_string()))?;
        let files = ["azureProfile.json", "config", "clouds.config"].map(|name| folder.join(name));
        let stamp = Stamp::of(&files);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let known = current.as_ref();
        if let Some(known) = known.filter(|known| known.is_settled && known.stamp == stamp) {
            return known.signed_in.clone().map(Some);
        }
        let [profile, config, clouds] = &files;
        let profile = settings::text(profile)?;
        if profile::is_cut(profile.as_deref()) {
            let known = current
                .as_ref()
                .and_then(|known| known.signed_in.clone().ok());
            if known.is_some() || !is_last {
                return Ok(known);
            }
        }
        let config = settings::text(config)?.unwrap_or_default();
        let clouds = settings::text(clouds)?.unwrap_or_default();
        let said = self.understand(&folder, profile.as_deref(), &config, &clouds);
        let signed_in = match (current.take(), &said) {
            (Some(known), Ok(said)) if known.said.as_ref().is_ok_and(|known| known == said) => {
                known.signed_in
            }
            (_, Ok(said)) => self.session_of(said),
            (_, Err(error)) => Err(error.clone()),
        };
        *current = Some(Current {
            is_settled: stamp.is_settled(),
            stamp,
            said,
            signed_in: signed_in.clone(),
        });
        signed_in.map(Some)
    }

    fn understand(
        &self,
        folder: &Path,
        profile: Option<&str>,
        config: &str,
        clouds: &str,
    ) -> Result<Said> {
        let environment = &self.seams.environment;
        let settings = Settings {
            text: config,
            environment,
        };
        let cloud = settings.get("cloud", "name")?;
        let cloud = cloud.as_deref().unwrap_or("AzureCloud");
        let wanted = self.options.subscription.as_deref();
        let wanted = wanted.filter(|wanted| !wanted.trim().is_empty());
        let subscription = profile::subscription(profile, cloud, wanted)?;
        let client = &self.options.client;
        let theirs = authority_of(cloud, clouds)?;
        let authority = if names_authority(client, environment)? {
            let ours = authority(client, None, environment)?;
            if !ours.is_alias_of(&theirs) {
                return Err(Error::unavailable(format!(
                    "the Azure CLI is signed in at {}, and a token of {} is asked for; run `az cloud \
                     set`, or leave out the authority",
                    theirs.as_str(),
                    ours.as_str()
                )));
            }
            ours
        } else {
            theirs
        };
        let encrypted = settings.switch("core", "encrypt_token_cache")?;
        let encrypted = encrypted.unwrap_or(cfg!(windows));
        if encrypted && !cfg!(windows) {
            return Err(Error::unavailable(
                "the Azure CLI keeps its tokens in a keyring here (`core.encrypt_token_cache`), which \
                 only its program `az` reads",
            ));
        }
        let file = if encrypted { "bin" } else { "json" };
        Ok(Said {
            subscription: Arc::new(subscription),
            authority: authority.as_str().to_owned(),
            disable_instance_discovery: client.disable_instance_discovery
                || settings.switch("core", "instance_discovery")? == Some(false),
            token_cache: folder.join(format!("{CACHE}.{file}")),
        })
    }

    fn session_of(&self, said: &Said) -> Result<SignedIn> {
        let subscription = &said.subscription;
        let mut client = PublicClientOptions {
            authority: Some(said.authority.clone()),
            disable_instance_discovery: said.disable_instance_discovery,
            ..self.options.client.clone()
        };
        client.tenant_id = filled(client.tenant_id);
        if client.tenant_id.is_none() {
            // Nobody chose this one, so nobody is kept from another.
            client.tenant_id = Some(subscription.tenant_id.clone());
            if client.additionally_allowed_tenants.is_empty() {
                client.additionally_allowed_tenants.push("*".to_owned());
            }
        }
        let store = BorrowedFileStore::new(said.token_cache.clone(), CACHE);
        client.cache_persistence = Some(TokenCachePersistenceOptions {
            name: CACHE.to_owned(),
            store: Some(Arc::new(store)),
            ..Default::default()
        });
        let client = Client {
            client_id: Some(DEVELOPER_SIGN_ON_CLIENT_ID.to_owned()),
            record: None,
            disable_automatic_authentication: true,
            options: client,
            sign_in: SignIn::Nobody(Nobody {
                login_hint: Some(subscription.user.name.clone()),
                home_tenant: Some(subscription.tenant_id.clone()),
                instead: "run `az login`",
                without_refresh_token: "its cache has no refresh token of theirs, which a broker may \
                                        keep: only its program `az` can get this one, or run `az \
                                        login` again",
            }),
            seams: self.seams.clone(),
        };
        Ok(SignedIn {
            subscription: Arc::clone(subscription),
            session: Arc::new(client.session()?),
        })
    }
}

fn being_written() -> Error {
    Error::unavailable("the Azure CLI is writing its azureProfile.json; try again")
}

/// The authority of a cloud that the Azure CLI knows by name.
fn authority_of(cloud: &str, clouds: &str) -> Result<Authority> {
    let own = settings::value_in(clouds, cloud, "endpoint_active_directory");
    let known = match cloud {
        "AzureCloud" => Some(crate::AuthorityHosts::AZURE_PUBLIC_CLOUD),
        "AzureChinaCloud" => Some(crate::AuthorityHosts::AZURE_CHINA),
        "AzureUSGovernment" => Some(crate::AuthorityHosts::AZURE_GOVERNMENT),
        "AzureBleuCloud" => Some("https://login.sovcloud-identity.fr"),
        _ => None,
    };
    match own.as_deref().or(known) {
        // One of Azure Stack may be of a kind that is not known here; that is nobody's mistake.
        Some(authority) => Authority::parse(authority, "the authority of the Azure CLI's cloud")
            .map_err(|error| Error::unavailable(error.to_string())),
        None => Err(Error::unavailable(format!(
            "the Azure CLI's cloud {cloud:?} has no `endpoint_active_directory`, so its authority is \
             not known"
        ))),
    }
}

#[cfg(test)]
mod tests;
