//! What a broker is asked.

use super::REDIRECT_URI;
use doorkey::{
    BrokerApplication, BrokerInteractiveRequest, BrokerPop, BrokerSilentRequest, Prompt,
};
use serde_json::{Map, Value, json};

/// How the broker is to get a token: its `authorizationType`.
#[derive(Clone, Copy)]
enum Authorization {
    RefreshToken = 1,
    Interactive = 6,
    SsoCookie = 8,
}

/// For whom and what a token is.
pub(in crate::linux) struct TokenQuestion(Value);

impl TokenQuestion {
    /// Without asking anybody. `account` is as the broker wrote it.
    pub(in crate::linux) fn silent(request: &BrokerSilentRequest, account: &Value) -> Self {
        let mut parameters = parameters(
            &request.application,
            &request.scopes,
            Authorization::RefreshToken,
        );
        name_account(&mut parameters, account);
        demand(&mut parameters, request.claims.as_deref());
        bind(&mut parameters, request.pop.as_ref());
        Self::new(parameters)
    }

    /// By asking a person. `account`, as the broker wrote it, is the one who has to sign in.
    pub(in crate::linux) fn interactive(
        request: &BrokerInteractiveRequest,
        account: Option<&Value>,
    ) -> Self {
        let mut parameters = parameters(
            &request.application,
            &request.scopes,
            Authorization::Interactive,
        );
        let hint = request.login_hint.as_deref();
        let asked_for = request.account.as_ref().map(|account| &*account.username);
        let username = hint.or(asked_for).unwrap_or_default();
        parameters.insert("username".into(), username.into());
        if let Some(account) = account {
            name_account(&mut parameters, account);
        }
        demand(&mut parameters, request.claims.as_deref());
        bind(&mut parameters, request.pop.as_ref());
        if let Some(prompt) = prompt(request.prompt) {
            parameters.insert("prompt".into(), prompt.into());
        }
        let domain = request.domain_hint.iter();
        let more: Map<String, Value> = domain
            .map(|domain| ("domain_hint", domain))
            .chain(
                request
                    .extra_query_parameters
                    .iter()
                    .map(|(name, value)| (&**name, value)),
            )
            .map(|(name, value)| (name.to_owned(), value.clone().into()))
            .collect();
        parameters.insert(QUERY.into(), more.into());
        Self::new(parameters)
    }

    fn new(parameters: Map<String, Value>) -> Self {
        let mut message = Map::new();
        // himmelblau looks for the account here, Microsoft's broker among the parameters.
        if let Some(account) = parameters.get("account") {
            message.insert("account".into(), account.clone());
        }
        message.insert("authParameters".into(), parameters.into());
        Self(message.into())
    }

    pub(in crate::linux) fn message(&self) -> String {
        self.0.to_string()
    }
}

pub(in crate::linux) fn accounts_request(application: &BrokerApplication) -> String {
    json!({ "clientId": application.client_id, "redirectUri": REDIRECT_URI }).to_string()
}

pub(in crate::linux) fn removal_request(
    application: &BrokerApplication,
    account: &Value,
) -> String {
    json!({ "clientId": application.client_id, "account": account }).to_string()
}

pub(in crate::linux) fn version_request() -> String {
    json!({ "msalCppVersion": env!("CARGO_PKG_VERSION") }).to_string()
}

/// The question to be cancelled is named by the correlation id beside the message.
pub(in crate::linux) fn cancellation_request(application: &BrokerApplication) -> String {
    let id = application.correlation_id.to_string();
    json!({ "clientId": application.client_id, "correlationId": id }).to_string()
}

pub(in crate::linux) fn sso_cookie_request(
    application: &BrokerApplication,
    account: &Value,
    url: &str,
) -> String {
    let mut parameters = parameters(application, &[], Authorization::SsoCookie);
    name_account(&mut parameters, account);
    // Microsoft's broker looks for it here since 2.0.2.
    parameters.insert("ssoUrl".into(), url.into());
    json!({
        "account": account,
        // Here himmelblau looks for it.
        "username": account["username"],
        "authParameters": parameters,
        "mamEnrollment": false,
        "ssoUrl": url,
    })
    .to_string()
}

/// What a signed HTTP request is for.
pub(in crate::linux) struct HttpRequest<'a> {
    pub(in crate::linux) method: &'a str,
    pub(in crate::linux) host: &'a str,
    /// Any, where there is none.
    pub(in crate::linux) path: Option<&'a str>,
    pub(in crate::linux) nonce: &'a str,
}

impl HttpRequest<'_> {
    fn parameters(&self) -> Map<String, Value> {
        let members = json!({
            "authenticationScheme": "pop",
            "httpMethod": self.method,
            "uriHost": self.host,
            "nonce": self.nonce,
        });
        let mut parameters = object(members);
        if let Some(path) = self.path {
            parameters.insert("uriPath".into(), path.into());
        }
        parameters
    }
}

impl<'a> From<&'a BrokerPop> for HttpRequest<'a> {
    fn from(pop: &'a BrokerPop) -> Self {
        Self {
            method: &pop.http_method,
            host: &pop.host,
            path: Some(&pop.path),
            nonce: &pop.nonce,
        }
    }
}

pub(in crate::linux) fn signed_http_request_request(
    application: &BrokerApplication,
    home_account_id: &str,
    request: &HttpRequest<'_>,
) -> String {
    let mut parameters = request.parameters();
    parameters.insert("homeAccountId".into(), home_account_id.into());
    json!({ "clientId": application.client_id, "popParams": parameters }).to_string()
}

const QUERY: &str = "additionalQueryParametersForAuthorization";

fn parameters(
    application: &BrokerApplication,
    scopes: &[String],
    authorization: Authorization,
) -> Map<String, Value> {
    object(json!({
        "authority": application.authority,
        "authorizationType": authorization as i32,
        "clientId": application.client_id,
        "redirectUri": REDIRECT_URI,
        "requestedScopes": scopes,
        QUERY: {},
        // No window: D-Bus has no handle for one.
        "uxContextHandle": -1,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn name_account(parameters: &mut Map<String, Value>, account: &Value) {
    parameters.insert("account".into(), account.clone());
    if let Some(username) = account["username"].as_str() {
        parameters.insert("username".into(), username.into());
    }
}

fn demand(parameters: &mut Map<String, Value>, claims: Option<&str>) {
    if let Some(claims) = claims {
        parameters.insert("decodedClaims".into(), claims.into());
    }
}

/// To the key that is named `kid`, or to one of the broker's own.
fn bind(parameters: &mut Map<String, Value>, pop: Option<&BrokerPop>) {
    if let Some(pop) = pop {
        let mut members = HttpRequest::from(pop).parameters();
        members.insert("kid".into(), (&*pop.key_id).into());
        parameters.insert("popParams".into(), members.into());
    }
}

fn prompt(prompt: Prompt) -> Option<&'static str> {
    match prompt {
        Prompt::SelectAccount => Some("select_account"),
        Prompt::Login => Some("login"),
        Prompt::Consent => Some("consent"),
        Prompt::None => Some("none"),
        // Also what a later version of the library may add.
        _ => None,
    }
}
