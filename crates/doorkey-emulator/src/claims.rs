//! The `claims` parameter (OpenID Connect Core 1.0, section 5.5), as far as Entra ID heeds it.

use crate::{directory::User, refusal::Refusal, scopes::Scopes};
use serde_json::Value;

/// What a request demands of the access token.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Claims {
    /// The client says that it understands claims challenges (`xms_cc` with `cp1`).
    pub(crate) continuous_access: bool,
    /// Authentication contexts that the sign-in must have met.
    pub(crate) contexts: Vec<String>,
    /// The parameter itself, which goes back with a refusal.
    pub(crate) text: Option<String>,
}

impl Claims {
    /// Reads the parameter; nothing demands nothing.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let claims: Value = serde_json::from_str(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(Refusal::malformed)?;
        let access_token = &claims["access_token"];
        Ok(Self {
            continuous_access: values(&access_token["xms_cc"])
                .iter()
                .any(|value| value.eq_ignore_ascii_case("cp1")),
            contexts: ["acrs", "polids"]
                .iter()
                .flat_map(|claim| values(&access_token[claim]))
                .collect(),
            text: Some(text.to_owned()),
        })
    }

    /// What a person's sign-in meets: what was asked for, and what policies demand of them for these
    /// resources, which the pages see to.
    pub(crate) fn contexts_of(&self, user: &User, scopes: &Scopes) -> Vec<String> {
        let policies = scopes
            .resources
            .iter()
            .filter_map(|entry| user.policy_for(&entry.resource.name));
        self.contexts.iter().cloned().chain(policies).collect()
    }
}

/// The `value` or `values` of one claim (OpenID Connect Core 1.0, section 5.5.1).
fn values(claim: &Value) -> Vec<String> {
    let one = claim["value"].as_str().map(str::to_owned);
    let many = claim["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    one.into_iter().chain(many.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_and_contexts_are_read() {
        for (text, continuous_access, contexts) in [
            (r#"{}"#, false, &[][..]),
            (
                r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
                true,
                &[],
            ),
            (
                r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#,
                true,
                &[],
            ),
            (
                r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#,
                false,
                &["c1"],
            ),
            (
                r#"{"access_token":{"acrs":{"values":["c1","c2"]}},"id_token":null}"#,
                false,
                &["c1", "c2"],
            ),
            (
                r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#,
                false,
                &[],
            ),
        ] {
            let claims = Claims::parse(Some(text)).expect(text);
            assert_eq!(claims.continuous_access, continuous_access, "{text}");
            assert_eq!(claims.contexts, contexts, "{text}");
        }
        assert_eq!(Claims::parse(None).unwrap(), Claims::default());
        for text in ["", "{", "[]", "\"cp1\""] {
            assert!(Claims::parse(Some(text)).is_err(), "{text}");
        }
    }
}
