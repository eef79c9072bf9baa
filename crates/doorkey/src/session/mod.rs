//! The decision: is a token known, can it be renewed, must a person be asked? The only place that
//! decides.

mod answer;
mod decision;
mod failures;
pub(crate) mod flights;
mod gate;
mod pop;
mod renewal;
mod request;
mod required;
mod sent_tokens;
mod state;
mod storage;

use crate::{
    account::Account,
    cache::{AccessToken, KnownBy, Persistence},
    claims,
    error::{Error, ErrorKind, Result},
    options::{AccessTokenInfo, AuthenticateOptions, TokenInfoOptions},
    record::AuthenticationRecord,
    scopes::Scopes,
    seams::Clock,
    source::Source,
    tenant::TenantRules,
    tokens::TokenKind,
};
use answer::{has_margin, info, secret, time};
use async_trait::async_trait;
use azure_core::credentials::AccessToken as AzureAccessToken;
use flights::{Flights, guarded};
use futures_util::future::FutureExt;
use gate::Gate;
use pop::PopKey;
use request::TokenRequest;
use sent_tokens::SentTokens;
use state::State;
use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use storage::Storage;
use tokio::{
    runtime::{Handle, Id},
    task::JoinSet,
};

/// One credential's people, tokens and questions.
#[derive(Debug)]
pub(crate) struct Session {
    // Shared with the flights, which outlive the call that began them.
    inner: Arc<Inner>,
    /// The refreshes ahead of time. They end with the session.
    ahead: Mutex<JoinSet<()>>,
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
    /// Where the cache is kept, if anywhere but here.
    pub(crate) persistence: Option<Persistence>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    tenants: TenantRules,
    enable_cae: bool,
    enable_support_logging: bool,
    automatic: bool,
    clock: Clock,
    state: RwLock<State>,
    storage: Option<Storage>,
    /// What is refreshed ahead of time just now.
    refreshing: Mutex<HashSet<TokenRequest>>,
    // By runtime, too: a flight has its sockets and timers on the one that began it.
    tokens: Flights<(Id, TokenRequest), AccessTokenInfo>,
    records: Flights<(Id, TokenRequest), AuthenticationRecord>,
    prompt: Gate<Answer>,
    sent: Mutex<SentTokens>,
    pop_key: PopKey,
}

/// A token, and whose it is.
type Answer = (AccessTokenInfo, AuthenticationRecord);

/// Whoever has a session, perhaps not always the same one.
#[async_trait]
pub(crate) trait HasSession: fmt::Debug + Send + Sync {
    async fn session(self: Arc<Self>) -> Result<Arc<Session>>;
}

#[async_trait]
impl HasSession for Session {
    async fn session(self: Arc<Self>) -> Result<Arc<Self>> {
        Ok(self)
    }
}

impl Session {
    pub(crate) fn new(source: Source, configuration: Configuration, clock: Clock) -> Self {
        let Configuration {
            tenants,
            enable_cae,
            enable_support_logging,
            automatic,
            record,
            persistence,
        } = configuration;
        Self {
            ahead: Mutex::new(JoinSet::new()),
            inner: Arc::new(Inner {
                state: RwLock::new(State::new(record, source.sign_in().guesses())),
                source,
                tenants,
                enable_cae,
                enable_support_logging,
                automatic,
                clock,
                storage: persistence.map(Storage::new),
                refreshing: Mutex::default(),
                tokens: Flights::new(),
                records: Flights::new(),
                prompt: Gate::new(),
                sent: Mutex::default(),
                pop_key: PopKey::default(),
            }),
        }
    }

    /// The SDK's question. The future of a cached token stays small: all that waits is boxed apart.
    pub(crate) async fn get_token(&self, scopes: &[&str]) -> Result<AzureAccessToken> {
        let inner = &self.inner;
        Scopes::check(scopes)?;
        if inner.storage.is_some() {
            Box::pin(inner.see_changes(inner.enable_cae)).await?;
        }
        if let Some((token, is_aging)) = inner.cached(scopes) {
            if is_aging {
                self.refresh_ahead(inner.request(Scopes::parse(scopes)?, None, None, false)?);
            }
            return Ok(token);
        }
        let info = Box::pin(self.get_token_info(scopes, TokenInfoOptions::default())).await?;
        info.try_into()
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
            pop,
        } = options;
        let request = inner.request(scopes, claims, tenant_id.as_deref(), enable_cae)?;
        match pop {
            None => self.answer(request).await,
            Some(pop) => Box::pin(self.answer_bound(request, &pop)).await,
        }
    }

    async fn answer(&self, request: TokenRequest) -> Result<AccessTokenInfo> {
        let inner = &self.inner;
        inner.see_changes(request.cae).await?;
        if let Some(token) = inner.known(&request) {
            let now = inner.clock.now();
            let aging = token.refresh_on.map(|time| time.unix_timestamp() <= now);
            if aging == Some(true) {
                self.refresh_ahead(request);
            }
            return Ok(token);
        }
        let runtime = runtime()?;
        if request.resource_request.is_some() {
            // What comes of it may be good once, so nobody else waits for it.
            return guarded(Arc::clone(inner).acquire(request).boxed()).await;
        }
        let flight = inner.tokens.join((runtime, request.clone()), || {
            let inner = Arc::clone(inner);
            inner.acquire(request).boxed()
        });
        flight.await
    }

    /// The authority names a time from which on it would rather renew a token than have it expire.
    /// The one task that is ever spawned: whoever asked has their token, and does not wait.
    fn refresh_ahead(&self, request: TokenRequest) {
        let inner = &self.inner;
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let now = inner.clock.now();
        if inner.read_state().failures.pause(&request, now).is_some() {
            return;
        }
        let mark = request.for_any_resource().into_owned();
        let mut refreshing = lock(&inner.refreshing);
        if !refreshing.insert(mark.clone()) {
            return;
        }
        drop(refreshing);
        // Before the task: its runtime may end before it is polled.
        let done = Done(Arc::clone(inner), mark);
        let task = async move { done.0.renew_ahead(&request).await };
        let mut ahead = lock(&self.ahead);
        while ahead.try_join_next().is_some() {}
        ahead.spawn_on(task, &runtime);
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
                // Where nothing can be kept, the person had better know before they sign in.
                inner.read_again(request.cae).await?;
                inner.prompt.wait().await;
                let asking = Arc::clone(&inner);
                let question = inner.prompt.put(
                    async move {
                        let _alone = asking.prompt.alone().await;
                        asking
                            .ask(&request, request.claims_parameter.as_deref(), None, true)
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

    /// Forgets the person, here and in the store.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        let inner = &self.inner;
        runtime()?;
        // Under the lock, as a peer may be halfway through writing. What cannot be read is forgotten
        // here all the same, and its error is told.
        let seen = inner.read_again(false).await.map(drop);
        let Some(person) = inner.whose()? else {
            return seen;
        };
        let oauth = inner.source.oauth();
        let forgotten = match inner.source.broker() {
            Some(broker) => {
                let id = inner.read_state().broker_account_id(oauth, &person);
                let tenant = &inner.tenants.configured;
                broker.sign_out(&person, id, tenant).await
            }
            None => Ok(()),
        };
        let changes = inner.write_state().sign_out(oauth, &person);
        inner.store(changes).await.and(forgotten).and(seen)
    }

    /// Who is signed in to the broker.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>> {
        runtime()?;
        match self.inner.source.broker() {
            Some(broker) => broker.accounts(&self.inner.tenants.configured).await,
            None => Ok(Vec::new()),
        }
    }
}

/// Ends the mark of a refresh, however it ended.
struct Done(Arc<Inner>, TokenRequest);

impl Drop for Done {
    fn drop(&mut self) {
        lock(&self.0.refreshing).remove(&self.1);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// The path that every request of an SDK client takes: one lock for reading, no allocation but
    /// the token's.
    fn cached(&self, scopes: &[&str]) -> Option<(AzureAccessToken, bool)> {
        let state = self.read_state();
        let tenant = &self.tenants.configured;
        let record = state.record.as_ref()?;
        let now = self.clock.now();
        let oauth = self.source.oauth();
        let token = state.access_token(oauth, record, tenant, scopes, self.enable_cae, now)?;
        let is_aging = token.refresh_on.is_some_and(|time| time <= now);
        has_margin(token, now).then(|| {
            let token = AzureAccessToken {
                token: secret(&token.secret),
                expires_on: time(token.expires_on),
            };
            (token, is_aging)
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
        let state = self.read_state();
        Ok(TokenRequest {
            home_account_id: state
                .record
                .as_ref()
                .map(|record| record.home_account_id.clone()),
            tenant: self.tenants.resolve(tenant_id)?,
            claims_parameter: claims::parameter(claims.as_deref(), cae)?,
            scopes,
            kind: TokenKind::Bearer,
            resource_request: None,
            cae,
            claims,
        })
    }

    fn default_scopes(&self) -> Result<Scopes> {
        let authority = self.source.oauth().authority();
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
        let state = self.read_state();
        let token = self.find(&state, state.record.as_ref()?, request)?;
        has_margin(token, self.clock.now()).then(|| info(token))
    }

    /// A token that was issued without the claims cannot satisfy them.
    fn find<'a>(
        &self,
        state: &'a State,
        record: &AuthenticationRecord,
        request: &TokenRequest,
    ) -> Option<&'a AccessToken> {
        if request.claims.is_some() {
            return None;
        }
        let oauth = self.source.oauth();
        if let TokenKind::Pop { key_id } = &request.kind {
            return state.bound_access_token(oauth, record, request, key_id);
        }
        let scopes: Vec<_> = request.scopes.iter().collect();
        let now = self.clock.now();
        state.access_token(oauth, record, &request.tenant, &scopes, request.cae, now)
    }

    /// Whose session this is, to be signed out.
    fn whose(&self) -> Result<Option<AuthenticationRecord>> {
        let state = self.read_state();
        let oauth = self.source.oauth();
        let login_hint = self.source.sign_in().login_hint();
        let known_by = match self.source.broker() {
            Some(_) => KnownBy::Anything,
            None => KnownBy::Renewal,
        };
        let mut people = match &state.record {
            Some(record) => vec![record.clone()],
            None if state.guesses => state.people(oauth, login_hint, false, known_by),
            None => Vec::new(),
        };
        let person = people.pop();
        if !people.is_empty() {
            return Err(Error::invalid_argument(
                "several people are signed in, and this credential is nobody's in particular; give \
                 `login_hint` or `authentication_record`, or remove one of `accounts` by `sign_out`",
            ));
        }
        Ok(person)
    }

    fn sign_ins(&self) -> u64 {
        self.read_state().sign_ins
    }

    fn record(&self) -> Option<AuthenticationRecord> {
        self.read_state().record.clone()
    }
}

/// What waits, waits on Tokio, which panics where there is none.
pub(crate) fn runtime() -> Result<Id> {
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
