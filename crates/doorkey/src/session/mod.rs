//! The decision: is a token known, can it be renewed, must a person be asked? The only place that
//! decides.

mod answer;
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
    source::{Entra, Patience, Wanted},
    tenant::{TenantId, TenantRules},
    tokens::Tokens,
};
use answer::{has_margin, info, secret, time};
use azure_core::credentials::AccessToken as AzureAccessToken;
use flights::Flights;
use futures_util::future::FutureExt;
use gate::Gate;
use state::State;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::runtime::{Handle, Id};

/// How long a failed renewal is not repeated while there is a token that still lives.
const PAUSE: Duration = Duration::from_secs(30);

/// The longest rest that an authority can ask for, as in MSAL: a mistake must not end a session.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

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

/// What can be done without a person.
enum Silently {
    Done(AccessTokenInfo),
    /// A person is needed, and perhaps the authority said why.
    NeedsPerson(Option<Error>),
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

    /// One flight: silent if it can be, else a person.
    async fn acquire(self: Arc<Self>, request: TokenRequest) -> Result<AccessTokenInfo> {
        let answered = self.sign_ins();
        let mut why = match self.silently(&request).await? {
            Silently::Done(token) => return Ok(token),
            Silently::NeedsPerson(why) => why,
        };
        if !self.automatic {
            return Err(authentication_required(&request, why.as_ref()));
        }
        self.prompt.wait().await;
        let asking = Arc::clone(&self);
        let question = async move {
            let _alone = asking.prompt.alone().await;
            // Whoever answered meanwhile may have answered for this request too.
            if asking.sign_ins() != answered {
                match asking.silently(&request).await? {
                    Silently::Done(token) => {
                        if let Some(record) = asking.record() {
                            return Ok((token, record));
                        }
                    }
                    Silently::NeedsPerson(newer) => why = newer,
                }
            }
            // What the authority demands of a new sign-in, it is told; else what the caller does.
            let theirs = why
                .as_ref()
                .and_then(Error::oauth)
                .and_then(|oauth| oauth.claims.as_deref());
            let claims = theirs
                .and_then(|theirs| claims::parameter(Some(theirs), request.cae).ok().flatten())
                .or_else(|| request.claims_parameter.clone());
            let expected = asking.record();
            asking
                .ask(&request, claims.as_deref(), expected.as_ref())
                .await
        };
        let question = self.prompt.put(question.boxed());
        question.await.map(|(token, _)| token)
    }

    async fn silently(&self, request: &TokenRequest) -> Result<Silently> {
        if let Some(token) = self.known(request) {
            return Ok(Silently::Done(token));
        }
        let Some(record) = self.record() else {
            return Ok(Silently::NeedsPerson(None));
        };
        let now = self.clock.now();
        let (living, refresh_token, paused) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (
                self.find(&state, request)
                    .filter(|token| token.expires_on > now)
                    .map(info),
                state.refresh_token(&self.source.oauth, request.cae),
                state.pause(request, now),
            )
        };
        let Some(refresh_token) = refresh_token else {
            return Ok(living.map_or(Silently::NeedsPerson(None), Silently::Done));
        };
        if let Some(failure) = paused {
            return living.map(Silently::Done).ok_or(failure);
        }
        // With a token in hand nobody waits long for a newer one.
        let patience = if living.is_some() {
            Patience::Short
        } else {
            Patience::Full
        };
        let renewed = self
            .source
            .renew(
                request.wanted(),
                &refresh_token,
                &record.home_account_id,
                patience,
            )
            .await;
        let kept = renewed.and_then(|reply| {
            // Without `client_info` a renewal does not say whose it is in the record's terms.
            if reply.client_info.is_some() {
                self.check_account(&reply, Some(&record))?;
            }
            self.keep(request, &reply, Some(&record), None)
        });
        let error = match kept {
            Ok((token, _)) => return Ok(Silently::Done(token)),
            Err(error) => error,
        };
        let now = self.clock.now();
        // An authority that asks for rest gets it, and while a token lives there is time anyway. A
        // person can be asked at once.
        let asked = error
            .retry_after()
            .filter(|_| !error.needs_person())
            .map(|wait| wait.min(LONGEST_PAUSE));
        let own = living.is_some().then_some(PAUSE);
        if let Some(pause) = asked.max(own) {
            let until = now + i64::try_from(pause.as_secs()).unwrap_or_default();
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.set_pause(request.clone(), now, until, error.clone());
        }
        match living {
            Some(token) => {
                let (kind, code) = (
                    error.kind(),
                    error.oauth().map(|oauth| oauth.error.as_str()),
                );
                tracing::warn!(
                    ?kind,
                    code,
                    "no newer token could be had; the old one still lives"
                );
                Ok(Silently::Done(token))
            }
            None if error.needs_person() => Ok(Silently::NeedsPerson(Some(error))),
            None => Err(error),
        }
    }

    /// Asks a person; `expected` is who it has to be, if anybody in particular.
    async fn ask(
        &self,
        request: &TokenRequest,
        claims: Option<&str>,
        expected: Option<&AuthenticationRecord>,
    ) -> Result<Answer> {
        let accept = |reply: &Tokens| {
            state::check_known(reply)?;
            self.check_account(reply, expected)
        };
        let username = expected
            .map(|record| record.username.as_str())
            .filter(|name| !name.is_empty());
        let wanted = Wanted {
            claims,
            ..request.wanted()
        };
        let reply = self.source.ask(wanted, username, &accept).await?;
        self.keep(request, &reply, expected, Some(self.source.sign_in.grant()))
    }

    /// A token of somebody else than it was asked for is not kept.
    fn check_account(&self, reply: &Tokens, expected: Option<&AuthenticationRecord>) -> Result<()> {
        let Some(expected) = expected else {
            return Ok(());
        };
        match reply.home_account_id() {
            Some(account) if account != expected.home_account_id => {
                let other = reply
                    .id_token
                    .as_ref()
                    .and_then(|token| token.claims.username());
                Err(Error::new(
                    ErrorKind::WrongAccount,
                    format!(
                        "{} signed in, but a token of {} was asked for, so nothing was kept; sign \
                         in as that account, or call `authenticate` to switch",
                        other.unwrap_or("another account"),
                        expected.username
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a reply under the person's own tenant.
    fn keep(
        &self,
        request: &TokenRequest,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
        sign_in: Option<&'static str>,
    ) -> Result<Answer> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let record = state.keep(&self.source.oauth, request, reply, expected, sign_in)?;
        if sign_in.is_some() {
            let username = self
                .enable_support_logging
                .then_some(record.username.as_str());
            tracing::info!(username, "signed in");
        }
        let token = AccessTokenInfo {
            token: secret(&reply.access_token),
            expires_on: time(reply.expires_on),
            token_type: reply.token_type.clone(),
            refresh_on: reply.refresh_on.map(time),
        };
        Ok((token, record))
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

fn authentication_required(request: &TokenRequest, why: Option<&Error>) -> Error {
    let reason = why.map_or_else(
        || "no token for these scopes can be had without asking".to_owned(),
        ToString::to_string,
    );
    let error = Error::new(
        ErrorKind::AuthenticationRequired,
        format!(
            "a person has to sign in ({reason}), and this credential may not ask them \
             (`disable_automatic_authentication`); call `authenticate` with this error's scopes \
             and claims"
        ),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone());
    match why.and_then(Error::oauth) {
        Some(oauth) => error.with_oauth(oauth.clone()),
        None => error,
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
