//! The claims request of
//! [OpenID Connect Core, section 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter).

use crate::error::{Error, Result};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{json, value::RawValue};
use std::fmt;

/// The capability that makes a token revocable: the client knows what to do with a claims
/// challenge
/// ([Microsoft's page](https://learn.microsoft.com/entra/identity-platform/claims-challenge#client-capabilities)).
const CONTINUOUS_ACCESS: &str = "cp1";

/// What is sent as `claims`: the caller's text as it was given, unless our capability has to be
/// added to it; then everything else in it stays as it was given.
pub(crate) fn parameter(claims: Option<&str>, enable_cae: bool) -> Result<Option<String>> {
    match claims {
        Some(claims) if enable_cae => with_capability(claims).map(Some),
        Some(claims) => Object::parse(claims).map(|_| Some(claims.to_owned())),
        None if enable_cae => with_capability("{}").map(Some),
        None => Ok(None),
    }
}

/// Both demands in one. Where they name the same claim of the same token, the `first` one's counts.
pub(crate) fn merge(first: &str, second: &str) -> Result<String> {
    let mut merged = Object::parse(second)?;
    for (token, value) in Object::parse(first)?.0 {
        let mut claims = merged.object(&token)?;
        // `null` asks for nothing in particular.
        for (claim, value) in Object::of(&token, &value)?.0 {
            claims.set(&claim, value.get().to_owned());
        }
        merged.set(&token, claims.to_string());
    }
    Ok(merged.to_string())
}

fn with_capability(claims: &str) -> Result<String> {
    let mut request = Object::parse(claims)?;
    let mut access_token = request.object("access_token")?;
    let mut capabilities = access_token.object("xms_cc")?;
    let values: Vec<&RawValue> = match capabilities.get("values").map(RawValue::get) {
        None | Some("null") => Vec::new(),
        Some(values) => serde_json::from_str(values).map_err(|_| shape("values"))?,
    };
    let is_known = |value: &&RawValue| {
        serde_json::from_str::<String>(value.get())
            .is_ok_and(|value| value.eq_ignore_ascii_case(CONTINUOUS_ACCESS))
    };
    if values.iter().any(is_known) {
        return Ok(claims.to_owned());
    }
    let ours = json!(CONTINUOUS_ACCESS).to_string();
    let values: Vec<_> = values.iter().map(|value| value.get()).collect();
    let values = values
        .into_iter()
        .chain([ours.as_str()])
        .collect::<Vec<_>>();
    capabilities.set("values", format!("[{}]", values.join(",")));
    access_token.set("xms_cc", capabilities.to_string());
    request.set("access_token", access_token.to_string());
    Ok(request.to_string())
}

fn shape(member: &str) -> Error {
    Error::invalid_argument(format!(
        "`claims` has a member `{member}` of a shape that is none"
    ))
}

/// An object whose members keep their order, and their text.
#[derive(Default)]
struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    fn parse(claims: &str) -> Result<Self> {
        serde_json::from_str(claims).map_err(|error| {
            // Of a value of another kind, the parser quotes what it found.
            let found = match error.is_data() {
                true => "but another value".to_owned(),
                false => error.to_string(),
            };
            Error::invalid_argument(format!(
                "`claims` is not a JSON object ({found}); give the decoded claims of the challenge"
            ))
        })
    }

    fn get(&self, name: &str) -> Option<&RawValue> {
        // Where a name is there twice, the last one counts, as for most readers.
        let mut members = self.0.iter().rev();
        members
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    /// The member, which is an object; `null` asks for the default, as for any claim.
    fn object(&self, name: &str) -> Result<Self> {
        self.get(name)
            .map_or_else(|| Ok(Self::default()), |value| Self::of(name, value))
    }

    fn of(name: &str, value: &RawValue) -> Result<Self> {
        match value.get() {
            "null" => Ok(Self::default()),
            value => serde_json::from_str(value).map_err(|_| shape(name)),
        }
    }

    fn set(&mut self, name: &str, value: String) {
        // Made of JSON, so it is JSON.
        let Ok(value) = RawValue::from_string(value) else {
            return;
        };
        let mut members = self.0.iter_mut().rev();
        match members.find(|(known, _)| known == name) {
            Some((_, member)) => *member = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{")?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{}:{}", json!(name), value.get())?;
        }
        formatter.write_str("}")
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(claims: Option<&str>, cae: bool) -> Option<String> {
        parameter(claims, cae).unwrap()
    }

    const ID_TOKEN: &str = r#"{"id_token":{"acr":null}}"#;

    #[test]
    fn capabilities_and_id_token_claims_merge() {
        let merged = r#"{"id_token":{"acr":null},"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(sent(Some(ID_TOKEN), true).as_deref(), Some(merged));
    }

    #[test]
    fn capabilities_and_id_token_claims_and_access_token_claims_merge() {
        let both = r#"{"id_token":{"acr":null},"access_token":{"nbf":null}}"#;
        let merged =
            r#"{"id_token":{"acr":null},"access_token":{"nbf":null,"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(sent(Some(both), true).as_deref(), Some(merged));
    }

    #[test]
    fn no_capabilities_only_claims_merge() {
        assert_eq!(sent(Some(ID_TOKEN), false).as_deref(), Some(ID_TOKEN));
    }

    #[test]
    fn only_client_capabilities_no_claims_merge() {
        let alone = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(sent(None, true).as_deref(), Some(alone));
    }

    #[test]
    fn both_claims_and_capabilities_none() {
        assert_eq!(sent(None, false), None);
    }

    #[test]
    fn two_demands_are_one() {
        for (first, second, both) in [
            (
                r#"{"a":{"x":1}}"#,
                r#"{"b":{"x":2}}"#,
                r#"{"b":{"x":2},"a":{"x":1}}"#,
            ),
            (
                r#"{"a":{"x":1.0,"y":null}}"#,
                r#"{"a":{"z":[ 2 ],"x":{}}}"#,
                r#"{"a":{"z":[ 2 ],"x":1.0,"y":null}}"#,
            ),
            (r#"{"a":null}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":null}"#, r#"{"a":{"x":1}}"#),
            ("{}", r#"{"a":{}}"#, r#"{"a":{}}"#),
        ] {
            assert_eq!(merge(first, second).unwrap(), both);
        }
        for (first, second) in [("[]", "{}"), ("{}", "1"), (r#"{"a":1}"#, "{}")] {
            merge(first, second).unwrap_err();
        }
    }

    #[test]
    fn the_capability_joins_what_the_caller_asks() {
        for (claims, cae, sent) in [
            (Some(r#"{ "a": 1 }"#), false, Some(r#"{ "a": 1 }"#)),
            (
                Some(r#"{"access_token":{"nbf":{"essential":true}}}"#),
                true,
                Some(r#"{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["cp1"]}}}"#),
            ),
            (
                Some(r#"{"access_token":{"xms_cc":{"values":["x","CP1"]}}}"#),
                true,
                Some(r#"{"access_token":{"xms_cc":{"values":["x","CP1"]}}}"#),
            ),
            // In its order, with its numbers and its foreign members.
            (
                Some(
                    r#"{"z":1.0e2,"access_token":{"nbf":null,"xms_cc":{"b":[ 1 ],"values":null}},"a":"\u00e4"}"#,
                ),
                true,
                Some(
                    r#"{"z":1.0e2,"access_token":{"nbf":null,"xms_cc":{"b":[ 1 ],"values":["cp1"]}},"a":"\u00e4"}"#,
                ),
            ),
            (
                Some(r#"{"access_token":null}"#),
                true,
                Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
            ),
        ] {
            assert_eq!(
                parameter(claims, cae).unwrap().as_deref(),
                sent,
                "{claims:?}"
            );
        }
    }

    #[test]
    fn parse_error_does_not_leak_raw_claims() {
        for claims in [r#""SENSITIVE""#, r#"{"a": "SENSITIVE""#, "SENSITIVE"] {
            let text = parameter(Some(claims), true).unwrap_err().to_string();
            assert!(!text.contains("SENSITIVE"), "{text}");
        }
    }

    #[test]
    fn parse_rejects_non_object_and_malformed_with_and_without_the_capability() {
        for claims in ["", "x", "[]", "\"x\"", "eyJhIjoxfQ=="] {
            for cae in [false, true] {
                let error = parameter(Some(claims), cae).unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
            }
        }
        for claims in [
            r#"{"access_token":7}"#,
            r#"{"access_token":{"xms_cc":[]}}"#,
            r#"{"access_token":{"xms_cc":{"values":"cp1"}}}"#,
        ] {
            parameter(Some(claims), true).unwrap_err();
        }
    }
}
