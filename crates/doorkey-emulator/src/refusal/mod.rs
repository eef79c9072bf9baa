//! What Entra ID says when it refuses (RFC 6749, sections 4.1.2.1 and 5.2).

mod adfs;
mod application;
mod device;
mod grant;
mod person;
mod request;

use crate::exchange::Exchange;
use http::StatusCode;
use serde_json::{Value, json};

/// A refusal: OAuth's error, Entra ID's number and words.
///
/// The numbers are those of Microsoft's list of authentication and authorization error codes.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) code: u32,
    message: String,
    suberror: Option<&'static str>,
    claims: Option<String>,
}

impl Refusal {
    fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code,
            message: message.into(),
            suberror: None,
            claims: None,
        }
    }

    fn with_suberror(self, suberror: &'static str) -> Self {
        Self {
            suberror: Some(suberror),
            ..self
        }
    }

    /// The same refusal with the claims that the next sign-in has to meet.
    pub(crate) fn with_claims(self, claims: Option<String>) -> Self {
        Self { claims, ..self }
    }

    /// The same refusal under another of OAuth's names, where endpoints differ in it.
    pub(crate) fn called(self, error: &'static str) -> Self {
        Self { error, ..self }
    }

    /// The words for people, with the ids that support asks for.
    pub(crate) fn description(&self, exchange: &Exchange) -> String {
        format!(
            "{} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.short_description(),
            exchange.request_id,
            exchange.correlation_id,
            exchange.timestamp()
        )
    }

    /// The words for people on a page that shows the ids apart.
    pub(crate) fn short_description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.message)
    }

    /// The words alone, for a page.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The page that explains the number.
    pub(crate) fn error_uri(&self, exchange: &Exchange) -> String {
        format!("{}/error?code={}", exchange.base, self.code)
    }

    /// The body of a reply.
    pub(crate) fn body(&self, exchange: &Exchange) -> Value {
        if exchange.request.path.starts_with("/adfs/") {
            return self.adfs_body();
        }
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(exchange),
            "error_codes": [self.code],
            "timestamp": exchange.timestamp(),
            "trace_id": exchange.request_id,
            "correlation_id": exchange.correlation_id,
            "error_uri": self.error_uri(exchange),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = json!(claims);
        }
        body
    }
}
