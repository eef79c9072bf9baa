//! What Entra ID says when it refuses (RFC 6749, sections 4.1.2.1 and 5.2).

use crate::{directory::User, exchange::Exchange};
use http::StatusCode;
use serde_json::{Value, json};

/// A refusal: OAuth's error, Entra ID's number and words.
///
/// The numbers are those of Microsoft's list of authentication and authorization error codes.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) code: u32,
    message: String,
    suberror: Option<&'static str>,
    claims: Option<String>,
}

impl Refusal {
    fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code,
            message: message.into(),
            suberror: None,
            claims: None,
        }
    }

    fn with_suberror(self, suberror: &'static str) -> Self {
        Self {
            suberror: Some(suberror),
            ..self
        }
    }

    /// The same refusal with the claims that the next sign-in has to meet.
    pub(crate) fn with_claims(self, claims: Option<String>) -> Self {
        Self { claims, ..self }
    }

    /// The same refusal under another of OAuth's names, where endpoints differ in it.
    pub(crate) fn called(self, error: &'static str) -> Self {
        Self { error, ..self }
    }

    /// The words for people, with the ids that support asks for.
    pub(crate) fn description(&self, exchange: &Exchange) -> String {
        format!(
            "{} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.short_description(),
            exchange.request_id,
            exchange.correlation_id,
            exchange.timestamp()
        )
    }

    /// The words for people on a page that shows the ids apart.
    pub(crate) fn short_description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.message)
    }

    /// The words alone, for a page.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The page that explains the number.
    pub(crate) fn error_uri(&self, exchange: &Exchange) -> String {
        format!("{}/error?code={}", exchange.base, self.code)
    }

    /// The body of a reply.
    pub(crate) fn body(&self, exchange: &Exchange) -> Value {
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(exchange),
            "error_codes": [self.code],
            "timestamp": exchange.timestamp(),
            "trace_id": exchange.request_id,
            "correlation_id": exchange.correlation_id,
            "error_uri": self.error_uri(exchange),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = json!(claims);
        }
        body
    }
}

/// Requests that are wrong in form.
impl Refusal {
    pub(crate) fn missing_parameter(name: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, message)
    }

    pub(crate) fn malformed() -> Self {
        let message = "Invalid request. Request is malformed or invalid.";
        Self::new("invalid_request", 9_002_313, message)
    }

    pub(crate) fn malformed_claims() -> Self {
        let message = "Invalid JSON in the 'claims' parameter of the request.";
        Self::new("invalid_request", 900_143, message)
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

/// Applications, tenants, scopes and resources that do not fit.
impl Refusal {
    pub(crate) fn unknown_tenant(tenant: &str) -> Self {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
             signing into the correct cloud. Check with your subscription administrator, this may \
             happen if there are no active subscriptions for the tenant."
        );
        Self::new("invalid_request", 90002, message)
    }

    pub(crate) fn unknown_application(client_id: &str, tenant: &str) -> Self {
        let message = format!(
            "Application with identifier '{client_id}' was not found in the directory '{tenant}'. \
             This can happen if the application has not been installed by the administrator of the \
             tenant or consented to by any user in the tenant. You may have sent your \
             authentication request to the wrong tenant."
        );
        Self::new("unauthorized_client", 700_016, message)
    }

    pub(crate) fn unknown_instance() -> Self {
        Self::new("invalid_instance", 50049, "Unknown or invalid instance.")
    }

    pub(crate) fn unregistered_redirect_uri(uri: &str, client_id: &str) -> Self {
        let message = format!(
            "The redirect URI '{uri}' specified in the request does not match the redirect URIs \
             configured for the application '{client_id}'. Make sure the redirect URI sent in the \
             request matches one added to your application in the Azure portal."
        );
        Self::new("invalid_request", 50011, message)
    }

    pub(crate) fn secret_of_public_client() -> Self {
        let message = "Client is public so neither 'client_assertion' nor 'client_secret' should be \
                       presented.";
        let refusal = Self::new("invalid_client", 700_025, message);
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..refusal
        }
    }

    pub(crate) fn invalid_scope(scope: &str) -> Self {
        let message = format!(
            "The provided request must include a 'scope' input parameter. The provided value for \
             the input parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        Self::new("invalid_scope", 70011, message)
    }

    pub(crate) fn unknown_permission(application: &str, permission: &str, resource: &str) -> Self {
        let message = format!(
            "The application '{application}' asked for scope '{permission}' that doesn't exist on \
             the resource '{resource}'. Contact the app vendor."
        );
        Self::new("invalid_client", 650_053, message)
    }

    pub(crate) fn unknown_resource(resource: &str) -> Self {
        let message = format!(
            "The resource principal named {resource} was not found in the tenant. This can happen \
             if the application has not been installed by the administrator of the tenant or \
             consented to by any user in the tenant. You might have sent your authentication \
             request to the wrong tenant."
        );
        Self::new("invalid_resource", 500_011, message)
    }

    pub(crate) fn several_resources(second: &str) -> Self {
        let message = format!(
            "Provided value for the input parameter scope is not valid because it contains more \
             than one resource. Scope {second} is not valid."
        );
        Self::new("invalid_request", 28000, message)
    }

    pub(crate) fn resource_differs_from_scope() -> Self {
        let message = "The resource parameter provided in the request doesn't match with the \
                       requested scopes.";
        Self::new("invalid_target", 9_010_010, message)
    }

    pub(crate) fn no_passwords_here() -> Self {
        let message = "The grant type is not supported over the /common or /consumers endpoints. \
                       Please use the /organizations or tenant-specific endpoint.";
        Self::new("invalid_request", 9_001_023, message)
    }
}

/// Grants that are spent, old or somebody else's.
impl Refusal {
    pub(crate) fn malformed_grant() -> Self {
        Self::malformed().called("invalid_grant")
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

/// People who cannot sign in, or not like this.
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

/// The device authorization grant's answers (RFC 8628, section 3.5).
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

    pub(crate) fn redeemed_device_code() -> Self {
        Self::redeemed_code()
    }

    pub(crate) fn wrong_user_code() -> Self {
        let message = "Invalid verification code due to User typing in wrong user code for device \
                       code flow.";
        Self::new("invalid_grant", 70018, message)
    }
}
