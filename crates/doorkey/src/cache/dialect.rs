//! How the libraries write the members of an entity, and what some of them leave there besides.

use serde::{Deserialize, Deserializer, Serializer, de};

/// Times beyond the year 9999 are a mistake of whoever wrote them.
const LAST_SECOND: i64 = 253_402_300_799;

pub(super) fn as_text<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seconds)
}

pub(super) fn bearer() -> String {
    "Bearer".into()
}

pub(super) fn bearer_unless_set<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    Ok(filled(deserializer)?.unwrap_or_else(bearer))
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

pub(super) fn filled<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Some writers leave what they do not have empty, or null.
pub(super) fn is_set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(!value.is_null() && value != "")
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = optional_seconds(deserializer)?;
    seconds.ok_or_else(|| de::Error::custom("a time is missing"))
}

/// Text by MSAL's rule; some writers leave numbers.
pub(super) fn optional_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(f64),
    }
    let number = match Option::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Written::Number(number)) => number,
        Some(Written::Text(text)) if text.trim().is_empty() => return Ok(None),
        Some(Written::Text(text)) => text.trim().parse().map_err(de::Error::custom)?,
    };
    if number.is_nan() {
        return Err(de::Error::custom("a time is no number"));
    }
    // Saturates.
    let seconds = number as i64;
    if seconds > LAST_SECOND {
        return Err(de::Error::custom("a time is beyond the year 9999"));
    }
    Ok(Some(seconds.max(0)))
}
