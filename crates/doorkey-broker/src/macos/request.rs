//! What the extension is asked: its operations, and the query items of each.

use super::messages::{Authorization, Interface, Options, Program};
use crate::clouds;
use azure_core::Uuid;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{
    BrokerAccount, BrokerApplication, BrokerInteractiveRequest, BrokerPop, BrokerSignOutRequest,
    BrokerSilentRequest, Error, ErrorKind, Prompt, Result,
};
use serde_json::json;
use url::form_urlencoded;

pub(super) const LOGIN: &str = "login";
pub(super) const REFRESH: &str = "refresh";
pub(super) const GET_ACCOUNTS: &str = "get_accounts_operation";
pub(super) const GET_DEFAULT_ACCOUNT: &str = "get_default_account";
pub(super) const REMOVE_ACCOUNT: &str = "remove_account_operation";

/// The version of the messages, as the last one that is published writes it.
const PROTOCOL_VERSION: &str = "4";

const IDENTITY: [&str; 3] = ["openid", "profile", "offline_access"];

/// Whether the extension signs in at an authority.
pub(super) fn require_served(application: &BrokerApplication) -> Result<()> {
    if clouds::host_and_tenant(&application.authority).is_some() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "macOS' single sign-on extension does not sign in at {}: only at Entra ID in Microsoft's \
             clouds; sign in by the browser",
            application.authority
        ),
    ))
}

/// The redirect URI that the application has to have registered for this program.
fn redirect_uri(program: &Program) -> String {
    let bundle_id = program.bundle_id.as_deref();
    let bundle_id = bundle_id.unwrap_or("com.msauth.unsignedapp");
    format!("msauth.{bundle_id}://auth")
}

/// Those who are signed in to this application, or whoever the extension knows.
pub(super) fn accounts(
    application: &BrokerApplication,
    program: &Program,
    only_signed_in: bool,
) -> Authorization {
    let mut options = options(application, program);
    options.insert("client_id", application.client_id.clone());
    options.insert("signed_in_accounts_only", flag(only_signed_in));
    silent_operation(GET_ACCOUNTS, options)
}

pub(super) fn default_account(application: &BrokerApplication, program: &Program) -> Authorization {
    silent_operation(GET_DEFAULT_ACCOUNT, options(application, program))
}

pub(super) fn remove_account(request: &BrokerSignOutRequest, program: &Program) -> Authorization {
    let mut options = options(&request.application, program);
    options.insert("client_id", request.application.client_id.clone());
    name_account(&mut options, &request.account);
    silent_operation(REMOVE_ACCOUNT, options)
}

pub(super) fn silent(request: &BrokerSilentRequest, program: &Program) -> Authorization {
    let mut options = token_options(&request.application, program, &request.scopes);
    name_account(&mut options, &request.account);
    demand(&mut options, request.claims.as_deref());
    bind(&mut options, request.pop.as_ref());
    add_query(&mut options, &request.application, &[], None);
    silent_operation(REFRESH, options)
}

pub(super) fn interactive(request: &BrokerInteractiveRequest, program: &Program) -> Authorization {
    let mut options = token_options(&request.application, program, &request.scopes);
    if let Some(account) = &request.account {
        name_account(&mut options, account);
    }
    // The format has no other place for a hint.
    if let Some(hint) = request.login_hint.as_ref().filter(|hint| !hint.is_empty()) {
        options.entry("username").or_insert_with(|| hint.clone());
    }
    demand(&mut options, request.claims.as_deref());
    bind(&mut options, request.pop.as_ref());
    add_query(
        &mut options,
        &request.application,
        &request.extra_query_parameters,
        request.domain_hint.as_deref(),
    );
    options.insert("prompt", prompt(request.prompt).to_owned());
    Authorization {
        operation: LOGIN,
        options,
        interface: Interface::Enabled(request.parent_window),
    }
}

/// With `prompt=none`, of somebody who is known.
pub(super) fn unasked(
    request: &BrokerInteractiveRequest,
    account: BrokerAccount,
) -> BrokerSilentRequest {
    let application = request.application.clone();
    let mut silent = BrokerSilentRequest::new(application, account, request.scopes.clone());
    silent.claims.clone_from(&request.claims);
    silent.pop.clone_from(&request.pop);
    silent
}

fn silent_operation(operation: &'static str, options: Options) -> Authorization {
    Authorization {
        operation,
        options,
        interface: Interface::Disabled,
    }
}

/// What every operation has.
fn options(application: &BrokerApplication, program: &Program) -> Options {
    let mut options = Options::from([
        ("broker_key", broker_key()),
        ("msg_protocol_ver", PROTOCOL_VERSION.to_owned()),
        ("client_version", env!("CARGO_PKG_VERSION").to_owned()),
        ("correlation_id", application.correlation_id.to_string()),
    ]);
    if let Some(name) = &program.name {
        options.insert("client_app_name", name.clone());
    }
    if let Some(version) = &program.version {
        options.insert("client_app_version", version.clone());
    }
    options
}

/// A key for replies by another way than the system's, which no reply to us takes: but a message without
/// one is refused.
fn broker_key() -> String {
    let halves = [Uuid::new_v4(), Uuid::new_v4()];
    URL_SAFE_NO_PAD.encode(halves.map(|half| *half.as_bytes()).concat())
}

fn token_options(application: &BrokerApplication, program: &Program, scopes: &[String]) -> Options {
    let scopes = scopes.iter().map(|scope| &**scope);
    let scopes: Vec<_> = scopes.filter(|scope| !IDENTITY.contains(scope)).collect();
    let mut options = options(application, program);
    options.extend([
        ("authority", application.authority.clone()),
        ("provider_type", "provider_aad_v2".to_owned()),
        ("client_id", application.client_id.clone()),
        ("redirect_uri", redirect_uri(program)),
        ("extra_oidc_scopes", IDENTITY.join(" ")),
        ("instance_aware", flag(false)),
        ("skip_validate_result_account", flag(false)),
        ("force_refresh", flag(false)),
        ("client_sku", "doorkey".to_owned()),
    ]);
    if !scopes.is_empty() {
        options.insert("scope", scopes.join(" "));
    }
    options
}

fn name_account(options: &mut Options, account: &BrokerAccount) {
    options.insert("home_account_id", account.home_account_id.clone());
    if !account.username.is_empty() {
        options.insert("username", account.username.clone());
    }
}

/// A token that the extension has already does not do.
fn demand(options: &mut Options, claims: Option<&str>) {
    if let Some(claims) = claims {
        options.insert("claims", claims.to_owned());
        options.insert("force_refresh", flag(true));
    }
}

fn bind(options: &mut Options, pop: Option<&BrokerPop>) {
    if let Some(pop) = pop {
        let confirmation = json!({ "kid": pop.key_id }).to_string();
        options.insert("token_type", "Pop".to_owned());
        options.insert("req_cnf", URL_SAFE_NO_PAD.encode(confirmation));
    }
}

fn add_query(
    options: &mut Options,
    application: &BrokerApplication,
    parameters: &[(String, String)],
    domain_hint: Option<&str>,
) {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    if let Some(domain) = domain_hint {
        query.append_pair("domain_hint", domain);
    }
    if application.enable_msa_passthrough {
        query.append_pair("msal_request_type", "consumer_passthrough");
    }
    let query = query.finish();
    if !query.is_empty() {
        options.insert("extra_query_param", query);
    }
}

fn prompt(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::SelectAccount => "select_account",
        Prompt::Login => "login",
        Prompt::Consent => "consent",
        Prompt::None => "none",
        // As the format writes that none is given.
        _ => "",
    }
}

fn flag(is_set: bool) -> String {
    u8::from(is_set).to_string()
}
