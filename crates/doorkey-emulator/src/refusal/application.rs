//! Applications, tenants, scopes and resources that do not fit.

use super::Refusal;
use http::StatusCode;

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
