//! The authorization endpoint (RFC 6749, section 3.1).

use crate::{exchange::Exchange, service::Service, sign_in};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
};
use http::Response;
use std::sync::Arc;

/// Shows a person the first page of their sign-in, or answers the application at once.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    sign_in::begin(&service, &tenant, &exchange)
}
