use super::{Key, query::SignedQuery};
use crate::{
    broker::BrokerPop,
    error::{Error, Result},
    options::PopTokenRequestOptions,
    sensitive::Sensitive,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use std::fmt;
use url::Url;

/// Those of [RFC 9110, section 9.3](https://www.rfc-editor.org/rfc/rfc9110#section-9.3) that have a
/// target with a path, and [RFC 5789](https://www.rfc-editor.org/rfc/rfc5789)'s.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
];

/// The one request that a token is good for.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct ResourceRequest {
    method: String,
    /// With the port, where that is not the scheme's.
    host: String,
    path: String,
    query: SignedQuery,
    nonce: String,
}

/// What is signed
/// ([draft-ietf-oauth-signed-http-request](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03),
/// as Microsoft's libraries write it).
#[derive(Serialize)]
struct Body<'a> {
    at: &'a str,
    ts: i64,
    m: &'a str,
    u: &'a str,
    p: &'a str,
    q: &'a SignedQuery,
    nonce: &'a str,
    cnf: Confirmation<'a>,
}

#[derive(Serialize)]
struct Confirmation<'a> {
    jwk: &'a RawValue,
}

impl ResourceRequest {
    /// Refuses what no resource could be asked for.
    pub(crate) fn parse(options: &PopTokenRequestOptions) -> Result<Self> {
        let PopTokenRequestOptions {
            resource_request_method: method,
            resource_request_url: url,
            nonce,
        } = options;
        let unsigned = Self::without_nonce(method, url)?;
        if nonce.trim().is_empty() {
            return Err(Error::invalid_argument(
                "`pop.nonce` is empty; give the one that the resource sent in its challenge \
                 (`Challenge::nonce`)",
            ));
        }
        Ok(Self {
            nonce: nonce.clone(),
            ..unsigned
        })
    }

    /// As [`parse`](Self::parse), before the resource has given one.
    pub(crate) fn without_nonce(method: &str, url: &str) -> Result<Self> {
        if !METHODS.contains(&method) {
            return Err(Error::invalid_argument(format!(
                "`pop.resource_request_method` is {method:?}, which is no method that a resource is \
                 asked by; give one of {}, in capitals",
                METHODS.join(", ")
            )));
        }
        let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "https");
        let parsed = parsed.as_ref().and_then(|url| Some((url, url.host_str()?)));
        let Some((parsed, host)) = parsed else {
            return Err(Error::invalid_argument(format!(
                "`pop.resource_request_url` is {:?}, which is no https URL; give the whole URL of \
                 the request that is to be signed",
                without_secrets(url)
            )));
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(Error::invalid_argument(
                "`pop.resource_request_url` has a user name or a password in it, which would be sent \
                 in the token's place; give the URL without them",
            ));
        }
        Ok(Self {
            method: method.to_owned(),
            host: match parsed.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            path: parsed.path().to_owned(),
            query: SignedQuery::of(parsed.query().unwrap_or_default()),
            nonce: String::new(),
        })
    }

    /// As a broker is asked for a token for it.
    pub(crate) fn of_key(&self, key_id: &str) -> BrokerPop {
        BrokerPop::new(
            key_id,
            &*self.method,
            &*self.host,
            &*self.path,
            &*self.nonce,
        )
    }

    /// The token as it is sent: signed anew each time, as it is good once. `now` is in Unix seconds.
    pub(crate) fn sign(&self, key: &Key, access_token: &str, now: i64) -> Result<Sensitive> {
        let public = key.public();
        let header = json!({"alg": "RS256", "kid": public.thumbprint(), "typ": "pop"});
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        let unsigned = |error: serde_json::Error| {
            Error::protocol("the request could not be signed").with_source(error)
        };
        let body = Body {
            at: access_token,
            ts: now,
            m: &self.method,
            u: &self.host,
            p: &self.path,
            q: &self.query,
            nonce: &self.nonce,
            cnf: Confirmation {
                jwk: serde_json::from_str(public.jwk()).map_err(unsigned)?,
            },
        };
        let body = Sensitive::new(serde_json::to_string(&body).map_err(unsigned)?);
        let body = Sensitive::new(BASE64_URL_SAFE_NO_PAD.encode(body.expose()));
        let signed = Sensitive::new(format!("{header}.{}", body.expose()));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(signed.expose().as_bytes())?);
        Ok(Sensitive::new(format!("{}.{signature}", signed.expose())))
    }
}

impl fmt::Debug for ResourceRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResourceRequest")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Errors and `Debug` are shown and logged, and a query or a password may hold what must not be.
pub(crate) fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("//").unwrap_or(("", url));
    match rest.rsplit_once('@') {
        Some((_, rest)) if scheme.is_empty() => format!("…@{rest}"),
        Some((_, rest)) => format!("{scheme}//…@{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn options(method: &str, url: &str, nonce: &str) -> PopTokenRequestOptions {
        PopTokenRequestOptions {
            resource_request_method: method.into(),
            resource_request_url: url.into(),
            nonce: nonce.into(),
        }
    }

    #[test]
    fn what_no_resource_could_be_asked_for_is_refused() {
        let good = "https://graph.microsoft.com/v1.0/me";
        for (method, url, nonce, named) in [
            ("get", good, "n", "method"),
            ("", good, "n", "method"),
            ("CONNECT", good, "n", "method"),
            ("FETCH", good, "n", "method"),
            ("GET /", good, "n", "method"),
            ("GET", "http://graph.microsoft.com/v1.0/me", "n", "url"),
            ("GET", "http://x.example/?sig=secret", "n", "url"),
            ("GET", "http://ann:secret@x.example/", "n", "url"),
            ("GET", "ann:secret@x.example/", "n", "url"),
            ("GET", "https://ann:secret@x.example/", "n", "url"),
            ("GET", "https://:secret@x.example/", "n", "url"),
            ("GET", "https://ann@x.example/", "n", "url"),
            ("GET", "graph.microsoft.com/v1.0/me", "n", "url"),
            ("GET", "https://", "n", "url"),
            ("GET", "", "n", "url"),
            ("GET", good, "", "nonce"),
            ("GET", good, " ", "nonce"),
        ] {
            let error = ResourceRequest::parse(&options(method, url, nonce)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let text = error.to_string();
            assert!(text.contains(named), "{method} {url}: {text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[cfg(feature = "pop")]
    #[test]
    fn the_body_says_what_is_asked_of_whom() {
        let key = Key::generate().unwrap();
        for (method, url, host, path, query) in [
            (
                "GET",
                "https://graph.microsoft.com",
                "graph.microsoft.com",
                "/",
                "",
            ),
            (
                "PATCH",
                "https://Graph.Microsoft.com:443/v1.0/me?$select=a#b",
                "graph.microsoft.com",
                "/v1.0/me",
                "$select=a",
            ),
            (
                "HEAD",
                "https://localhost:8443/a%20b/?#",
                "localhost:8443",
                "/a%20b/",
                "",
            ),
            (
                "GET",
                "https://[2001:DB8::0:1]:8443/ä/../ö?x=ü",
                "[2001:db8::1]:8443",
                "/%C3%B6",
                "x=%C3%BC",
            ),
            (
                "GET",
                "https://x.example.//a//b",
                "x.example.",
                "//a//b",
                "",
            ),
        ] {
            let request = ResourceRequest::parse(&options(method, url, "n\"1")).unwrap();
            let signed = request.sign(&key, "the-token", 1_000).unwrap();
            let parts: Vec<_> = signed.expose().split('.').collect();
            let json = |part: &str| -> serde_json::Value {
                serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            let thumbprint = key.public().thumbprint();
            assert_eq!(
                json(parts[0]),
                json!({"alg": "RS256", "kid": thumbprint, "typ": "pop"})
            );
            let jwk: serde_json::Value = serde_json::from_str(key.public().jwk()).unwrap();
            assert_eq!(
                json(parts[1]),
                json!({
                    "at": "the-token", "ts": 1_000, "m": method, "u": host, "p": path,
                    "q": SignedQuery::of(query), "nonce": "n\"1", "cnf": {"jwk": jwk},
                })
            );
            assert_eq!(parts.len(), 3);
        }
    }
}
