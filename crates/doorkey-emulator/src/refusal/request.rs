//! Requests that are wrong in form.

use super::Refusal;

impl Refusal {
    pub(crate) fn missing_parameter(name: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, message)
    }

    pub(crate) fn wrong_method(method: &str) -> Self {
        let message =
            format!("The endpoint only accepts POST requests. Received a {method} request.");
        Self::new("invalid_request", 900_561, message)
    }

    pub(crate) fn malformed() -> Self {
        let message = "Invalid request. Request is malformed or invalid.";
        Self::new("invalid_request", 9_002_313, message)
    }

    pub(crate) fn unsupported_grant(grant: &str) -> Self {
        let message = format!("The app requested an unsupported grant type '{grant}'.");
        Self::new("unsupported_grant_type", 70003, message)
    }

    pub(crate) fn unsupported_response_type(response_type: &str) -> Self {
        let message =
            format!("response_type '{response_type}' is not enabled for the application.");
        Self::new("unsupported_response_type", 700_054, message)
    }

    pub(crate) fn unsupported_response_mode(mode: &str) -> Self {
        let message =
            format!("'{mode}' is not a supported value of 'response_mode' when requesting a code.");
        Self::new("invalid_request", 70007, message)
    }

    pub(crate) fn unsupported_prompt(prompt: &str) -> Self {
        Self::new(
            "invalid_request",
            90023,
            format!("Unsupported 'prompt' value '{prompt}'."),
        )
    }

    pub(crate) fn unsupported_challenge_method() -> Self {
        let message = "Invalid Code_Challenge_method parameter.";
        Self::new("invalid_request", 50149, message)
    }

    pub(crate) fn malformed_challenge() -> Self {
        let message = "Invalid size of Code_Challenge parameter.";
        Self::new("invalid_request", 501_491, message)
    }
}
