//! People who cannot sign in, or not like this.

use super::Refusal;
use crate::directory::User;
use serde_json::json;

impl Refusal {
    pub(crate) fn unknown_person(username: &str) -> Self {
        let message = format!(
            "The user account {username} does not exist in the directory. To sign into this \
             application, the account must be added to the directory."
        );
        Self::new("invalid_grant", 50034, message)
    }

    pub(crate) fn not_in_tenant(user: &User, tenant: &str) -> Self {
        let message = format!(
            "User account '{}' from identity provider 'https://sts.windows.net/{}/' does not exist \
             in tenant '{tenant}' and cannot access the application in that tenant. The account \
             needs to be added as an external user in the tenant first. Sign out and sign in again \
             with a different user account.",
            user.username, user.tenant_id
        );
        Self::new("invalid_grant", 50020, message)
    }

    pub(crate) fn wrong_password() -> Self {
        let message = "Error validating credentials due to invalid username or password.";
        Self::new("invalid_grant", 50126, message)
    }

    pub(crate) fn locked_person() -> Self {
        let message = "The account is locked, you've tried to sign in too many times with an \
                       incorrect user ID or password.";
        Self::new("invalid_grant", 50053, message)
    }

    pub(crate) fn expired_password() -> Self {
        Self::new("invalid_grant", 50055, "The password is expired.")
            .with_suberror("user_password_expired")
    }

    /// With what the next sign-in has to satisfy, as Conditional Access answers.
    pub(crate) fn policy_not_met(policy: &str, resource: &str) -> Self {
        let claims = json!({
            "access_token": {"polids": {"essential": true, "values": [policy]}},
        });
        Self::second_factor_needed(resource)
            .called("interaction_required")
            .with_claims(Some(claims.to_string()))
    }

    pub(crate) fn disabled_person() -> Self {
        Self::new("invalid_grant", 50057, "The user account is disabled.")
    }

    pub(crate) fn second_factor_needed(resource: &str) -> Self {
        let message = format!(
            "Due to a configuration change made by your administrator, or because you moved to a \
             new location, you must use multi-factor authentication to access '{resource}'."
        );
        Self::new("invalid_grant", 50076, message).with_suberror("basic_action")
    }

    pub(crate) fn wrong_second_factor() -> Self {
        let message = "Authentication failed during strong authentication request.";
        Self::new("access_denied", 500_121, message)
    }

    pub(crate) fn consent_needed(client_id: &str, name: &str) -> Self {
        let message = format!(
            "The user or administrator has not consented to use the application with ID \
             '{client_id}' named '{name}'. Send an interactive authorization request for this user \
             and resource."
        );
        Self::new("invalid_grant", 65001, message).with_suberror("consent_required")
    }

    pub(crate) fn consent_declined() -> Self {
        Self::new(
            "access_denied",
            65004,
            "User declined to consent to access the app.",
        )
    }

    pub(crate) fn nobody_signed_in() -> Self {
        let message = "A silent sign-in request was sent but no user is signed in.";
        Self::new("login_required", 50058, message)
    }

    pub(crate) fn several_people() -> Self {
        let message = "Either multiple user identities are available for the current request or \
                       selected account is not supported for the scenario.";
        Self::new("interaction_required", 16000, message)
    }
}
