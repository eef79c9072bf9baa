//! In which order Windows is asked.

use super::{
    accounts::{Candidates, Scene},
    messages::{Failure, PromptType, TokenAnswer, TokenRequest, TokenResponse, TokenStatus},
    person::same,
    refusal::{self, Asked},
    reply,
    request::{self, Authority, CONSUMERS, DEFAULT_PROVIDER, PROVIDER, Plugin, Way},
    system::{Console, FoundProvider, System},
};
use async_trait::async_trait;
use azure_core::{credentials::Secret, time::OffsetDateTime};
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerPop,
    BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, ErrorKind, Prompt, Result,
};
use std::num::NonZeroIsize;

#[derive(Debug)]
pub(super) struct Wam<S> {
    pub(super) system: S,
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
        let authority = Authority::of(&request.application)?;
        let scene = Scene::new(&request.application, &authority, Some(&request.account));
        let way = authority.way(scene.named);
        let plugin = way.plugin();
        let pop = request.pop.as_ref();
        check_binds(plugin, pop)?;
        let provider = self.provider(&authority, plugin).await?;
        let mut question = request::silent(request, &authority, plugin);
        let unknown = || refusal::unknown_account(&request.account.username);
        let (account, is_sure) = match way {
            // One that was shown to Entra ID before is an account of its plugin.
            Way::Transfer => {
                let shown = self.proven(&scene, plugin, &provider).await;
                (shown.unwrap_or(None), true)
            }
            Way::Plain(_) => {
                let found = self.candidates(&scene, plugin, &provider, &request.account);
                match found.await? {
                    Candidates::Is(one) => (Some(one.account), true),
                    Candidates::Namesakes(namesakes) => {
                        let likeliest = namesakes.into_iter().next();
                        (likeliest.map(|one| one.account), false)
                    }
                }
            }
        };
        if way == Way::Transfer && account.is_none() {
            let assertion = self.assertion(&scene).await?;
            request::show(&mut question, &assertion);
        } else if plugin == Plugin::EntraId && account.is_none() {
            return Err(unknown());
        }
        let answer = self
            .system
            .token_silently(&provider, &question, account.as_ref());
        match token(answer.await, plugin, scene.named, None) {
            // Whose it is was our guess, or Windows'.
            Err(error) if error.kind() == ErrorKind::WrongAccount => {
                Err(match is_sure && account.is_some() {
                    true => error,
                    false => unknown(),
                })
            }
            answer => bound(answer?, pop),
        }
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        if request.prompt == Prompt::None {
            return self.without_asking(request).await;
        }
        let authority = Authority::of(&request.application)?;
        let scene = Scene::new(&request.application, &authority, request.account.as_ref());
        let way = authority.way(scene.named);
        let plugin = way.plugin();
        let pop = request.pop.as_ref();
        check_binds(plugin, pop)?;
        let provider = self.provider(&authority, plugin).await?;
        // Before the window is missed: a browser needs none.
        let window = self.window(request)?;
        // One that cannot be looked up may sign in all the same.
        let account = match scene.named {
            Some(_) => self.proven(&scene, plugin, &provider).await,
            None => self.hinted(&scene, plugin, &provider, request).await,
        };
        let account = account.unwrap_or(None);
        let mut is_known = account.is_some();
        let mut assertion = None;
        if way == Way::Transfer && account.is_none() {
            let personal = self.provider(&authority, Plugin::Personal).await?;
            let theirs = self.proven(&scene, Plugin::Personal, &personal).await;
            let theirs = theirs.unwrap_or(None);
            let question = request::transfer_interactive(request, &authority, theirs.is_some());
            let answer = self
                .in_window(window, &personal, &question, theirs.as_ref())
                .await;
            let response = response(answer, asked(scene.named, Some(window)))?;
            assertion = Some(reply::assertion(&response)?);
            // They have just been asked who they are.
            is_known = true;
        }
        let mut question = request::interactive(request, &authority, plugin, is_known);
        if let Some(assertion) = &assertion {
            request::show(&mut question, assertion);
        }
        if plugin == Plugin::Personal
            && question.prompt == PromptType::Default
            && !is_known
            && self.default_plugin().await? != Some(Plugin::Personal)
        {
            // There is nobody to begin with.
            request::add_account(&mut question);
        }
        let answer = self
            .in_window(window, &provider, &question, account.as_ref())
            .await;
        bound(token(answer, plugin, scene.named, Some(window))?, pop)
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        let application = &request.application;
        let authority = Authority::of(application)?;
        let scene = Scene::new(application, &authority, Some(&request.account));
        let plugins: &[_] = match authority.way(scene.named) {
            Way::Plain(plugin) => &[plugin],
            Way::Transfer => &[Plugin::EntraId, Plugin::Personal],
        };
        for plugin in plugins {
            let provider = self.provider(&authority, *plugin).await?;
            let Some(account) = self.proven(&scene, *plugin, &provider).await? else {
                continue;
            };
            let done = self.system.sign_out(&account, &application.client_id);
            done.await
                .map_err(|failure| refusal::of_failure(&failure, Asked::default()))?;
        }
        Ok(())
    }
}

/// A window in front of which Windows asks.
#[derive(Clone, Copy)]
pub(super) struct Window {
    handle: NonZeroIsize,
    is_console: bool,
}

impl<S: System> Wam<S> {
    // Tests have a system of their own.
    pub(super) fn new(system: S) -> Self {
        Self { system }
    }

    /// Whether somebody can be asked, without asking them.
    pub(super) async fn check_presence(&self, request: &BrokerInteractiveRequest) -> Result<()> {
        let authority = Authority::of(&request.application)?;
        // First, as the calls are said to hang there.
        if request.parent_window.is_none() && matches!(self.system.console(), Console::NoDesktop) {
            return Err(refusal::no_desktop());
        }
        let plugin = authority.plugins()[0];
        self.provider(&authority, plugin).await.map(drop)
    }

    /// Whoever is signed in to Windows, if they have used this application.
    async fn default_account(
        &self,
        request: &BrokerAccountsRequest,
        authority: &Authority,
    ) -> Result<Option<BrokerAccount>> {
        let application = &request.application;
        let question = |plugin| request::identity(application, authority, plugin);
        let scene = Scene::new(application, authority, None);
        match self.of_default(&scene, question, None).await {
            Ok(Some(token)) => Ok(token.account),
            Ok(None) => Ok(None),
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => Ok(None),
            Err(error) => Err(error),
        }
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
        let question = |plugin| request::unasked(request, &authority, plugin);
        let scene = Scene::new(application, &authority, None);
        let pop = request.pop.as_ref();
        let token = self.of_default(&scene, question, pop).await?;
        token.ok_or_else(|| refusal::unknown_account(""))
    }

    /// Without asking, of whoever is signed in to Windows: `None` where nobody is, or nobody who may
    /// sign in here.
    async fn of_default(
        &self,
        scene: &Scene<'_>,
        question: impl Fn(Plugin) -> TokenRequest + Send + Sync,
        pop: Option<&BrokerPop>,
    ) -> Result<Option<BrokerToken>> {
        let authority = scene.authority;
        let Some(default) = self.default_plugin().await? else {
            // Whether it is a Windows with nobody, or without a Web Account Manager.
            self.provider(authority, authority.plugins()[0]).await?;
            return Ok(None);
        };
        if !authority.serves(default) {
            return Ok(None);
        }
        let way = authority.way_of(default == Plugin::Personal);
        let plugin = way.plugin();
        check_binds(plugin, pop)?;
        // By the authority, not by the default account's own provider, which knows neither the tenant
        // nor the cloud that is asked for.
        let provider = self.provider(authority, plugin).await?;
        let mut question = question(plugin);
        if way == Way::Transfer {
            request::show(&mut question, &self.assertion(scene).await?);
        }
        let answer = self.system.token_silently(&provider, &question, None);
        bound(token(answer.await, plugin, None, None)?, pop).map(Some)
    }

    /// What shows a personal account to Entra ID, without asking: of the named one, else of the default.
    async fn assertion(&self, scene: &Scene<'_>) -> Result<Secret> {
        let personal = self.provider(scene.authority, Plugin::Personal).await?;
        let account = self.proven(scene, Plugin::Personal, &personal).await?;
        let question = request::transfer(scene.application, scene.authority);
        let answer = self
            .system
            .token_silently(&personal, &question, account.as_ref());
        let response = response(answer.await, asked(scene.named, None))?;
        reply::assertion(&response)
    }

    pub(super) async fn provider(
        &self,
        authority: &Authority,
        plugin: Plugin,
    ) -> Result<S::Provider> {
        let found = self.find(PROVIDER, Some(authority.provider(plugin)));
        let found = found.await?;
        let found = found.ok_or_else(|| refusal::no_provider(PROVIDER))?;
        Ok(found.provider)
    }

    /// Of which kind whoever is signed in to Windows is, if anybody is by an account that it serves.
    async fn default_plugin(&self) -> Result<Option<Plugin>> {
        let found = self.find(DEFAULT_PROVIDER, None).await?;
        Ok(found.map(|found| match &*found.authority {
            CONSUMERS => Plugin::Personal,
            _ => Plugin::EntraId,
        }))
    }

    async fn find(
        &self,
        id: &str,
        authority: Option<&str>,
    ) -> Result<Option<FoundProvider<S::Provider>>> {
        let found = self.system.find_provider(id, authority).await;
        found.map_err(|failure| refusal::of_failure(&failure, Asked::default()))
    }

    async fn in_window(
        &self,
        window: Window,
        provider: &S::Provider,
        question: &TokenRequest,
        account: Option<&S::Account>,
    ) -> Result<TokenAnswer, Failure> {
        let handle = window.handle;
        let answer = self
            .system
            .token_for_window(handle, provider, question, account);
        answer.await
    }

    fn window(&self, request: &BrokerInteractiveRequest) -> Result<Window> {
        if let Some(handle) = request.parent_window {
            let is_console = false;
            return Ok(Window { handle, is_console });
        }
        match self.system.console() {
            Console::Window(handle) => Ok(Window {
                handle,
                is_console: true,
            }),
            Console::None => Err(refusal::no_window()),
            Console::NoDesktop => Err(refusal::no_desktop()),
        }
    }
}

/// The token of an answer. It has to be `named`'s, if somebody is; `window` is where a person was asked.
pub(super) fn token(
    answer: Result<TokenAnswer, Failure>,
    plugin: Plugin,
    named: Option<&BrokerAccount>,
    window: Option<Window>,
) -> Result<BrokerToken> {
    let is_switched = matches!(&answer, Ok(answer) if answer.status == TokenStatus::AccountSwitch);
    let response = response(answer, asked(named, window))?;
    let token = reply::token(&response, plugin, OffsetDateTime::now_utc())?;
    let Some(named) = named else {
        return Ok(token);
    };
    match &token.account {
        Some(account) => check_whose(account, named)?,
        None if is_switched => return Err(refusal::other_account("", &named.username)),
        None => {}
    }
    Ok(token)
}

fn check_whose(account: &BrokerAccount, named: &BrokerAccount) -> Result<()> {
    match same(&account.home_account_id, &named.home_account_id) {
        true => Ok(()),
        false => Err(refusal::other_account(&account.username, &named.username)),
    }
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

fn asked(named: Option<&BrokerAccount>, window: Option<Window>) -> Asked {
    Asked {
        is_named: named.is_some(),
        is_person: window.is_some(),
        is_console: window.is_some_and(|window| window.is_console),
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
