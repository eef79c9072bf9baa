//! What a run can be held against without asking anybody.

use super::{
    doorkey::Outcome,
    lines::{Prints, Step},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is not as it should be, without any name or token in it. `expected` is the authority that was
/// given and, for [`Prints::TokenOf`], the tenant.
pub(crate) fn faults(step: &Step, outcome: &Outcome, expected: Expected<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    match outcome.status {
        Some(status) if step.statuses.contains(&status) => {}
        Some(status) => faults.push(format!(
            "it ended with status {status}, not {:?}",
            step.statuses
        )),
        None => faults.push("it was killed".to_owned()),
    }
    if !outcome.stderr.contains(step.says) {
        faults.push(format!("it did not say {:?}", step.says));
    }
    if faults.is_empty() {
        faults.extend(fault_of(&outcome.stdout, step.prints, expected).map(str::to_owned));
    }
    faults
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected<'a> {
    pub(crate) authority: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
}

fn fault_of(stdout: &str, prints: Prints, expected: Expected<'_>) -> Option<&'static str> {
    let hours = Duration::from_secs(3 * 3600);
    let (token_type, least_life) = match prints {
        Prints::Anything => return None,
        Prints::Nothing => {
            return (!stdout.is_empty()).then_some("it printed something on standard output");
        }
        Prints::Record => return fault_of_record(stdout, expected.authority),
        Prints::Token | Prints::TokenOf(_) => ("Bearer", Duration::ZERO),
        Prints::BoundToken => ("pop", Duration::ZERO),
        Prints::LongToken => ("Bearer", hours),
    };
    if !text_of(stdout, "tokenType").is_some_and(|kind| kind.eq_ignore_ascii_case(token_type)) {
        return Some("the token is of another type than was asked for");
    }
    fault_of_token(stdout, least_life, expected.tenant)
}

fn fault_of_record(record: &str, authority: Option<&str>) -> Option<&'static str> {
    let Some(host) = text_of(record, "authority") else {
        return Some("the record has no authority");
    };
    if text_of(record, "tenantId").is_none_or(str::is_empty) {
        return Some("the record has no tenant");
    }
    let given = authority.map(|authority| {
        let host = authority
            .split_once("://")
            .map_or(authority, |(_, rest)| rest);
        host.split('/').next().unwrap_or_default()
    });
    given
        .is_some_and(|given| !given.eq_ignore_ascii_case(host))
        .then_some("the record is of another authority than the one that was given")
}

fn fault_of_token(json: &str, least_life: Duration, tenant: Option<&str>) -> Option<&'static str> {
    let Some(token) = text_of(json, "accessToken").filter(|token| !token.is_empty()) else {
        return Some("there is no token");
    };
    let Some(tenant_id) = text_of(json, "tenantId").filter(|tenant| !tenant.is_empty()) else {
        return Some("the token is of no tenant");
    };
    if tenant.is_some_and(|tenant| is_id(tenant) && !tenant.eq_ignore_ascii_case(tenant_id)) {
        return Some("the token is of another tenant than the one that was asked for");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let soonest = now.unwrap_or_default() + least_life;
    if number_of(json, "expires_on").is_none_or(|second| second <= soonest.as_secs()) {
        return Some("the token expires too soon");
    }
    // A resource may have its tokens encrypted; then there is nothing to be read.
    let claims = token.split('.').nth(1).and_then(decode)?;
    if text_of(&claims, "tid").is_some_and(|tid| !tid.eq_ignore_ascii_case(tenant_id)) {
        return Some("the token's `tid` is another tenant");
    }
    let issuer = text_of(&claims, "iss")?;
    (is_id(tenant_id)
        && text_of(&claims, "tid").is_some()
        && !issuer.to_lowercase().contains(&tenant_id.to_lowercase()))
    .then_some("the token's `iss` is another tenant")
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// A member's text, in the JSON that our command and the authorities write: its strings have no
/// escapes that matter here.
pub(super) fn text_of<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    value_of(json, name)?.strip_prefix('"')?.split('"').next()
}

fn number_of(json: &str, name: &str) -> Option<u64> {
    let value = value_of(json, name)?;
    let end = value.find(|c: char| !c.is_ascii_digit());
    value[..end.unwrap_or(value.len())].parse().ok()
}

fn value_of<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\""))?;
    rest.trim_start().strip_prefix(':').map(str::trim_start)
}

/// Base64url without padding ([RFC 4648, section
/// 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)).
fn decode(text: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes() {
        let index = ALPHABET.iter().position(|&known| known == letter)?;
        bits = bits << 6 | u32::try_from(index).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::lines::{LINES, Program};

    const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    /// `{"iss":"https://sts.example/aaaabbbb-0000-cccc-1111-dddd2222eeee/","tid":"aaaabbbb-0000-cccc-1111-dddd2222eeee"}`
    const CLAIMS: &str = "eyJpc3MiOiJodHRwczovL3N0cy5leGFtcGxlL2FhYWFiYmJiLTAwMDAtY2NjYy0xMTExLWRkZGQyMjIyZWVlZS8iLCJ0aWQiOiJhYWFhYmJiYi0wMDAwLWNjY2MtMTExMS1kZGRkMjIyMmVlZWUifQ";

    fn token(tenant: &str, expires_on: u64, token: &str) -> String {
        format!(
            "{{\"accessToken\":\"{token}\",\"expires_on\":{expires_on},\"tokenType\":\"Bearer\", \
             \"tenantId\" : \"{tenant}\"}}\n"
        )
    }

    fn step(prints: Prints) -> Step {
        Step {
            program: Program::Doorkey,
            command: "",
            arguments: "",
            input: None,
            statuses: &[0],
            says: "",
            prints,
        }
    }

    fn told(stdout: &str, prints: Prints, expected: Expected<'_>) -> String {
        let outcome = Outcome {
            status: Some(0),
            stdout: stdout.to_owned(),
            stderr: String::new(),
        };
        faults(&step(prints), &outcome, expected).join("; ")
    }

    #[test]
    fn a_token_is_held_against_its_tenant_and_the_clock() {
        let far = u64::MAX;
        let jwt = format!("e30.{CLAIMS}.c2ln");
        let other = "00000000-0000-4000-8000-000000000000";
        for (stdout, prints, fault) in [
            (token(TENANT, far, &jwt), Prints::Token, ""),
            (token(TENANT, far, &jwt), Prints::LongToken, ""),
            (token(TENANT, far, "opaque"), Prints::Token, ""),
            (token("adfs", far, "opaque"), Prints::Token, ""),
            (token(other, far, &jwt), Prints::Token, "`tid` is another"),
            (token(TENANT, 1, &jwt), Prints::Token, "expires too soon"),
            (token("", far, &jwt), Prints::Token, "no tenant"),
            (token(TENANT, far, ""), Prints::Token, "there is no token"),
            ("{}".to_owned(), Prints::Token, "another type"),
            (token(TENANT, far, &jwt), Prints::BoundToken, "another type"),
            (
                token(TENANT, far, &jwt).replace("Bearer", "pop"),
                Prints::BoundToken,
                "",
            ),
            (token(TENANT, far, &jwt), Prints::Nothing, "printed"),
            (String::new(), Prints::Nothing, ""),
        ] {
            let told = told(&stdout, prints, Expected::default());
            assert_eq!(told.is_empty(), fault.is_empty(), "{told}");
            assert!(told.contains(fault), "{fault}: {told}");
            assert!(!told.contains(TENANT), "{told}");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("later");
        let hour = token(TENANT, now.as_secs() + 3600, &jwt);
        assert_eq!(told(&hour, Prints::Token, Expected::default()), "");
        assert_ne!(told(&hour, Prints::LongToken, Expected::default()), "");
        for (tenant, is_it) in [(TENANT, true), (other, false), ("contoso.example", true)] {
            let expected = Expected {
                tenant: Some(tenant),
                ..Default::default()
            };
            let told = told(&hour, Prints::TokenOf("guest"), expected);
            assert_eq!(told.is_empty(), is_it, "{tenant}: {told}");
        }
    }

    #[test]
    fn a_record_is_held_against_the_authority() {
        let record = format!("{{\"authority\":\"login.example:7\",\"tenantId\":\"{TENANT}\"}}");
        for (authority, is_it) in [
            (None, true),
            (Some("https://Login.example:7/x"), true),
            (Some("login.example:7"), true),
            (Some("https://login.example"), false),
        ] {
            let expected = Expected {
                authority,
                ..Default::default()
            };
            let told = told(&record, Prints::Record, expected);
            assert_eq!(told.is_empty(), is_it, "{authority:?}: {told}");
        }
        assert_ne!(told("{}", Prints::Record, Expected::default()), "");
    }

    #[test]
    fn a_status_and_a_word_are_looked_for() {
        let line = LINES.iter().find(|line| line.name == "no-tenant");
        let step = &line.expect("a line").steps[0];
        for (status, stderr, count) in [
            (Some(1), "AADSTS90002: nobody", 0),
            (Some(0), "AADSTS90002: nobody", 1),
            (Some(1), "something else", 1),
            (None, "", 2),
        ] {
            let outcome = Outcome {
                status,
                stdout: String::new(),
                stderr: stderr.to_owned(),
            };
            let faults = faults(step, &outcome, Expected::default());
            assert_eq!(faults.len(), count, "{faults:?}");
        }
    }
}
