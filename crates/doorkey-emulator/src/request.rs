//! The log of the requests that an emulator received.

use crate::tenant::{TFP, is_policy};
use http::{HeaderMap, Method, request::Parts};
use std::fmt;

/// An endpoint of the authority, as tests name it. In the place of `{tenant}` may stand
/// `{tenant}/{policy}` of Azure AD B2C.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/{tenant}/oauth2/v2.0/authorize`, `/adfs/oauth2/authorize`
    Authorize,
    /// `/{tenant}/oauth2/v2.0/token`, `/adfs/oauth2/token`
    Token,
    /// `/{tenant}/oauth2/v2.0/devicecode`, `/adfs/oauth2/devicecode`
    DeviceCode,
    /// `/{tenant}/v2.0/.well-known/openid-configuration`,
    /// `/adfs/.well-known/openid-configuration`
    OpenIdConfiguration,
    /// `/common/discovery/instance`
    InstanceDiscovery,
    /// `/{tenant}/discovery/v2.0/keys`, `/adfs/discovery/keys`
    Jwks,
    /// `/common/userrealm/{username}`
    UserRealm,
    /// The metadata of a federated domain's own server.
    FederationMetadata,
    /// Where a federated domain's own server takes passwords.
    WsTrust,
    /// `/resource/me`, and whatever else is below `/resource`.
    Resource,
}

impl Endpoint {
    /// The endpoint at `path`; pages have none.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').skip(1).collect();
        match without_policy(&segments) {
            ["adfs", "oauth2", "authorize"] => Some(Self::Authorize),
            ["adfs", "oauth2", "token"] => Some(Self::Token),
            ["adfs", "oauth2", "devicecode"] => Some(Self::DeviceCode),
            ["adfs", ".well-known", "openid-configuration"] => Some(Self::OpenIdConfiguration),
            ["adfs", "discovery", "keys"] => Some(Self::Jwks),
            [_, "oauth2", "v2.0", "authorize"] => Some(Self::Authorize),
            [_, "oauth2", "v2.0", "token"] => Some(Self::Token),
            [_, "oauth2", "v2.0", "devicecode"] => Some(Self::DeviceCode),
            [_, "v2.0", ".well-known", "openid-configuration"] => Some(Self::OpenIdConfiguration),
            [_, "discovery", "instance"] => Some(Self::InstanceDiscovery),
            [_, "discovery", "v2.0", "keys"] => Some(Self::Jwks),
            [_, "userrealm", _] => Some(Self::UserRealm),
            ["federation", _, "mex"] => Some(Self::FederationMetadata),
            ["federation", _, "trust", _, "usernamemixed"] => Some(Self::WsTrust),
            ["resource", _, ..] => Some(Self::Resource),
            _ => None,
        }
    }
}

/// A path below a policy of B2C, as if it were below a tenant alone.
fn without_policy<'a, 'b>(segments: &'a [&'b str]) -> &'a [&'b str] {
    match segments {
        [TFP, _, policy, ..] if is_policy(policy) => &segments[2..],
        [_, policy, ..] if is_policy(policy) => &segments[1..],
        segments => segments,
    }
}

/// A request as the emulator received it.
///
/// Parameters are decoded and in the order in which they were sent. `Debug` shows the values of
/// harmless parameters only: no password, code or token.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The endpoint at that path; `None` for the pages in between and for unknown paths.
    pub endpoint: Option<Endpoint>,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
    /// The parameters of a form in the body.
    pub form: Vec<(String, String)>,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
}

impl RecordedRequest {
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Self {
        let path = parts.uri.path().to_owned();
        let is_form = parts.method == Method::POST && is_form(&parts.headers);
        Self {
            method: parts.method.to_string(),
            endpoint: Endpoint::at(&path),
            path,
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { pairs(body) } else { Vec::new() },
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str().to_owned(),
                        String::from_utf8_lossy(value.as_bytes()).into(),
                    )
                })
                .collect(),
        }
    }

    /// The first value of a parameter of the form.
    pub fn form_value(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// The first value of a parameter of the query.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first value of a header, whose name may be given in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&header.1)
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("endpoint", &self.endpoint)
            .field("query", &Shown(&self.query))
            .field("form", &Shown(&self.form))
            .field("headers", &Shown(&self.headers))
            .finish()
    }
}

/// Pairs of which only harmless values are shown.
struct Shown<'a>(&'a [(String, String)]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| {
            (
                name,
                if HARMLESS.contains(&name.as_str()) {
                    value.as_str()
                } else {
                    "…"
                },
            )
        });
        f.debug_map().entries(shown).finish()
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Names of the parameters and headers that are no secrets. A list of secrets would miss new ones.
const HARMLESS: &[&str] = &[
    "accept",
    "api-version",
    "authorization_endpoint",
    "claims",
    "client-request-id",
    "client_id",
    "client_info",
    "code_challenge_method",
    "content-length",
    "content-type",
    "domain_hint",
    "grant_type",
    "host",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "return-client-request-id",
    "scope",
    "step",
    "user-agent",
    "x-client-sku",
    "x-client-ver",
    "x-ms-lib-capability",
];

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn read(request: Request<&str>) -> RecordedRequest {
        let (parts, body) = request.into_parts();
        RecordedRequest::read(&parts, body.as_bytes())
    }

    #[test]
    fn endpoints_are_told_by_their_paths() {
        for (path, endpoint) in [
            ("/common/oauth2/v2.0/authorize", Some(Endpoint::Authorize)),
            ("/contoso.example/oauth2/v2.0/token", Some(Endpoint::Token)),
            (
                "/organizations/oauth2/v2.0/devicecode",
                Some(Endpoint::DeviceCode),
            ),
            (
                "/t/v2.0/.well-known/openid-configuration",
                Some(Endpoint::OpenIdConfiguration),
            ),
            (
                "/common/discovery/instance",
                Some(Endpoint::InstanceDiscovery),
            ),
            ("/common/discovery/v2.0/keys", Some(Endpoint::Jwks)),
            (
                "/common/userrealm/adele@contoso.example",
                Some(Endpoint::UserRealm),
            ),
            ("/resource/me", Some(Endpoint::Resource)),
            ("/resource/a/b/", Some(Endpoint::Resource)),
            ("/resource", None),
            ("/adfs/oauth2/token/", Some(Endpoint::Token)),
            (
                "/adfs/.well-known/openid-configuration",
                Some(Endpoint::OpenIdConfiguration),
            ),
            ("/t/B2C_1_in/oauth2/v2.0/token", Some(Endpoint::Token)),
            (
                "/tfp/t/b2c_1_in/oauth2/v2.0/authorize",
                Some(Endpoint::Authorize),
            ),
            ("/t/other/oauth2/v2.0/token", None),
            ("/adfs/oauth2/deviceauth", None),
            ("/sign-in", None),
            ("/common/oauth2/token", None),
            ("/", None),
        ] {
            assert_eq!(Endpoint::at(path), endpoint, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_secrets_stay_out_of_debug() {
        let request = Request::post("/common/oauth2/v2.0/token?a=b%20c&a=d")
            .header(
                "Content-Type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("X-Key", "hidden-header")
            .header("Authorization", "Bearer hidden-token")
            .body("scope=one+two&code=hidden-code&password=hidden%21&username=hidden-name")
            .unwrap();
        let request = read(request);
        assert_eq!(request.form_value("scope"), Some("one two"));
        assert_eq!(request.form_value("password"), Some("hidden!"));
        assert_eq!(request.query_value("a"), Some("b c"));
        assert_eq!(request.header("X-KEY"), Some("hidden-header"));
        let shown = format!("{request:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("one two"), "{shown}");
    }
}
