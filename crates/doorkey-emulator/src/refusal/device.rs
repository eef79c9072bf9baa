//! The device authorization grant's answers (RFC 8628, section 3.5).

use super::Refusal;

impl Refusal {
    pub(crate) fn authorization_pending() -> Self {
        let message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Self::new("authorization_pending", 70016, message)
    }

    /// Entra ID's number for this is not documented; RFC 8628 names the error.
    pub(crate) fn slow_down() -> Self {
        let message = "OAuth 2.0 device flow error. Authorization is pending. Poll less often.";
        Self::new("slow_down", 70016, message)
    }

    /// Entra ID's number for this is not documented; its page names the error.
    pub(crate) fn authorization_declined() -> Self {
        let message = "OAuth 2.0 device flow error. The end user denied the authorization request.";
        Self::new("authorization_declined", 70017, message)
    }

    pub(crate) fn expired_device_code() -> Self {
        let message = "The provided value for the input parameter 'device_code' is not valid. This \
                       code has expired.";
        Self::new("expired_token", 70020, message)
    }

    pub(crate) fn unknown_device_code() -> Self {
        let message = "The provided value for the input parameter 'device_code' is not valid.";
        Self::new("bad_verification_code", 70000, message)
    }

    pub(crate) fn wrong_user_code() -> Self {
        let message = "Invalid verification code due to User typing in wrong user code for device \
                       code flow.";
        Self::new("invalid_grant", 70018, message)
    }
}
