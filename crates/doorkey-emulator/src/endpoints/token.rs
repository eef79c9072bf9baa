//! The token endpoint (RFC 6749, section 3.2).

use super::{answer, application, realm::Realm};
use crate::{
    claims::Claims,
    directory::{Application, SamlVersion, Tenant, User},
    exchange::Exchange,
    federation::{SAML_1_1, SAML_2_0, assertion},
    grants::{Grant, Issue, code::Redemption, consent, refresh::RefreshToken},
    refusal::Refusal,
    scopes::{ResourceScopes, Scopes},
    service::Service,
    tenant::Audience,
};
use axum::{Extension, body::Body, extract::State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Response;
use serde_json::Value;
use std::sync::Arc;

/// What Entra ID falls back to where a refresh names no scope.
const GRAPH: &str = "openid profile offline_access https://graph.microsoft.com/.default";

/// Exchanges a grant for tokens.
pub(super) async fn token(
    State(service): State<Arc<Service>>,
    Realm(tenant): Realm,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    answer(
        TokenRequest::read(&service, &tenant, &exchange).and_then(TokenRequest::grant),
        &exchange,
    )
}

/// What all grants have in common.
struct TokenRequest<'a> {
    service: &'a Service,
    exchange: &'a Exchange,
    audience: Audience<'a>,
    application: &'a Application,
    claims: Claims,
}

impl<'a> TokenRequest<'a> {
    fn read(service: &'a Service, tenant: &str, exchange: &'a Exchange) -> Result<Self, Refusal> {
        if exchange.repeats_a_parameter() {
            return Err(Refusal::malformed());
        }
        let audience = Audience::find(tenant, &service.directory)?;
        let application = application(service, &audience, exchange)?;
        let has = |name| exchange.parameter(name).is_some();
        if has("client_secret") || has("client_assertion") {
            return Err(Refusal::secret_of_public_client());
        }
        let claims = Claims::parse(exchange.parameter("claims"))?;
        Ok(Self {
            service,
            exchange,
            audience,
            application,
            claims,
        })
    }

    fn grant(self) -> Result<Value, Refusal> {
        match self.required("grant_type")? {
            "authorization_code" => self.code(),
            "refresh_token" => self.refresh(),
            // The second name is of before RFC 8628, and JavaScript's msal-node still sends it.
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => self.device(),
            "password" => self.password(),
            SAML_1_1 => self.assertion(SamlVersion::V11),
            SAML_2_0 => self.assertion(SamlVersion::V20),
            other => Err(Refusal::unsupported_grant(other)),
        }
    }

    /// RFC 6749, section 4.1.3; RFC 7636, section 4.5.
    fn code(self) -> Result<Value, Refusal> {
        let redemption = Redemption {
            code: self.required("code")?,
            client_id: &self.application.client_id,
            realm: self.audience.realm(),
            redirect_uri: self.required("redirect_uri")?,
            verifier: self.exchange.parameter("code_verifier"),
        };
        // Before the code is spent: a scope that cannot be had leaves it usable.
        let named = self.named_scopes()?;
        let code = self.service.codes.redeem(redemption, self.exchange.now)?;
        let scopes = match named {
            Some(scopes) => scopes,
            None => self.scopes(&code.grant.scope)?,
        };
        let (user, tenant) = self.person(&code.grant)?;
        self.issue(&code.grant, user, tenant, &scopes, code.nonce.as_deref())
    }

    /// RFC 6749, section 6.
    fn refresh(self) -> Result<Value, Refusal> {
        let token: RefreshToken = self
            .service
            .seal
            .open_value(self.required("refresh_token")?)
            .ok_or_else(Refusal::malformed_grant)?;
        if token.own.as_deref() != self.audience.own_tokens() {
            return Err(Refusal::malformed_grant());
        }
        let user = self
            .service
            .directory
            .person(&token.grant.object_id)
            .ok_or_else(Refusal::malformed_grant)?;
        let lifetime = self.service.settings.refresh_token_lifetime;
        let now = self.exchange.now;
        self.service
            .revocations
            .check(&token, user, self.application, lifetime, now)?;
        if user.disabled {
            return Err(Refusal::disabled_person());
        }
        // A refresh token serves every tenant that its owner belongs to or is a guest of.
        let tenant = self.audience.tenant_of(user, &self.service.directory)?;
        let scopes = match self.named_scopes()? {
            Some(scopes) => scopes,
            None => self.scopes(GRAPH)?,
        };
        let grant = Grant {
            tenant_id: tenant.id.clone(),
            ..token.grant
        };
        self.issue(&grant, user, tenant, &scopes, None)
    }

    /// RFC 8628, section 3.4.
    fn device(mut self) -> Result<Value, Refusal> {
        let (grant, request) = self.service.devices.poll(
            self.required("device_code")?,
            &self.application.client_id,
            self.exchange.now,
        )?;
        let begun = Audience::find(&request.realm, &self.service.directory)?;
        if begun.own_tokens() != self.audience.own_tokens() {
            return Err(Refusal::unknown_device_code());
        }
        self.claims.continuous_access |= request.claims.continuous_access;
        let scopes = self.scopes(&request.scope)?;
        let (user, tenant) = self.person(&grant)?;
        self.issue(&grant, user, tenant, &scopes, None)
    }

    /// RFC 6749, section 4.3.
    fn password(self) -> Result<Value, Refusal> {
        if matches!(self.audience, Audience::Common | Audience::Consumers) {
            return Err(Refusal::no_passwords_here());
        }
        let username = self.required("username")?;
        let password = self.required("password")?;
        let scopes = self.scopes(self.required("scope")?)?;
        let directory = &self.service.directory;
        let user = self.audience.person(username, directory)?;
        // Neither is anybody whose password is known here.
        if user.is_personal() {
            return Err(Refusal::unknown_person(username));
        }
        let tenant = self.audience.tenant_of(user, directory)?;
        if user.locked {
            return Err(Refusal::locked_person());
        }
        if user.password != password || directory.federation_of(&user.username).is_some() {
            return Err(Refusal::wrong_password());
        }
        self.by_password(user, tenant, &scopes)
    }

    /// RFC 7522 and its elder for SAML 1.1: what a federated person's own server says of them.
    fn assertion(self, version: SamlVersion) -> Result<Value, Refusal> {
        let assertion = self.required("assertion")?;
        let scopes = self.scopes(self.required("scope")?)?;
        let service = self.service;
        let username = assertion::subject(&service.seal, assertion, version, self.exchange.now)
            .ok_or_else(Refusal::malformed_assertion)?;
        let user = self.audience.person(&username, &service.directory)?;
        let tenant = self.audience.tenant_of(user, &service.directory)?;
        self.by_password(user, tenant, &scopes)
    }

    /// For somebody who proved themselves without the pages, and so met nothing that these demand.
    fn by_password(&self, user: &User, tenant: &Tenant, scopes: &Scopes) -> Result<Value, Refusal> {
        if user.disabled {
            return Err(Refusal::disabled_person());
        }
        if user.password_expired {
            return Err(Refusal::expired_password());
        }
        if user.mfa_code.is_some() {
            let resource = scopes.only_resource()?;
            return Err(Refusal::second_factor_needed(&resource.resource.name));
        }
        let grant = Grant {
            object_id: user.object_id.clone(),
            tenant_id: tenant.id.clone(),
            client_id: self.application.client_id.clone(),
            scope: scopes.text.clone(),
            second_factor: false,
            contexts: Vec::new(),
            consented: Vec::new(),
        };
        self.issue(&grant, user, tenant, scopes, None)
    }

    /// The tokens, unless something that only the person can do is missing.
    fn issue(
        &self,
        grant: &Grant,
        user: &User,
        tenant: &Tenant,
        scopes: &Scopes,
        nonce: Option<&str>,
    ) -> Result<Value, Refusal> {
        let resource = scopes.only_resource()?;
        self.check_resource_parameter(resource)?;
        let needed = match self.audience {
            // It asks nobody.
            Audience::Adfs(_) => Vec::new(),
            _ => self.service.consents.needed(user, self.application, scopes),
        };
        let given =
            consent::audiences(scopes).filter(|audience| grant.consented.contains(audience));
        let given: Vec<String> = given.collect();
        if needed.iter().any(|audience| !given.contains(audience)) {
            let application = self.application;
            return Err(Refusal::consent_needed(
                &application.client_id,
                &application.name,
            ));
        }
        let policy = user.policy_for(&resource.resource.name);
        if let Some(policy) = policy.filter(|policy| !grant.contexts.contains(policy)) {
            return Err(Refusal::policy_not_met(&policy, &resource.resource.name));
        }
        if self
            .claims
            .contexts
            .iter()
            .any(|context| !grant.contexts.contains(context))
        {
            let refusal = Refusal::second_factor_needed(&resource.resource.name);
            return Err(refusal.with_claims(self.claims.text.clone()));
        }
        let key = self.key()?;
        let issue = Issue {
            audience: &self.audience,
            grant,
            user,
            tenant,
            application: self.application,
            scopes,
            claims: &self.claims,
            nonce,
            key: key.as_deref(),
        };
        Ok(issue.reply(self.service, self.exchange, resource))
    }

    /// The thumbprint of the key that the access token is to be bound to (`req_cnf`), if it is to be.
    fn key(&self) -> Result<Option<String>, Refusal> {
        let token_type = self.exchange.parameter("token_type").unwrap_or("Bearer");
        if !token_type.eq_ignore_ascii_case("pop") {
            return Ok(None);
        }
        let confirmation = URL_SAFE_NO_PAD.decode(self.required("req_cnf")?);
        let confirmation = confirmation.map_err(|_| Refusal::malformed())?;
        let confirmation: Value =
            serde_json::from_slice(&confirmation).map_err(|_| Refusal::malformed())?;
        let key = confirmation["kid"].as_str().filter(|key| !key.is_empty());
        key.map(|key| Some(key.to_owned()))
            .ok_or_else(Refusal::malformed)
    }

    fn check_resource_parameter(&self, resource: &ResourceScopes) -> Result<(), Refusal> {
        let named = self
            .exchange
            .parameter("resource")
            .map(|name| name.trim_end_matches('/'));
        match named {
            Some(name) if name != resource.resource.name.trim_end_matches('/') => {
                Err(Refusal::resource_differs_from_scope())
            }
            _ => Ok(()),
        }
    }

    /// The person of a grant and the tenant that they signed in to.
    fn person(&self, grant: &Grant) -> Result<(&'a User, &'a Tenant), Refusal> {
        let directory = &self.service.directory;
        let user = directory
            .person(&grant.object_id)
            .ok_or_else(Refusal::malformed_grant)?;
        let tenant = directory
            .tenant(&grant.tenant_id)
            .ok_or_else(|| Refusal::unknown_tenant(&grant.tenant_id))?;
        Ok((user, tenant))
    }

    fn named_scopes(&self) -> Result<Option<Scopes>, Refusal> {
        self.exchange
            .parameter("scope")
            .map(|text| self.scopes(text))
            .transpose()
    }

    fn scopes(&self, text: &str) -> Result<Scopes, Refusal> {
        Scopes::parse(text, &self.service.directory, self.application)
    }

    fn required(&self, name: &str) -> Result<&'a str, Refusal> {
        self.exchange
            .parameter(name)
            .ok_or_else(|| Refusal::missing_parameter(name))
    }
}
