//! What Windows is asked: of which provider, and with which properties.

use super::{
    messages::{PromptType, Properties, TokenRequest, WebAccount},
    person::{PERSONAL_TENANT, is_personal},
};
use crate::clouds::{PUBLIC_HOST, cloud, host_and_tenant};
use azure_core::credentials::Secret;
use doorkey::{
    BrokerAccount, BrokerApplication, BrokerInteractiveRequest, BrokerPop, BrokerSilentRequest,
    Error, ErrorKind, Prompt, Result,
};
use serde_json::Value;
use url::Url;

/// The provider of Entra ID and of personal accounts; which of them is said by the authority.
pub(super) const PROVIDER: &str = "https://login.microsoft.com";

/// The provider of whoever is signed in to Windows.
pub(super) const DEFAULT_PROVIDER: &str = "https://login.windows.local";

/// How the provider of personal accounts is named, by us and by Windows.
pub(super) const CONSUMERS: &str = "consumers";

const ORGANIZATIONS: &str = "organizations";

/// Which of Windows' plugins is spoken to: their properties and replies differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plugin {
    /// Work and school accounts.
    EntraId,
    /// Microsoft accounts.
    Personal,
}

/// An authority that Windows can sign in at.
pub(super) struct Authority {
    url: String,
    host: String,
    cloud: &'static [&'static str],
    tenant: String,
    enable_msa_passthrough: bool,
}

/// By which way an account gets a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Plain(Plugin),
    /// A personal account at Entra ID, by a token that its own plugin gives for it.
    Transfer,
}

impl Way {
    /// Which gives the token in the end.
    pub(super) fn plugin(self) -> Plugin {
        match self {
            Self::Plain(plugin) => plugin,
            Self::Transfer => Plugin::EntraId,
        }
    }
}

impl Authority {
    pub(super) fn of(application: &BrokerApplication) -> Result<Self> {
        let unserved = || {
            Error::new(
                ErrorKind::CredentialUnavailable,
                format!(
                    "Windows' Web Account Manager does not sign in at {}: only at Entra ID in \
                     Microsoft's clouds; sign in by the browser",
                    application.authority
                ),
            )
        };
        let (host, tenant) = host_and_tenant(&application.authority).ok_or_else(unserved)?;
        let cloud = cloud(&host).ok_or_else(unserved)?;
        Ok(Self {
            url: application.authority.clone(),
            host,
            cloud,
            tenant,
            enable_msa_passthrough: application.enable_msa_passthrough,
        })
    }

    /// What a provider's authority is called.
    pub(super) fn provider(&self, plugin: Plugin) -> &str {
        match (plugin, &*self.tenant) {
            (Plugin::Personal, _) => CONSUMERS,
            (Plugin::EntraId, _) if self.is_usual() => ORGANIZATIONS,
            // Names cloud and tenant.
            (Plugin::EntraId, _) => &self.url,
        }
    }

    /// The property that names cloud and tenant, where they are not the usual ones.
    fn property(&self, plugin: Plugin) -> Option<String> {
        if plugin == Plugin::Personal || self.is_usual() {
            return None;
        }
        // With `organizations` Windows refuses people whom it knows (MSAL.NET's issues 2476 and 3217).
        Some(match &*self.tenant {
            ORGANIZATIONS => format!("https://{}/common", self.host),
            _ => self.url.clone(),
        })
    }

    /// Whether the account may be used here, as far as Windows says of which cloud it is.
    pub(super) fn knows(&self, written: &WebAccount) -> bool {
        let authority = written.properties.get("Authority");
        let url = authority.and_then(|authority| Url::parse(authority).ok());
        let host = url.as_ref().and_then(Url::host_str);
        host.and_then(cloud).is_none_or(|cloud| cloud == self.cloud)
    }

    /// Whose accounts may sign in here.
    pub(super) fn plugins(&self) -> Vec<Plugin> {
        let both = [Plugin::EntraId, Plugin::Personal];
        let serves = |plugin: &Plugin| self.serves(*plugin);
        both.into_iter().filter(serves).collect()
    }

    pub(super) fn serves(&self, plugin: Plugin) -> bool {
        match plugin {
            Plugin::EntraId => !self.is_consumers(),
            Plugin::Personal => {
                self.is_consumers() || self.tenant == "common" || self.enable_msa_passthrough
            }
        }
    }

    /// `None` is somebody who is not named.
    pub(super) fn way(&self, account: Option<&BrokerAccount>) -> Way {
        self.way_of(account.is_some_and(is_personal))
    }

    pub(super) fn way_of(&self, is_personal: bool) -> Way {
        if self.is_consumers() {
            Way::Plain(Plugin::Personal)
        } else if is_personal && self.enable_msa_passthrough {
            Way::Transfer
        } else if is_personal && self.tenant == "common" {
            Way::Plain(Plugin::Personal)
        } else {
            // A personal account may be a guest in a tenant, whom Entra ID's plugin knows.
            Way::Plain(Plugin::EntraId)
        }
    }

    /// Whether people of all tenants of the public cloud are meant.
    fn is_usual(&self) -> bool {
        self.host == PUBLIC_HOST && matches!(&*self.tenant, "common" | ORGANIZATIONS)
    }

    fn is_consumers(&self) -> bool {
        self.tenant == CONSUMERS || self.tenant == PERSONAL_TENANT
    }
}

/// Who is there: a token of nothing but that.
pub(super) fn identity(
    application: &BrokerApplication,
    authority: &Authority,
    plugin: Plugin,
) -> TokenRequest {
    plain(application, authority, plugin, &Wanted::default())
}

pub(super) fn silent(
    request: &BrokerSilentRequest,
    authority: &Authority,
    plugin: Plugin,
) -> TokenRequest {
    let wanted = Wanted {
        scopes: &request.scopes,
        claims: request.claims.as_deref(),
        pop: request.pop.as_ref(),
    };
    plain(&request.application, authority, plugin, &wanted)
}

/// Without asking, of whoever is signed in to Windows.
pub(super) fn unasked(
    request: &BrokerInteractiveRequest,
    authority: &Authority,
    plugin: Plugin,
) -> TokenRequest {
    let wanted = Wanted {
        scopes: &request.scopes,
        claims: request.claims.as_deref(),
        pop: request.pop.as_ref(),
    };
    plain(&request.application, authority, plugin, &wanted)
}

/// By asking. `is_known` is whether Windows has the account that the request names.
pub(super) fn interactive(
    request: &BrokerInteractiveRequest,
    authority: &Authority,
    plugin: Plugin,
    is_known: bool,
) -> TokenRequest {
    let parameters = request.extra_query_parameters.iter().cloned();
    let mut properties: Properties = parameters.map(renamed).collect();
    if let Some(domain) = &request.domain_hint {
        properties.insert("domain_hint".into(), domain.clone());
    }
    let mut question = unasked(request, authority, plugin);
    // Ours are not to be replaced by the caller's.
    properties.append(&mut question.properties);
    question.properties = properties;
    ask(&mut question, request, plugin, is_known);
    question
}

/// A parameter of the authorization endpoint, as Entra ID's plugin calls it.
fn renamed((name, value): (String, String)) -> (String, String) {
    match (&*name, &*value) {
        ("instance_aware", "true") => ("discover".into(), "home".into()),
        _ => (name, value),
    }
}

/// Has the person add a personal account to those that Windows has.
pub(super) fn add_account(question: &mut TokenRequest) {
    question.prompt = PromptType::ForceAuthentication;
    let properties = &mut question.properties;
    properties.insert("Client_uiflow".into(), "new_account".into());
}

/// The token by which a personal account is shown to Entra ID.
pub(super) fn transfer(application: &BrokerApplication, authority: &Authority) -> TokenRequest {
    let mut question = plain(application, authority, Plugin::Personal, &Wanted::default());
    question
        .scope
        .push_str(" service::http://Passport.NET/purpose::PURPOSE_AAD_WAM_TRANSFER");
    question
}

/// The same, by asking.
pub(super) fn transfer_interactive(
    request: &BrokerInteractiveRequest,
    authority: &Authority,
    is_known: bool,
) -> TokenRequest {
    let mut question = transfer(&request.application, authority);
    ask(&mut question, request, Plugin::Personal, is_known);
    question
}

/// Shows `assertion`, the answer to [`transfer`], to Entra ID.
pub(super) fn show(question: &mut TokenRequest, assertion: &Secret) {
    let properties = &mut question.properties;
    properties.insert("SamlAssertion".into(), assertion.secret().to_owned());
    // Not one of the types that Microsoft documents, which are those of other providers.
    properties.insert("SamlAssertionType".into(), "SAMLV1".into());
}

/// What a token is to be good for; nothing, by default, but to tell who it is of.
#[derive(Default)]
struct Wanted<'a> {
    scopes: &'a [String],
    claims: Option<&'a str>,
    pop: Option<&'a BrokerPop>,
}

fn plain(
    application: &BrokerApplication,
    authority: &Authority,
    plugin: Plugin,
    wanted: &Wanted<'_>,
) -> TokenRequest {
    let identity = ["openid", "profile", "offline_access"];
    let scopes = wanted.scopes.iter().map(|scope| &**scope);
    let scopes: Vec<_> = scopes
        .filter(|scope| !identity.contains(scope))
        .chain(identity)
        .collect();
    let mut properties = Properties::new();
    let fixed: &[_] = match plugin {
        Plugin::EntraId => &[("wam_compat", "2.0")],
        Plugin::Personal => &[
            ("api-version", "2.0"),
            ("oauth2_batch", "1"),
            ("x-client-info", "1"),
        ],
    };
    for (name, value) in fixed {
        properties.insert((*name).into(), (*value).into());
    }
    if let Some(authority) = authority.property(plugin) {
        properties.insert("authority".into(), authority);
    }
    if let Some(claims) = wanted.claims {
        properties.insert("claims".into(), claims.into());
        if plugin == Plugin::EntraId && demands_more(claims) {
            properties.insert("minimum_token_lifetime".into(), NEVER_LONG_ENOUGH.into());
        }
    }
    // Windows hands it on to the authority: the key stays with whoever asks.
    if let Some(pop) = wanted.pop {
        properties.insert("token_type".into(), "pop".into());
        properties.insert("req_cnf".into(), pop.req_cnf());
    }
    TokenRequest {
        scope: scopes.join(" "),
        client_id: application.client_id.clone(),
        prompt: PromptType::Default,
        correlation_id: application.correlation_id.to_string(),
        properties,
    }
}

fn ask(
    question: &mut TokenRequest,
    request: &BrokerInteractiveRequest,
    plugin: Plugin,
    is_known: bool,
) {
    let prompt = match request.prompt {
        // Who it is has been chosen.
        Prompt::SelectAccount if is_known => None,
        Prompt::SelectAccount => Some("select_account"),
        Prompt::Login => Some("login"),
        Prompt::Consent => Some("consent"),
        _ => None,
    };
    let named = request.account.as_ref().map(|account| &*account.username);
    let hint = request.login_hint.as_deref().or(named);
    let hint = hint.filter(|hint| !hint.is_empty() && !is_known);
    let demands_more = request.claims.as_deref().is_some_and(demands_more);
    // Windows heeds a hint only where it has to ask; and where more is demanded, what it has in its
    // cache may be the very token that was refused.
    if prompt.is_some() || hint.is_some() || demands_more {
        question.prompt = PromptType::ForceAuthentication;
    }
    let properties = &mut question.properties;
    if let Some(hint) = hint {
        properties.insert("LoginHint".into(), hint.into());
    }
    match plugin {
        Plugin::EntraId => {
            if let Some(prompt) = prompt {
                properties.insert("prompt".into(), prompt.into());
            }
        }
        Plugin::Personal if question.prompt == PromptType::ForceAuthentication && !is_known => {
            properties.insert("Client_uiflow".into(), "new_account".into());
        }
        Plugin::Personal => {}
    }
}

/// In milliseconds, a week: what Windows keeps is discarded unless it lives longer.
const NEVER_LONG_ENOUGH: &str = "604800000";

/// Whether claims say more than what this program is capable of: then they answer a refusal.
fn demands_more(claims: &str) -> bool {
    let Ok(Value::Object(claims)) = serde_json::from_str(claims) else {
        return true;
    };
    claims.iter().any(|(name, value)| match value {
        Value::Object(members) if name == "access_token" => {
            members.keys().any(|name| name != "xms_cc")
        }
        _ => true,
    })
}
