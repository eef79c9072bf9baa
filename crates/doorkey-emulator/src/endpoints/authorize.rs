//! The authorization endpoint (RFC 6749, section 3.1).

use super::realm::Realm;
use crate::{exchange::Exchange, service::Service, sign_in};
use axum::{Extension, body::Body, extract::State};
use http::Response;
use std::sync::Arc;

/// Shows a person the first page of their sign-in, or answers the application at once.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Realm(tenant): Realm,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    sign_in::begin(&service, &tenant, &exchange)
}
