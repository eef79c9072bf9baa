use super::{
    BrowserPages,
    pages::{self, Html, PageOutcome},
    request::Refusal,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What a browser is sent.
pub(super) type PageResponse = Response<Full<Bytes>>;

/// The response to the redirect; without an outcome the program stopped waiting.
///
/// Its status is 200 however the sign-in ended: that of the page, which the browser is to show.
pub(super) fn to_redirect(
    outcome: Option<&PageOutcome<'_>>,
    own_pages: &BrowserPages,
) -> PageResponse {
    page(StatusCode::OK, pages::of_outcome(outcome, own_pages))
}

/// The response to anything else. Nothing of the request is repeated in it, and no header lets a
/// page of another origin read it or send more (CORS, private network access).
pub(super) fn to_stray(refusal: Refusal) -> PageResponse {
    let status = match refusal {
        Refusal::Host => StatusCode::MISDIRECTED_REQUEST,
        Refusal::Path => StatusCode::NOT_FOUND,
        Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::NotNavigation => StatusCode::FORBIDDEN,
        Refusal::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Refusal::ByQuery | Refusal::State | Refusal::Malformed | Refusal::Cut => {
            StatusCode::BAD_REQUEST
        }
    };
    let mut response = page(status, pages::of_refusal(refusal));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn page(status: StatusCode, html: Html) -> PageResponse {
    let (html, policy) = match html {
        Html::Ours(html) => (html, OUR_POLICY.clone()),
        Html::Callers(html) => (html, CALLERS_POLICY),
    };
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Our style and the empty icon; nothing else is loaded, run, framed or sent.
static OUR_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(pages::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(CALLERS_POLICY)
});

/// A caller's page may load and run what it likes: it is the caller's. It cannot be framed.
const CALLERS_POLICY: HeaderValue = HeaderValue::from_static("frame-ancestors 'none'");
