//! In which order Windows is asked.

use super::{
    messages::{Failure, TokenAnswer, TokenResponse, TokenStatus},
    person::{described, same},
    refusal::{self, Asked},
    reply,
    request::{self, Authority, CONSUMERS, DEFAULT_PROVIDER, PROVIDER, Plugin, Way},
    system::{FoundAccount, FoundProvider, System},
};
use async_trait::async_trait;
use azure_core::time::OffsetDateTime;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, ErrorKind, Prompt, Result,
};
use std::num::NonZeroIsize;

#[derive(Debug)]
pub(super) struct Wam<S> {
    system: S,
}

#[async_trait]
impl<S: System> Broker for Wam<S> {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let authority = Authority::of(&request.application)?;
        if request.default_account {
            let account = self.default_account(request, &authority).await?;
            return Ok(account.into_iter().collect());
        }
        let plugins = authority.plugins();
        let mut people: Vec<BrokerAccount> = Vec::new();
        let mut missing = Vec::new();
        for plugin in &plugins {
            match self.everybody(request, &authority, *plugin).await {
                Ok(theirs) => people.extend(theirs),
                Err(error) if error.kind() == ErrorKind::CredentialUnavailable => {
                    missing.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        // Personal accounts may be forbidden on a machine where the others work.
        if missing.len() == plugins.len() {
            return Err(missing.swap_remove(0));
        }
        Ok(people)
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        let application = &request.application;
        let authority = Authority::of(application)?;
        let named = Some(&request.account);
        let pop = request.pop.as_ref();
        match authority.way(named) {
            Way::Plain(plugin) => {
                check_binds(plugin, pop)?;
                let provider = self.provider(&authority, plugin).await?;
                let account = self
                    .required(&provider, application, &request.account)
                    .await?;
                let question = request::silent(request, plugin);
                let answer = self
                    .system
                    .token_silently(&provider, &question, Some(&account));
                bound(token(answer.await, plugin, named, false)?, pop)
            }
            Way::Transfer => {
                let personal = self.provider(&authority, Plugin::Personal).await?;
                let account = self
                    .required(&personal, application, &request.account)
                    .await?;
                let question = request::transfer(application);
                let answer = self
                    .system
                    .token_silently(&personal, &question, Some(&account));
                let response = response(answer.await, asked(named, false))?;
                let provider = self.provider(&authority, Plugin::EntraId).await?;
                let mut question = request::silent(request, Plugin::EntraId);
                request::show(&mut question, reply::assertion(&response)?);
                let answer = self.system.token_silently(&provider, &question, None);
                bound(token(answer.await, Plugin::EntraId, named, false)?, pop)
            }
        }
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        if request.prompt == Prompt::None {
            return self.without_asking(request).await;
        }
        let application = &request.application;
        let authority = Authority::of(application)?;
        let named = request.account.as_ref();
        let pop = request.pop.as_ref();
        match authority.way(named) {
            Way::Plain(plugin) => {
                check_binds(plugin, pop)?;
                let provider = self.provider(&authority, plugin).await?;
                // Before the window is missed: a browser needs none.
                let window = self.window(request)?;
                let account = self.found(&provider, application, named).await?;
                let question = request::interactive(request, plugin, account.is_some());
                let answer =
                    self.system
                        .token_for_window(window, &provider, &question, account.as_ref());
                bound(token(answer.await, plugin, named, true)?, pop)
            }
            Way::Transfer => {
                let personal = self.provider(&authority, Plugin::Personal).await?;
                let window = self.window(request)?;
                let account = self.found(&personal, application, named).await?;
                let question = request::transfer_interactive(request, account.is_some());
                let answer =
                    self.system
                        .token_for_window(window, &personal, &question, account.as_ref());
                let response = response(answer.await, asked(named, true))?;
                let provider = self.provider(&authority, Plugin::EntraId).await?;
                // They have just been asked who they are.
                let mut question = request::interactive(request, Plugin::EntraId, true);
                request::show(&mut question, reply::assertion(&response)?);
                let answer = self
                    .system
                    .token_for_window(window, &provider, &question, None);
                bound(token(answer.await, Plugin::EntraId, named, true)?, pop)
            }
        }
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        let application = &request.application;
        let authority = Authority::of(application)?;
        let plugin = match authority.way(Some(&request.account)) {
            Way::Plain(plugin) => plugin,
            Way::Transfer => Plugin::Personal,
        };
        let provider = self.provider(&authority, plugin).await?;
        let account = Some(&request.account);
        let Some(account) = self.found(&provider, application, account).await? else {
            return Ok(());
        };
        let done = self.system.sign_out(&account, &application.client_id);
        done.await
            .map_err(|failure| refusal::of_failure(&failure, Asked::default()))
    }
}

impl<S: System> Wam<S> {
    // Tests have a system of their own.
    pub(super) fn new(system: S) -> Self {
        Self { system }
    }

    async fn everybody(
        &self,
        request: &BrokerAccountsRequest,
        authority: &Authority,
        plugin: Plugin,
    ) -> Result<Vec<BrokerAccount>> {
        let provider = self.provider(authority, plugin).await?;
        let known = self.known(&provider, &request.application).await?;
        let mut people: Vec<BrokerAccount> = Vec::new();
        for account in known.iter().filter_map(|one| described(&one.written)) {
            let home = &account.home_account_id;
            if !people.iter().any(|one| same(&one.home_account_id, home)) {
                people.push(account);
            }
        }
        Ok(people)
    }

    /// Whoever is signed in to Windows, if they have used this application.
    async fn default_account(
        &self,
        request: &BrokerAccountsRequest,
        authority: &Authority,
    ) -> Result<Option<BrokerAccount>> {
        let (provider, plugin) = self.default_provider().await?;
        if !authority.serves(plugin) {
            return Ok(None);
        }
        let question = request::identity(&request.application, plugin);
        let answer = self.system.token_silently(&provider, &question, None).await;
        if let Ok(answer) = &answer
            && answer.status == TokenStatus::UserInteractionRequired
        {
            return Ok(None);
        }
        Ok(token(answer, plugin, None, false)?.account)
    }

    /// With `prompt=none`, which is the same as silence.
    async fn without_asking(&self, request: &BrokerInteractiveRequest) -> Result<BrokerToken> {
        let application = &request.application;
        if let Some(account) = &request.account {
            let mut silent = BrokerSilentRequest::new(
                application.clone(),
                account.clone(),
                request.scopes.clone(),
            );
            silent.claims.clone_from(&request.claims);
            silent.pop.clone_from(&request.pop);
            return self.acquire_silently(&silent).await;
        }
        let authority = Authority::of(application)?;
        let (default, plugin) = self.default_provider().await?;
        if !authority.serves(plugin) {
            return Err(refusal::unknown_account(""));
        }
        let pop = request.pop.as_ref();
        check_binds(plugin, pop)?;
        let question = request::unasked(request, plugin);
        let answer = self.system.token_silently(&default, &question, None);
        bound(token(answer.await, plugin, None, false)?, pop)
    }

    async fn provider(&self, authority: &Authority, plugin: Plugin) -> Result<S::Provider> {
        let found = self.find(PROVIDER, Some(authority.provider(plugin)));
        Ok(found.await?.provider)
    }

    async fn default_provider(&self) -> Result<(S::Provider, Plugin)> {
        let found = self.find(DEFAULT_PROVIDER, None).await?;
        let plugin = match &*found.authority {
            CONSUMERS => Plugin::Personal,
            _ => Plugin::EntraId,
        };
        Ok((found.provider, plugin))
    }

    async fn find(&self, id: &str, authority: Option<&str>) -> Result<FoundProvider<S::Provider>> {
        match self.system.find_provider(id, authority).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(refusal::no_provider(id)),
            Err(failure) => Err(refusal::of_failure(&failure, Asked::default())),
        }
    }

    async fn known(
        &self,
        provider: &S::Provider,
        application: &BrokerApplication,
    ) -> Result<Vec<FoundAccount<S::Account>>> {
        let found = self
            .system
            .find_all_accounts(provider, &application.client_id)
            .await
            .map_err(|failure| refusal::of_failure(&failure, Asked::default()))?;
        match refusal::of_accounts(found.status, found.error.as_ref()) {
            Some(error) => Err(error),
            None => Ok(found.accounts),
        }
    }

    async fn required(
        &self,
        provider: &S::Provider,
        application: &BrokerApplication,
        account: &BrokerAccount,
    ) -> Result<S::Account> {
        let found = self.found(provider, application, Some(account)).await?;
        found.ok_or_else(|| refusal::unknown_account(&account.username))
    }

    /// By Windows' own id where it is known; else by who it is, and last by name, as a guest may be
    /// written as they are in the other tenant.
    async fn found(
        &self,
        provider: &S::Provider,
        application: &BrokerApplication,
        account: Option<&BrokerAccount>,
    ) -> Result<Option<S::Account>> {
        let Some(account) = account else {
            return Ok(None);
        };
        // One that Windows fails to look up may still be in its list.
        if let Some(id) = &account.local_account_id
            && let Ok(Some(found)) = self.system.find_account(provider, id).await
        {
            return Ok(Some(found.account));
        }
        let mut known = self.known(provider, application).await?;
        let is_them = |one: &FoundAccount<_>| {
            described(&one.written)
                .is_some_and(|one| same(&one.home_account_id, &account.home_account_id))
        };
        let is_namesake = |one: &FoundAccount<_>| {
            !account.username.is_empty()
                && one.written.username.to_lowercase() == account.username.to_lowercase()
        };
        let index = known.iter().position(is_them);
        let index = index.or_else(|| known.iter().position(is_namesake));
        Ok(index.map(|index| known.swap_remove(index).account))
    }

    fn window(&self, request: &BrokerInteractiveRequest) -> Result<NonZeroIsize> {
        let window = request.parent_window;
        window
            .or_else(|| self.system.console_window())
            .ok_or_else(refusal::no_window)
    }
}

/// The token of an answer. It has to be `named`'s, if somebody is; `is_person` is whether one was asked.
fn token(
    answer: Result<TokenAnswer, Failure>,
    plugin: Plugin,
    named: Option<&BrokerAccount>,
    is_person: bool,
) -> Result<BrokerToken> {
    let is_switched = matches!(&answer, Ok(answer) if answer.status == TokenStatus::AccountSwitch);
    let response = response(answer, asked(named, is_person))?;
    let token = reply::token(&response, plugin, OffsetDateTime::now_utc())?;
    let Some(named) = named else {
        return Ok(token);
    };
    let signed_in = token.account.as_ref();
    let is_named = signed_in.map_or(!is_switched, |account| {
        same(&account.home_account_id, &named.home_account_id)
    });
    if !is_named {
        let signed_in = signed_in.map_or("", |account| &*account.username);
        return Err(refusal::other_account(signed_in, &named.username));
    }
    Ok(token)
}

/// Before anybody is asked: the plugin of personal accounts is not known to hand anything on.
fn check_binds(plugin: Plugin, pop: Option<&BrokerPop>) -> Result<()> {
    match (plugin, pop) {
        (Plugin::Personal, Some(_)) => Err(refusal::personal_is_unbound()),
        _ => Ok(()),
    }
}

/// An answer does not say of which type its token is, and Windows may have had a bearer token in its
/// cache: what is in the token decides.
fn bound(mut token: BrokerToken, pop: Option<&BrokerPop>) -> Result<BrokerToken> {
    let Some(pop) = pop else {
        return Ok(token);
    };
    if pop.is_named_by(token.access_token.secret()) != Some(true) {
        return Err(refusal::unbound());
    }
    token.token_type = "pop".to_owned();
    Ok(token)
}

fn asked(named: Option<&BrokerAccount>, is_person: bool) -> Asked {
    Asked {
        is_named: named.is_some(),
        is_person,
    }
}

fn response(answer: Result<TokenAnswer, Failure>, asked: Asked) -> Result<TokenResponse> {
    let answer = answer.map_err(|failure| refusal::of_failure(&failure, asked))?;
    let is_granted = match answer.status {
        TokenStatus::Success => true,
        // Another account was chosen, and has a token.
        TokenStatus::AccountSwitch => answer.response.is_some(),
        _ => false,
    };
    if !is_granted {
        let error = answer.error.as_ref();
        return Err(refusal::of_status(answer.status, error, asked));
    }
    answer
        .response
        .ok_or_else(|| reply::nonsense("has no token"))
}
