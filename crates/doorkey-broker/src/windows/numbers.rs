//! What Windows' numbers of errors mean, whoever says them: a call that fails, or a plugin.

use doorkey::ErrorKind;

/// What is known of a number. The reason is for people, to whom the number says nothing.
pub(super) struct Meaning {
    pub(super) kind: ErrorKind,
    pub(super) reason: Option<&'static str>,
}

pub(super) const E_INVALIDARG: u32 = 0x8007_0057;
pub(super) const INVALID_WINDOW_HANDLE: u32 = 0x8007_0578;

/// An AADSTS number has five to seven digits; an `HRESULT` of an error has its first bit.
pub(super) fn is_aadsts(code: u32) -> bool {
    (10_000..10_000_000).contains(&code)
}

/// Whether it is an `HRESULT` of Windows itself: not Entra ID's plugin's, which have the customer's bit,
/// nor one of personal accounts (PPCRL_… and ONL_E_…).
pub(super) fn is_windows(code: u32) -> bool {
    (0x8000_0000..0x9000_0000).contains(&code) && !matches!(code >> 12, 0x8_0048 | 0x8_0860)
}

pub(super) fn meaning(code: u32) -> Option<Meaning> {
    let (kind, reason) = person(code)
        .or_else(|| absence(code))
        .or_else(|| network(code))
        .or_else(|| refused(code))?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    Some(Meaning { kind, reason })
}

/// Somebody has to do something, or has.
fn person(code: u32) -> Option<(ErrorKind, &'static str)> {
    use ErrorKind::{AuthenticationRequired, Declined};
    Some(match code {
        // E_ABORT and ERROR_CANCELLED.
        0x8000_4004 | 0x8007_04C7 => (Declined, ""),
        // Entra ID's plugin: access_denied.
        0xCAA2_0004 => (Declined, ""),
        // The same: need_credential, invalid_grant, interaction_required.
        0xCAA1_0001 | 0xCAA2_0003 | 0xCAA2_000C => (AuthenticationRequired, ""),
        // The same: no refresh token, and one that did not do.
        0xCAA9_0003 | 0xCAA9_0004 => (AuthenticationRequired, "its session is over"),
        // ERROR_NO_SUCH_USER.
        0x8007_0525 => (AuthenticationRequired, "Windows has no such account"),
        // ONL_E_…, of personal accounts.
        0x8086_0004 | 0x8086_0005 | 0x8086_0009 => (
            AuthenticationRequired,
            "the account wants its password, its data or its address to be brought up to date, at \
             https://account.microsoft.com",
        ),
        0x8086_0006 | 0x8086_000C | 0x8086_000F => (AuthenticationRequired, ""),
        0x8086_0007 | 0x8086_000A => (
            AuthenticationRequired,
            "the account is locked; see https://account.microsoft.com",
        ),
        _ => return None,
    })
}

/// It is not there, or cannot work on this machine: another way may.
fn absence(code: u32) -> Option<(ErrorKind, &'static str)> {
    let reason = match code {
        // REGDB_E_CLASSNOTREG.
        0x8004_0154 => {
            "it is not part of this Windows, such as Server Core, or Explorer is not its shell"
        }
        // RPC_S_SERVER_UNAVAILABLE, RPC_S_CALL_FAILED, RPC_E_DISCONNECTED.
        0x8007_06BA | 0x8007_06BE | 0x8001_0108 => "its service does not answer",
        // CO_E_SERVER_EXEC_FAILURE.
        0x8008_0005 => "its service does not start",
        // ERROR_SERVICE_DISABLED.
        0x8007_0422 => "its service is disabled",
        // E_ACCESSDENIED.
        0x8007_0005 => "it serves whoever is signed in to the desktop only",
        // ERROR_NO_SUCH_LOGON_SESSION and ERROR_NOT_FOUND.
        0x8007_0520 | 0x8007_0490 => {
            "nobody is signed in to the desktop, or this program runs as somebody else"
        }
        // E_NOINTERFACE.
        0x8000_4002 => "this Windows is too old",
        // SEC_E_NO_CREDENTIALS, NTE_BAD_KEYSET, NTE_DEVICE_NOT_READY.
        0x8009_030E | 0x8009_0016 | 0x8009_0030 => {
            "its keys in this machine's TPM cannot be used; see Microsoft's device recovery"
        }
        _ => return None,
    };
    Some((ErrorKind::CredentialUnavailable, reason))
}

fn network(code: u32) -> Option<(ErrorKind, &'static str)> {
    let reason = match code {
        // Entra ID's plugin: temporarily_unavailable, server_error; ONL_E_REQUEST_THROTTLED.
        0xCAA2_0005 | 0xCAA2_0008 | 0x8086_0010 => "the authority is too busy, or has a fault",
        // Its HTTP, URL and internet layers.
        0xCAA3_0000..=0xCAA3_FFFF | 0xCAA7_0000..=0xCAA8_FFFF => "",
        // WinHTTP and WinINet.
        0x8007_2EE0..=0x8007_2FFF => "",
        // WSAHOST_NOT_FOUND, and networks and hosts that are not reached.
        0x8007_2AF9 | 0x8007_04CF | 0x8007_04D0 => "",
        _ => return None,
    };
    Some((ErrorKind::Network, reason))
}

fn refused(code: u32) -> Option<(ErrorKind, &'static str)> {
    let reason = match code {
        // ONL_E_INVALID_APPLICATION.
        0x8086_0003 => "personal accounts may not use this application",
        // ONL_E_ACCOUNT_SUSPENDED_ABUSE.
        0x8086_000B => "the account is blocked; see https://account.microsoft.com",
        _ => return None,
    };
    Some((ErrorKind::Refused, reason))
}
