//! What to do about a refusal, for the person who reads it. Decisions are never made by these
//! numbers: they change without notice
//! ([Microsoft's reference](https://learn.microsoft.com/entra/identity-platform/reference-error-codes)).

/// For a sign-in that has a page, or one that asks nobody.
pub(super) fn of(code: u64) -> Option<&'static str> {
    Some(match code {
        // Who the person is, and their password.
        50_126 | 50_056 => "check the user name and the password",
        50_055 | 50_144 => {
            "the password has expired: sign in by the browser, where it can be replaced, or ask the \
             administrator"
        }
        50_053 => "the account is locked for a while; wait, or ask the administrator",
        50_057 => "the account is disabled; ask the administrator",
        50_034 | 50_020 | 500_208 | 51_004 => {
            "sign in with an account of this tenant, have it invited as a guest, or name another tenant"
        }
        16_000 => "several accounts are signed in there, or the wrong one: choose an account",
        50_105 => "ask the administrator to assign the person to the application",
        // What the sign-in lacks.
        50_072 | 50_074 | 50_076 | 50_078 | 50_079 | 50_158 => {
            "a second factor is needed: call `authenticate` with this error's claims"
        }
        53_004 | 53_010 => {
            "the second factor has to be set up first, from a place that the organization trusts: ask \
             the administrator"
        }
        50_058 | 50_085 | 50_089 | 50_132 | 50_133 | 50_173 | 70_008 | 70_043 | 700_082
        | 700_084 => "the earlier sign-in is no longer good: sign in again (`authenticate`)",
        65_001 | 65_002 | 650_052 | 650_056 | 90_094 => {
            "consent is missing: call `authenticate`, or ask the administrator for it"
        }
        65_004 => "the person declined what the application wants to do; sign in again to agree",
        // What policies refuse.
        50_005 | 50_097 | 50_129 | 50_155 | 50_187 | 53_000 | 53_001 => {
            "a policy of the organization wants a device that it manages: use such a device (its broker \
             or its browser), or ask the administrator"
        }
        50_131 | 53_002 | 53_003 | 530_003 | 530_034 | 530_035 => {
            "a policy of the organization refuses this sign-in (device, place or way): try the \
             browser instead of a device code, or ask the administrator"
        }
        530_084 => {
            "a policy demands tokens that are bound to the device, which only the system's broker can \
             give"
        }
        // Where to, and as which application.
        50_059 | 90_002 | 90_023 | 500_021 | 500_022 => {
            "check `tenant_id`: there is no such tenant at this authority, or it may not be used from here"
        }
        50_128 | 50_194 => "name the tenant: this application is not for every tenant",
        500_212 | 500_213 => {
            "the other organization does not let its people or guests sign in there; ask its administrator"
        }
        70_001 | 70_004 | 700_011 | 700_016 => {
            "check `client_id`, and that the application is registered in this tenant"
        }
        50_011 | 900_971 => {
            "register this `redirect_uri` for the application (platform \"Mobile and desktop \
             applications\"), or give the one that is"
        }
        700_025 | 7_000_218 => {
            "turn on \"Allow public client flows\" in the application's registration"
        }
        28_000 | 70_011 | 500_011 | 650_053 | 650_057 | 9_010_010 => {
            "check `scopes`: the resource or the permission is unknown here, or they are of two resources"
        }
        9_001_023 => "a password signs in to a tenant or `organizations` only: check `tenant_id`",
        // Codes, which a person used twice or too late.
        50_147 | 50_148 | 54_005 | 501_481 | 501_491 => {
            "the sign-in was interrupted: sign in again"
        }
        50_134 | 50_199 | 70_018 | 70_019 | 70_020 => {
            "the code was not taken in time, or it was mistyped: begin again for a new code"
        }
        // Trouble that passes.
        50_166 | 50_196 => "too many requests were made in too short a time: wait a few minutes",
        50_033 | 50_087 | 90_033 => "the authority is in trouble: try again in a few minutes",
        _ => return None,
    })
}

/// For a sign-in with a password alone, which has no page on which a person could do more.
#[cfg(feature = "username-password")]
pub(super) fn without_a_page(code: u64) -> Option<&'static str> {
    Some(match code {
        50_126 | 50_056 => {
            "check the user name and the password; they were sent once, and are not sent again by \
             themselves"
        }
        50_034 => {
            "check the user name: there is no such account here, and personal accounts and guests with \
             one cannot sign in with a password like this"
        }
        50_072 | 50_074 | 50_076 | 50_078 | 50_079 | 50_158 => {
            "a second factor is needed, which a password cannot give: sign in by the browser"
        }
        65_001 | 65_004 | 650_052 | 650_056 | 90_094 => {
            "the person has to agree to what the application does, which takes a page: let them sign in \
             by the browser once, or ask the administrator to agree for all"
        }
        _ => return of(code),
    })
}

/// For an assertion, whose person has proved their password.
#[cfg(feature = "username-password")]
pub(super) fn of_an_assertion(code: u64) -> Option<&'static str> {
    Some(match code {
        50_008 | 50_013 | 50_107 | 7_500_514 => {
            "the password was right: ask the administrator to mend the federation (its domain, signing \
             certificate, kind of token, and the server's clock)"
        }
        50_034 | 51_004 => {
            "the password was right: ask the administrator whether the account is synchronized to this \
             tenant"
        }
        _ => return without_a_page(code),
    })
}
