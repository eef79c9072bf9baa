//! A Windows that writes down what it is asked.

use super::super::{
    messages::{AccountsStatus, Failure, ProviderError, TokenAnswer, TokenRequest, WebAccount},
    system::{Console, FoundAccount, FoundAccounts, FoundProvider, System},
};
use super::{CORRELATION, Wam};
use async_trait::async_trait;
use doorkey::{Broker as _, BrokerInteractiveRequest, Error};
use std::{
    collections::VecDeque,
    num::NonZeroIsize,
    sync::{Arc, Mutex, mpsc},
    thread,
};

#[derive(Clone, Default)]
pub(super) struct Recorder {
    // Shared with the test that reads the calls.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    answers: VecDeque<Result<TokenAnswer, Failure>>,
    known: Vec<WebAccount>,
    accounts_status: Option<(AccountsStatus, ProviderError)>,
    default_authority: String,
    console: Console,
    /// `None` is of none; an empty one, of all.
    missing: Option<String>,
    failure: Option<Failure>,
    has_no_default: bool,
    is_slow: bool,
    endless: Option<Endless>,
}

impl Recorder {
    pub(super) fn answering(answers: impl IntoIterator<Item = TokenAnswer>) -> Self {
        let recorder = Self::default();
        recorder.state().answers = answers.into_iter().map(Ok).collect();
        recorder
    }

    pub(super) fn knowing(self, known: impl IntoIterator<Item = WebAccount>) -> Self {
        self.state().known = known.into_iter().collect();
        self
    }

    pub(super) fn listing(self, status: AccountsStatus, error: ProviderError) -> Self {
        self.state().accounts_status = Some((status, error));
        self
    }

    pub(super) fn signed_in_by(self, authority: &str) -> Self {
        self.state().default_authority = authority.into();
        self
    }

    pub(super) fn in_console(self, console: Console) -> Self {
        self.state().console = console;
        self
    }

    pub(super) fn without_provider(self) -> Self {
        self.without_provider_of("")
    }

    pub(super) fn without_provider_of(self, authority: &str) -> Self {
        self.state().missing = Some(authority.into());
        self
    }

    /// Whose tokens never come.
    pub(super) fn slow(self) -> Self {
        self.state().is_slow = true;
        self
    }

    /// Nobody is signed in by an account that Windows serves.
    pub(super) fn without_default(self) -> Self {
        self.state().has_no_default = true;
        self
    }

    /// Whose next question is not even answered.
    pub(super) fn failing_to_answer(self, failure: Failure) -> Self {
        self.state().answers.push_back(Err(failure));
        self
    }

    pub(super) fn failing(self, failure: Failure) -> Self {
        self.state().failure = Some(failure);
        self
    }

    /// Whose calls never come back; `told` hears when one begins.
    pub(super) fn blocking(self, told: mpsc::Sender<&'static str>) -> Self {
        self.state().endless = Some(Endless { blocks: true, told });
        self
    }

    /// Whose operations have no end; `told` hears when one begins, and when it is dropped.
    pub(super) fn pending(self, told: mpsc::Sender<&'static str>) -> Self {
        self.state().endless = Some(Endless {
            blocks: false,
            told,
        });
        self
    }

    pub(super) fn wam(&self) -> Wam<Self> {
        Wam::new(self.clone())
    }

    /// Why asking a person came to nothing.
    pub(super) async fn refused(&self, request: &BrokerInteractiveRequest) -> Error {
        let outcome = self.wam().acquire_interactively(request).await;
        outcome.expect_err("it should be refused")
    }

    /// What has been asked, one line each.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn note(&self, call: String) -> Result<(), Failure> {
        let mut state = self.state();
        state.calls.push(call);
        state.failure.clone().map_or(Ok(()), Err)
    }

    fn answer(&self) -> Result<TokenAnswer, Failure> {
        // In a statement of its own, as the state is to be told of what was asked after a panic.
        let answer = self.state().answers.pop_front();
        answer.unwrap()
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Recorder")
    }
}

/// A call without an end.
#[derive(Clone)]
struct Endless {
    blocks: bool,
    told: mpsc::Sender<&'static str>,
}

impl Endless {
    async fn begin(self) {
        let _ = self.told.send("begun");
        if self.blocks {
            loop {
                thread::park();
            }
        }
        let _dropped = OnDrop(self.told);
        std::future::pending::<()>().await;
    }
}

struct OnDrop(mpsc::Sender<&'static str>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

fn shown(request: &TokenRequest, account: Option<&String>) -> String {
    let mut shown = format!("{:?} {}", request.prompt, request.client_id);
    if request.correlation_id == CORRELATION {
        shown.push_str(" correlated");
    }
    shown.push_str(&format!(" [{}]", request.scope));
    for (name, value) in &request.properties {
        shown.push_str(&format!(" {name}={value}"));
    }
    if let Some(account) = account {
        shown.push_str(&format!(" as {account}"));
    }
    shown
}

#[async_trait]
impl System for Recorder {
    type Provider = String;
    type Account = String;

    async fn find_provider(
        &self,
        id: &str,
        authority: Option<&str>,
    ) -> Result<Option<FoundProvider<String>>, Failure> {
        self.note(format!("provider {id} {}", authority.unwrap_or("-")))?;
        let endless = self.state().endless.clone();
        if let Some(endless) = endless {
            endless.begin().await;
        }
        let state = self.state();
        let is_missing = match authority {
            None if state.has_no_default => true,
            _ => state
                .missing
                .as_ref()
                .is_some_and(|missing| missing.is_empty() || Some(&**missing) == authority),
        };
        Ok((!is_missing).then(|| FoundProvider {
            provider: authority.unwrap_or("default").to_owned(),
            authority: state.default_authority.clone(),
        }))
    }

    async fn find_account(
        &self,
        provider: &String,
        id: &str,
    ) -> Result<Option<FoundAccount<String>>, Failure> {
        self.note(format!("account {provider} {id}"))?;
        let known = self.state().known.clone();
        let found = known.into_iter().find(|written| written.id == id);
        Ok(found.map(|written| FoundAccount {
            account: written.id.clone(),
            written,
        }))
    }

    async fn find_all_accounts(
        &self,
        provider: &String,
        client_id: &str,
    ) -> Result<FoundAccounts<String>, Failure> {
        self.note(format!("accounts {provider} {client_id}"))?;
        let state = self.state();
        let (status, error) = match state.accounts_status.clone() {
            Some((status, error)) => (status, Some(error)),
            None => (AccountsStatus::Success, None),
        };
        // Each plugin lists its own.
        let is_theirs = |written: &&WebAccount| {
            (provider == "consumers") == written.properties.contains_key("SafeCustomerId")
        };
        let known = state.known.iter().filter(is_theirs).cloned();
        let accounts = known
            .map(|written| FoundAccount {
                account: written.id.clone(),
                written,
            })
            .collect();
        Ok(FoundAccounts {
            status,
            accounts,
            error,
        })
    }

    async fn token_silently(
        &self,
        provider: &String,
        request: &TokenRequest,
        account: Option<&String>,
    ) -> Result<TokenAnswer, Failure> {
        self.note(format!("silently {provider} {}", shown(request, account)))?;
        let is_slow = self.state().is_slow;
        if is_slow {
            std::future::pending::<()>().await;
        }
        self.answer()
    }

    async fn token_for_window(
        &self,
        window: NonZeroIsize,
        provider: &String,
        request: &TokenRequest,
        account: Option<&String>,
    ) -> Result<TokenAnswer, Failure> {
        self.note(format!(
            "window {window} {provider} {}",
            shown(request, account)
        ))?;
        self.answer()
    }

    async fn sign_out(&self, account: &String, client_id: &str) -> Result<(), Failure> {
        self.note(format!("sign out {account} {client_id}"))
    }

    fn console(&self) -> Console {
        self.state().console
    }
}
