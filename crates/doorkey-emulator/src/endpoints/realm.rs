//! What a path names before the endpoint.

use super::answer;
use crate::{
    exchange::Exchange,
    refusal::Refusal,
    tenant::{ADFS, TFP, is_ciam},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, RawPathParams},
};
use http::{Response, StatusCode, request::Parts};

/// A tenant, `adfs`, or a tenant and its policy, as [`Audience::find`](crate::tenant::Audience::find)
/// reads it.
pub(super) struct Realm(pub(super) String);

/// Names for many tenants, of which a host with one tenant knows nothing.
const OF_MANY: [&str; 3] = ["common", "organizations", "consumers"];

impl<S: Send + Sync> FromRequestParts<S> for Realm {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let Ok(parameters) = parameters else {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Err(response);
        };
        let named: Vec<_> = parameters.iter().map(|(_, value)| value).collect();
        let realm = match named.as_slice() {
            [] => return Ok(Self(ADFS.to_owned())),
            [tenant, policy] if parts.uri.path().starts_with("/tfp/") => {
                format!("{TFP}/{tenant}/{policy}")
            }
            named => named.join("/"),
        };
        if let Some(exchange) = parts.extensions.get::<Exchange>() {
            let is_of_many = OF_MANY.iter().any(|name| realm.eq_ignore_ascii_case(name));
            // AD FS' endpoints have paths of their own.
            if realm.eq_ignore_ascii_case(ADFS) || (is_ciam(&exchange.base) && is_of_many) {
                return Err(answer(Err(Refusal::unknown_tenant(&realm)), exchange));
            }
        }
        Ok(Self(realm))
    }
}
