//! The way back to the application (RFC 6749, section 4.1.2).

use crate::directory::{Tenant, User};
use crate::{
    exchange::Exchange,
    pages,
    refusal::Refusal,
    service::Service,
    tenant::{ADFS, Audience},
};
use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header::LOCATION};
use url::{Url, form_urlencoded};

/// How the answer travels (OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1; OAuth
/// 2.0 Form Post Response Mode).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

impl ResponseMode {
    /// Reads `response_mode`; a code comes by query where nothing is said.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None | Some("query") => Ok(Self::Query),
            Some("fragment") => Ok(Self::Fragment),
            Some("form_post") => Ok(Self::FormPost),
            Some(other) => Err(Refusal::unsupported_response_mode(other)),
        }
    }
}

/// Where and how an application wants its answer.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    /// An address that was checked to be the application's.
    pub(super) redirect_uri: String,
    pub(super) mode: ResponseMode,
    pub(super) state: Option<String>,
    pub(super) realm: String,
    pub(super) client_info: bool,
}

impl Back {
    /// Answers with a code.
    pub(super) fn succeed(
        &self,
        service: &Service,
        exchange: &Exchange,
        code: String,
        user: &User,
        tenant: &Tenant,
    ) -> Response<Body> {
        let mut answer = vec![("code", code)];
        let audience = Audience::find(&self.realm, &service.directory).ok();
        let client_info = audience.as_ref().and_then(|here| here.client_info(user));
        if let Some(client_info) = client_info.filter(|_| self.client_info) {
            answer.push(("client_info", client_info));
        }
        answer.push(("session_state", crate::random::uuid()));
        let issuer = audience.map(|here| here.issuer_for(&exchange.base, tenant));
        self.answer(service, answer, issuer.unwrap_or_default())
    }

    /// Answers with a refusal.
    pub(super) fn refuse(
        &self,
        service: &Service,
        exchange: &Exchange,
        refusal: &Refusal,
    ) -> Response<Body> {
        let answer = vec![
            ("error", refusal.error.to_owned()),
            ("error_description", refusal.description(exchange)),
            ("error_uri", refusal.error_uri(exchange)),
        ];
        let answer = match self.realm.as_str() {
            ADFS => refusal.adfs_answer(),
            _ => answer,
        };
        let issuer = Audience::find(&self.realm, &service.directory)
            .map(|audience| audience.issuer(&exchange.base))
            .unwrap_or_default();
        self.answer(service, answer, issuer)
    }

    fn answer(
        &self,
        service: &Service,
        mut answer: Vec<(&'static str, String)>,
        issuer: String,
    ) -> Response<Body> {
        if let Some(state) = &self.state {
            answer.push(("state", state.clone()));
        }
        if service.settings.response_issuer {
            // RFC 9207, section 2: on refusals too.
            answer.push(("iss", issuer));
        }
        match self.mode {
            ResponseMode::FormPost => pages::return_by_form(&self.redirect_uri, &answer),
            ResponseMode::Query => {
                redirect(&self.redirect_uri, &answer, Url::set_query, Url::query)
            }
            ResponseMode::Fragment => {
                redirect(&self.redirect_uri, &answer, Url::set_fragment, |_| None)
            }
        }
    }
}

/// Sends the browser to `uri` with `answer` in the part that `set` writes.
fn redirect(
    uri: &str,
    answer: &[(&'static str, String)],
    set: fn(&mut Url, Option<&str>),
    existing: fn(&Url) -> Option<&str>,
) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(mut url) = Url::parse(uri) {
        // RFC 6749, section 3.1.2: the address's own query is kept.
        let before = existing(&url).map(str::to_owned).unwrap_or_default();
        let mut pairs = form_urlencoded::Serializer::new(before);
        pairs.extend_pairs(answer);
        set(&mut url, Some(&pairs.finish()));
        if let Ok(location) = HeaderValue::from_str(url.as_str()) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    response
}
