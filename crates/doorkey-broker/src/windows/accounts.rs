//! Which of Windows' accounts somebody is.

use super::{
    person::{described, is_namesake, same},
    refusal::{self, Asked},
    request::{self, Authority, Plugin},
    system::{FoundAccount, System},
    wam::{Wam, token},
};
use doorkey::{
    BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest, ErrorKind,
    Prompt, Result,
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long it may take to be told who the accounts of a list are.
const TIME_TO_TELL: Duration = Duration::from_secs(5);

/// What each question of a request has in common.
pub(super) struct Scene<'a> {
    pub(super) application: &'a BrokerApplication,
    pub(super) authority: &'a Authority,
    pub(super) named: Option<&'a BrokerAccount>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        application: &'a BrokerApplication,
        authority: &'a Authority,
        named: Option<&'a BrokerAccount>,
    ) -> Self {
        Self {
            application,
            authority,
            named,
        }
    }
}

/// Those of Windows' accounts that may be the one that was named.
pub(super) enum Candidates<A> {
    /// By Windows' own id, or by who it is.
    Is(FoundAccount<A>),
    /// By name, the likeliest first, as a guest may be written as they are in the other tenant.
    Namesakes(Vec<FoundAccount<A>>),
}

impl<S: System> Wam<S> {
    pub(super) async fn everybody(
        &self,
        request: &BrokerAccountsRequest,
        authority: &Authority,
        plugin: Plugin,
    ) -> Result<Vec<BrokerAccount>> {
        let provider = self.provider(authority, plugin).await?;
        let scene = Scene::new(&request.application, authority, None);
        let known = self.known(&scene, plugin, &provider).await?;
        let deadline = Instant::now() + TIME_TO_TELL;
        let mut people: Vec<BrokerAccount> = Vec::new();
        for one in &known {
            let whose = self.whose(&scene, plugin, &provider, one);
            let told = match timeout_at(deadline, whose).await {
                Ok(Ok(account)) => Some(account),
                _ => described(&one.written),
            };
            let Some(account) = told else {
                continue;
            };
            let home = &account.home_account_id;
            if !people.iter().any(|one| same(&one.home_account_id, home)) {
                people.push(account);
            }
        }
        Ok(people)
    }

    /// An account that is the one that was named. A namesake has to prove it: nobody else is to be
    /// asked for, or signed out, for having the name.
    pub(super) async fn proven(
        &self,
        scene: &Scene<'_>,
        plugin: Plugin,
        provider: &S::Provider,
    ) -> Result<Option<S::Account>> {
        let Some(named) = scene.named else {
            return Ok(None);
        };
        let namesakes = match self.candidates(scene, plugin, provider, named).await? {
            Candidates::Is(one) => return Ok(Some(one.account)),
            Candidates::Namesakes(namesakes) => namesakes,
        };
        let mut silent = None;
        for one in namesakes {
            match self.whose(scene, plugin, provider, &one).await {
                Ok(account) if same(&account.home_account_id, &named.home_account_id) => {
                    return Ok(Some(one.account));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WrongAccount => {}
                Err(error) => silent = silent.or(Some(error)),
            }
        }
        silent.map_or(Ok(None), Err)
    }

    /// Whoever a hint names, where they need not choose: if Windows has them, they need not type either.
    pub(super) async fn hinted(
        &self,
        scene: &Scene<'_>,
        plugin: Plugin,
        provider: &S::Provider,
        request: &BrokerInteractiveRequest,
    ) -> Result<Option<S::Account>> {
        let Some(hint) = &request.login_hint else {
            return Ok(None);
        };
        if request.prompt != Prompt::Omitted {
            return Ok(None);
        }
        let mut hinted = BrokerAccount::new(String::new());
        hinted.username.clone_from(hint);
        let candidates = self.candidates(scene, plugin, provider, &hinted).await?;
        Ok(match candidates {
            Candidates::Is(one) => Some(one.account),
            Candidates::Namesakes(namesakes) => namesakes.into_iter().next().map(|one| one.account),
        })
    }

    pub(super) async fn candidates(
        &self,
        scene: &Scene<'_>,
        plugin: Plugin,
        provider: &S::Provider,
        account: &BrokerAccount,
    ) -> Result<Candidates<S::Account>> {
        // One that Windows fails to look up may still be in its list.
        if let Some(id) = &account.local_account_id
            && let Ok(Some(found)) = self.system.find_account(provider, id).await
        {
            return Ok(Candidates::Is(found));
        }
        let mut known = self.known(scene, plugin, provider).await?;
        let is_them = |one: &FoundAccount<_>| {
            described(&one.written)
                .is_some_and(|one| same(&one.home_account_id, &account.home_account_id))
        };
        if let Some(index) = known.iter().position(is_them) {
            return Ok(Candidates::Is(known.swap_remove(index)));
        }
        known.retain(|one| is_namesake(&one.written, account));
        // A guest has an account in each tenant.
        known.sort_by_key(|one| {
            described(&one.written).is_none_or(|one| !same(&one.tenant_id, &account.tenant_id))
        });
        Ok(Candidates::Namesakes(known))
    }

    /// Who an account is by a token of nothing but that: Windows may describe a guest as they are
    /// elsewhere, and so as somebody else than their tokens do.
    pub(super) async fn whose(
        &self,
        scene: &Scene<'_>,
        plugin: Plugin,
        provider: &S::Provider,
        one: &FoundAccount<S::Account>,
    ) -> Result<BrokerAccount> {
        let written = &one.written;
        let unknown = || refusal::unknown_account(&written.username);
        if plugin == Plugin::Personal {
            // It is never a guest.
            return described(written).ok_or_else(unknown);
        }
        let question = request::identity(scene.application, scene.authority, plugin);
        let answer = self
            .system
            .token_silently(provider, &question, Some(&one.account));
        let token = token(answer.await, plugin, None, None)?;
        let mut account = token.account.ok_or_else(unknown)?;
        let id = account.local_account_id.as_ref();
        // Windows has been seen to answer with the default account's token.
        if id.is_some_and(|id| *id != written.id) {
            return Err(refusal::other_account(&account.username, &written.username));
        }
        account.local_account_id = Some(written.id.clone()).filter(|id| !id.is_empty());
        account.username.clone_from(&written.username);
        Ok(account)
    }

    async fn known(
        &self,
        scene: &Scene<'_>,
        plugin: Plugin,
        provider: &S::Provider,
    ) -> Result<Vec<FoundAccount<S::Account>>> {
        let found = self
            .system
            .find_all_accounts(provider, &scene.application.client_id)
            .await
            .map_err(|failure| refusal::of_failure(&failure, Asked::default()))?;
        match refusal::of_accounts(found.status, found.error.as_ref()) {
            // Personal accounts are listed to few applications, whatever it is called.
            Some(_) if plugin == Plugin::Personal => Ok(Vec::new()),
            Some(error) => Err(error),
            None => {
                let mut accounts = found.accounts;
                accounts.retain(|one| scene.authority.knows(&one.written));
                Ok(accounts)
            }
        }
    }
}
