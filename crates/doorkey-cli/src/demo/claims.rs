//! What an access token says, for people to see. Programs must not read tokens that are not for
//! them: their form is between the authority and the resource.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The few claims that tell a newcomer most, in this order, where the token has them.
pub(super) fn shown(token: &str) -> Option<Vec<(&'static str, String)>> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let text = |name: &&'static str| Some((*name, claims.get(*name)?.as_str()?.to_owned()));
    let mut rows: Vec<_> = SHOWN.iter().filter_map(text).collect();
    if let Some(minutes) = minutes_of_life(&claims) {
        rows.push(("exp", format!("{minutes} minutes after it was issued")));
    }
    Some(rows)
}

fn minutes_of_life(claims: &Value) -> Option<i64> {
    let at = |name: &str| claims.get(name)?.as_i64();
    Some((at("exp")? - at("iat")?) / 60)
}

/// For whom it is, by whom, of which tenant, about whom, and what it allows.
const SHOWN: [&str; 7] = [
    "aud",
    "iss",
    "tid",
    "unique_name",
    "preferred_username",
    "name",
    "scp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_are_decoded_in_order() {
        let payload = URL_SAFE_NO_PAD
            .encode(r#"{"scp":"read","aud":"a","exp":4860,"iat":60,"ver":"1.0","tid":7}"#);
        let rows = shown(&format!("e30.{payload}.c2ln")).unwrap();
        let rows: Vec<_> = rows.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(
            rows,
            [
                ("aud", "a"),
                ("scp", "read"),
                ("exp", "80 minutes after it was issued")
            ]
        );
        assert_eq!(shown("opaque"), None);
    }
}
