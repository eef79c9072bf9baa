//! A sign-in that is under way.

use super::{
    back::Back,
    request::Request,
    session::{Browser, Session},
};
use crate::{
    claims::Claims,
    directory::{Application, Tenant, User},
    exchange::Exchange,
    grants::{
        Grant,
        code::{Challenge, IssuedCode},
        consent,
    },
    pages, random,
    refusal::Refusal,
    scopes::Scopes,
    service::Service,
    tenant::{ADFS, Audience},
};
use axum::body::Body;
use http::Response;
use time::{Duration, OffsetDateTime};

/// How long a person may take.
const LIFETIME: Duration = Duration::hours(1);

/// A sign-in between two pages: what was asked for, and what the person did so far.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    /// The browser that began it; no other one goes on with it.
    pub(super) browser: String,
    pub(super) realm: String,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
    pub(super) claims: Claims,
    pub(super) prompt: Prompt,
    pub(super) login_hint: Option<String>,
    pub(super) purpose: Purpose,
    pub(super) expires: OffsetDateTime,
    /// Whether to offer the accounts that are signed in already.
    pub(super) pick_account: bool,
    /// A device's sign-in: the person said that they began it.
    pub(super) confirmed: bool,
    pub(super) object_id: Option<String>,
    pub(super) authenticated: bool,
    pub(super) second_factor: bool,
    pub(super) consented: bool,
}

/// What a sign-in is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// An application that gets its answer at a redirect URI.
    Browser {
        back: Box<Back>,
        challenge: Option<Challenge>,
        nonce: Option<String>,
    },
    /// A device that polls.
    Device { device_code: String },
}

/// What the application wants the person to be asked (OpenID Connect Core 1.0, section 3.1.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Prompt {
    /// What is needed.
    Usual,
    None,
    Login,
    SelectAccount,
    Consent,
}

impl Prompt {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None => Ok(Self::Usual),
            Some("none") => Ok(Self::None),
            Some("login") => Ok(Self::Login),
            Some("select_account") => Ok(Self::SelectAccount),
            Some("consent") => Ok(Self::Consent),
            Some(other) => Err(Refusal::unsupported_prompt(other)),
        }
    }
}

impl Transaction {
    /// Begins a sign-in with what is known of the browser.
    pub(super) fn begin(
        service: &Service,
        browser: &Browser,
        sessions: &[Session],
        request: Request,
        now: OffsetDateTime,
    ) -> Self {
        let mut transaction = Self {
            id: random::secret(),
            browser: browser.id().to_owned(),
            realm: request.realm,
            client_id: request.client_id,
            scopes: request.scopes,
            claims: request.claims,
            prompt: request.prompt,
            login_hint: request.login_hint,
            purpose: request.purpose,
            expires: now + LIFETIME,
            pick_account: false,
            confirmed: false,
            object_id: None,
            authenticated: false,
            second_factor: false,
            consented: false,
        };
        let hinted = transaction
            .login_hint
            .as_deref()
            .and_then(|hint| transaction.named(service, hint).ok())
            .filter(|user| transaction.tenant_of(service, user).is_ok());
        let usable = || {
            sessions
                .iter()
                .filter(|session| transaction.fits(service, session))
        };
        match (transaction.prompt, hinted) {
            (Prompt::SelectAccount, _) if usable().next().is_some() => {
                transaction.pick_account = true;
            }
            (Prompt::Login | Prompt::SelectAccount, Some(user)) => {
                transaction.object_id = Some(user.object_id.clone());
            }
            (Prompt::Login | Prompt::SelectAccount, None) => {}
            (_, Some(user)) => {
                match usable()
                    .find(|session| session.object_id == user.object_id)
                    .cloned()
                {
                    Some(session) => transaction.adopt(&session),
                    None => transaction.object_id = Some(user.object_id.clone()),
                }
            }
            (_, None) => {
                let several = usable().nth(1).is_some();
                match usable().next().cloned() {
                    Some(_) if several => transaction.pick_account = true,
                    // Who hints at somebody unknown does not mean the one who is signed in.
                    Some(session) if transaction.login_hint.is_none() => {
                        transaction.adopt(&session);
                    }
                    _ => {}
                }
            }
        }
        transaction
    }

    /// Goes on as somebody who is signed in already.
    pub(super) fn adopt(&mut self, session: &Session) {
        self.object_id = Some(session.object_id.clone());
        self.authenticated = true;
        self.second_factor = session.second_factor;
        self.pick_account = false;
    }

    /// Starts over with another account.
    pub(super) fn forget_person(&mut self) {
        self.object_id = None;
        self.login_hint = None;
        self.pick_account = false;
        self.authenticated = false;
        self.second_factor = false;
        self.consented = false;
    }

    /// Where the answer goes, where there is such a place.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        match &self.purpose {
            Purpose::Browser { back, .. } => Some(&back.redirect_uri),
            Purpose::Device { .. } => None,
        }
    }

    /// The person, once they gave their name.
    pub(super) fn user<'a>(&self, service: &'a Service) -> Option<&'a User> {
        service.directory.person(self.object_id.as_deref()?)
    }

    /// Whoever is meant by a name.
    pub(super) fn named<'a>(
        &self,
        service: &'a Service,
        username: &str,
    ) -> Result<&'a User, Refusal> {
        let directory = &service.directory;
        Audience::find(&self.realm, directory)?.person(username, directory)
    }

    pub(super) fn application<'a>(&self, service: &'a Service) -> Option<&'a Application> {
        service.directory.application(&self.client_id)
    }

    /// The tenant that `user` would sign in to.
    pub(super) fn tenant_of<'a>(
        &self,
        service: &'a Service,
        user: &User,
    ) -> Result<&'a Tenant, Refusal> {
        let directory = &service.directory;
        let tenant = Audience::find(&self.realm, directory)?.tenant_of(user, directory)?;
        directory
            .tenant(&tenant.id)
            .ok_or_else(|| Refusal::unknown_tenant(&tenant.id))
    }

    /// Whether somebody who is signed in can sign in here too.
    pub(super) fn fits(&self, service: &Service, session: &Session) -> bool {
        service
            .directory
            .person(&session.object_id)
            .is_some_and(|user| !user.disabled && self.tenant_of(service, user).is_ok())
    }

    /// Whether the person still has to show a second factor.
    pub(super) fn needs_second_factor(&self, user: &User) -> bool {
        user.mfa_code.is_some() && !self.second_factor
    }

    /// Whether the person still has to agree.
    pub(super) fn needs_consent(&self, service: &Service, user: &User) -> bool {
        let asked = self.prompt == Prompt::Consent;
        // AD FS asks nobody.
        self.realm != ADFS
            && !self.consented
            && self.application(service).is_some_and(|application| {
                asked
                    || !service
                        .consents
                        .needed(user, application, &self.scopes)
                        .is_empty()
            })
    }

    /// Ends the sign-in: the application or the device gets what it asked for.
    pub(super) fn finish(
        self,
        service: &Service,
        exchange: &Exchange,
        browser: &Browser,
    ) -> Response<Body> {
        let (Some(user), Some(application)) = (self.user(service), self.application(service))
        else {
            return pages::lost();
        };
        let tenant = match self.tenant_of(service, user) {
            Ok(tenant) => tenant,
            Err(refusal) => return pages::refused(&refusal, exchange),
        };
        service
            .sign_ins
            .signed_in(&self.browser, user, self.second_factor);
        let grant = Grant {
            object_id: user.object_id.clone(),
            tenant_id: tenant.id.clone(),
            client_id: self.client_id.clone(),
            scope: self.scopes.text.clone(),
            second_factor: self.second_factor,
            contexts: self.claims.contexts_of(user, &self.scopes),
            consented: consent::audiences(&self.scopes).collect(),
        };
        let response = match self.purpose {
            Purpose::Browser {
                back,
                challenge,
                nonce,
            } => {
                let code = IssuedCode {
                    grant,
                    realm: self.realm,
                    redirect_uri: back.redirect_uri.clone(),
                    challenge,
                    nonce,
                    expires: exchange.now + service.settings.code_lifetime,
                    redeemed: false,
                };
                let code = service.codes.issue(code, exchange.now);
                back.succeed(service, exchange, code, user, tenant)
            }
            Purpose::Device { device_code } => {
                service.devices.decide(&device_code, Some(grant));
                pages::device_done(Some(&application.name))
            }
        };
        browser.remember(response)
    }
}
