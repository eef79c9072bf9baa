//! What clients ask before they know the endpoints (OpenID Connect Discovery 1.0).

use super::{answer, realm::Realm};
use crate::{
    exchange::Exchange,
    refusal::Refusal,
    service::Service,
    tenant::{Audience, access_token_issuer},
};
use axum::{Extension, body::Body, extract::State};
use http::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// The clouds: the host to ask, the host to cache under, and every name that the cloud goes by.
const CLOUDS: &[(&str, &str, &[&str])] = &[
    (
        "login.microsoftonline.com",
        "login.windows.net",
        &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
    ),
    (
        "login.partner.microsoftonline.cn",
        "login.partner.microsoftonline.cn",
        &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    ),
    (
        "login.microsoftonline.de",
        "login.microsoftonline.de",
        &["login.microsoftonline.de"],
    ),
    (
        "login.microsoftonline.us",
        "login.microsoftonline.us",
        &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    ),
    (
        "login-us.microsoftonline.com",
        "login-us.microsoftonline.com",
        &["login-us.microsoftonline.com"],
    ),
    (
        "login.sovcloud-identity.fr",
        "login.sovcloud-identity.fr",
        &["login.sovcloud-identity.fr"],
    ),
    (
        "login.sovcloud-identity.de",
        "login.sovcloud-identity.de",
        &["login.sovcloud-identity.de"],
    ),
    (
        "login.sovcloud-identity.sg",
        "login.sovcloud-identity.sg",
        &["login.sovcloud-identity.sg"],
    ),
];

/// Every name of every cloud.
pub(super) fn cloud_hosts() -> impl Iterator<Item = &'static str> {
    CLOUDS
        .iter()
        .flat_map(|(_, _, aliases)| aliases.iter().copied())
}

/// The metadata of an authority (OpenID Connect Discovery 1.0, section 3).
pub(super) async fn open_id(
    State(service): State<Arc<Service>>,
    Realm(tenant): Realm,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let metadata = Audience::find(&tenant, &service.directory)
        .map(|audience| metadata(&audience, &exchange.base))
        .map_err(|refusal| refusal.called("invalid_tenant"));
    answer(metadata, &exchange)
}

fn metadata(audience: &Audience<'_>, base: &str) -> Value {
    if audience.is_adfs() {
        return adfs_metadata(audience, base);
    }
    let realm = audience.realm();
    let endpoint = |name: &str| format!("{base}/{realm}/oauth2/v2.0/{name}");
    let mut metadata = json!({
        "token_endpoint": endpoint("token"),
        "token_endpoint_auth_methods_supported": ["none"],
        "jwks_uri": format!("{base}/{realm}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": audience.issuer(base),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": endpoint("authorize"),
        "device_authorization_endpoint": endpoint("devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": endpoint("logout"),
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver",
            "oid",
        ],
        "tenant_region_scope": Value::Null,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    });
    if let (Audience::Policy { .. }, Value::Object(members)) = (audience, &mut metadata) {
        members.remove("device_authorization_endpoint");
    }
    metadata
}

/// The members and the slashes of AD FS 2019
/// ([MS-OIDCE](https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce/f629647a-4825-465b-80bb-32c7e9cec2c8)).
fn adfs_metadata(audience: &Audience<'_>, base: &str) -> Value {
    json!({
        "issuer": audience.issuer(base),
        "authorization_endpoint": format!("{base}/adfs/oauth2/authorize/"),
        "token_endpoint": format!("{base}/adfs/oauth2/token/"),
        "jwks_uri": format!("{base}/adfs/discovery/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "password",
            "urn:ietf:params:oauth:grant-type:device_code", "device_code",
        ],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["user_impersonation", "offline_access", "profile", "email", "openid"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "access_token_issuer": access_token_issuer(base),
        "claims_supported": [
            "aud", "iss", "iat", "exp", "auth_time", "nonce", "sub", "upn", "unique_name",
        ],
        "microsoft_multi_refresh_token": true,
        "end_session_endpoint": format!("{base}/adfs/oauth2/logout"),
        "device_authorization_endpoint": format!("{base}/adfs/oauth2/devicecode"),
        "capabilities": [],
    })
}

/// The keys that tokens are checked with (RFC 7517, section 5).
pub(super) async fn keys(
    State(service): State<Arc<Service>>,
    Realm(tenant): Realm,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let keys = Audience::find(&tenant, &service.directory).map(|audience| {
        let mut key = service.signing_key.public_jwk();
        key["issuer"] = json!(audience.issuer(&exchange.base));
        json!({"keys": [key]})
    });
    answer(
        keys.map_err(|refusal| refusal.called("invalid_tenant")),
        &exchange,
    )
}

/// Which cloud an authority is of, and by what other names it goes.
pub(super) async fn instance(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    answer(describe(&service, &exchange), &exchange)
}

fn describe(service: &Service, exchange: &Exchange) -> Result<Value, Refusal> {
    match exchange.parameter("api-version") {
        Some("1.0" | "1.1") => {}
        Some(_) => return Err(Refusal::malformed()),
        None => return Err(Refusal::missing_parameter("api-version")),
    }
    let endpoint = exchange
        .parameter("authorization_endpoint")
        .ok_or_else(|| Refusal::missing_parameter("authorization_endpoint"))?;
    let endpoint = Url::parse(endpoint)
        .ok()
        .filter(|url| url.scheme() == "https")
        .ok_or_else(Refusal::unknown_instance)?;
    let host = endpoint.host_str().unwrap_or_default();
    let tenant = endpoint
        .path_segments()
        .and_then(|mut path| path.next())
        .unwrap_or_default();
    let own = Url::parse(&service.authority).ok();
    let is_own = own.is_some_and(|own| own.origin() == endpoint.origin())
        || Url::parse(&exchange.base).is_ok_and(|base| base.origin() == endpoint.origin());
    let is_cloud = cloud_hosts().any(|known| known == host);
    if tenant.is_empty() || !(is_own || is_cloud) {
        return Err(Refusal::unknown_instance());
    }
    let origin = endpoint.origin().ascii_serialization();
    let mut metadata: Vec<Value> = CLOUDS
        .iter()
        .map(|(network, cache, aliases)| {
            json!({"preferred_network": network, "preferred_cache": cache, "aliases": aliases})
        })
        .collect();
    if is_own && !is_cloud {
        let network = origin.trim_start_matches("https://");
        metadata.push(json!({
            "preferred_network": network,
            "preferred_cache": host,
            "aliases": [host, network],
        }));
    }
    Ok(json!({
        "tenant_discovery_endpoint":
            format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": exchange.parameter("api-version"),
        "metadata": metadata,
    }))
}
