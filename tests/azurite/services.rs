//! A vault, Azure Resource Manager and Microsoft Graph, as much of them as the examples ask for.

use crate::net::Reply;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// `claims` are those of the token that came, if it is good at all.
pub(crate) fn answer(host: &str, request: &Request<Bytes>, claims: Option<&Value>) -> Reply {
    let audience = claims.map_or("", |claims| claims["audience"].as_str().unwrap_or_default());
    let is_for = |resource: &str| audience.trim_end_matches('/') == resource;
    match (host, request.uri().path()) {
        (vault, path) if vault.ends_with(".vault.azure.net") => {
            if !is_for("https://vault.azure.net") {
                return refused(
                    "Bearer authorization=\"https://login.microsoftonline.com/a-tenant\", \
                     resource=\"https://vault.azure.net\"",
                );
            }
            assert!(path.starts_with("/secrets/a-secret"), "{path}");
            json(&json!({
                "value": "sixteen letters!", "id": format!("https://{vault}/secrets/a-secret/1"),
                "attributes": {"enabled": true},
            }))
        }
        ("management.azure.com", path) => {
            if !is_for("https://management.azure.com") {
                return refused("Bearer error=\"invalid_token\"");
            }
            assert_eq!(path, "/subscriptions/a-subscription/resourcegroups");
            let is_second = request.uri().query().unwrap_or_default().contains("second");
            if is_second {
                return json(&json!({"value": [{"name": "two", "location": "northeurope"}]}));
            }
            json(&json!({
                "value": [{"name": "one", "location": "westeurope"}],
                "nextLink": format!("https://{host}{path}?api-version=2021-04-01&page=second"),
            }))
        }
        ("graph.microsoft.com", "/v1.0/me") => match claims {
            Some(claims) if is_for("https://graph.microsoft.com") => json(&json!({
                "displayName": claims["name"], "userPrincipalName": claims["username"],
            })),
            _ => refused("Bearer error=\"invalid_token\""),
        },
        other => panic!("nobody is there: {other:?}"),
    }
}

/// 401, with what is demanded of a token.
pub(crate) fn challenged(challenge: HeaderValue) -> Reply {
    let mut reply = refused("");
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

fn refused(challenge: &'static str) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::UNAUTHORIZED;
    let challenge = HeaderValue::from_static(challenge);
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

fn json(body: &Value) -> Reply {
    let mut reply = Response::new(Full::from(body.to_string()));
    let kind = HeaderValue::from_static("application/json");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}
