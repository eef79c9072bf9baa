//! Grants that are spent, old or somebody else's.

use super::Refusal;

impl Refusal {
    pub(crate) fn malformed_grant() -> Self {
        Self::malformed().called("invalid_grant")
    }

    pub(crate) fn malformed_assertion() -> Self {
        let message = "SAML Assertion is invalid: it was changed, is too old, or not of a server \
                       that is trusted.";
        Self::new("invalid_grant", 50008, message)
    }

    pub(crate) fn expired_code() -> Self {
        let message = "The provided authorization code or refresh token has expired due to \
                       inactivity. Send a new interactive authorization request for this user and \
                       resource.";
        Self::new("invalid_grant", 70008, message)
    }

    pub(crate) fn redeemed_code() -> Self {
        let message = "OAuth2 Authorization code was already redeemed, please retry with a new \
                       valid code or use an existing refresh token.";
        Self::new("invalid_grant", 54005, message)
    }

    pub(crate) fn code_of_another_tenant() -> Self {
        let message = "Provided Authorization Code is intended to use against other tenant, thus \
                       rejected.";
        Self::new("invalid_grant", 700_005, message)
    }

    pub(crate) fn grant_of_another_client() -> Self {
        let message = "The grant was issued for a different client id.";
        Self::new("invalid_grant", 700_007, message)
    }

    pub(crate) fn another_redirect_uri(sent: &str, expected: &str) -> Self {
        let message = format!(
            "The reply address '{sent}' does not match the reply address '{expected}' provided \
             when requesting Authorization code."
        );
        Self::new("invalid_grant", 500_112, message)
    }

    pub(crate) fn wrong_verifier() -> Self {
        let message = "The Code_Verifier does not match the code_challenge supplied in the \
                       authorization request.";
        Self::new("invalid_grant", 501_481, message)
    }

    pub(crate) fn expired_refresh_token(issued: &str, inactive: &str) -> Self {
        let message = format!(
            "The refresh token has expired due to inactivity. The token was issued on {issued} and \
             was inactive for {inactive}."
        );
        Self::new("invalid_grant", 700_082, message)
    }

    pub(crate) fn revoked_refresh_token(issued: &str, valid_from: &str) -> Self {
        let message = format!(
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
             The user might have changed or reset their password. The grant was issued on \
             '{issued}' and the TokensValidFrom date (before which tokens are not valid) for this \
             user is '{valid_from}'."
        );
        Self::new("invalid_grant", 50173, message)
    }
}
