//! The claims request of
//! [OpenID Connect Core, section 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter).

use crate::error::{Error, Result};
use serde_json::{Map, Value, json};

/// The capability that makes a token revocable: the client knows what to do with a claims
/// challenge
/// ([Microsoft's page](https://learn.microsoft.com/entra/identity-platform/claims-challenge#client-capabilities)).
const CONTINUOUS_ACCESS: &str = "cp1";

/// What is sent as `claims`: the caller's text as it was given, unless our capability has to be
/// added to it.
pub(crate) fn parameter(claims: Option<&str>, enable_cae: bool) -> Result<Option<String>> {
    let mut request = match claims {
        Some(claims) => parse(claims)?,
        None if enable_cae => Map::new(),
        None => return Ok(None),
    };
    if !enable_cae {
        return Ok(claims.map(str::to_owned));
    }
    add_capability(&mut request)?;
    Ok(Some(Value::Object(request).to_string()))
}

fn parse(claims: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(claims).map_err(|error| {
        Error::invalid_argument(format!(
            "`claims` is not a JSON object ({error}); give the decoded claims of the challenge"
        ))
    })
}

fn add_capability(request: &mut Map<String, Value>) -> Result<()> {
    let refuse = |member: &str| {
        Error::invalid_argument(format!(
            "`claims` has a member `{member}` of a shape that is none"
        ))
    };
    let access_token = match request.entry("access_token").or_insert_with(|| json!({})) {
        Value::Object(members) => members,
        // `null` asks for the default, as for any claim.
        member @ Value::Null => {
            *member = json!({});
            member
                .as_object_mut()
                .ok_or_else(|| refuse("access_token"))?
        }
        _ => return Err(refuse("access_token")),
    };
    let capabilities = access_token.entry("xms_cc").or_insert(Value::Null);
    let mut values = match capabilities.get("values") {
        None => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(_) => return Err(refuse("access_token.xms_cc.values")),
    };
    let known = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| value.eq_ignore_ascii_case(CONTINUOUS_ACCESS))
    };
    if !values.iter().any(known) {
        values.push(CONTINUOUS_ACCESS.into());
    }
    *capabilities = json!({ "values": values });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capability_joins_what_the_caller_asks() {
        for (claims, cae, sent) in [
            (None, false, None),
            (
                None,
                true,
                Some(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
            ),
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
    fn malformed_claims_are_refused_with_and_without_the_capability() {
        for claims in ["", "x", "[]", "\"x\"", "eyJhIjoxfQ=="] {
            for cae in [false, true] {
                let error = parameter(Some(claims), cae).unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
            }
        }
        assert!(parameter(Some(r#"{"access_token":7}"#), true).is_err());
    }
}
