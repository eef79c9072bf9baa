//! One link after the other, until one gives a token; from then on that one alone.

mod attempts;
mod link;

pub(super) use link::{Failure, Foreign, Interactive, Lacking, Link, Silent};

use crate::{
    claims,
    error::{Error, ErrorKind, Result},
    options::{AccessTokenInfo, TokenInfoOptions},
    pop::ResourceRequest,
    pop_policy::{GivesTokens, PopPolicy},
    scopes::Scopes,
    session::{flights::guarded, lock, runtime},
};
use async_trait::async_trait;
use attempts::Attempts;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{
        Context, Request,
        policies::{Policy, PolicyResult},
    },
};
use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::runtime::Id;

/// The links of a credential, in their order.
#[derive(Debug)]
pub(super) struct Chain {
    // Shared with the flights, which outlive the call that began them.
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The credential's, for its errors.
    name: &'static str,
    links: Vec<Arc<dyn Link>>,
    /// The first that gave a token.
    chosen: OnceLock<usize>,
    /// The same, where links had to be passed by for what a request wants: by which ones.
    chosen_without: Mutex<HashMap<Vec<bool>, usize>>,
    /// One walk at a time, so that clients which start together choose once, and open one tab. By
    /// runtime, as in a session. Whoever waits for a walk drives it.
    walks: Mutex<HashMap<Id, (Question, WeakShared<Walk>)>>,
}

type Question = (Vec<String>, TokenInfoOptions);

type Walk = BoxFuture<'static, Result<AccessTokenInfo>>;

impl Chain {
    pub(super) fn new(name: &'static str, links: Vec<Arc<dyn Link>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                name,
                links,
                chosen: OnceLock::new(),
                chosen_without: Mutex::default(),
                walks: Mutex::default(),
            }),
        }
    }

    /// The SDK's question; once a link is chosen, as fast as the link's own answer.
    pub(super) async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        match self.inner.chosen.get() {
            Some(index) => self.inner.links[*index].get_token(scopes).await,
            None => {
                let info = Box::pin(self.get_token_info(scopes, TokenInfoOptions::default()));
                Ok(info.await?.try_into()?)
            }
        }
    }

    pub(super) async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        Scopes::check(scopes)?;
        claims::parameter(options.claims.as_deref(), false)?;
        if let Some(pop) = &options.pop {
            ResourceRequest::parse(pop)?;
        }
        let inner = &self.inner;
        let passed_by = inner.passed_by(&options);
        let question = || {
            let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            (scopes, options.clone())
        };
        loop {
            if let Some(index) = inner.choice(&passed_by) {
                return inner.ask(&*inner.links[index], scopes, options).await;
            }
            match inner.join(runtime()?, question()) {
                Ok(ours) => return ours.await,
                // What comes of it is the others' affair, but for the choice.
                Err(theirs) => drop(theirs.await),
            }
        }
    }

    pub(super) fn scoped(&self, options: TokenInfoOptions) -> Arc<dyn TokenCredential> {
        let chain = Self {
            inner: Arc::clone(&self.inner),
        };
        Arc::new(Scoped { chain, options })
    }

    pub(super) fn pop_policy(&self, scopes: &[&str]) -> Arc<dyn Policy> {
        let chain = Self {
            inner: Arc::clone(&self.inner),
        };
        Arc::new(PopPolicy::new(chain, scopes))
    }

    pub(super) fn continuous_access_policy(&self) -> Arc<dyn Policy> {
        let links = self.inner.links.iter();
        let policies = links.filter_map(|link| link.continuous_access_policy());
        Arc::new(Policies(policies.collect()))
    }
}

#[async_trait]
impl GivesTokens for Chain {
    async fn check(&self, scopes: &[&str], options: &TokenInfoOptions) -> Result<()> {
        Scopes::check(scopes)?;
        let inner = &self.inner;
        let passed_by = inner.passed_by(options);
        match inner.choice(&passed_by) {
            Some(index) => inner.check(&*inner.links[index], options),
            None if passed_by.contains(&false) => Ok(()),
            // Nobody is asked, and the error tells of all.
            None => {
                let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
                inner.walk(&scopes, options.clone()).await.map(drop)
            }
        }
    }

    async fn token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        self.get_token_info(scopes, options).await
    }
}

impl Inner {
    /// Which links cannot honour these options.
    fn passed_by(&self, options: &TokenInfoOptions) -> Vec<bool> {
        let links = self.links.iter();
        links.map(|link| link.lacks(options).is_some()).collect()
    }

    fn choice(&self, passed_by: &[bool]) -> Option<usize> {
        let without = lock(&self.chosen_without).get(passed_by).copied();
        without.or_else(|| self.chosen.get().copied())
    }

    fn choose(&self, index: usize, passed_by: Vec<bool>) {
        if passed_by.contains(&true) {
            lock(&self.chosen_without).entry(passed_by).or_insert(index);
        } else {
            let _ = self.chosen.set(index);
        }
    }

    /// The walk for this question; `Err` is one for another question, which comes first.
    fn join(
        self: &Arc<Self>,
        runtime: Id,
        question: Question,
    ) -> Result<Shared<Walk>, Shared<Walk>> {
        let mut walks = lock(&self.walks);
        let under_way = walks.get(&runtime).and_then(|(known, walk)| {
            let walk = walk.upgrade().filter(|walk| walk.peek().is_none())?;
            Some((*known == question, walk))
        });
        match under_way {
            Some((true, walk)) => Ok(walk),
            Some((false, walk)) => Err(walk),
            None => {
                let inner = Arc::clone(self);
                let (scopes, options) = question.clone();
                let walk = async move { inner.walk(&scopes, options).await };
                let walk = guarded(walk.boxed()).shared();
                if let Some(weak) = walk.downgrade() {
                    walks.insert(runtime, (question, weak));
                }
                Ok(walk)
            }
        }
    }

    /// One link alone, which was chosen by an earlier request.
    async fn ask(
        &self,
        link: &dyn Link,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        self.check(link, &options)?;
        let outcome = link.get_token_info(scopes, options).await;
        outcome.map_err(Failure::into_error)
    }

    /// Whether a link that was chosen can honour these options.
    fn check(&self, link: &dyn Link, options: &TokenInfoOptions) -> Result<()> {
        let Some(lacking) = link.lacks(options) else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "{} uses {}, which has given it a token before and {lacking}; use a credential \
                 that can for these requests",
                self.name,
                link.name()
            ),
        ))
    }

    async fn walk(&self, scopes: &[String], options: TokenInfoOptions) -> Result<AccessTokenInfo> {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let passed_by = self.passed_by(&options);
        if let Some(index) = self.choice(&passed_by) {
            return self.ask(&*self.links[index], &scopes, options).await;
        }
        let mut attempts = Attempts::new(self.name);
        for (index, link) in self.links.iter().enumerate() {
            if let Some(lacking) = link.lacks(&options) {
                attempts.skipped(link.name(), lacking);
                continue;
            }
            match link.get_token_info(&scopes, options.clone()).await {
                Ok(token) => {
                    self.choose(index, passed_by);
                    crate::events::link_chosen(self.name, link.name());
                    return Ok(token);
                }
                Err(Failure::GoesOn(error)) => attempts.failed(link.name(), &error),
                Err(Failure::Ends(error)) => return Err(attempts.ended_by(link.name(), error)),
            }
        }
        Err(attempts.exhausted(&scopes, options.claims))
    }
}

/// The same choice, with the same options on every request.
#[derive(Debug)]
struct Scoped {
    chain: Chain,
    options: TokenInfoOptions,
}

#[async_trait]
impl TokenCredential for Scoped {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.options.check_bearer()?;
        let options = self.options.clone();
        let info = self.chain.get_token_info(scopes, options).await?;
        Ok(info.try_into()?)
    }
}

/// Those of all links: each passes by the tokens of the others.
#[derive(Debug)]
struct Policies(Vec<Arc<dyn Policy>>);

#[expect(elided_lifetimes_in_paths, reason = "as the trait declares it")]
#[async_trait]
impl Policy for Policies {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let all: Vec<_> = self.0.iter().chain(next).cloned().collect();
        all[0].send(context, request, &all[1..]).await
    }
}

#[cfg(test)]
mod tests;
