//! The servers that check the passwords of federated people: WS-Trust, as ADFS speaks it. Each
//! federated domain has one, below `/federation/{domain}`.

pub(crate) mod assertion;

use crate::{
    directory::{Federation, SamlVersion, User, WsTrustVersion},
    exchange::Exchange,
    service::Service,
};
use askama::Template;
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    routing::{get, post},
};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use roxmltree::{Document, Node};
use std::sync::Arc;

/// The grants by which an assertion is redeemed
/// ([RFC 7522](https://www.rfc-editor.org/rfc/rfc7522), and what preceded it).
pub(crate) const SAML_1_1: &str = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
pub(crate) const SAML_2_0: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// For whom the assertions are.
pub(crate) const AUDIENCE: &str = "urn:federation:MicrosoftOnline";

const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

pub(crate) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/federation/{domain}/mex", get(metadata))
        .route(
            "/federation/{domain}/trust/{version}/usernamemixed",
            post(trust),
        )
}

/// Where the server of a domain is.
pub(crate) fn base(exchange: &Exchange, federation: &Federation) -> String {
    format!("{}/federation/{}", exchange.base, federation.domain)
}

/// The address where a password is sent without asking the metadata.
pub(crate) fn active_endpoint(exchange: &Exchange, federation: &Federation) -> String {
    let path = federation
        .ws_trust
        .first()
        .map_or("", |version| version.path());
    format!("{}{path}", base(exchange, federation))
}

impl WsTrustVersion {
    fn path(self) -> &'static str {
        match self {
            Self::V13 => "/trust/13/usernamemixed",
            Self::V2005 => "/trust/2005/usernamemixed",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
        }
    }

    fn of_segment(segment: &str) -> Option<Self> {
        match segment {
            "13" => Some(Self::V13),
            "2005" => Some(Self::V2005),
            _ => None,
        }
    }
}

struct TrustEndpoint {
    name: &'static str,
    security_policy: &'static str,
    supporting_tokens: &'static str,
    action: String,
    path: &'static str,
}

#[derive(Template)]
#[template(path = "federation/metadata.xml")]
struct Metadata {
    base: String,
    endpoints: Vec<TrustEndpoint>,
}

/// The metadata exchange (WS-MetadataExchange): which endpoints take a user name and a password.
async fn metadata(
    State(service): State<Arc<Service>>,
    Path(domain): Path<String>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let Some(federation) = service.directory.federation(&domain) else {
        return xml(StatusCode::NOT_FOUND, String::new());
    };
    // ADFS lists its oldest endpoints first.
    let mut versions = federation.ws_trust.clone();
    versions.sort_by_key(|version| *version == WsTrustVersion::V13);
    let endpoints = versions.into_iter().map(|version| TrustEndpoint {
        name: match version {
            WsTrustVersion::V13 => "UserNameWSTrustBinding_IWSTrust13Async",
            WsTrustVersion::V2005 => "UserNameWSTrustBinding_IWSTrustFeb2005Async",
        },
        security_policy: match version {
            WsTrustVersion::V13 => "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
            WsTrustVersion::V2005 => "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
        },
        supporting_tokens: match version {
            WsTrustVersion::V13 => "SignedEncryptedSupportingTokens",
            WsTrustVersion::V2005 => "SignedSupportingTokens",
        },
        action: format!("{}/RST/Issue", version.namespace()),
        path: version.path(),
    });
    let document = Metadata {
        base: base(&exchange, federation),
        endpoints: endpoints.collect(),
    };
    xml(StatusCode::OK, document.render().unwrap_or_default())
}

#[derive(Template)]
#[template(path = "federation/token.xml")]
struct Token<'a> {
    trust: &'a str,
    is_collection: bool,
    created: String,
    expires: String,
    audience: &'a str,
    assertion: String,
    token_type: &'a str,
}

#[derive(Template)]
#[template(path = "federation/fault.xml")]
struct Fault<'a> {
    namespace: &'a str,
    subcode: &'a str,
    reason: &'a str,
}

/// Takes a user name and a password, and gives an assertion (WS-Trust, section 4).
async fn trust(
    State(service): State<Arc<Service>>,
    Path((domain, version)): Path<(String, String)>,
    Extension(exchange): Extension<Exchange>,
    envelope: String,
) -> Response<Body> {
    let version = WsTrustVersion::of_segment(&version);
    let federation = service.directory.federation(&domain);
    let found = version
        .zip(federation)
        .filter(|(version, federation)| federation.ws_trust.contains(version));
    let Some((version, federation)) = found else {
        return xml(StatusCode::NOT_FOUND, String::new());
    };
    let issuer = format!("{}/services/trust", base(&exchange, federation));
    let refuse = |subcode: &str, reason: &str| {
        let fault = Fault {
            namespace: version.namespace(),
            subcode,
            reason,
        };
        // ADFS calls every refusal an error of its own.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        xml(status, fault.render().unwrap_or_default())
    };
    let Some(request) = Request::read(&envelope, version, &exchange) else {
        return refuse(
            "InvalidRequest",
            "ID3035: The request was not valid or is malformed.",
        );
    };
    let Some(user) = request.user(&service, federation) else {
        return refuse(
            "FailedAuthentication",
            "ID3242: The security token could not be authenticated or authorized.",
        );
    };
    let audience = &*request.audience;
    let assertion = assertion::issue(
        &service.seal,
        user,
        federation.saml,
        &issuer,
        audience,
        exchange.now,
    );
    let token = Token {
        trust: version.namespace(),
        is_collection: version == WsTrustVersion::V13,
        created: assertion::instant(exchange.now),
        expires: assertion::instant(exchange.now + assertion::LIFETIME),
        audience,
        assertion,
        token_type: match federation.saml {
            SamlVersion::V11 => "urn:oasis:names:tc:SAML:1.0:assertion",
            SamlVersion::V20 => "urn:oasis:names:tc:SAML:2.0:assertion",
        },
    };
    xml(StatusCode::OK, token.render().unwrap_or_default())
}

/// What a client asks for (WS-Trust, section 4.1; WS-Security's user name token).
struct Request {
    username: String,
    password: String,
    audience: String,
}

impl Request {
    fn read(envelope: &str, version: WsTrustVersion, exchange: &Exchange) -> Option<Self> {
        let document = Document::parse(envelope).ok()?;
        let root = document.root_element();
        let trust = version.namespace();
        let action = text(root, ADDRESSING, "Action")?;
        let header = exchange.request.header("soapaction")?;
        if action != format!("{trust}/RST/Issue") || header.trim_matches('"') != action {
            return None;
        }
        find(root, trust, "RequestSecurityToken")?;
        let key_type = match version {
            WsTrustVersion::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
            WsTrustVersion::V2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
        };
        if text(root, trust, "KeyType")? != key_type
            || text(root, trust, "RequestType")? != format!("{trust}/Issue")
        {
            return None;
        }
        let applies_to = find(
            root,
            "http://schemas.xmlsoap.org/ws/2004/09/policy",
            "AppliesTo",
        )?;
        Some(Self {
            username: text(root, SECURITY, "Username")?,
            password: text(root, SECURITY, "Password")?,
            audience: text(applies_to, ADDRESSING, "Address")?,
        })
    }

    /// Who has proved that they are them.
    fn user<'a>(&self, service: &'a Service, federation: &Federation) -> Option<&'a User> {
        let domain = self.username.rsplit_once('@')?.1;
        let is_own = domain.eq_ignore_ascii_case(&federation.domain);
        let user = service
            .directory
            .named(&self.username)
            .find(|user| user.password == self.password)?;
        (is_own && !user.locked).then_some(user)
    }
}

fn find<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Option<Node<'a, 'i>> {
    node.descendants()
        .find(|node| node.has_tag_name((namespace, name)))
}

fn text(node: Node<'_, '_>, namespace: &str, name: &str) -> Option<String> {
    let text = find(node, namespace, name)?.text().unwrap_or_default();
    Some(text.to_owned())
}

fn xml(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/soap+xml; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
