//! The numbers of errors, and what kind of no each is.

use super::{messages::SystemError, msal};
use doorkey::ErrorKind;

const AUTHORIZATION: &str = "com.apple.AuthenticationServices.AuthorizationError";
pub(super) const BROKER: &str = "MSIDErrorDomain";
pub(super) const OAUTH: &str = "MSIDOAuthErrorDomain";
pub(super) const HTTP: &str = "MSIDHttpErrorCodeDomain";
const NETWORK: &str = "NSURLErrorDomain";

/// By domain and number.
pub(super) type Code<'a> = (&'a str, i64);

/// What the extension itself says is within.
pub(super) const EXTENSION_ERROR: Code<'static> = (AUTHORIZATION, -6000);

/// An account is asked for that the extension does not know.
const UNKNOWN_ACCOUNT: Code<'static> = (BROKER, -51113);

impl SystemError {
    pub(super) fn is(&self, code: Code<'_>) -> bool {
        self.meaning() == code
    }

    /// The same in the library's words.
    fn meaning(&self) -> Code<'_> {
        match &*self.domain {
            msal::DOMAIN => msal::meaning(self),
            domain => (domain, self.code),
        }
    }
}

pub(super) fn is_unknown_account(error: &SystemError) -> bool {
    error.is(UNKNOWN_ACCOUNT)
}

/// Whether the extension failed for a reason that it does not tell, or as it did not understand.
pub(super) fn is_own_failure(error: &SystemError) -> bool {
    matches!(error.meaning(), (BROKER, -51100 | -51111)) || error.is(EXTENSION_ERROR)
}

/// Whether it may be that the extension knows nothing of tokens that are bound to a key.
pub(super) fn may_bind_nothing(error: &SystemError) -> bool {
    error.is((BROKER, -51114)) || is_own_failure(error)
}

/// Whether the extension never served this program, or at this authority.
pub(super) fn is_never_served(error: &SystemError) -> bool {
    matches!(error.meaning(), (BROKER, -51112 | -51118 | -51119 | -51600))
}

/// Whether it is the extension's, and not the system's.
pub(super) fn is_answer(error: &SystemError) -> bool {
    [BROKER, OAUTH, HTTP].contains(&error.meaning().0) || error.is(EXTENSION_ERROR)
}

/// Whether the error says more than one that is around it.
pub(super) fn is_known(error: &SystemError) -> bool {
    [BROKER, OAUTH, HTTP, NETWORK, msal::DOMAIN].contains(&&*error.domain)
        || error.is(EXTENSION_ERROR)
}

/// The kind of an error. `is_asking` is whether a person could have been asked.
pub(super) fn kind(
    error: &SystemError,
    oauth: Option<&str>,
    suberror: Option<&str>,
    status: Option<u16>,
    is_asking: bool,
) -> ErrorKind {
    let by_oauth = oauth.and_then(|oauth| kind_of_oauth(oauth, suberror));
    let (domain, code) = error.meaning();
    match domain {
        AUTHORIZATION => of_authorization(code, is_asking),
        BROKER => of_broker(code, is_asking)
            .or(by_oauth)
            .unwrap_or(ErrorKind::Refused),
        OAUTH => by_oauth
            .or_else(|| of_broker(code, is_asking))
            .unwrap_or_else(|| of_oauth(code)),
        HTTP => match status {
            // Neither a reply nor its status, or a passing trouble.
            None | Some(429 | 500..) if code == -51500 => ErrorKind::Network,
            _ => by_oauth.unwrap_or(ErrorKind::Refused),
        },
        NETWORK => ErrorKind::Network,
        // Whatever it is, there is another way to sign in.
        _ => ErrorKind::CredentialUnavailable,
    }
}

/// Of an error in OAuth's own words.
pub(super) fn kind_of_oauth(error: &str, suberror: Option<&str>) -> Option<ErrorKind> {
    let suberror = suberror.map(str::to_ascii_lowercase);
    let kind = match (&*error.to_ascii_lowercase(), suberror.as_deref()) {
        ("interaction_required" | "login_required" | "consent_required" | "invalid_grant", _) => {
            ErrorKind::AuthenticationRequired
        }
        // What a policy denies has a suberror, but for a person who skips a page.
        ("access_denied", None | Some("user_skipped" | "tts_denied"))
        | ("authorization_declined", _) => ErrorKind::Declined,
        ("access_denied", _) => ErrorKind::Refused,
        ("temporarily_unavailable" | "server_error", _) => ErrorKind::Network,
        _ => return None,
    };
    Some(kind)
}

/// What some numbers mean, which say nothing to people.
pub(super) fn reason(error: &SystemError) -> Option<&'static str> {
    Some(match error.meaning() {
        (AUTHORIZATION, 1000 | 1003 | 1004) => "no extension took the request",
        (BROKER, -51112 | -51118 | -51119) => {
            "it knows a program by its redirect URI: `msauth.<bundle id>://auth` of a bundle, and \
             `msauth.com.msauth.unsignedapp://auth` of one without, which must not be signed with a \
             certificate"
        }
        (BROKER, -51600) => "it does not trust the authority",
        (BROKER, -51702 | -51720 | -51730 | -51731) => "it can show no window here",
        (BROKER, -51710) => "another sign-in is open: finish or close it first",
        (BROKER, -51732 | -51810) => "the device has to be registered anew, in Company Portal",
        (BROKER, -51821) => {
            "the device does not comply with its organization's rules: see which in Company Portal"
        }
        (BROKER, -51837) => "the device is not registered for Platform SSO",
        (OAUTH, -51430) => "an app protection policy is demanded, which macOS has not",
        _ => return None,
    })
}

/// `ASAuthorizationError`
fn of_authorization(code: i64, is_asking: bool) -> ErrorKind {
    match code {
        1001 if is_asking => ErrorKind::Declined,
        // It may show nothing where a person was to be asked.
        1005 if is_asking => ErrorKind::CredentialUnavailable,
        // Nobody can have said no in silence.
        1001 | 1005 => ErrorKind::AuthenticationRequired,
        1002 => ErrorKind::Protocol,
        _ => ErrorKind::CredentialUnavailable,
    }
}

fn of_broker(code: i64, is_asking: bool) -> Option<ErrorKind> {
    let kind = match code {
        // Interaction required; no account, or several; the device to be registered or enrolled.
        -51115 | -51113 | -51200 | -51732 | -51733 | -51810 => ErrorKind::AuthenticationRequired,
        // Cancelled by the person, and by a program.
        -51700 | -51701 if is_asking => ErrorKind::Declined,
        -51700 | -51701 => ErrorKind::AuthenticationRequired,
        -51117 => ErrorKind::WrongAccount,
        // A program that it cannot know again; an authority that it does not trust.
        -51112 | -51118 | -51119 | -51600 => ErrorKind::CredentialUnavailable,
        // There is nothing to show a window in.
        -51702 | -51720 | -51730 | -51731 => ErrorKind::CredentialUnavailable,
        // Internal; unsupported; no broker; an extension or its service that broke; no Platform SSO.
        -51100 | -51111 | -51114 | -51814 | -51815 | -52001 | -51837 => {
            ErrorKind::CredentialUnavailable
        }
        // Caches and answers that are damaged.
        -51201 | -51809..=-51800 => ErrorKind::Protocol,
        _ => return None,
    };
    Some(kind)
}

fn of_oauth(code: i64) -> ErrorKind {
    match code {
        // Invalid grant, a refresh token that is refused, a password to be changed.
        -51412 | -514_102 | -50142 => ErrorKind::AuthenticationRequired,
        -51416 => ErrorKind::Declined,
        -51417 => ErrorKind::Network,
        // An answer of the authority that is none, or to another question.
        -51401 | -51420 => ErrorKind::Protocol,
        _ => ErrorKind::Refused,
    }
}
