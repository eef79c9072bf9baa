//! What it means that Windows gave no token.

use super::{
    messages::{AccountsStatus, Failure, ProviderError, TokenStatus},
    numbers::{E_INVALIDARG, INVALID_WINDOW_HANDLE, is_aadsts, is_windows, meaning},
};
use crate::written::{self, cleaned};
use doorkey::{Error, ErrorKind, OAuthError};
use std::fmt::Write as _;

/// There is no such provider.
pub(super) fn no_provider(id: &str) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "this Windows has no account provider {id}, as Server Core and old versions have none; \
             sign in by the browser"
        ),
    )
}

pub(super) fn no_window() -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        "Windows asks a person only in front of a window of the program's, and this one has no \
         console; set `parent_window` to the handle of yours",
    )
}

pub(super) fn no_desktop() -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        "Windows' Web Account Manager asks a person on their desktop, and this program runs without a \
         desktop, as in Server Core, in a service or over SSH; sign in another way",
    )
}

pub(super) fn unknown_account(username: &str) -> Error {
    let who = match username {
        "" => "this account",
        username => username,
    };
    Error::new(
        ErrorKind::AuthenticationRequired,
        format!(
            "Windows' Web Account Manager does not know {who}; sign in, by `authenticate` or \
             `doorkey login --broker`"
        ),
    )
}

pub(super) fn other_account(signed_in: &str, asked_for: &str) -> Error {
    let name = |username: &str, nobody: &str| match username {
        "" => nobody.to_owned(),
        username => username.to_owned(),
    };
    Error::new(
        ErrorKind::WrongAccount,
        format!(
            "{} signed in by Windows instead of {}; sign in as the latter, or begin anew without \
             an account",
            name(signed_in, "another account"),
            name(asked_for, "the one that was asked for"),
        ),
    )
}

/// Where a token has to be bound to a key, and the one that came is not seen to be.
pub(super) fn unbound() -> Error {
    cannot_bind(
        "gave a token that does not name the key that it has to be bound to (`pop`); the resource or \
         this Windows may not know of such tokens",
    )
}

/// The same, before anybody is asked.
pub(super) fn personal_is_unbound() -> Error {
    cannot_bind("binds no tokens of personal accounts to a key (`pop`)")
}

fn cannot_bind(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "Windows' Web Account Manager {what}; ask `InteractiveBrowserCredential`, which binds \
             tokens without a broker, or ask for a bearer token"
        ),
    )
}

/// What Windows was asked to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// Whether for a certain account.
    pub(super) is_named: bool,
    /// Whether by asking a person.
    pub(super) is_person: bool,
    /// Whether in the window of this program's console, which no caller chose.
    pub(super) is_console: bool,
}

/// A call that did not even get an answer.
pub(super) fn of_failure(failure: &Failure, asked: Asked) -> Error {
    let meaning = meaning(failure.code);
    let kind = meaning.as_ref().map(|meaning| meaning.kind);
    // Nobody said no who was not asked.
    let kind = kind.filter(|kind| asked.is_person || *kind != ErrorKind::Declined);
    let kind = kind.unwrap_or(match failure.code {
        E_INVALIDARG | INVALID_WINDOW_HANDLE if !asked.is_console => ErrorKind::InvalidArgument,
        // Whatever it is, there is another way to sign in.
        _ => ErrorKind::CredentialUnavailable,
    });
    let reason = match failure.code {
        INVALID_WINDOW_HANDLE => Some("there is no such window"),
        _ => meaning.and_then(|meaning| meaning.reason),
    };
    let words = words(failure.code, &failure.message);
    error(kind, &words, reason, asked)
}

/// An answer without a token.
pub(super) fn of_status(
    status: TokenStatus,
    provider: Option<&ProviderError>,
    asked: Asked,
) -> Error {
    let said = provider.map_or_else(
        || "without a reason".to_owned(),
        |error| words(error.code, &error.message),
    );
    let meaning = provider.and_then(|error| meaning(error.code));
    let kind = match status {
        TokenStatus::UserCancel => ErrorKind::Declined,
        TokenStatus::UserInteractionRequired => ErrorKind::AuthenticationRequired,
        TokenStatus::AccountSwitch if asked.is_named => ErrorKind::WrongAccount,
        TokenStatus::AccountSwitch => ErrorKind::AuthenticationRequired,
        TokenStatus::AccountProviderNotAvailable => ErrorKind::CredentialUnavailable,
        TokenStatus::ProviderError => meaning
            .as_ref()
            .map(|meaning| meaning.kind)
            // Nobody said no who was not asked.
            .filter(|kind| asked.is_person || *kind != ErrorKind::Declined)
            .unwrap_or_else(|| match provider {
                // Nobody has refused anything: Windows has failed.
                Some(error) if is_windows(error.code) => ErrorKind::CredentialUnavailable,
                _ => ErrorKind::Refused,
            }),
        TokenStatus::Success | TokenStatus::Unknown(_) => ErrorKind::Protocol,
    };
    let status = match status {
        TokenStatus::ProviderError => said,
        TokenStatus::Unknown(number) => format!("status {number}, {said}"),
        status => format!("{status:?}, {said}"),
    };
    let reason = meaning.and_then(|meaning| meaning.reason);
    let refused = error(kind, &status, reason, asked);
    match provider.and_then(oauth) {
        Some(oauth) => refused.with_oauth(oauth),
        None => refused,
    }
}

/// A list of accounts that was not given; `None` is one that is empty by the provider's choice.
pub(super) fn of_accounts(
    status: AccountsStatus,
    provider: Option<&ProviderError>,
) -> Option<Error> {
    let status = match status {
        AccountsStatus::Success
        // Personal accounts are listed to few applications.
        | AccountsStatus::NotAllowedByProvider
        | AccountsStatus::NotSupportedByProvider => return None,
        AccountsStatus::ProviderError => TokenStatus::ProviderError,
        AccountsStatus::Unknown(number) => TokenStatus::Unknown(number),
    };
    Some(of_status(status, provider, Asked::default()))
}

fn error(kind: ErrorKind, words: &str, reason: Option<&str>, asked: Asked) -> Error {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    if asked.is_person && kind == ErrorKind::AuthenticationRequired {
        // Nothing is gained where the same window is shown once more.
        return Error::new(
            ErrorKind::Refused,
            format!(
                "Windows has asked the person, and still has no token for them: {words}{reason}; sign \
                 in by the browser, or ask the directory's administrator"
            ),
        );
    }
    let message = match kind {
        ErrorKind::AuthenticationRequired => format!(
            "Windows needs the person: {words}{reason}; sign in, by `authenticate` or `doorkey \
             login --broker`"
        ),
        ErrorKind::Declined => format!(
            "the sign-in was cancelled in Windows' window: {words}{reason}; begin it again if that \
             was not meant, or sign in by the browser where the program runs as administrator, as \
             Windows may close its window then"
        ),
        ErrorKind::WrongAccount => format!(
            "another account was chosen in Windows' window than was asked for: {words}{reason}; \
             choose that one, or begin anew without an account"
        ),
        ErrorKind::Network => format!(
            "Windows could not get through to the authority: {words}{reason}; try again, and check \
             the network and its proxy"
        ),
        ErrorKind::InvalidArgument => format!(
            "Windows' Web Account Manager does not take the request: {words}{reason}; check \
             `parent_window` and the client id"
        ),
        ErrorKind::Protocol => format!(
            "the answer of Windows' Web Account Manager makes no sense: {words}{reason}; try \
             again, or sign in by the browser"
        ),
        ErrorKind::CredentialUnavailable => format!(
            "Windows' Web Account Manager cannot be used here: {words}{reason}; sign in by the \
             browser"
        ),
        _ => format!(
            "Windows' Web Account Manager refused: {words}{reason}; check the application's \
             registration (its redirect URI ms-appx-web://Microsoft.AAD.BrokerPlugin/<client id>, \
             and that it allows public client flows), or sign in by the browser"
        ),
    };
    Error::new(kind, message)
}

/// The authority's own words, where a plugin hands them on.
fn oauth(error: &ProviderError) -> Option<OAuthError> {
    let mut codes: Vec<u64> = match error.code {
        code if is_aadsts(code) => vec![code.into()],
        _ => Vec::new(),
    };
    for code in written::codes(&error.message) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() {
        return None;
    }
    let mut oauth = OAuthError::default();
    oauth.error = "broker_error".to_owned();
    oauth.description = Some(cleaned(&error.message)).filter(|text| !text.is_empty());
    oauth.codes = codes;
    Some(oauth)
}

/// The number as people look it up, and what was said.
fn words(code: u32, message: &str) -> String {
    let mut words = match code {
        code if is_aadsts(code) => format!("AADSTS{code}"),
        code => format!("0x{code:08X}"),
    };
    let message = cleaned(message);
    if !message.is_empty() {
        let _ = write!(words, " “{message}”");
    }
    words
}
