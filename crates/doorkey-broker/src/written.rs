//! What all brokers write in one way.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Who a token's `client_info` says that it is of.
pub(crate) fn home_account_id(client_info: &str) -> Option<String> {
    let info = json(client_info)?;
    let member = |name: &str| info[name].as_str().filter(|value| !value.is_empty());
    Some(format!("{}.{}", member("uid")?, member("utid")?))
}

/// JSON in base64url.
pub(crate) fn json(encoded: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Somebody else's text in a sentence of ours: one line, and not a long one.
pub(crate) fn cleaned(text: &str) -> String {
    const LONGEST: usize = 400;
    let plain = text.split(|letter: char| letter.is_control() || letter.is_whitespace());
    let words: Vec<_> = plain.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The numbers of `AADSTS50076` and the like.
pub(crate) fn codes(text: &str) -> Vec<u64> {
    let after = text.split("AADSTS").skip(1);
    let digits = after.map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next());
    digits
        .flatten()
        .filter_map(|digits| digits.parse().ok())
        .collect()
}
