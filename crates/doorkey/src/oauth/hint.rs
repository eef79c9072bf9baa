//! What to do about a refusal, for the person who reads it. Decisions are never made by these
//! numbers: they change without notice
//! ([Microsoft's reference](https://learn.microsoft.com/entra/identity-platform/reference-error-codes)).

/// The next step, by the number of an AADSTS code.
pub(super) fn of(code: u64) -> Option<&'static str> {
    Some(match code {
        90_002 | 90_023 | 50_059 => "check `tenant_id`: there is no such tenant at this authority",
        700_016 => "check `client_id`, and that the application is registered in this tenant",
        50_011 | 900_971 => {
            "register this `redirect_uri` for the application (platform \"Mobile and desktop \
             applications\"), or give the one that is"
        }
        7_000_218 => "turn on \"Allow public client flows\" in the application's registration",
        50_020 | 50_034 | 500_208 => {
            "sign in with an account of this tenant, or name another tenant"
        }
        50_105 => "ask the administrator to assign the person to the application",
        65_001 | 90_094 => {
            "consent is missing: call `authenticate`, or ask the administrator for it"
        }
        70_011 | 500_011 | 650_057 => {
            "check `scopes`: the resource or the permission is unknown here"
        }
        50_057 => "the account is disabled; ask the administrator",
        50_053 => "the account is locked for a while; wait, or ask the administrator",
        50_076 | 50_079 | 50_074 | 50_072 => {
            "a second factor is needed: call `authenticate` with this error's claims"
        }
        53_000..=53_004 | 530_003 | 530_034 | 530_035 => {
            "a policy of the organization refuses this sign-in (device, place or way): try the \
             browser instead of a device code, or ask the administrator"
        }
        530_084 => "a policy demands a token bound to the device, which takes the system's broker",
        _ => return None,
    })
}
