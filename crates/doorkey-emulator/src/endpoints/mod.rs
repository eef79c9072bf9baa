//! The authority's endpoints.

mod authorize;
mod device_code;
mod discovery;
mod proof;
mod realm;
mod resource;
mod token;
mod user_realm;

use crate::{
    directory::Application, exchange::Exchange, federation, pages, refusal::Refusal,
    service::Service, sign_in, tenant::Audience,
};
use axum::{
    Extension, Router,
    body::Body,
    routing::{any, get, post},
};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use std::sync::Arc;

/// The way from a path to its endpoint.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/error", get(pages::explain))
        .route("/sign-in", post(sign_in::submit))
        .route("/resource/{*path}", any(resource::me))
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(authorize::show).post(authorize::show),
        )
        .route(
            "/{tenant}/oauth2/v2.0/token",
            post(token::token).fallback(post_only),
        )
        .route(
            "/{tenant}/oauth2/v2.0/devicecode",
            post(device_code::begin).fallback(post_only),
        )
        .route("/{tenant}/oauth2/v2.0/logout", get(sign_in::sign_out))
        .merge(adfs())
        .merge(policies("/{tenant}/{policy}"))
        .merge(policies("/tfp/{tenant}/{policy}"))
        .route(
            "/{tenant}/oauth2/deviceauth",
            get(sign_in::device).post(sign_in::device),
        )
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(discovery::open_id),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/discovery/instance", get(discovery::instance))
        .route("/{tenant}/userrealm/{username}", get(user_realm::show))
        .merge(federation::router())
        .fallback(pages::not_found)
        .with_state(service)
}

/// AD FS, which has its own paths, some with a slash at the end in its metadata.
fn adfs() -> Router<Arc<Service>> {
    let authorize = || get(authorize::show).post(authorize::show);
    let token = || post(token::token).fallback(post_only);
    Router::new()
        .route("/adfs/oauth2/authorize", authorize())
        .route("/adfs/oauth2/authorize/", authorize())
        .route("/adfs/oauth2/token", token())
        .route("/adfs/oauth2/token/", token())
        .route(
            "/adfs/oauth2/devicecode",
            post(device_code::begin).fallback(post_only),
        )
        .route("/adfs/oauth2/logout", get(sign_in::sign_out))
        .route(
            "/adfs/oauth2/deviceauth",
            get(sign_in::device).post(sign_in::device),
        )
        .route(
            "/adfs/.well-known/openid-configuration",
            get(discovery::open_id),
        )
        .route("/adfs/discovery/keys", get(discovery::keys))
}

/// Azure AD B2C, whose policies each have endpoints.
fn policies(path: &str) -> Router<Arc<Service>> {
    Router::new()
        .route(
            &format!("{path}/oauth2/v2.0/authorize"),
            get(authorize::show).post(authorize::show),
        )
        .route(
            &format!("{path}/oauth2/v2.0/token"),
            post(token::token).fallback(post_only),
        )
        .route(
            &format!("{path}/oauth2/v2.0/logout"),
            get(sign_in::sign_out),
        )
        .route(
            &format!("{path}/v2.0/.well-known/openid-configuration"),
            get(discovery::open_id),
        )
        .route(&format!("{path}/discovery/v2.0/keys"), get(discovery::keys))
}

/// Refuses another method at an endpoint for POST (RFC 6749, section 3.2).
async fn post_only(Extension(exchange): Extension<Exchange>) -> Response<Body> {
    answer(
        Err(Refusal::wrong_method(&exchange.request.method)),
        &exchange,
    )
}

/// A reply in JSON.
fn json(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// What was found, or the refusal with Entra ID's body.
fn answer(result: Result<Value, Refusal>, exchange: &Exchange) -> Response<Body> {
    match result {
        Ok(body) => json(StatusCode::OK, &body),
        Err(refusal) => json(refusal.status, &refusal.body(exchange)),
    }
}

/// The application that a request names.
pub(crate) fn application<'a>(
    service: &'a Service,
    audience: &Audience<'_>,
    exchange: &Exchange,
) -> Result<&'a Application, Refusal> {
    let client_id = exchange
        .parameter("client_id")
        .ok_or_else(|| Refusal::missing_parameter("client_id"))?;
    service
        .directory
        .application(client_id)
        .ok_or_else(|| Refusal::unknown_application(client_id, audience.realm()))
}
