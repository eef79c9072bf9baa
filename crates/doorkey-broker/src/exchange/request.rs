//! What is asked.

use super::{
    VERSION,
    object::{Malformed, Object, Result, parse},
};
use doorkey::{
    BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest, BrokerPop,
    BrokerSignOutRequest, BrokerSilentRequest, Error, ErrorKind, Prompt,
};
use serde_json::{Value, json};

/// One of the four.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Accounts(BrokerAccountsRequest),
    Silent(BrokerSilentRequest),
    Interactive(BrokerInteractiveRequest),
    SignOut(BrokerSignOutRequest),
}

const ACCOUNTS: &str = "accounts";
const SILENT: &str = "acquireSilently";
const INTERACTIVE: &str = "acquireInteractively";
const SIGN_OUT: &str = "signOut";

const PROMPTS: [(Prompt, &str); 5] = [
    (Prompt::SelectAccount, "select_account"),
    (Prompt::Login, "login"),
    (Prompt::Consent, "consent"),
    (Prompt::None, "none"),
    (Prompt::Omitted, "omitted"),
];

impl Question {
    /// The JSON. A window is none of it: the other system has no use for a handle of this one.
    pub(crate) fn written(&self) -> String {
        let question = match self {
            Self::Accounts(request) => json!({
                "operation": ACCOUNTS,
                "application": application(&request.application),
                "defaultAccount": request.default_account,
            }),
            Self::Silent(request) => json!({
                "operation": SILENT,
                "application": application(&request.application),
                "account": account(&request.account),
                "scopes": request.scopes,
                "claims": request.claims,
                "pop": request.pop.as_ref().map(pop),
            }),
            Self::Interactive(request) => json!({
                "operation": INTERACTIVE,
                "application": application(&request.application),
                "account": request.account.as_ref().map(account),
                "scopes": request.scopes,
                "claims": request.claims,
                "loginHint": request.login_hint,
                "domainHint": request.domain_hint,
                "prompt": prompt_name(request.prompt),
                "extraQueryParameters": request.extra_query_parameters,
                "pop": request.pop.as_ref().map(pop),
            }),
            Self::SignOut(request) => json!({
                "operation": SIGN_OUT,
                "application": application(&request.application),
                "account": account(&request.account),
            }),
        };
        versioned(question).to_string()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |malformed: Malformed| {
            malformed.into_error(
                "the request",
                "`doorkey broker-request` reads what docs/broker-messages.md says; update the program that asks",
            )
        };
        let json = parse(bytes).map_err(malformed)?;
        let object = Object::whole(&json).map_err(malformed)?;
        let version = object.optional_natural("version").map_err(malformed)?;
        match version {
            Some(VERSION) => Self::of(&object).map_err(malformed),
            Some(version) => Err(of_another_version(version)),
            None => Err(malformed(Malformed("has no member `version`".to_owned()))),
        }
    }

    fn of(object: &Object<'_>) -> Result<Self> {
        let operation = object.text("operation")?;
        let application = || read_application(&object.object("application")?);
        let account = || read_account(&object.object("account")?);
        match operation {
            ACCOUNTS => {
                let mut request = BrokerAccountsRequest::new(application()?);
                request.default_account = object.flag("defaultAccount")?;
                Ok(Self::Accounts(request))
            }
            SILENT => {
                let scopes = object.texts("scopes")?;
                let mut request = BrokerSilentRequest::new(application()?, account()?, scopes);
                request.claims = object.owned_text("claims")?;
                request.pop = read_pop(object)?;
                Ok(Self::Silent(request))
            }
            INTERACTIVE => {
                let scopes = object.texts("scopes")?;
                let mut request = BrokerInteractiveRequest::new(application()?, scopes);
                let account = object.optional_object("account")?;
                request.account = account.as_ref().map(read_account).transpose()?;
                request.claims = object.owned_text("claims")?;
                request.login_hint = object.owned_text("loginHint")?;
                request.domain_hint = object.owned_text("domainHint")?;
                request.prompt = read_prompt(object)?;
                let parameters = object.each("extraQueryParameters", "a list of pairs", pair)?;
                request.extra_query_parameters = parameters.unwrap_or_default();
                request.pop = read_pop(object)?;
                Ok(Self::Interactive(request))
            }
            SIGN_OUT => {
                let request = BrokerSignOutRequest::new(application()?, account()?);
                Ok(Self::SignOut(request))
            }
            _ => {
                let shape =
                    format!("one of `{ACCOUNTS}`, `{SILENT}`, `{INTERACTIVE}`, `{SIGN_OUT}`");
                Err(object.wrong("operation", &shape))
            }
        }
    }
}

/// In the version that is written here.
pub(super) fn versioned(mut members: Value) -> Value {
    members["version"] = VERSION.into();
    members
}

/// An account, as requests and replies write it.
pub(super) fn account(account: &BrokerAccount) -> Value {
    json!({
        "homeAccountId": account.home_account_id,
        "username": account.username,
        "tenantId": account.tenant_id,
        "localAccountId": account.local_account_id,
    })
}

pub(super) fn read_account(object: &Object<'_>) -> Result<BrokerAccount> {
    let mut account = BrokerAccount::new(object.text("homeAccountId")?);
    account.username = object.owned_text("username")?.unwrap_or_default();
    account.tenant_id = object.owned_text("tenantId")?.unwrap_or_default();
    account.local_account_id = object.owned_text("localAccountId")?;
    Ok(account)
}

fn application(application: &BrokerApplication) -> Value {
    json!({
        "clientId": application.client_id,
        "authority": application.authority,
        "correlationId": application.correlation_id.to_string(),
        "enableMsaPassthrough": application.enable_msa_passthrough,
    })
}

fn read_application(object: &Object<'_>) -> Result<BrokerApplication> {
    let mut application =
        BrokerApplication::new(object.text("clientId")?, object.text("authority")?);
    let id = object.text("correlationId")?;
    application.correlation_id = id
        .parse()
        .map_err(|_| object.wrong("correlationId", "a UUID"))?;
    application.enable_msa_passthrough = object.flag("enableMsaPassthrough")?;
    Ok(application)
}

fn pop(pop: &BrokerPop) -> Value {
    json!({
        "keyId": pop.key_id,
        "httpMethod": pop.http_method,
        "host": pop.host,
        "path": pop.path,
        "nonce": pop.nonce,
    })
}

fn read_pop(object: &Object<'_>) -> Result<Option<BrokerPop>> {
    let Some(pop) = object.optional_object("pop")? else {
        return Ok(None);
    };
    Ok(Some(BrokerPop::new(
        pop.text("keyId")?,
        pop.text("httpMethod")?,
        pop.text("host")?,
        pop.text("path")?,
        pop.text("nonce")?,
    )))
}

fn prompt_name(prompt: Prompt) -> Option<&'static str> {
    let known = PROMPTS.iter().find(|(known, _)| *known == prompt);
    known.map(|(_, name)| *name)
}

fn read_prompt(object: &Object<'_>) -> Result<Prompt> {
    let Some(name) = object.optional_text("prompt")? else {
        return Ok(Prompt::default());
    };
    let known = PROMPTS.iter().find(|(_, known)| *known == name);
    known
        .map(|(prompt, _)| *prompt)
        .ok_or_else(|| object.wrong("prompt", "a prompt that is known here"))
}

fn pair(value: &Value) -> Option<(String, String)> {
    match value.as_array()?.as_slice() {
        [name, value] => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
        _ => None,
    }
}

/// Nobody has been asked yet, so another way to sign in may do.
fn of_another_version(version: u64) -> Error {
    let old = match version > VERSION {
        true => "the `doorkey` that was asked (on Windows, where WSL asked)",
        false => "the program that asks",
    };
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "a broker was asked for in version {version} of the exchange, and `doorkey \
             broker-request` knows version {VERSION}; update {old}, or sign in by the browser"
        ),
    )
}
