//! One request and what its reply needs to know of it.

use crate::request::RecordedRequest;
use http::{HeaderValue, request::Parts};
use time::{OffsetDateTime, macros::format_description};

/// The longest correlation id that is taken over from a request.
const CORRELATION_ID_LENGTH: usize = 64;

/// One request, read once.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// `https://` and the host that the client wrote, which all addresses in the reply begin with.
    pub(crate) base: String,
    pub(crate) request: RecordedRequest,
    /// As it was sent, without the `?`; empty where there is none.
    pub(crate) query: String,
    /// The id of this request; the trace id of a refusal.
    pub(crate) request_id: String,
    /// The client's own id, or one made for it.
    pub(crate) correlation_id: String,
    pub(crate) now: OffsetDateTime,
}

impl Exchange {
    pub(crate) fn new(parts: &Parts, request: RecordedRequest, now: OffsetDateTime) -> Self {
        let host = parts
            .uri
            .authority()
            .map(http::uri::Authority::as_str)
            .or_else(|| request.header("host"))
            .unwrap_or("localhost");
        let correlation_id = request
            .header("client-request-id")
            .or_else(|| request.query_value("client-request-id"))
            .filter(|id| is_correlation_id(id))
            .map_or_else(crate::random::uuid, str::to_owned);
        Self {
            query: parts.uri.query().unwrap_or_default().to_owned(),
            base: format!("https://{}", host.to_ascii_lowercase()),
            request_id: crate::random::uuid(),
            correlation_id,
            now,
            request,
        }
    }

    /// The value of a parameter of the form, or of the query of a GET request.
    ///
    /// An empty one counts as left out (RFC 6749, section 3.1).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let value = match self.request.method.as_str() {
            "POST" => self.request.form_value(name),
            _ => self.request.query_value(name),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Whether a parameter stands there twice, which RFC 6749, section 3.1, forbids.
    pub(crate) fn repeats_a_parameter(&self) -> bool {
        let pairs = match self.request.method.as_str() {
            "POST" => &self.request.form,
            _ => &self.request.query,
        };
        pairs
            .iter()
            .enumerate()
            .any(|(at, (name, _))| pairs[..at].iter().any(|(n, _)| n == name))
    }

    /// The time of the reply, as Entra ID writes it.
    pub(crate) fn timestamp(&self) -> String {
        self.now
            .to_offset(time::UtcOffset::UTC)
            .format(format_description!(
                "[year]-[month]-[day] [hour]:[minute]:[second]Z"
            ))
            .unwrap_or_default()
    }

    /// The headers that all of Entra ID's replies carry.
    pub(crate) fn headers(&self) -> Vec<(&'static str, HeaderValue)> {
        let mut headers = vec![
            (
                "cache-control",
                HeaderValue::from_static("no-store, no-cache"),
            ),
            ("pragma", HeaderValue::from_static("no-cache")),
            (
                "x-content-type-options",
                HeaderValue::from_static("nosniff"),
            ),
            (
                "strict-transport-security",
                HeaderValue::from_static("max-age=31536000"),
            ),
        ];
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.push(("x-ms-request-id", value));
        }
        let echo = self
            .request
            .header("return-client-request-id")
            .or_else(|| self.request.query_value("return-client-request-id"));
        if echo.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && let Ok(value) = HeaderValue::from_str(&self.correlation_id)
        {
            headers.push(("client-request-id", value));
        }
        headers
    }
}

fn is_correlation_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= CORRELATION_ID_LENGTH
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
