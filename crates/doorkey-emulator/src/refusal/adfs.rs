//! How AD FS refuses: OAuth's two members and a number of its own where one is known to us.

use super::Refusal;
use serde_json::{Value, json};

/// Numbers of Entra ID, and AD FS' words for the same.
const WORDS: &[(u32, &str)] = &[
    (50034, "MSIS9659: Invalid 'username' or 'password'."),
    (50126, "MSIS9659: Invalid 'username' or 'password'."),
    (
        9_002_313,
        "MSIS9612: The authorization code received in 'code' parameter is invalid. ",
    ),
    (
        700_016,
        "MSIS9223: Received invalid OAuth authorization request. The received 'client_id' is \
         invalid as no registered client was found with this client identifier. Make sure that the \
         client is registered. Received client_id: ",
    ),
    (
        500_011,
        "MSIS9602: The received 'resource' parameter is invalid. The authorization server can not \
         find a registered resource with the specified identifier.",
    ),
];

impl Refusal {
    /// The members of an answer by redirect.
    pub(crate) fn adfs_answer(&self) -> Vec<(&'static str, String)> {
        vec![
            ("error", self.adfs_error().to_owned()),
            ("error_description", self.adfs_description().to_owned()),
        ]
    }

    pub(super) fn adfs_body(&self) -> Value {
        json!({
            "error": self.adfs_error(),
            "error_description": self.adfs_description(),
        })
    }

    /// Of the device grant it uses the names of RFC 8628.
    fn adfs_error(&self) -> &'static str {
        match self.error {
            "authorization_declined" => "access_denied",
            "bad_verification_code" => "invalid_grant",
            "invalid_tenant" => "invalid_request",
            error => error,
        }
    }

    fn adfs_description(&self) -> &str {
        let known = WORDS.iter().find(|(code, _)| *code == self.code);
        known.map_or(&self.message, |(_, words)| words)
    }
}
