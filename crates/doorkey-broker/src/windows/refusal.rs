//! What it means that Windows gave no token.

use super::messages::{AccountsStatus, Failure, ProviderError, TokenStatus};
use crate::written::cleaned;
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

/// A call that did not even get an answer.
pub(super) fn of_failure(failure: &Failure) -> Error {
    let kind = kind_of_code(failure.code).unwrap_or(match failure.code {
        E_INVALIDARG | INVALID_WINDOW_HANDLE => ErrorKind::InvalidArgument,
        // Whatever it is, there is another way to sign in.
        _ => ErrorKind::CredentialUnavailable,
    });
    let words = words(failure.code, &failure.message);
    error(kind, &words, reason(failure.code))
}

/// An answer without a token. `is_named` is whether an account was asked for.
pub(super) fn of_status(
    status: TokenStatus,
    provider: Option<&ProviderError>,
    is_named: bool,
) -> Error {
    let said = provider.map_or_else(
        || "without a reason".to_owned(),
        |error| words(error.code, &error.message),
    );
    let kind = match status {
        TokenStatus::UserCancel => ErrorKind::Declined,
        TokenStatus::UserInteractionRequired => ErrorKind::AuthenticationRequired,
        TokenStatus::AccountSwitch if is_named => ErrorKind::WrongAccount,
        TokenStatus::AccountSwitch => ErrorKind::AuthenticationRequired,
        TokenStatus::AccountProviderNotAvailable => ErrorKind::CredentialUnavailable,
        TokenStatus::ProviderError => provider
            .and_then(|error| kind_of_code(error.code))
            .unwrap_or(ErrorKind::Refused),
        TokenStatus::Success | TokenStatus::Unknown(_) => ErrorKind::Protocol,
    };
    let status = match status {
        TokenStatus::ProviderError => said,
        TokenStatus::Unknown(number) => format!("status {number}, {said}"),
        status => format!("{status:?}, {said}"),
    };
    let refused = error(kind, &status, provider.and_then(|error| reason(error.code)));
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
    let error = match status {
        AccountsStatus::Success
        // Personal accounts are listed to few applications.
        | AccountsStatus::NotAllowedByProvider
        | AccountsStatus::NotSupportedByProvider => return None,
        AccountsStatus::ProviderError => of_status(TokenStatus::ProviderError, provider, false),
        AccountsStatus::Unknown(number) => of_status(TokenStatus::Unknown(number), provider, false),
    };
    Some(error)
}

fn error(kind: ErrorKind, words: &str, reason: Option<&str>) -> Error {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let message = match kind {
        ErrorKind::AuthenticationRequired => format!(
            "Windows needs the person: {words}{reason}; sign in, by `authenticate` or `doorkey \
             login --broker`"
        ),
        ErrorKind::Declined => format!(
            "the sign-in was cancelled in Windows' window: {words}{reason}; begin it again if that \
             was not meant"
        ),
        ErrorKind::WrongAccount => format!(
            "another account was chosen in Windows' window than was asked for: {words}{reason}; \
             choose that one, or begin anew without an account"
        ),
        ErrorKind::Network => format!(
            "Windows could not reach the authority: {words}{reason}; check the network and its \
             proxy, and try again"
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
    let mut codes = match error.code {
        0 | LONGEST_AADSTS.. => Vec::new(),
        code => vec![code.into()],
    };
    for text in error.message.split("AADSTS").skip(1) {
        let end = text.find(|letter: char| !letter.is_ascii_digit());
        let code = text[..end.unwrap_or(text.len())].parse().ok();
        codes.extend(code.filter(|code| !codes.contains(code)));
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
        1..LONGEST_AADSTS => format!("AADSTS{code}"),
        code => format!("0x{code:08X}"),
    };
    let message = cleaned(message);
    if !message.is_empty() {
        let _ = write!(words, " “{message}”");
    }
    words
}

/// An AADSTS number has seven digits at most; an `HRESULT` of an error has its first bit.
const LONGEST_AADSTS: u32 = 10_000_000;

const E_ABORT: u32 = 0x8000_4004;
const E_INVALIDARG: u32 = 0x8007_0057;
const CANCELLED: u32 = 0x8007_04C7;
const INVALID_WINDOW_HANDLE: u32 = 0x8007_0578;

/// Of an `HRESULT` that says enough by itself.
fn kind_of_code(code: u32) -> Option<ErrorKind> {
    let kind = match code {
        E_ABORT | CANCELLED => ErrorKind::Declined,
        // Entra ID's plugin: need_credential, interaction_required, invalid_grant.
        0xCAA1_0001 | 0xCAA2_000C | 0xCAA2_0003 => ErrorKind::AuthenticationRequired,
        // access_denied.
        0xCAA2_0004 => ErrorKind::Declined,
        // temporarily_unavailable.
        0xCAA2_0005 => ErrorKind::Network,
        // Its HTTP, URL and internet layers.
        0xCAA3_0000..=0xCAA3_FFFF | 0xCAA7_0000..=0xCAA8_FFFF => ErrorKind::Network,
        // WinHTTP and WinINet.
        0x8007_2EE0..=0x8007_2FFF => ErrorKind::Network,
        // WSAHOST_NOT_FOUND, and networks and hosts that are not reached.
        0x8007_2AF9 | 0x8007_04CF | 0x8007_04D0 => ErrorKind::Network,
        _ => return None,
    };
    Some(kind)
}

/// What some numbers mean, which say nothing to people.
fn reason(code: u32) -> Option<&'static str> {
    Some(match code {
        0x8004_0154 => "it is not part of this Windows, such as Server Core",
        0x8007_06BA | 0x8007_06BE | 0x8001_0108 => "its service does not answer",
        0x8008_0005 => "its service does not start",
        0x8007_0422 => "its service is disabled",
        0x8007_0005 => "it serves whoever is signed in to the desktop only",
        0x8007_0520 => "nobody is signed in to the desktop",
        0x8000_4002 => "this Windows is too old",
        INVALID_WINDOW_HANDLE => "there is no such window",
        _ => return None,
    })
}
