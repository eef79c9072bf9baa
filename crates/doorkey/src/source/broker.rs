//! By the operating system's broker, and by the browser where there is none.

mod answer;
mod presence;

use super::{Asked, Entra, Patience, Wanted, Way};
use crate::{
    account::Account,
    broker::{
        Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
        BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, ParentWindow,
    },
    error::{Error, ErrorKind, Result},
    events::{self, Detail},
    oauth::AuthorityKind,
    options::SignInPrompt,
    record::AuthenticationRecord,
    seams::Clock,
    sign_in::{Observed, browser::Prompt, deadline_after},
    tenant::TenantId,
    tokens::{TokenKind, Tokens},
};
use answer::Expected;
use presence::{Failure, Presence, answered};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A broker, and the browser for where there is none.
#[derive(Debug)]
pub(crate) struct BrokerSource {
    pub(super) entra: Entra,
    broker: Arc<dyn Broker>,
    settings: BrokerSettings,
    clock: Clock,
    presence: Presence,
}

/// How a broker is asked.
#[derive(Debug)]
pub(crate) struct BrokerSettings {
    pub(crate) parent_window: ParentWindow,
    pub(crate) use_default_account: bool,
    pub(crate) enable_msa_passthrough: bool,
    /// Whether the browser may step in.
    pub(crate) falls_back: bool,
    pub(crate) prompt: Prompt,
    pub(crate) domain_hint: Option<String>,
    pub(crate) extra_query_parameters: Vec<(String, String)>,
    /// How long a person has.
    pub(crate) timeout: Duration,
    pub(crate) enable_support_logging: bool,
}

/// What came of asking without a person.
pub(crate) enum Silence {
    Token(Box<Tokens>),
    NeedsPerson(Error),
}

/// Who is signed in to the operating system.
pub(crate) enum DefaultAccount {
    Is(AuthenticationRecord),
    /// And why, where it was asked for.
    Nobody(Option<Error>),
}

impl BrokerSource {
    pub(crate) fn new(
        entra: Entra,
        broker: Arc<dyn Broker>,
        settings: BrokerSettings,
        clock: Clock,
    ) -> Self {
        Self {
            entra,
            broker,
            settings,
            clock,
            presence: Presence::default(),
        }
    }

    /// Without a person.
    pub(crate) async fn renew(
        &self,
        wanted: Wanted<'_>,
        record: &AuthenticationRecord,
        broker_account_id: Option<String>,
        deadline: Instant,
    ) -> Result<Silence> {
        let mut account = account_of(record);
        account.local_account_id = broker_account_id;
        match self.silently(wanted, account, deadline).await {
            Ok(tokens) => Ok(Silence::Token(Box::new(tokens))),
            Err(Failure::Absent(error)) => Ok(Silence::NeedsPerson(self.or_person(error))),
            Err(Failure::Answered(error)) if error.needs_person() => {
                Ok(Silence::NeedsPerson(error))
            }
            Err(Failure::Answered(error)) => Err(error),
        }
    }

    /// Who is signed in to the operating system, if that is who shall be meant.
    pub(crate) async fn default_person(
        &self,
        tenant: &TenantId,
        deadline: Instant,
    ) -> Result<DefaultAccount> {
        if !self.settings.use_default_account {
            return Ok(DefaultAccount::Nobody(None));
        }
        match self.default_account(tenant, deadline).await {
            Ok(Some(account)) => Ok(DefaultAccount::Is(self.record_of(account, tenant))),
            Ok(None) => Ok(DefaultAccount::Nobody(Some(nobody_by_default()))),
            Err(Failure::Absent(error)) => Ok(DefaultAccount::Nobody(Some(self.or_person(error)))),
            Err(Failure::Answered(error)) if error.needs_person() => {
                Ok(DefaultAccount::Nobody(Some(error)))
            }
            Err(Failure::Answered(error)) => Err(error),
        }
    }

    /// By asking a person: in the broker's window, or where there is no broker, in the browser.
    pub(super) async fn ask(&self, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<(Tokens, Way)> {
        if self.instead().is_some() {
            return self.as_default_account(wanted, asked).await;
        }
        let absent = match self.interactively(wanted, asked).await {
            Ok(tokens) => return Ok((tokens, Way::Broker)),
            Err(Failure::Answered(error)) => return Err(error),
            Err(Failure::Absent(error)) => error,
        };
        if !self.settings.falls_back {
            return Err(absent);
        }
        let detail = Detail::new(&absent, self.settings.enable_support_logging);
        events::broker_absent(&absent, detail);
        let outcome = self.entra.ask(wanted, asked).await;
        outcome.map_err(|error| match error.kind() {
            ErrorKind::CredentialUnavailable => {
                let message = format!("{error} (and the broker was no way either: {absent})");
                error.within(message)
            }
            _ => error,
        })
    }

    /// Forgets a person. Without a broker there is nothing to forget.
    pub(crate) async fn sign_out(
        &self,
        record: &AuthenticationRecord,
        broker_account_id: Option<String>,
        tenant: &TenantId,
    ) -> Result<()> {
        if self.check_kind().is_err() {
            return Ok(());
        }
        let mut request = BrokerSignOutRequest::new(self.application(tenant), account_of(record));
        request.account.local_account_id = broker_account_id;
        let forgetting = async { self.broker.sign_out(&request).await };
        match self.presence.without_person(in_full(), forgetting).await {
            Ok(()) => Ok(()),
            Err(Failure::Absent(error)) if error.kind() != ErrorKind::TimedOut => Ok(()),
            Err(Failure::Absent(error) | Failure::Answered(error)) => Err(error),
        }
    }

    /// Everybody whom the broker knows.
    pub(crate) async fn accounts(&self, tenant: &TenantId) -> Result<Vec<Account>> {
        let request = BrokerAccountsRequest::new(self.application(tenant));
        self.check_kind().map_err(Failure::into_error)?;
        let asking = async { self.broker.accounts(&request).await };
        let accounts = self.presence.without_person(in_full(), asking).await;
        let accounts = accounts.map_err(Failure::into_error)?;
        let known = accounts.into_iter().map(|account| {
            answer::check_account(&account)?;
            let record = self.record_of(account, tenant);
            Ok(Account {
                authority: record.authority,
                client_id: record.client_id,
                home_account_id: record.home_account_id,
                tenant_id: record.tenant_id,
                username: record.username,
            })
        });
        known.collect()
    }

    /// What else a person can do, where nobody is asked.
    pub(super) fn instead(&self) -> Option<&'static str> {
        let asks = self.settings.falls_back || !self.settings.use_default_account;
        (!asks).then_some(
            "sign in to the operating system with an account that may use this application, or leave \
             `disable_interactive_fallback` out to be asked",
        )
    }

    async fn silently(
        &self,
        wanted: Wanted<'_>,
        account: BrokerAccount,
        deadline: Instant,
    ) -> Result<Tokens, Failure> {
        let mut request = BrokerSilentRequest::new(
            self.application(wanted.tenant),
            account,
            wanted.scopes.to_vec(),
        );
        request.claims = wanted.claims.map(str::to_owned);
        request.pop = pop_of(wanted).map_err(Failure::Answered)?;
        self.check_presence()?;
        let work = async {
            let asking = async { self.broker.acquire_silently(&request).await };
            let token = self.presence.without_person(deadline, asking).await?;
            self.read(
                token,
                Some(&request.account),
                request.pop.as_ref(),
                wanted.tenant,
            )
        };
        self.spanned("broker_silent", &request.application, work)
            .await
    }

    async fn interactively(&self, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<Tokens, Failure> {
        let settings = &self.settings;
        self.check_presence()?;
        let parent_window = settings.parent_window.now().map_err(Failure::Answered)?;
        let mut request =
            BrokerInteractiveRequest::new(self.application(wanted.tenant), wanted.scopes.to_vec());
        request.account = asked.expected.map(account_of);
        request.claims = wanted.claims.map(str::to_owned);
        request.login_hint = self.entra.login_hint(asked.expected).map(str::to_owned);
        request.domain_hint.clone_from(&settings.domain_hint);
        request.prompt = settings.prompt;
        request
            .extra_query_parameters
            .clone_from(&settings.extra_query_parameters);
        request.parent_window = parent_window;
        request.pop = pop_of(wanted).map_err(Failure::Answered)?;
        let deadline = deadline_after(settings.timeout);
        let work = async {
            events::sign_in_began("broker");
            let asking = async { self.broker.acquire_interactively(&request).await };
            let token = answered(deadline, || self.late(), asking).await?;
            let tokens = self.read(
                token,
                request.account.as_ref(),
                request.pop.as_ref(),
                wanted.tenant,
            )?;
            (asked.accept)(&tokens).map_err(Failure::Answered)?;
            Ok(tokens)
        };
        let observer = self.entra.observer.as_deref();
        let observed = Observed::begin(observer, &SignInPrompt::Broker);
        let outcome = self.spanned("broker", &request.application, work).await;
        let told = match &outcome {
            Ok(_) => Ok(()),
            Err(Failure::Absent(error) | Failure::Answered(error)) => Err(error.clone()),
        };
        let _ = observed.end(told);
        outcome
    }

    /// The only way, where nobody may be asked.
    async fn as_default_account(
        &self,
        wanted: Wanted<'_>,
        asked: Asked<'_>,
    ) -> Result<(Tokens, Way)> {
        let deadline = in_full();
        let account = self.default_account(wanted.tenant, deadline).await;
        let account = account.map_err(Failure::into_error)?;
        let account = account.ok_or_else(nobody_by_default)?;
        let tokens = self.silently(wanted, account, deadline).await;
        let tokens = tokens.map_err(Failure::into_error)?;
        (asked.accept)(&tokens)?;
        Ok((tokens, Way::Broker))
    }

    /// The account of the operating system, unless somebody else is named.
    async fn default_account(
        &self,
        tenant: &TenantId,
        deadline: Instant,
    ) -> Result<Option<BrokerAccount>, Failure> {
        let mut request = BrokerAccountsRequest::new(self.application(tenant));
        request.default_account = true;
        self.check_presence()?;
        let asking = async { self.broker.accounts(&request).await };
        let accounts = self.presence.without_person(deadline, asking).await?;
        let Some(account) = accounts.into_iter().next() else {
            return Ok(None);
        };
        answer::check_account(&account).map_err(Failure::Answered)?;
        let is_meant = self.entra.sign_in.login_hint().is_none_or(|hint| {
            account.username.is_empty() || hint.to_lowercase() == account.username.to_lowercase()
        });
        Ok(is_meant.then_some(account))
    }

    /// Whether it is worth being asked.
    fn check_presence(&self) -> Result<(), Failure> {
        self.check_kind()?;
        match self.presence.is_resting() && self.settings.falls_back {
            true => Err(Failure::Absent(Error::unavailable(
                "the broker did not answer lately; restart it, or sign in another way",
            ))),
            false => Ok(()),
        }
    }

    fn check_kind(&self) -> Result<(), Failure> {
        let authority = self.entra.oauth.authority();
        match authority.kind() {
            AuthorityKind::Adfs | AuthorityKind::B2c { .. } => {
                Err(Failure::Absent(Error::unavailable(format!(
                    "no broker signs in to {}; sign in with a browser",
                    authority.as_str()
                ))))
            }
            _ => Ok(()),
        }
    }

    fn read(
        &self,
        token: crate::BrokerToken,
        asked_for: Option<&BrokerAccount>,
        pop: Option<&BrokerPop>,
        tenant: &TenantId,
    ) -> Result<Tokens, Failure> {
        let expected = Expected {
            client_id: self.entra.oauth.client_id(),
            account: asked_for,
            pop,
            tenant,
            now: self.clock.now(),
        };
        answer::read(token, &expected).map_err(Failure::from)
    }

    async fn spanned<T: Send>(
        &self,
        flow: &'static str,
        application: &BrokerApplication,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        let mut is_absent = false;
        let told = async {
            work.await.map_err(|failure| {
                is_absent = matches!(failure, Failure::Absent(_));
                failure.into_error()
            })
        };
        let outcome = events::acquire(flow, application.correlation_id, told).await;
        outcome.map_err(|error| match is_absent {
            true => Failure::Absent(error),
            false => Failure::Answered(error),
        })
    }

    fn application(&self, tenant: &TenantId) -> BrokerApplication {
        let oauth = &self.entra.oauth;
        let authority = oauth.authority();
        let url = match authority.kind().has_tenant() {
            true => authority.as_str().to_owned(),
            false => authority.join(&[tenant.as_str()]).into(),
        };
        let mut application = BrokerApplication::new(oauth.client_id(), url);
        application.enable_msa_passthrough = self.settings.enable_msa_passthrough;
        application
    }

    fn record_of(&self, account: BrokerAccount, tenant: &TenantId) -> AuthenticationRecord {
        let oauth = &self.entra.oauth;
        let home = crate::tenant::home_of(&account.home_account_id);
        let tenant_id = match account.tenant_id.as_str() {
            "" => home.unwrap_or(tenant.as_str()),
            tenant_id => tenant_id,
        };
        AuthenticationRecord {
            authority: oauth.authority().host_and_port(),
            client_id: oauth.client_id().to_owned(),
            tenant_id: tenant_id.to_owned(),
            home_account_id: account.home_account_id,
            username: account.username,
        }
    }

    /// The error of an absent broker. Where the browser may do instead, it is the person who is missing.
    fn or_person(&self, error: Error) -> Error {
        if !self.settings.falls_back {
            return error;
        }
        let message = error.to_string();
        Error::new(ErrorKind::AuthenticationRequired, message).with_source(error)
    }

    fn late(&self) -> String {
        format!(
            "nobody finished signing in in the broker's window within {} seconds, or it showed none; \
             try again, or raise `timeout`",
            self.settings.timeout.as_secs()
        )
    }
}

/// The time of a request without a person.
fn in_full() -> Instant {
    Instant::now() + Patience::Full.total()
}

/// Never forgotten: without it, a broker would give a bearer token.
fn pop_of(wanted: Wanted<'_>) -> Result<Option<BrokerPop>> {
    match (wanted.kind, wanted.resource_request) {
        (TokenKind::Bearer, _) => Ok(None),
        (TokenKind::Pop { key_id }, Some(request)) => Ok(Some(request.of_key(key_id))),
        (TokenKind::Pop { .. }, None) => Err(Error::invalid_argument(
            "a broker binds a token to one request alone, and none was named; give `pop` whole",
        )),
    }
}

fn account_of(record: &AuthenticationRecord) -> BrokerAccount {
    let mut account = BrokerAccount::new(record.home_account_id.as_str());
    account.username.clone_from(&record.username);
    account.tenant_id.clone_from(&record.tenant_id);
    account
}

fn nobody_by_default() -> Error {
    Error::new(
        ErrorKind::AuthenticationRequired,
        "nobody whom this credential is for is signed in to the operating system; sign in to it with \
         an account that may use this application",
    )
}

#[cfg(test)]
mod tests;
