//! The decision: is a token known, can it be renewed, must a person be asked? The only place that
//! decides.

mod answer;
mod decision;
mod flights;
mod gate;
mod state;

use crate::{
    cache::AccessToken,
    claims,
    error::{Error, ErrorKind, Result},
    options::{AccessTokenInfo, AuthenticateOptions, TokenInfoOptions},
    record::AuthenticationRecord,
    scopes::Scopes,
    seams::Clock,
    source::{Entra, Wanted},
    tenant::{TenantId, TenantRules},
};
use answer::{has_margin, info, secret, time};
use azure_core::credentials::AccessToken as AzureAccessToken;
use flights::Flights;
use futures_util::future::FutureExt;
use gate::Gate;
use state::State;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::runtime::{Handle, Id};

/// One credential's people, tokens and questions.
#[derive(Debug)]
pub(crate) struct Session {
    // Shared with the flights, which outlive the call that began them.
    inner: Arc<Inner>,
}

/// What distinguishes one session from another.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) tenants: TenantRules,
    pub(crate) enable_cae: bool,
    pub(crate) enable_support_logging: bool,
    /// Whether `get_token` may ask a person.
    pub(crate) automatic: bool,
    pub(crate) record: Option<AuthenticationRecord>,
}

#[derive(Debug)]
struct Inner {
    source: Entra,
    tenants: TenantRules,
    enable_cae: bool,
    enable_support_logging: bool,
    automatic: bool,
    clock: Clock,
    state: RwLock<State>,
    // By runtime, too: a flight has its sockets and timers on the one that began it.
    tokens: Flights<(Id, TokenRequest), AccessTokenInfo>,
    records: Flights<(Id, TokenRequest), AuthenticationRecord>,
    prompt: Gate<Answer>,
}

/// A token, and whose it is.
type Answer = (AccessTokenInfo, AuthenticationRecord);

/// A question, in the form in which two of them are the same.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct TokenRequest {
    /// Who is expected to answer; `None` while nobody is known.
    home_account_id: Option<String>,
    tenant: TenantId,
    scopes: Scopes,
    cae: bool,
    /// What the caller demands of the token.
    claims: Option<String>,
    /// What is sent: the caller's demand, and our capability.
    claims_parameter: Option<String>,
}

impl Session {
    pub(crate) fn new(source: Entra, configuration: Configuration, clock: Clock) -> Self {
        let Configuration {
            tenants,
            enable_cae,
            enable_support_logging,
            automatic,
            record,
        } = configuration;
        Self {
            inner: Arc::new(Inner {
                source,
                tenants,
                enable_cae,
                enable_support_logging,
                automatic,
                clock,
                state: RwLock::new(State::new(record)),
                tokens: Flights::new(),
                records: Flights::new(),
                prompt: Gate::new(),
            }),
        }
    }

    /// The SDK's question. The future of a cached token stays small: all that waits is boxed apart.
    pub(crate) async fn get_token(&self, scopes: &[&str]) -> Result<AzureAccessToken> {
        Scopes::check(scopes)?;
        if let Some(token) = self.inner.cached(scopes) {
            return Ok(token);
        }
        let info = Box::pin(self.get_token_info(scopes, TokenInfoOptions::default())).await?;
        Ok(AzureAccessToken {
            token: info.token,
            expires_on: info.expires_on,
        })
    }

    pub(crate) async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        let inner = &self.inner;
        let scopes = Scopes::parse(scopes)?;
        let TokenInfoOptions {
            claims,
            tenant_id,
            enable_cae,
        } = options;
        let request = inner.request(scopes, claims, tenant_id.as_deref(), enable_cae)?;
        if let Some(token) = inner.known(&request) {
            return Ok(token);
        }
        let runtime = runtime()?;
        let flight = inner.tokens.join((runtime, request.clone()), || {
            let inner = Arc::clone(inner);
            inner.acquire(request).boxed()
        });
        flight.await
    }

    /// Always asks the person, and from then on is theirs.
    pub(crate) async fn authenticate(
        &self,
        options: AuthenticateOptions,
    ) -> Result<AuthenticationRecord> {
        let inner = &self.inner;
        let AuthenticateOptions {
            scopes,
            claims,
            tenant_id,
            enable_cae,
        } = options;
        let scopes = match scopes.as_slice() {
            [] => inner.default_scopes()?,
            scopes => Scopes::parse(scopes)?,
        };
        let request = inner.request(scopes, claims, tenant_id.as_deref(), enable_cae)?;
        let runtime = runtime()?;
        let flight = inner.records.join((runtime, request.clone()), || {
            let inner = Arc::clone(inner);
            let asking = async move {
                inner.prompt.wait().await;
                let asking = Arc::clone(&inner);
                let question = inner.prompt.put(
                    async move {
                        let _alone = asking.prompt.alone().await;
                        asking
                            .ask(&request, request.claims_parameter.as_deref(), None)
                            .await
                    }
                    .boxed(),
                );
                question.await.map(|(_, record)| record)
            };
            asking.boxed()
        });
        flight.await
    }
}

impl Inner {
    /// The path that every request of an SDK client takes: one lock for reading, no allocation but
    /// the token's.
    fn cached(&self, scopes: &[&str]) -> Option<AzureAccessToken> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let tenant = &self.tenants.configured;
        let token = state.access_token(&self.source.oauth, tenant, scopes, self.enable_cae)?;
        has_margin(token, self.clock.now()).then(|| AzureAccessToken {
            token: secret(&token.secret),
            expires_on: time(token.expires_on),
        })
    }

    fn request(
        &self,
        scopes: Scopes,
        claims: Option<String>,
        tenant_id: Option<&str>,
        enable_cae: bool,
    ) -> Result<TokenRequest> {
        let cae = enable_cae || self.enable_cae;
        let claims = claims.filter(|claims| !claims.is_empty());
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Ok(TokenRequest {
            home_account_id: state
                .record
                .as_ref()
                .map(|record| record.home_account_id.clone()),
            tenant: self.tenants.resolve(tenant_id)?,
            claims_parameter: claims::parameter(claims.as_deref(), cae)?,
            scopes,
            cae,
            claims,
        })
    }

    fn default_scopes(&self) -> Result<Scopes> {
        let authority = self.source.oauth.authority();
        match authority
            .cloud()
            .and_then(crate::cloud::Cloud::management_scope)
        {
            Some(scope) => Scopes::parse(&[scope]),
            None => Err(Error::invalid_argument(format!(
                "`scopes` has no default at {}; name what the sign-in is for",
                authority.as_str()
            ))),
        }
    }

    fn known(&self, request: &TokenRequest) -> Option<AccessTokenInfo> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let token = self.find(&state, request)?;
        has_margin(token, self.clock.now()).then(|| info(token))
    }

    /// A token that was issued without the claims cannot satisfy them.
    fn find<'a>(&self, state: &'a State, request: &TokenRequest) -> Option<&'a AccessToken> {
        if request.claims.is_some() {
            return None;
        }
        let scopes: Vec<_> = request.scopes.iter().collect();
        state.access_token(&self.source.oauth, &request.tenant, &scopes, request.cae)
    }

    fn sign_ins(&self) -> u64 {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .sign_ins
    }

    fn record(&self) -> Option<AuthenticationRecord> {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .record
            .clone()
    }
}

impl TokenRequest {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            tenant: &self.tenant,
            scopes: &self.scopes,
            claims: self.claims_parameter.as_deref(),
        }
    }
}

/// What waits, waits on Tokio, which panics where there is none.
fn runtime() -> Result<Id> {
    match Handle::try_current() {
        Ok(handle) => Ok(handle.id()),
        Err(error) => Err(Error::new(
            ErrorKind::CredentialUnavailable,
            "a token has to be fetched, and no Tokio runtime is running here; call from within \
             one: #[tokio::main], `Runtime::block_on`, or `Handle::enter` on a thread of your own",
        )
        .with_source(error)),
    }
}

#[cfg(test)]
mod tests;
