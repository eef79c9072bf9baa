//! A protected resource, to try a token on (RFC 6750).

use super::discovery::cloud_hosts;
use crate::{
    exchange::Exchange,
    resources::Resource,
    service::Service,
    tenant::{TFP, access_token_issuer, is_policy},
};
use axum::{Extension, body::Body, extract::State};
use http::{HeaderValue, Response, StatusCode, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};
use std::sync::Arc;

/// Tells whose token it was given, after checking all that a resource has to check.
pub(super) async fn me(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let token = exchange.request.header("authorization").and_then(bearer);
    let Some(token) = token else {
        return challenge(&exchange, None);
    };
    match check(&service, &exchange, token) {
        Ok(body) => super::json(StatusCode::OK, &body),
        Err(why) => challenge(&exchange, Some(why)),
    }
}

/// The token of a bearer header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Checks signature, issuer, audience and time, in this order.
fn check(service: &Service, exchange: &Exchange, token: &str) -> Result<Value, &'static str> {
    let claims = service
        .signing_key
        .verify(token)
        .ok_or("The signature is invalid")?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let issuer = text("iss");
    // AD FS and B2C name no tenant.
    let is_known = match claims["tid"].as_str() {
        Some(id) => {
            let tenant = service.directory.tenant(id);
            let tenant = tenant.ok_or("The tenant is unknown")?;
            issuers(service, exchange, &tenant.id).any(|known| known == issuer)
        }
        None => {
            let mut tenants = service.directory.tenants().iter();
            issuer == access_token_issuer(&exchange.base)
                || tenants.any(|tenant| is_policys(issuer, &exchange.base, &tenant.id))
        }
    };
    if !is_known {
        return Err("The issuer is invalid");
    }
    if Resource::find(text("aud"), &service.directory).is_none() {
        return Err("The audience is invalid");
    }
    let now = exchange.now.unix_timestamp();
    if claims["exp"].as_i64().is_none_or(|expires| expires <= now) {
        return Err("The token expired");
    }
    if claims["nbf"].as_i64().is_none_or(|begins| begins > now) {
        return Err("The token is not valid yet");
    }
    Ok(json!({
        "username": claims.get("unique_name").or(claims.get("preferred_username")),
        "name": claims["name"],
        "tenant_id": claims["tid"],
        "oid": claims["oid"],
        "audience": claims["aud"],
        "application": claims.get("appid").or(claims.get("azp")),
        "scopes": text("scp").split_whitespace().collect::<Vec<_>>(),
        "expires_on": claims["exp"],
    }))
}

/// Whether B2C issued a token of tenant `id`, in either of its forms.
fn is_policys(issuer: &str, base: &str, id: &str) -> bool {
    let path = issuer.strip_prefix(base).unwrap_or_default();
    let segments: Vec<_> = path.split('/').collect();
    match segments.as_slice() {
        ["", tenant, "v2.0", ""] => *tenant == id,
        ["", TFP, tenant, policy, "v2.0", ""] => *tenant == id && is_policy(policy),
        _ => false,
    }
}

/// Who may have issued a token of tenant `id`: version 1.0, and version 2.0 at each of our names.
fn issuers(service: &Service, exchange: &Exchange, id: &str) -> impl Iterator<Item = String> {
    let version_1 = format!("https://sts.windows.net/{id}/");
    let bases = [service.authority.clone(), exchange.base.clone()];
    let clouds = cloud_hosts().map(|host| format!("https://{host}"));
    let version_2: Vec<String> = bases
        .into_iter()
        .chain(clouds)
        .map(|base| format!("{base}/{id}/v2.0"))
        .collect();
    let by_id = format!("https://{id}.ciamlogin.com/{id}/v2.0");
    [version_1, by_id].into_iter().chain(version_2)
}

/// Asks for a (better) token (RFC 6750, section 3).
fn challenge(exchange: &Exchange, why: Option<&str>) -> Response<Body> {
    let mut header = format!(
        "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\"",
        exchange.base
    );
    let mut body =
        json!({"error": {"code": "AuthenticationFailed", "message": "A token is needed."}});
    if let Some(why) = why {
        header.push_str(&format!(
            ", error=\"invalid_token\", error_description=\"{why}\""
        ));
        body =
            json!({"error": {"code": "InvalidAuthenticationToken", "message": format!("{why}.")}});
    }
    let mut response = super::json(StatusCode::UNAUTHORIZED, &body);
    if let Ok(value) = HeaderValue::from_str(&header) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}
