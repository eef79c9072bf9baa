use http_body_util::BodyExt;
use hyper::{
    Method, Request,
    body::{Body, Incoming},
    header::{self, HeaderMap},
    http::{request::Parts, uri::Authority},
};
use std::{fmt, time::Duration};
use subtle::ConstantTimeEq;
use tokio::time::timeout;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// What the authority answered, by way of the browser
/// ([RFC 6749, section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
#[cfg_attr(test, derive(Eq, PartialEq))]
pub(crate) enum AuthorizationResponse {
    Code {
        code: Zeroizing<String>,
        /// Who signed in, in base64url: it is for the way to the authority alone.
        client_info: Option<String>,
        /// The issuer, to be compared with the authority that was asked
        /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)).
        iss: Option<String>,
    },
    Error {
        error: String,
        error_description: Option<String>,
        /// `error_subcode`, as Entra ID calls it here; `suberror` where it does not.
        suberror: Option<String>,
        iss: Option<String>,
    },
}

impl AuthorizationResponse {
    pub(crate) fn iss(&self) -> Option<&str> {
        match self {
            Self::Code { iss, .. } | Self::Error { iss, .. } => iss.as_deref(),
        }
    }
}

/// The one request that is waited for.
pub(super) struct Expected {
    pub(super) path: String,
    pub(super) port: u16,
    pub(super) state: String,
    /// How long the body of a request may take.
    pub(super) body_deadline: Duration,
}

/// Why a request is not the one. The wait goes on after each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// For another host: a page that had its name resolved to this machine (DNS rebinding).
    Host,
    Path,
    Method,
    /// The answer came in the address of a page, where history and extensions can read it.
    ByQuery,
    /// Sent by a script or for a frame, not by a person's browser going to a page.
    NotNavigation,
    ContentType,
    /// For another sign-in, or forged
    /// ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    State,
    /// Neither one code nor one error.
    Malformed,
    TooLarge,
    TooSlow,
    Cut,
}

impl Expected {
    /// Reads a request to its end.
    pub(super) async fn read(
        &self,
        request: Request<Incoming>,
    ) -> Result<AuthorizationResponse, Refusal> {
        let (head, body) = request.into_parts();
        // Whatever the head says: a connection that is closed with bytes unread is reset, and the
        // browser shows an error of its own instead of our page.
        let body = timeout(self.body_deadline, read_body(body)).await;
        self.check_head(&head)?;
        let body = body.map_err(|_elapsed| Refusal::TooSlow)??;
        self.parse(&body)
    }

    fn check_head(&self, head: &Parts) -> Result<(), Refusal> {
        if !self.is_for_us(head) {
            return Err(Refusal::Host);
        }
        if head.uri.path() != self.path {
            return Err(Refusal::Path);
        }
        if carries_answer(head.uri.query().unwrap_or_default()) {
            return Err(Refusal::ByQuery);
        }
        match head.method {
            Method::POST => {}
            Method::GET | Method::HEAD => return Err(Refusal::Path),
            _ => return Err(Refusal::Method),
        }
        if head.uri.query().is_some() {
            return Err(Refusal::Path);
        }
        // `Origin` tells nothing: Chromium sends `null` with every form post to loopback.
        if !is_absent_or(&head.headers, "sec-fetch-mode", "navigate")
            || !is_absent_or(&head.headers, "sec-fetch-dest", "document")
        {
            return Err(Refusal::NotNavigation);
        }
        if !is_form(&head.headers) {
            return Err(Refusal::ContentType);
        }
        Ok(())
    }

    /// Whether the request names this machine and our port, once in `Host` and, if at all, in its
    /// target ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
    fn is_for_us(&self, head: &Parts) -> bool {
        let mut hosts = head.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let in_header = host.to_str().is_ok_and(|host| self.is_our_name(host));
        let in_target = head.uri.authority().map(Authority::as_str);
        in_header && in_target.is_none_or(|authority| self.is_our_name(authority))
    }

    fn is_our_name(&self, host: &str) -> bool {
        let name = match host.strip_suffix(&format!(":{}", self.port)) {
            Some(name) => name,
            // Left out by browsers where it is http's own.
            None if self.port == 80 => host,
            None => return false,
        };
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|ours| name.eq_ignore_ascii_case(ours))
    }

    fn parse(&self, body: &[u8]) -> Result<AuthorizationResponse, Refusal> {
        let mut form = Form::parse(body);
        let state = form.take("state", Refusal::State)?.ok_or(Refusal::State)?;
        if !bool::from(state.as_bytes().ct_eq(self.state.as_bytes())) {
            return Err(Refusal::State);
        }
        let mut field = |name| form.take(name, Refusal::Malformed);
        let code = field("code")?;
        let error = field("error")?;
        let iss = field("iss")?.map(plain);
        match (code, error) {
            (Some(code), None) if !code.is_empty() => Ok(AuthorizationResponse::Code {
                code,
                client_info: field("client_info")?.map(plain),
                iss,
            }),
            (None, Some(error)) if !error.is_empty() => {
                let subcode = field("error_subcode")?;
                let suberror = field("suberror")?;
                Ok(AuthorizationResponse::Error {
                    error: plain(error),
                    error_description: field("error_description")?.map(plain),
                    suberror: subcode.or(suberror).map(plain),
                    iss,
                })
            }
            _ => Err(Refusal::Malformed),
        }
    }
}

/// Without the code, which is worth a sign-in.
impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { iss, .. } => formatter
                .debug_struct("Code")
                .field("iss", iss)
                .finish_non_exhaustive(),
            Self::Error {
                error,
                suberror,
                iss,
                ..
            } => formatter
                .debug_struct("Error")
                .field("error", error)
                .field("suberror", suberror)
                .field("iss", iss)
                .finish_non_exhaustive(),
        }
    }
}

/// The fields of a posted form, wiped when they are no longer needed.
struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    fn parse(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())));
        Self(fields.collect())
    }

    /// Takes the field; a parameter must not come twice
    /// ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
    fn take(
        &mut self,
        name: &str,
        repeated: Refusal,
    ) -> Result<Option<Zeroizing<String>>, Refusal> {
        let mut places = (0..self.0.len()).filter(|&at| self.0[at].0 == name);
        let place = places.next();
        if places.next().is_some() {
            return Err(repeated);
        }
        Ok(place.map(|at| self.0.swap_remove(at).1))
    }
}

/// A field that is no secret.
fn plain(mut value: Zeroizing<String>) -> String {
    std::mem::take(&mut *value)
}

fn carries_answer(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| matches!(&*name, "code" | "error" | "state"))
}

/// Whether the header, if it is there, has this value and no other.
fn is_absent_or(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    headers.get_all(name).iter().all(|value| value == wanted)
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn read_body(mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if body.is_end_stream() {
        return Ok(Zeroizing::default());
    }
    if body.size_hint().lower() > DRAIN_LIMIT as u64 {
        return Err(Refusal::TooLarge);
    }
    // At once at its full size: a vector that grows leaves copies of the code behind.
    let mut kept = Zeroizing::new(Vec::with_capacity(BODY_LIMIT));
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_error| Refusal::Cut)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        received += data.len();
        if received > DRAIN_LIMIT {
            return Err(Refusal::TooLarge);
        }
        if received <= BODY_LIMIT {
            kept.extend_from_slice(data);
        }
    }
    if received > BODY_LIMIT {
        return Err(Refusal::TooLarge);
    }
    Ok(kept)
}

/// Larger bodies are refused. A code of Entra ID has about 2 KiB.
const BODY_LIMIT: usize = 64 * 1024;

/// Up to here a body that is too large is read to its end, so that its sender gets to read why it
/// is refused.
const DRAIN_LIMIT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            path: "/".into(),
            port: 5000,
            state: "the state".into(),
            body_deadline: Duration::from_secs(60),
        }
    }

    #[test]
    fn post_request_with_auth_code_is_read() {
        let response = expected()
            .parse(b"code=a%2Bb+c&state=the+state&iss=https%3A%2F%2Fi&client_info=info&x=y")
            .unwrap();
        assert_eq!(
            response,
            AuthorizationResponse::Code {
                code: Zeroizing::new("a+b c".into()),
                client_info: Some("info".into()),
                iss: Some("https://i".into()),
            }
        );
    }

    #[test]
    fn post_request_with_error_is_read() {
        let response = expected()
            .parse(
                b"state=the+state&error=access_denied&error_subcode=cancel&error_description=no%0D",
            )
            .unwrap();
        assert_eq!(
            response,
            AuthorizationResponse::Error {
                error: "access_denied".into(),
                error_description: Some("no\r".into()),
                suberror: Some("cancel".into()),
                iss: None,
            }
        );
    }

    #[test]
    fn what_is_not_exactly_one_answer_to_our_question_is_refused() {
        for (body, refusal) in [
            ("", Refusal::State),
            ("code=c", Refusal::State),
            ("code=c&state=", Refusal::State),
            ("code=c&state=the+stat", Refusal::State),
            ("code=c&state=the+state2", Refusal::State),
            ("code=c&state=The+state", Refusal::State),
            ("code=c&State=the+state", Refusal::State),
            ("code=c&state=the+state&state=the+state", Refusal::State),
            ("code=c&state=the+state&state=other", Refusal::State),
            ("state=the+state", Refusal::Malformed),
            ("state=the+state&code=", Refusal::Malformed),
            ("state=the+state&error=", Refusal::Malformed),
            ("state=the+state&code=c&code=c", Refusal::Malformed),
            ("state=the+state&code=c&error=e", Refusal::Malformed),
            ("state=the+state&error=e&error=e", Refusal::Malformed),
            ("state=the+state&code=c&iss=a&iss=b", Refusal::Malformed),
        ] {
            assert_eq!(
                expected().parse(body.as_bytes()).unwrap_err(),
                refusal,
                "{body}"
            );
        }
    }

    #[test]
    fn only_the_names_of_this_machine_are_ours() {
        let ours = [
            "localhost:5000",
            "LOCALHOST:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
        ];
        for host in ours {
            assert!(expected().is_our_name(host), "{host}");
        }
        let others = [
            "",
            "localhost",
            "localhost:50000",
            "localhost:5001",
            "evil.example:5000",
            "localhost.evil.example:5000",
            "127.0.0.2:5000",
            "::1:5000",
            "x@localhost:5000",
        ];
        for host in others {
            assert!(!expected().is_our_name(host), "{host}");
        }
        let at_80 = Expected {
            port: 80,
            ..expected()
        };
        assert!(at_80.is_our_name("localhost") && at_80.is_our_name("localhost:80"));
        assert!(!at_80.is_our_name("evil.example"));
    }

    #[test]
    fn the_debug_text_has_no_code() {
        let response = expected()
            .parse(b"code=secret-code&state=the+state&client_info=secret-info&session_state=s")
            .unwrap();
        assert!(!format!("{response:?}").contains("secret"));
    }
}
