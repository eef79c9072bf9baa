//! The device authorization endpoint (RFC 8628, sections 3.1 and 3.2).

use super::{answer, application, realm::Realm};
use crate::{
    claims::Claims, exchange::Exchange, grants::device::DeviceRequest, refusal::Refusal,
    scopes::Scopes, service::Service, tenant::Audience,
};
use axum::{Extension, body::Body, extract::State};
use http::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Begins a sign-in that a person finishes on another device.
pub(super) async fn begin(
    State(service): State<Arc<Service>>,
    Realm(tenant): Realm,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    answer(codes(&service, &tenant, &exchange), &exchange)
}

fn codes(service: &Service, tenant: &str, exchange: &Exchange) -> Result<Value, Refusal> {
    if exchange.repeats_a_parameter() {
        return Err(Refusal::malformed());
    }
    let audience = Audience::find(tenant, &service.directory)?;
    let application = application(service, &audience, exchange)?;
    let scope = exchange.parameter("scope").unwrap_or_default();
    let scopes = Scopes::parse(scope, &service.directory, application)?;
    scopes.only_resource()?;
    let request = DeviceRequest {
        client_id: application.client_id.clone(),
        realm: audience.realm().to_owned(),
        scope: scopes.text,
        claims: Claims::parse(exchange.parameter("claims"))?,
        expires: exchange.now + service.settings.device_code_lifetime,
    };
    let interval = service.settings.device_code_interval;
    let codes = service.devices.begin(request, interval, exchange.now);
    let of = if audience.is_adfs() {
        audience.realm()
    } else {
        "common"
    };
    let uri = format!("{}/{of}/oauth2/deviceauth", exchange.base);
    let message = format!(
        "To sign in, use a web browser to open the page {uri} and enter the code {} to \
         authenticate.",
        codes.user_code
    );
    // Entra ID sends no `verification_uri_complete`.
    Ok(json!({
        "user_code": codes.user_code,
        "device_code": codes.device_code,
        "verification_uri": uri,
        "expires_in": service.settings.device_code_lifetime.whole_seconds(),
        "interval": interval.whole_seconds(),
        "message": message,
    }))
}
