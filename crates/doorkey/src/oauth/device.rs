//! The device authorization request
//! ([RFC 8628, section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)) and its poll.

use crate::{
    error::{Error, Result},
    sensitive::Sensitive,
};
use serde::Deserialize;
use std::time::Duration;

/// What the person types, and what we poll with.
#[derive(Debug)]
pub(crate) struct DeviceAuthorization {
    pub(crate) device_code: Sensitive,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) message: Option<String>,
    pub(crate) expires_in: Duration,
    pub(crate) interval: Duration,
}

/// What one poll brought.
pub(crate) enum Poll<T> {
    Done(T),
    /// Nobody has answered yet.
    Pending,
    /// And five seconds more between polls, from now on.
    SlowDown,
}

impl DeviceAuthorization {
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let body: Body = super::token_reply::object(body).ok_or_else(|| {
            Error::protocol(
                "the answer to the device code request is not what RFC 8628 asks for; check \
                 `authority`, and whether a proxy or a sign-in page of the network answers in its \
                 place",
            )
        })?;
        let plain = |text: String| {
            text.chars()
                .filter(|&c| c == '\n' || !c.is_control())
                .collect::<String>()
        };
        Ok(Self {
            device_code: Sensitive::new(body.device_code),
            user_code: plain(body.user_code),
            verification_uri: plain(body.verification_uri),
            message: body
                .message
                .map(plain)
                .filter(|message| !message.is_empty()),
            // Required by the RFC; where it is missing anyway, MSAL's figure.
            expires_in: Duration::from_secs(body.expires_in.unwrap_or(1_800)),
            // "If no value is provided, clients MUST use 5".
            interval: Duration::from_secs(body.interval.unwrap_or(5)),
        })
    }
}

#[derive(Deserialize)]
struct Body {
    device_code: String,
    user_code: String,
    verification_uri: String,
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    interval: Option<u64>,
}

fn lenient_seconds<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let seconds = super::token_reply::lenient_seconds(deserializer)?;
    Ok(seconds.and_then(|seconds| u64::try_from(seconds).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_the_rfcs_defaults() {
        let read = |members: &str| {
            let body = format!(
                r#"{{"device_code":"d","user_code":"ABC","verification_uri":"https://x"{members}}}"#
            );
            DeviceAuthorization::read(body.as_bytes()).unwrap()
        };
        assert_eq!(read("").interval, Duration::from_secs(5));
        assert_eq!(
            read(r#","interval":"7","expires_in":900"#)
                .interval
                .as_secs(),
            7
        );
        assert_eq!(read(r#","expires_in":900"#).expires_in.as_secs(), 900);
        assert_eq!(
            read(r#","message":"a\u001b[2Jb""#).message.as_deref(),
            Some("a[2Jb")
        );
        assert!(DeviceAuthorization::read(b"{}").is_err());
    }
}
