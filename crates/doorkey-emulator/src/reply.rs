//! Replies that a test puts in the place of the emulator's own.

use crate::request::Endpoint;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_LENGTH};
use http_body_util::{BodyExt as _, Collected};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::Future,
    io,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

/// A reply that stands in for the emulator's own: see
/// [`Emulator::replace_next`](crate::Emulator::replace_next).
///
/// ```
/// use doorkey_emulator::Reply;
///
/// let throttled = Reply::new(429).header("retry-after", "7").body("{}");
/// # drop(throttled);
/// ```
#[derive(Clone)]
pub struct Reply {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    /// The emulator's own answer, as it would have been, with another body.
    Rewritten {
        headers: Vec<(String, String)>,
        // Shared, as one reply may be put in the place of several.
        rewrite: Arc<dyn Fn(Bytes) -> Bytes + Send + Sync>,
        /// How long the pieces are in which it is sent, if not as one.
        pieces: Option<NonZeroUsize>,
    },
    Cut,
    Stall,
}

impl Reply {
    /// A reply of this status, without headers or body.
    pub fn new(status: u16) -> Self {
        Self {
            kind: Kind::Whole {
                status,
                headers: Vec::new(),
                body: Bytes::new(),
            },
        }
    }

    /// A reply whose connection is cut in the middle of its body.
    pub fn cut() -> Self {
        Self { kind: Kind::Cut }
    }

    /// No reply at all: the request is taken, and the client waits.
    pub fn stall() -> Self {
        Self { kind: Kind::Stall }
    }

    /// The emulator's own answer, whose JSON is changed.
    ///
    /// ```
    /// use doorkey_emulator::Reply;
    ///
    /// let without_a_lifetime = Reply::altered(|body| {
    ///     body.as_object_mut().map(|members| members.remove("expires_in"));
    /// });
    /// ```
    #[must_use]
    pub fn altered(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::rewritten(move |body| match serde_json::from_slice(&body) {
            Ok(mut content) => {
                change(&mut content);
                content.to_string().into()
            }
            Err(_) => body,
        })
    }

    /// The emulator's own answer, whose body is replaced by what is made of it.
    #[must_use]
    pub fn rewritten(rewrite: impl Fn(Bytes) -> Bytes + Send + Sync + 'static) -> Self {
        Self {
            kind: Kind::Rewritten {
                headers: Vec::new(),
                rewrite: Arc::new(rewrite),
                pieces: None,
            },
        }
    }

    /// Sends a reply that is rewritten in pieces of so many bytes, without saying how long it is (in
    /// HTTP/1.1 by chunks).
    #[must_use]
    pub fn in_pieces(mut self, length: NonZeroUsize) -> Self {
        if let Kind::Rewritten { pieces, .. } = &mut self.kind {
            *pieces = Some(length);
        }
        self
    }

    /// A refusal in Entra ID's words (RFC 6749, section 5.2): status 400 and the error, its AADSTS
    /// number and, where there are any, the suberror and the claims that the next sign-in has to
    /// satisfy.
    pub fn refusal(error: &str, code: u64, suberror: Option<&str>, claims: Option<&str>) -> Self {
        let mut body = json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: The emulator was asked to refuse this. Trace ID: trace Correlation \
                 ID: correlation Timestamp: 2026-11-25 00:00:00Z"
            ),
            "error_codes": [code],
            "timestamp": "2026-11-25 00:00:00Z",
            "trace_id": "trace",
            "correlation_id": "correlation",
        });
        if let Some(suberror) = suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = claims {
            body["claims"] = json!(claims);
        }
        let (name, value) = json_content();
        Self::new(400).header(name, value).body(body.to_string())
    }

    /// Adds a header. A name or value that HTTP forbids is left out.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Kind::Whole { headers, .. } | Kind::Rewritten { headers, .. } = &mut self.kind {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, content: impl Into<Bytes>) -> Self {
        if let Kind::Whole { body, .. } = &mut self.kind {
            *body = content.into();
        }
        self
    }

    /// The response that this reply makes, whenever that is.
    /// The answer, made of the emulator's own where it is needed.
    pub(crate) async fn into_response(
        self,
        own: impl Future<Output = Response<Body>>,
    ) -> Response<Body> {
        let (status, headers, body) = match self.kind {
            Kind::Rewritten {
                headers,
                rewrite,
                pieces,
            } => {
                let (mut parts, body) = own.await.into_parts();
                parts.headers.remove(CONTENT_LENGTH);
                let body = body.collect().await.map(Collected::to_bytes);
                let body = rewrite(body.unwrap_or_default());
                let body = match pieces {
                    Some(length) => in_pieces(&body, length),
                    None => Body::from(body),
                };
                let mut response = Response::from_parts(parts, body);
                set(&mut response, headers);
                return response;
            }
            Kind::Whole {
                status,
                headers,
                body,
            } => (status, headers, Body::from(body)),
            Kind::Cut => (200, vec![json_content()], cut_body()),
            Kind::Stall => std::future::pending().await,
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        set(&mut response, headers);
        response
    }
}

/// Headers of the same name stand beside each other; the emulator's own are replaced.
fn set(response: &mut Response<Body>, headers: Vec<(String, String)>) {
    let mut given = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            given.append(name, value);
        }
    }
    response.headers_mut().extend(given);
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Whole { status, .. } => write!(f, "Reply({status})"),
            Kind::Rewritten { .. } => f.write_str("Reply(rewritten)"),
            Kind::Cut => f.write_str("Reply(cut)"),
            Kind::Stall => f.write_str("Reply(stall)"),
        }
    }
}

/// Half of a JSON object and then a broken connection.
fn in_pieces(body: &[u8], length: NonZeroUsize) -> Body {
    let pieces: Vec<_> = body
        .chunks(length.get())
        .map(|piece| Ok::<_, io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

fn cut_body() -> Body {
    let half = stream::iter([Ok(Bytes::from_static(
        br#"{"token_type":"Bearer","access_"#,
    ))]);
    let cut = stream::once(async {
        // The server sends what it has only when the body lets it wait.
        tokio::task::yield_now().await;
        Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the emulator cut the reply",
        ))
    });
    Body::from_stream(half.chain(cut))
}

fn json_content() -> (String, String) {
    (
        "content-type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    )
}

/// The replies that wait for their requests.
#[derive(Debug, Default)]
pub(crate) struct Replacements {
    waiting: Mutex<HashMap<Endpoint, VecDeque<Reply>>>,
}

impl Replacements {
    /// Lets `reply` answer the next `count` requests, after those that wait already.
    pub(crate) fn push(&self, endpoint: Endpoint, count: usize, reply: Reply) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.entry(endpoint).or_default();
        queue.extend(std::iter::repeat_n(reply, count));
    }

    /// The reply for a request to `endpoint`, if one waits.
    pub(crate) fn pop(&self, endpoint: Endpoint) -> Option<Reply> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get_mut(&endpoint)?.pop_front()
    }
}
