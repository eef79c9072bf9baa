//! Whether somebody's password is checked here or at their organization's own server.

use super::answer;
use crate::{exchange::Exchange, federation, refusal::Refusal, service::Service};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
};
use http::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Describes an account: managed in Entra ID, federated, or unknown.
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
        "cloud_audience_urn": federation::AUDIENCE,
    });
    let tenant = service
        .directory
        .named(username)
        .find(|user| !user.is_personal())
        .and_then(|user| service.directory.tenant(&user.tenant_id));
    if let Some(federation) = service.directory.federation_of(username) {
        realm["account_type"] = json!("Federated");
        realm["domain_name"] = json!(federation.domain);
        realm["federation_protocol"] = json!("WSTrust");
        let base = federation::base(exchange, federation);
        realm["federation_metadata_url"] = json!(format!("{base}/mex"));
        realm["federation_active_auth_url"] =
            json!(federation::active_endpoint(exchange, federation));
    } else if let Some(tenant) = tenant {
        realm["account_type"] = json!("Managed");
        realm["domain_name"] = json!(tenant.domain);
    }
    Ok(realm)
}
