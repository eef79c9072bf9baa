//! Whether somebody's password is checked here or at their organization's own server.

use super::answer;
use crate::{exchange::Exchange, refusal::Refusal, service::Service};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
};
use http::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Describes an account: managed in Entra ID, or unknown. The emulator federates with nobody.
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path((_, username)): Path<(String, String)>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    answer(describe(&service, &username, &exchange), &exchange)
}

fn describe(service: &Service, username: &str, exchange: &Exchange) -> Result<Value, Refusal> {
    if exchange.parameter("api-version").is_none() {
        return Err(Refusal::missing_parameter("api-version"));
    }
    let mut realm = json!({
        "ver": "1.0",
        "account_type": "Unknown",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    });
    let tenant = service
        .directory
        .user(username)
        .and_then(|user| service.directory.tenant(&user.tenant_id));
    if let Some(tenant) = tenant {
        realm["account_type"] = json!("Managed");
        realm["domain_name"] = json!(tenant.domain);
    }
    Ok(realm)
}
