//! What it means that the extension gave nothing.

use super::{
    call,
    error_code::{self, EXTENSION_ERROR},
    messages::{Failure, Reply, SystemError, number, text},
    msal,
};
use crate::written::{self, cleaned};
use doorkey::{Error, ErrorKind, OAuthError};
use serde_json::Value;
use url::form_urlencoded;

pub(super) fn unavailable(what: &str) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!("{what}; sign in by the browser"),
    )
}

pub(super) fn nobody() -> Error {
    Error::new(
        ErrorKind::AuthenticationRequired,
        "nobody is signed in to macOS' single sign-on extension; sign in, by `authenticate` or \
         `doorkey login --broker`",
    )
}

pub(super) fn other_account(signed_in: &str, asked_for: &str) -> Error {
    let name = |username: &str, nobody: &str| match username {
        "" => nobody.to_owned(),
        username => cleaned(username),
    };
    Error::new(
        ErrorKind::WrongAccount,
        format!(
            "{} signed in by macOS' single sign-on extension instead of {}; sign in as the latter, or \
             begin anew without an account",
            name(signed_in, "another account"),
            name(asked_for, "the one that was asked for"),
        ),
    )
}

/// What the extension was asked for: the same error means one thing or another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    /// A token, in front of the person.
    Person,
    /// A token, in silence.
    Silence,
    People,
    SignOut,
}

/// Without an answer.
pub(super) fn of_failure(failure: &Failure, asked: Asked) -> Error {
    match failure {
        Failure::Error(error) => of_error(error, asked),
        Failure::NoMainLoop => unanswered(
            "macOS' single sign-on extension is asked on the program's main thread, which did not take \
             the request: run an event loop there, or wait for the token there (in `#[tokio::main]`, \
             not in a task that was spawned)",
            asked,
        ),
        Failure::Unanswered => unanswered(
            "macOS' single sign-on extension ended the request without an answer",
            asked,
        ),
        Failure::Late => Error::new(
            ErrorKind::TimedOut,
            format!(
                "macOS' single sign-on extension did not answer within {} seconds; restart the Mac, or \
                 sign in by the browser",
                call::SILENCE_LIMIT.as_secs()
            ),
        ),
        Failure::NoSuchWindow => Error::new(
            ErrorKind::InvalidArgument,
            "this program has no window of the number that `parent_window` gave; give the \
             `windowNumber` of an `NSWindow` that is open, or none",
        ),
    }
}

/// The same of a token that was to be bound to a key. One that binds none is there all the same.
pub(super) fn of_unbound(failure: &Failure, asked: Asked) -> Error {
    let refused = of_failure(failure, asked);
    match failure {
        Failure::Error(error)
            if refused.kind() == ErrorKind::CredentialUnavailable
                && error_code::may_bind_nothing(said(error)) =>
        {
            Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{refused}. It may be that it binds no tokens to a key (`pop`): ask \
                     `InteractiveBrowserCredential`, which binds them without a broker, or ask for a \
                     bearer token"
                ),
            )
            .with_source(refused)
        }
        _ => refused,
    }
}

/// Where there is nothing to forget, a credential takes a sign-out for done: but somebody is there.
fn unanswered(what: &str, asked: Asked) -> Error {
    match asked {
        Asked::SignOut => Error::new(
            ErrorKind::TimedOut,
            format!("nobody was signed out: {what}; try again"),
        ),
        _ => unavailable(what),
    }
}

/// Whether the extension does not know the account.
pub(super) fn is_unknown_account(failure: &Failure) -> bool {
    matches!(failure, Failure::Error(error) if error_code::is_unknown_account(said(error)))
}

/// A reply that is an error.
pub(super) fn of_reply(reply: &Reply) -> Error {
    let oauth = Oauth {
        error: reply.text("error"),
        suberror: reply.text("suberror"),
        description: reply.text("error_description").map(unescaped),
        codes: reply.value("error_codes"),
        claims: reply.text("claims").filter(|claims| is_object(claims)),
        correlation_id: reply.text("correlation_id"),
        trace_id: reply.text("trace_id"),
        status: None,
    };
    let kind = oauth.error.and_then(|error| {
        let suberror = oauth.suberror;
        error_code::kind_of_oauth(error, suberror)
    });
    let words = match (oauth.error, &oauth.description) {
        (Some(error), Some(text)) => format!("{} “{}”", cleaned(error), cleaned(text)),
        (Some(error), None) => cleaned(error),
        (None, Some(text)) => format!("“{}”", cleaned(text)),
        (None, None) => "without a reason".to_owned(),
    };
    let refused = error(kind.unwrap_or(ErrorKind::Refused), &words);
    match oauth.read() {
        Some(oauth) => refused.with_oauth(oauth),
        None => refused,
    }
}

fn of_error(told: &SystemError, asked: Asked) -> Error {
    let said = said(told);
    let within = innermost(said);
    // By the library's name, and by MSAL's; what is within says more.
    let detail = |names: [&str; 2]| {
        let found = [within, said].into_iter().find_map(|error| {
            let mut found = names.iter().filter_map(|name| error.details.get(*name));
            found.next()
        });
        found.unwrap_or(&Value::Null)
    };
    let status = number(detail([
        "MSIDHTTPResponseCodeKey",
        "MSALHTTPResponseCodeKey",
    ]));
    let description = detail(["MSIDErrorDescriptionKey", "MSALErrorDescriptionKey"]);
    let oauth = Oauth {
        error: text(detail(["MSIDOAuthErrorKey", "MSALOAuthErrorKey"])),
        suberror: text(detail(["MSIDOAuthSubErrorKey", "MSALOAuthSubErrorKey"])),
        description: text(description).map(str::to_owned),
        codes: detail(["MSIDSTSErrorCodesKey", "MSALSTSErrorCodesKey"]),
        claims: None,
        correlation_id: text(detail(["MSIDCorrelationIdKey", "MSALCorrelationIDKey"])),
        trace_id: None,
        status: status.and_then(|status| u16::try_from(status).ok()),
    };
    let is_asking = asked == Asked::Person;
    let kind = error_code::kind(said, oauth.error, oauth.suberror, oauth.status, is_asking);
    let mut words = format!("{} {}", cleaned(&said.domain), said.code);
    if let Some(within) = msal::within(said) {
        words = format!("{words} ({within})");
    }
    if let Some(error) = oauth.error {
        words = format!("{words}, {}", cleaned(error));
    }
    let spoken = oauth.description.as_deref().unwrap_or(&said.message);
    let spoken = cleaned(spoken);
    if !spoken.is_empty() {
        words = format!("{words} “{spoken}”");
    }
    if let Some(reason) = error_code::reason(said) {
        words = format!("{words} ({reason})");
    }
    let refused = match (kind, asked) {
        // Its window may still do.
        (ErrorKind::CredentialUnavailable, Asked::Silence) if error_code::is_own_failure(said) => {
            error(ErrorKind::AuthenticationRequired, &words)
        }
        // As above: an extension that answers is there.
        (ErrorKind::CredentialUnavailable, Asked::SignOut)
            if error_code::is_answer(said) && !error_code::is_never_served(said) =>
        {
            not_signed_out(&words)
        }
        (kind, _) => error(kind, &words),
    };
    match oauth.read() {
        Some(oauth) => refused.with_oauth(oauth),
        None => refused,
    }
}

fn not_signed_out(words: &str) -> Error {
    Error::new(
        ErrorKind::Refused,
        format!(
            "macOS' single sign-on extension did not sign the account out: {words}; update Company \
             Portal, or sign out there"
        ),
    )
}

/// What the extension says, which the system wraps.
fn said(told: &SystemError) -> &SystemError {
    match &told.underlying {
        Some(within) if told.is(EXTENSION_ERROR) => said(within),
        Some(within) if !error_code::is_known(told) && error_code::is_known(within) => said(within),
        _ => told,
    }
}

/// What made the extension say so, as far as it is known.
fn innermost(said: &SystemError) -> &SystemError {
    match &said.underlying {
        Some(within) if error_code::is_known(within) => innermost(within),
        _ => said,
    }
}

/// The authority's own words, as far as they are handed on.
struct Oauth<'a> {
    error: Option<&'a str>,
    suberror: Option<&'a str>,
    description: Option<String>,
    codes: &'a Value,
    /// What a new sign-in has to satisfy, as JSON.
    claims: Option<&'a str>,
    correlation_id: Option<&'a str>,
    trace_id: Option<&'a str>,
    status: Option<u16>,
}

impl Oauth<'_> {
    fn read(self) -> Option<OAuthError> {
        let codes = self.codes.as_array().map_or(&[] as &[_], Vec::as_slice);
        let codes = codes.iter().filter_map(number);
        let mut codes: Vec<u64> = codes.filter_map(|code| code.try_into().ok()).collect();
        for code in written::codes(self.description.as_deref().unwrap_or_default()) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        if self.error.is_none() && codes.is_empty() {
            return None;
        }
        let mut oauth = OAuthError::default();
        oauth.error = self
            .error
            .map_or_else(|| "broker_error".to_owned(), cleaned);
        oauth.suberror = self.suberror.map(cleaned);
        oauth.description = self.description.as_deref().map(cleaned);
        oauth.codes = codes;
        oauth.claims = self.claims.map(str::to_owned);
        oauth.correlation_id = self.correlation_id.map(cleaned);
        oauth.trace_id = self.trace_id.map(cleaned);
        oauth.status = self.status;
        Some(oauth)
    }
}

fn error(kind: ErrorKind, words: &str) -> Error {
    let message = match kind {
        ErrorKind::AuthenticationRequired => format!(
            "macOS' single sign-on extension needs the person: {words}; sign in, by `authenticate` or \
             `doorkey login --broker`"
        ),
        ErrorKind::Declined => format!(
            "the sign-in was cancelled in the window of macOS' single sign-on extension: {words}; \
             begin it again if that was not meant"
        ),
        ErrorKind::WrongAccount => format!(
            "another account signed in by macOS' single sign-on extension than was asked for: {words}; \
             choose that one, or begin anew without an account"
        ),
        ErrorKind::Network => format!(
            "macOS' single sign-on extension could not reach the authority: {words}; check the network \
             and its proxy, and try again"
        ),
        ErrorKind::Protocol => format!(
            "macOS' single sign-on extension does not understand the request, or gave no answer that \
             makes sense: {words}; update Company Portal, or sign in by the browser"
        ),
        ErrorKind::CredentialUnavailable => format!(
            "macOS' single sign-on extension cannot serve this: {words}; see that Company Portal is \
             installed and up to date and the device enrolled, or sign in by the browser"
        ),
        _ => format!(
            "macOS' single sign-on extension refused: {words}; check the application's registration (that \
             it allows public client flows, and has this program's redirect URI, \
             `msauth.<bundle id>://auth` of a bundle, else `msauth.com.msauth.unsignedapp://auth`), or \
             sign in by the browser"
        ),
    };
    Error::new(kind, message)
}

fn is_object(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

/// Replies have their texts as they would stand in a URL.
fn unescaped(text: &str) -> String {
    let whole = text.replace('+', "%2B").replace('&', "%26");
    let mut pairs = form_urlencoded::parse(whole.as_bytes());
    // What stands before a `=` is no name here.
    match pairs.next() {
        Some((name, value)) if value.is_empty() => name.into_owned(),
        Some((name, value)) => format!("{name}={value}"),
        None => String::new(),
    }
}
