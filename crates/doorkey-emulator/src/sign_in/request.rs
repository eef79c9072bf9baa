//! An application's request to sign a person in (RFC 6749, section 4.1.1).

use super::{
    back::{Back, ResponseMode},
    transaction::Prompt,
};
use crate::{
    claims::Claims, endpoints, exchange::Exchange, grants::code::Challenge, refusal::Refusal,
    scopes::Scopes, service::Service, tenant::Audience,
};

/// A request that can be carried out.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) realm: String,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
    pub(super) claims: Claims,
    pub(super) prompt: Prompt,
    pub(super) login_hint: Option<String>,
    pub(super) purpose: super::Purpose,
}

/// Why a request cannot be carried out, and whom to tell.
#[derive(Debug)]
pub(super) enum Invalid {
    /// The person: the address to return to is not known to be the application's.
    Unverified(Refusal),
    /// The application.
    Verified(Box<Back>, Refusal),
}

impl Request {
    pub(super) fn read(
        service: &Service,
        tenant: &str,
        exchange: &Exchange,
    ) -> Result<Self, Invalid> {
        let back = verify(service, tenant, exchange).map_err(Invalid::Unverified)?;
        Self::read_verified(service, tenant, exchange, &back)
            .map_err(|refusal| Invalid::Verified(Box::new(back), refusal))
    }

    fn read_verified(
        service: &Service,
        tenant: &str,
        exchange: &Exchange,
        back: &Back,
    ) -> Result<Self, Refusal> {
        let audience = Audience::find(tenant, &service.directory)?;
        let application = endpoints::application(service, &audience, exchange)?;
        let scope = exchange.parameter("scope").unwrap_or_default();
        let scopes = Scopes::parse(scope, &service.directory, application)?;
        let challenge = Challenge::parse(
            exchange.parameter("code_challenge"),
            exchange.parameter("code_challenge_method"),
        )?;
        let own = |name: &str| exchange.parameter(name).map(str::to_owned);
        Ok(Self {
            realm: audience.realm().to_owned(),
            client_id: application.client_id.clone(),
            scopes,
            claims: Claims::parse(exchange.parameter("claims"))?,
            prompt: Prompt::parse(exchange.parameter("prompt"))?,
            login_hint: own("login_hint"),
            purpose: super::Purpose::Browser {
                back: Box::new(back.clone()),
                challenge,
                nonce: own("nonce"),
            },
        })
    }
}

/// Where the answer may go: what must be right before anything is sent there.
fn verify(service: &Service, tenant: &str, exchange: &Exchange) -> Result<Back, Refusal> {
    if exchange.repeats_a_parameter() {
        return Err(Refusal::malformed());
    }
    let required = |name: &str| {
        exchange
            .parameter(name)
            .ok_or_else(|| Refusal::missing_parameter(name))
    };
    let audience = Audience::find(tenant, &service.directory)?;
    let application = endpoints::application(service, &audience, exchange)?;
    let redirect_uri = required("redirect_uri")?;
    let is_allowed = match audience {
        Audience::Adfs(_) => application.allows_redirect_at_adfs(redirect_uri),
        _ => application.allows_redirect_to(redirect_uri),
    };
    if !is_allowed {
        return Err(Refusal::unregistered_redirect_uri(
            redirect_uri,
            &application.client_id,
        ));
    }
    match required("response_type")? {
        "code" => {}
        other => return Err(Refusal::unsupported_response_type(other)),
    }
    Ok(Back {
        redirect_uri: redirect_uri.to_owned(),
        mode: ResponseMode::parse(exchange.parameter("response_mode"))?,
        state: exchange.parameter("state").map(str::to_owned),
        realm: audience.realm().to_owned(),
        client_info: exchange.parameter("client_info") == Some("1"),
    })
}
