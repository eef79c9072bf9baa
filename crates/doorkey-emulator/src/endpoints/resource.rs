//! A protected resource, to try a token on: a bearer token (RFC 6750), or one that is bound to a key.

use super::{discovery::cloud_hosts, proof::Proof};
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
    let header = exchange.request.header("authorization").unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => me_of_bearer(&service, &exchange, token.trim()),
        "pop" => me_of_proof(&service, &exchange, token.trim()),
        _ => {
            let either = format!(
                "{}, {}",
                bearer_challenge(&exchange),
                nonce(&service, &exchange)
            );
            refuse(&either, None)
        }
    }
}

fn me_of_bearer(service: &Service, exchange: &Exchange, token: &str) -> Response<Body> {
    match check(service, exchange, token) {
        Ok(claims) if claims["cnf"].is_null() => super::json(StatusCode::OK, &person(&claims)),
        // Whoever has it may have found it.
        Ok(_) => refuse(
            &nonce(service, exchange),
            Some("The token is bound to a key, and came without a proof"),
        ),
        Err(why) => refuse(&bearer_challenge(exchange), Some(why)),
    }
}

fn me_of_proof(service: &Service, exchange: &Exchange, signed: &str) -> Response<Body> {
    let checked = Proof::check(service, exchange, signed).and_then(|proof| {
        let claims = check(service, exchange, &proof.access_token)?;
        match proof.is_of(&claims) {
            true => Ok(claims),
            false => Err("The token is not bound to the key of the signed request"),
        }
    });
    match checked {
        Ok(claims) => {
            let mut response = super::json(StatusCode::OK, &person(&claims));
            let next = format!("nextnonce=\"{}\"", service.nonces.issue(exchange.now));
            if let Ok(value) = HeaderValue::from_str(&next) {
                response.headers_mut().insert("authentication-info", value);
            }
            response
        }
        Err(why) => refuse(&nonce(service, exchange), Some(why)),
    }
}

/// The claims of a token whose signature, issuer, audience and time are good, checked in this order.
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
    Ok(claims)
}

fn person(claims: &Value) -> Value {
    let scopes = claims["scp"].as_str().unwrap_or_default();
    json!({
        "username": claims.get("unique_name").or(claims.get("preferred_username")),
        "name": claims["name"],
        "tenant_id": claims["tid"],
        "oid": claims["oid"],
        "audience": claims["aud"],
        "application": claims.get("appid").or(claims.get("azp")),
        "scopes": scopes.split_whitespace().collect::<Vec<_>>(),
        "expires_on": claims["exp"],
    })
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

fn bearer_challenge(exchange: &Exchange) -> String {
    let base = &exchange.base;
    format!("Bearer realm=\"\", authorization_uri=\"{base}/common/oauth2/authorize\"")
}

/// What a signed request is asked for with.
fn nonce(service: &Service, exchange: &Exchange) -> String {
    let nonce = service.nonces.issue(exchange.now);
    format!("PoP nonce=\"{nonce}\"")
}

/// Asks for a (better) token (RFC 6750, section 3).
fn refuse(challenge: &str, why: Option<&str>) -> Response<Body> {
    let mut header = challenge.to_owned();
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
