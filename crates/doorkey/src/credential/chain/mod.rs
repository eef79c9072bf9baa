//! One link after the other, until one gives a token; from then on that one alone.

mod attempts;
mod link;

pub(super) use link::{Failure, Foreign, Interactive, Lacking, Link, Silent};

use crate::{
    error::{Error, ErrorKind, Result},
    options::{AccessTokenInfo, TokenInfoOptions},
    scopes::Scopes,
    session::{flights::Flights, runtime},
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
use futures_util::future::FutureExt;
use std::sync::{Arc, OnceLock};
use tokio::{runtime::Id, sync::Mutex};

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
    /// One walk at a time: clients that start together choose once, and open one tab.
    walking: Mutex<()>,
    /// By runtime, as in a session: who asks the same meanwhile waits for the same answer, be it an
    /// error.
    walks: Flights<(Id, Question), AccessTokenInfo>,
}

type Question = (Vec<String>, TokenInfoOptions);

impl Chain {
    pub(super) fn new(name: &'static str, links: Vec<Arc<dyn Link>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                name,
                links,
                chosen: OnceLock::new(),
                walking: Mutex::new(()),
                walks: Flights::new(),
            }),
        }
    }

    /// The SDK's question; once a link is chosen, as fast as the link's own answer.
    pub(super) async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        match self.inner.chosen() {
            Some(link) => link.get_token(scopes).await,
            None => {
                let info = Box::pin(self.get_token_info(scopes, TokenInfoOptions::default()));
                Ok(info.await?.into())
            }
        }
    }

    pub(super) async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        Scopes::check(scopes)?;
        if let Some(link) = self.inner.chosen() {
            return self.inner.ask(link, scopes, options).await;
        }
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let key = (runtime()?, (scopes.clone(), options.clone()));
        let walk = self.inner.walks.join(key, || {
            let inner = Arc::clone(&self.inner);
            async move { inner.walk(&scopes, options).await }.boxed()
        });
        walk.await
    }

    pub(super) fn scoped(&self, options: TokenInfoOptions) -> Arc<dyn TokenCredential> {
        let chain = Self {
            inner: Arc::clone(&self.inner),
        };
        Arc::new(Scoped { chain, options })
    }

    pub(super) fn continuous_access_policy(&self) -> Arc<dyn Policy> {
        let links = self.inner.links.iter();
        let policies = links.filter_map(|link| link.continuous_access_policy());
        Arc::new(Policies(policies.collect()))
    }
}

impl Inner {
    fn chosen(&self) -> Option<&dyn Link> {
        self.chosen.get().map(|index| &*self.links[*index])
    }

    /// One link alone, which was chosen by an earlier request.
    async fn ask(
        &self,
        link: &dyn Link,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        if let Some(lacking) = link.lacks(&options) {
            return Err(Error::new(
                ErrorKind::CredentialUnavailable,
                format!(
                    "{} uses {}, which has given it a token before and {lacking}; use a credential \
                     that can for these requests",
                    self.name,
                    link.name()
                ),
            ));
        }
        let outcome = link.get_token_info(scopes, options).await;
        outcome.map_err(Failure::into_error)
    }

    async fn walk(&self, scopes: &[String], options: TokenInfoOptions) -> Result<AccessTokenInfo> {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let _alone = self.walking.lock().await;
        if let Some(link) = self.chosen() {
            return self.ask(link, &scopes, options).await;
        }
        let mut attempts = Attempts::new(self.name);
        let mut passed_by = false;
        for (index, link) in self.links.iter().enumerate() {
            if let Some(lacking) = link.lacks(&options) {
                attempts.skipped(link.name(), lacking);
                passed_by = true;
                continue;
            }
            match link.get_token_info(&scopes, options.clone()).await {
                Ok(token) => {
                    // A link that was only passed by may be the right one for the next request.
                    if !passed_by {
                        let _ = self.chosen.set(index);
                    }
                    tracing::info!(credential = self.name, link = link.name(), "got a token");
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
        let options = self.options.clone();
        let info = self.chain.get_token_info(scopes, options).await?;
        Ok(info.into())
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
