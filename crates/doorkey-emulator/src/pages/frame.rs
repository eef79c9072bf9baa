//! What all pages have in common: their headers, and the nonce that their style and script need.

use crate::random;
use askama::Template;
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Response, StatusCode};
use url::Url;

/// The frame of one page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// What the page's own style and script carry, and nothing that was put into the page can guess.
    pub(super) nonce: String,
    /// Where the page's form may lead besides the emulator and loopback.
    form_target: Option<String>,
}

impl Frame {
    pub(super) fn new() -> Self {
        Self {
            nonce: STANDARD.encode(random::bytes::<16>()),
            form_target: None,
        }
    }

    /// The same frame, whose form may lead to `redirect_uri`.
    pub(super) fn returning_to(self, redirect_uri: &str) -> Self {
        let form_target = Url::parse(redirect_uri).ok().map(|url| {
            let origin = url.origin();
            // An application's own scheme has no origin.
            if origin.is_tuple() {
                origin.ascii_serialization()
            } else {
                format!("{}:", url.scheme())
            }
        });
        Self {
            form_target,
            ..self
        }
    }

    /// The response with `page`.
    pub(super) fn show(&self, status: StatusCode, page: &impl Template) -> Response<Body> {
        let html = page
            .render()
            .expect("templates fail on their values' formatting only");
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(policy) = HeaderValue::from_str(&self.content_security_policy()) {
            headers.insert("content-security-policy", policy);
        }
        response
    }

    /// Nothing is loaded; only our own style and script run.
    ///
    /// Browsers apply `form-action` to the redirect that follows a form too, so the addresses that a
    /// sign-in may return to have to be in it.
    fn content_security_policy(&self) -> String {
        let nonce = &self.nonce;
        let target = self.form_target.as_deref().unwrap_or_default();
        format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
             form-action 'self' http://localhost:* http://127.0.0.1:* {target}; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    }
}
