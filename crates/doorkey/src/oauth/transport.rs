//! Carries one request to the authority, and says what became of it.

use super::unreachable::unreachable;
use crate::{
    error::{Error, ErrorKind, Result},
    events,
    oauth_error::is_transient_status,
    seams::Clock,
};
use azure_core::http::{
    AsyncRawResponse, ClientOptions, Context, Method, Pipeline, PipelineStreamOptions, Request,
    RetryOptions, Transport as HttpTransport,
    headers::{HeaderName, RETRY_AFTER},
};
use futures_util::StreamExt;
use std::{sync::OnceLock, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;
use zeroize::Zeroizing;

/// More than any reply of an authority; less than what fills a machine.
const LARGEST_REPLY: usize = 1 << 20;

/// Some proxies and older servers put it before their JSON, which has none.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Tries of one request, the first included.
const TRIES: u32 = 3;

/// How long one try may take where another can follow.
const TRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Our requests, over the caller's transport or one of our own.
#[derive(Debug)]
pub(crate) struct Transport {
    client_options: ClientOptions,
    clock: Clock,
    /// Built with the first request: building can fail, and must not do so in a constructor.
    pipeline: OnceLock<Pipeline>,
}

/// Which requests may be sent a second time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resend {
    /// Asking twice is as good as asking once.
    Freely,
    /// It carries a code that is good for one use, so only if it cannot have arrived.
    IfUndelivered,
}

/// What the authority answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Transport {
    pub(crate) fn new(client_options: ClientOptions, clock: Clock) -> Self {
        Self {
            client_options,
            clock,
            pipeline: OnceLock::new(),
        }
    }

    pub(crate) async fn get(&self, url: Url, deadline: Instant) -> Result<Reply> {
        self.get_with(url, &[], deadline).await
    }

    pub(crate) async fn get_with(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        deadline: Instant,
    ) -> Result<Reply> {
        let mut request = Request::new(url, Method::Get);
        request.insert_header("accept", "application/json");
        insert(&mut request, headers);
        self.send(request, Resend::Freely, deadline).await
    }

    /// The metadata of an organization's own sign-in server, which is no JSON.
    #[cfg(feature = "username-password")]
    pub(crate) async fn get_xml(&self, url: Url, deadline: Instant) -> Result<Reply> {
        let mut request = Request::new(url, Method::Get);
        request.insert_header("accept", "application/soap+xml, text/xml, application/xml");
        self.send(request, Resend::Freely, deadline).await
    }

    pub(crate) async fn post_form(
        &self,
        url: Url,
        headers: &[(&'static str, String)],
        form: &[(&str, &str)],
        resend: Resend,
        deadline: Instant,
    ) -> Result<Reply> {
        let mut request = Request::new(url, Method::Post);
        request.insert_header("content-type", "application/x-www-form-urlencoded");
        request.insert_header("accept", "application/json");
        insert(&mut request, headers);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        request.set_body(body);
        self.send(request, resend, deadline).await
    }

    /// One message of WS-Trust, with a password in it: sent again only if it cannot have arrived.
    #[cfg(feature = "username-password")]
    pub(crate) async fn post_envelope(
        &self,
        url: Url,
        action: String,
        envelope: &str,
        deadline: Instant,
    ) -> Result<Reply> {
        let mut request = Request::new(url, Method::Post);
        request.insert_header("content-type", "application/soap+xml; charset=utf-8");
        request.insert_header("soapaction", action);
        request.insert_header("accept", "application/soap+xml");
        request.set_body(envelope.to_owned());
        self.send(request, Resend::IfUndelivered, deadline).await
    }

    async fn send(&self, request: Request, resend: Resend, deadline: Instant) -> Result<Reply> {
        let pipeline = self.pipeline()?;
        let host = request.url().host_str();
        let mut tries = 1;
        loop {
            // A connection that died unnoticed must not take all the time: the next try opens another.
            let patience = match resend {
                Resend::Freely => deadline.min(Instant::now() + TRY_TIMEOUT),
                Resend::IfUndelivered => deadline,
            };
            events::request_sent();
            let outcome = timeout_at(
                patience,
                send_once(pipeline, &mut request.clone(), &self.clock),
            )
            .await
            .unwrap_or_else(|_| {
                Err(Failure {
                    delivered: true,
                    error: slow(&request),
                })
            });
            match &outcome {
                Ok(reply) => events::request_answered(host, tries, reply.status),
                Err(failure) => events::request_failed(host, tries, &failure.error),
            }
            let asked = match &outcome {
                // One that is overrun and does not say until when is not asked again at once.
                Ok(reply) if reply.status == 429 && reply.retry_after.is_none() => {
                    return outcome.map_err(|failure| failure.error);
                }
                Ok(reply) if resend == Resend::Freely && is_transient_status(reply.status) => {
                    reply.retry_after
                }
                Err(failure)
                    if failure.error.kind() == ErrorKind::Network
                        && failure.error.is_transient()
                        && (resend == Resend::Freely || !failure.delivered) =>
                {
                    None
                }
                _ => return outcome.map_err(|failure| failure.error),
            };
            let wait = asked.unwrap_or(Duration::from_millis(400) * tries);
            if tries == TRIES || wait >= deadline.saturating_duration_since(Instant::now()) {
                return outcome.map_err(|failure| failure.error);
            }
            events::request_repeated(host, tries, wait);
            sleep(wait).await;
            tries += 1;
        }
    }

    fn pipeline(&self) -> Result<&Pipeline> {
        if let Some(pipeline) = self.pipeline.get() {
            return Ok(pipeline);
        }
        let mut options = self.client_options.clone();
        options.retry = RetryOptions::none();
        if options.transport.is_none() {
            options.transport = Some(default_transport()?);
        }
        let name = option_env!("CARGO_PKG_NAME");
        let version = option_env!("CARGO_PKG_VERSION");
        let pipeline = Pipeline::new(name, version, options, Vec::new(), Vec::new(), None);
        Ok(self.pipeline.get_or_init(|| pipeline))
    }
}

fn insert(request: &mut Request, headers: &[(&'static str, String)]) {
    for (name, value) in headers {
        request.insert_header(HeaderName::from_static(name), value.clone());
    }
}

/// Why there is no reply.
struct Failure {
    /// Whether the authority may have the request all the same.
    delivered: bool,
    error: Error,
}

async fn send_once(
    pipeline: &Pipeline,
    request: &mut Request,
    clock: &Clock,
) -> Result<Reply, Failure> {
    let options = PipelineStreamOptions {
        skip_checks: true,
        ..Default::default()
    };
    match pipeline
        .stream(&Context::default(), request, Some(options))
        .await
    {
        Ok(response) => read(request, response, clock)
            .await
            .map_err(|error| Failure {
                delivered: true,
                error,
            }),
        Err(error) => Err(Failure {
            delivered: *error.kind() != azure_core::error::ErrorKind::Connection,
            error: unreachable(&origin(request), error),
        }),
    }
}

async fn read(request: &Request, response: AsyncRawResponse, clock: &Clock) -> Result<Reply> {
    let status = u16::from(response.status());
    let headers = response.headers();
    // By the server's own clock, where it says the time: this machine's may be wrong.
    let now = headers
        .get_optional_str(&HeaderName::from_static("date"))
        .and_then(unix_time);
    let retry_after = headers
        .get_optional_str(&RETRY_AFTER)
        .and_then(|value| parse_retry_after(value, now.unwrap_or_else(|| clock.now())));
    let mut body = Zeroizing::new(Vec::new());
    let mut chunks = response.into_body();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| unreachable(&origin(request), error))?;
        if body.len() + chunk.len() > LARGEST_REPLY {
            return Err(Error::protocol(format!(
                "{} answered with more than {LARGEST_REPLY} bytes, which no authority does; check \
                 the authority and the proxy",
                origin(request)
            )));
        }
        body.extend_from_slice(&chunk);
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Reply {
        status,
        retry_after,
        body,
    })
}

/// Seconds or a date
/// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
fn parse_retry_after(value: &str, now: i64) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = unix_time(value)?.saturating_sub(now);
    Some(Duration::from_secs(wait.try_into().unwrap_or_default()))
}

fn unix_time(date: &str) -> Option<i64> {
    let date = azure_core::time::parse_rfc7231(date.trim()).ok()?;
    Some(date.unix_timestamp())
}

fn slow(request: &Request) -> Error {
    Error::new(
        ErrorKind::Network,
        format!(
            "{} did not answer in time; check the network, and try again",
            origin(request)
        ),
    )
}

fn origin(request: &Request) -> String {
    request.url().origin().ascii_serialization()
}

/// As `azure_core` builds its own, except that a machine without trusted certificates gets an
/// error, not a panic.
#[cfg(feature = "reqwest")]
pub(crate) fn default_transport() -> Result<HttpTransport> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60))
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::CredentialUnavailable,
                "no TLS connection can be made: this machine has no certificates to trust, or \
                 they cannot be read; install them (Debian: ca-certificates), or give a \
                 `transport` in `client_options`",
            )
            .with_source(error)
        })?;
    Ok(HttpTransport::new(std::sync::Arc::new(client)))
}

#[cfg(not(feature = "reqwest"))]
pub(crate) fn default_transport() -> Result<HttpTransport> {
    Err(Error::invalid_argument(
        "`client_options` has no `transport`, and this program was built without one; give one, \
         or turn on the feature `reqwest`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 946_684_790;
        for (value, seconds) in [
            ("7", 7),
            (" 0 ", 0),
            ("Fri, 31 Dec 1999 23:59:59 GMT", 9),
            ("Fri, 31 Dec 1999 23:00:00 GMT", 0),
            ("Sat, 01 Jan 2000 00:00:00 GMT", 10),
            ("Sat, 01 Jan 2000 01:00:00 GMT", 3_610),
        ] {
            let wait = parse_retry_after(value, now);
            assert_eq!(wait, Some(Duration::from_secs(seconds)), "{value}");
        }
        for value in ["soon", "", "-1", "1.5"] {
            assert_eq!(parse_retry_after(value, now), None, "{value}");
        }
    }
}
