//! The errors of MSAL, with which the extension is built: what its library calls by a number and a name,
//! MSAL calls by others.

use super::{
    error_code::{BROKER, Code, HTTP, OAUTH},
    messages::{SystemError, number},
};

pub(super) const DOMAIN: &str = "MSALErrorDomain";

/// Of an error that MSAL tells apart no further, unless its details do.
const INTERNAL: i64 = -50000;

/// The number in the details of such an error.
pub(super) fn within(error: &SystemError) -> Option<i64> {
    number(error.details.get("MSALInternalErrorCodeKey")?)
}

/// What the library says for it.
pub(super) fn meaning(error: &SystemError) -> Code<'static> {
    match error.code {
        -50001 => (BROKER, -51810),
        -50002 => (BROKER, -51115),
        -50003 => (OAUTH, -51415),
        -50004 => (OAUTH, -51430),
        // MSAL takes what a policy denies for a no of the person's.
        -50005 if error.details.contains_key("MSALOAuthErrorKey") => (OAUTH, -51416),
        -50005 => (BROKER, -51700),
        -50006 => (OAUTH, -51417),
        -50007 => (BROKER, -51732),
        -50008 => (BROKER, -51733),
        -50142 => (OAUTH, -50142),
        INTERNAL => within(error).map_or((BROKER, -51100), of_internal),
        code => of_internal(code),
    }
}

fn of_internal(code: i64) -> Code<'static> {
    match code {
        -42000 => (BROKER, -51112),
        -42001 => (BROKER, -51118),
        -42011 => (BROKER, -51119),
        -42002 => (OAUTH, -51410),
        -42003 => (OAUTH, -51411),
        -42004 => (OAUTH, -51412),
        -42005 => (OAUTH, -51413),
        -42006 => (OAUTH, -51414),
        -42007 => (HTTP, -51500),
        -42008 => (BROKER, -51100),
        -42009 => (HTTP, -51501),
        -42010 => (BROKER, -51600),
        -42101 => (BROKER, -51117),
        -42102 => (BROKER, -51200),
        -42104 => (OAUTH, -51440),
        -42106 => (BROKER, -51113),
        -42401 => (BROKER, -51701),
        -42402 => (BROKER, -51710),
        -42403 => (BROKER, -51720),
        -42404 => (BROKER, -51730),
        -42405 => (BROKER, -51731),
        -42501 => (OAUTH, -51420),
        -42600 => (OAUTH, -51401),
        -42719 => (BROKER, -51821),
        -42736 => (BROKER, -51837),
        // In the same order.
        -42714..=-42700 => (BROKER, code - 9100),
        _ => (BROKER, code),
    }
}
