//! A broker's no, in the shapes that are known, and what kind of no it is.

use crate::written::{self, cleaned};
use doorkey::{Error, ErrorKind, OAuthError};
use serde_json::Value;
use std::{error::Error as StdError, fmt};

/// An error reply.
#[derive(Debug, Default)]
pub(in crate::linux) struct Refusal {
    /// `status`, `error`, … by name.
    names: Vec<String>,
    status: Option<i64>,
    /// What it says to people.
    text: String,
    suberror: Option<String>,
    /// What a new sign-in has to satisfy, as JSON.
    claims: Option<String>,
}

/// What decides is the first of these that is known.
const NAMES: [&str; 9] = [
    "status",
    "error",
    "errorCode",
    "error_code",
    "code",
    "raw_error_code",
    "exception_type",
    "subStatus",
    "suberror",
];

const SUBERRORS: [&str; 3] = ["suberror", "subError", "oauth2_sub_error_code"];

const TEXTS: [&str; 7] = [
    "context",
    "errorDescription",
    "error_description",
    "errorMessage",
    "message",
    "description",
    "additionalErrorInformation",
];

/// A broker's status is that of MSAL's runtime, whose numbers follow this order.
const STATUSES: [&str; 22] = [
    "Unexpected",
    "Reserved",
    "InteractionRequired",
    "NoNetwork",
    "NetworkTemporarilyUnavailable",
    "ServerTemporarilyUnavailable",
    "ApiContractViolation",
    "UserCanceled",
    "ApplicationCanceled",
    "IncorrectConfiguration",
    "InsufficientBuffer",
    "AuthorityUntrusted",
    "UserSwitch",
    "AccountUnusable",
    "UserDataRemovalRequired",
    "KeyNotFound",
    "AccountNotFound",
    "TransientError",
    "AccountSwitch",
    "RequiredBrokerMissing",
    "DeviceNotRegistered",
    "FallbackToNativeMsal",
];

/// Of these, what says no more than that the broker could not do it: himmelblau says everything so.
const OWN_FAILURES: [&str; 2] = ["unexpected", "keynotfound"];

/// A broker that gave nothing for a reason of its own, which is nobody's no: another way may do.
pub(in crate::linux) fn failed(words: &str) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "the identity broker failed: {words}; see whether you are signed in to it (in Microsoft \
             Intune's app, or by himmelblau), or sign in by the browser"
        ),
    )
    .with_source(OwnFailure)
}

/// Whether it is such an error. A broker that failed in silence can still ask: with himmelblau it is all
/// that says so.
pub(in crate::linux) fn has_failed(error: &Error) -> bool {
    StdError::source(error).is_some_and(<dyn StdError>::is::<OwnFailure>)
}

/// Whether it asks nobody who is not named: himmelblau.
pub(in crate::linux) fn wants_account(error: &Error) -> bool {
    has_failed(error) && error.to_string().contains("Missing account")
}

#[derive(Debug)]
struct OwnFailure;

impl fmt::Display for OwnFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the identity broker did not say why")
    }
}

impl StdError for OwnFailure {}

impl Refusal {
    /// The one in a reply, if it is one.
    pub(super) fn find(reply: &Value) -> Option<Self> {
        let within = [reply, &reply["brokerTokenResponse"]];
        within.into_iter().find_map(|object| {
            let error = object.get("error").filter(|error| !error.is_null())?;
            let mut refusal = Self::default();
            refusal.read(error);
            // OAuth's own shape has its other members beside.
            refusal.read_members(object);
            Some(refusal)
        })
    }

    /// Of a D-Bus error, or another text.
    pub(in crate::linux) fn of_text(text: &str) -> Self {
        let mut refusal = Self::default();
        refusal.read(&Value::from(text));
        refusal
    }

    fn read(&mut self, error: &Value) {
        match error {
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(object @ Value::Object(_)) => self.read(&object),
                _ => {
                    self.names.push(text.clone());
                    self.say(text);
                }
            },
            Value::Number(number) => self.status = self.status.or(number.as_i64()),
            Value::Object(_) => {
                self.read_members(error);
                if let Some(inner) = error.get("error") {
                    self.read(inner);
                }
            }
            _ => {}
        }
    }

    fn read_members(&mut self, object: &Value) {
        for name in NAMES {
            match &object[name] {
                Value::String(value) => self.names.push(value.clone()),
                Value::Number(value) if name == "status" => {
                    self.status = self.status.or(value.as_i64());
                }
                _ => {}
            }
        }
        let member = |name| super::text(object, name).map(cleaned);
        let suberror = SUBERRORS.into_iter().find_map(member);
        self.suberror = self.suberror.take().or(suberror);
        let claims = super::text(object, "claims").filter(|claims| is_object(claims));
        self.claims = self.claims.take().or(claims.map(str::to_owned));
        for name in TEXTS {
            if let Some(text) = object[name].as_str() {
                self.say(text);
            }
        }
        // Where Microsoft's 2.0 has the authority's own words.
        if let Value::Object(_) = &object["diagnostics"] {
            self.read_members(&object["diagnostics"]);
        }
    }

    fn say(&mut self, text: &str) {
        // Microsoft's broker quotes the authority so, within a sentence of its own.
        self.names.extend(quoted(text, "Code: '"));
        let suberror = || quoted(text, "suberror: '");
        self.suberror = self.suberror.take().or_else(suberror);
        let text = cleaned(text);
        if text.is_empty() || self.text.contains(&text) {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        self.text.push_str(&text);
    }

    /// Whether the broker lacks what it was asked for.
    pub(in crate::linux) fn is_not_implemented(&self) -> bool {
        let texts = self.names.iter().chain([&self.text]);
        texts.map(|text| folded(text)).any(|text| {
            text.contains("notimplemented") || text == "notsupported" || text == "unsupported"
        })
    }

    /// Whether it does not know the account.
    pub(in crate::linux) fn is_unknown_account(&self) -> bool {
        self.known().is_some_and(|name| name == "accountnotfound")
    }

    /// What it means for the caller.
    pub(in crate::linux) fn into_error(self) -> Error {
        if self.is_not_implemented() {
            return Error::new(
                ErrorKind::CredentialUnavailable,
                format!(
                    "this machine's identity broker cannot do that ({}); sign in by the browser, or \
                     update the broker",
                    self.words()
                ),
            );
        }
        if self.is_own_failure() {
            return failed(&self.words());
        }
        let kind = self.known().map_or(ErrorKind::Refused, |name| kind(&name));
        let words = self.words();
        let message = match kind {
            ErrorKind::AuthenticationRequired => format!(
                "the identity broker needs the person: {words}; sign in again, by `authenticate` \
                 or `doorkey login --broker`"
            ),
            ErrorKind::Declined => format!(
                "the sign-in was cancelled in the identity broker's window: {words}; begin it \
                 again if that was not meant"
            ),
            ErrorKind::Network => format!(
                "the identity broker could not reach the authority: {words}; check the network \
                 and try again"
            ),
            ErrorKind::CredentialUnavailable => format!(
                "the identity broker cannot serve this machine, account or authority: {words}; \
                 register the device (in Microsoft Intune's app, or by himmelblau), or sign in by the browser"
            ),
            _ => format!(
                "the identity broker refused: {words}; check the application's registration (its \
                 redirect URI {}, and that it allows public client flows), or sign in by the \
                 browser",
                super::REDIRECT_URI
            ),
        };
        let error = Error::new(kind, message);
        match (kind, self.oauth()) {
            (ErrorKind::AuthenticationRequired | ErrorKind::Refused, Some(oauth)) => {
                error.with_oauth(oauth)
            }
            _ => error,
        }
    }

    /// Whether it says neither what the matter is, nor that the authority refused.
    fn is_own_failure(&self) -> bool {
        self.known().is_none()
            && self.statuses().any(|name| is_own_failure(&name))
            && !self.names.iter().any(|name| is_oauth(name))
            && written::codes(&self.text).is_empty()
            && self.claims.is_none()
    }

    /// The authority's own words, where the broker hands them on.
    fn oauth(self) -> Option<OAuthError> {
        let codes = written::codes(&self.text);
        let error = self.names.iter().find(|name| is_oauth(name)).cloned();
        let says_more = self.suberror.is_some() || self.claims.is_some();
        if error.is_none() && codes.is_empty() && !says_more {
            return None;
        }
        let mut oauth = OAuthError::default();
        oauth.error = error.unwrap_or_else(|| "broker_error".to_owned());
        oauth.description = Some(self.text).filter(|text| !text.is_empty());
        oauth.codes = codes;
        oauth.suberror = self.suberror;
        oauth.claims = self.claims;
        Some(oauth)
    }

    /// The first name that decides something.
    fn known(&self) -> Option<String> {
        self.statuses()
            .find(|name| kind(name) != ErrorKind::Refused)
    }

    /// All names, folded, the number's last.
    fn statuses(&self) -> impl Iterator<Item = String> {
        let number = self.status.and_then(|status| usize::try_from(status).ok());
        let by_number = number.and_then(|number| STATUSES.get(number));
        let names = self.names.iter().map(|name| folded(name));
        names.chain(by_number.map(|name| folded(name)))
    }

    fn words(&self) -> String {
        let status = self.status.map(|status| match usize::try_from(status) {
            Ok(known) if known < STATUSES.len() => format!("status {status}, {}", STATUSES[known]),
            _ => format!("status {status}"),
        });
        let name = self.names.first().map(|name| cleaned(name));
        let name = name.filter(|name| *name != self.text);
        let mut words = [name, status].into_iter().flatten().collect::<Vec<_>>();
        if !self.text.is_empty() {
            words.push(format!("“{}”", self.text));
        }
        if words.is_empty() {
            return "without a reason".to_owned();
        }
        words.join(", ")
    }
}

/// What stands between `before` and the next quotation mark, if it can be an error of OAuth.
fn quoted(text: &str, before: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    let (name, _) = rest.split_once('\'')?;
    is_oauth(name).then(|| name.to_owned())
}

fn is_oauth(name: &str) -> bool {
    let mut letters = name.chars();
    !name.is_empty()
        && letters.all(|letter| letter.is_ascii_lowercase() || letter == '_')
        && !is_own_failure(&folded(name))
}

/// Of a folded name.
fn is_own_failure(name: &str) -> bool {
    OWN_FAILURES.contains(&name)
}

fn is_object(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

/// Names come as `UserCanceled`, `user_canceled`, `USER_CANCELED`, `com.microsoft.….UserCancelException`, …
fn folded(name: &str) -> String {
    let last = name.rsplit('.').next().filter(|_| !name.contains(' '));
    let name = last.unwrap_or(name);
    let name = name.strip_suffix("Exception").unwrap_or(name);
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Of a folded name; `Refused` is what is not known.
fn kind(name: &str) -> ErrorKind {
    match name {
        "interactionrequired"
        | "uirequired"
        | "loginrequired"
        | "consentrequired"
        | "invalidgrant"
        | "accountunusable"
        | "accountnotfound"
        | "accountswitch"
        | "userswitch" => ErrorKind::AuthenticationRequired,
        "usercanceled"
        | "usercancelled"
        | "usercancel"
        | "accessdenied"
        | "authorizationdeclined"
        | "applicationcanceled"
        | "applicationcancelled" => ErrorKind::Declined,
        "nonetwork"
        | "networktemporarilyunavailable"
        | "servertemporarilyunavailable"
        | "temporarilyunavailable"
        | "transienterror" => ErrorKind::Network,
        "authorityuntrusted"
        | "devicenotregistered"
        | "requiredbrokermissing"
        | "fallbacktonativemsal" => ErrorKind::CredentialUnavailable,
        _ => ErrorKind::Refused,
    }
}
