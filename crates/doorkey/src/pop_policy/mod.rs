//! Proof-of-possession for the SDK's clients: each of their requests is signed below them.

mod demands;
mod nonces;
mod refusal;

use crate::{
    error::{Error, Result},
    options::{AccessTokenInfo, PopTokenRequestOptions, TokenInfoOptions},
    pop::{ResourceRequest, SignedParts},
    session::HasSession,
};
use async_trait::async_trait;
use azure_core::http::{
    AsyncRawResponse, Body, Context, Request,
    headers::AUTHORIZATION,
    policies::{Policy, PolicyResult},
};
use demands::{Answer, Demands};
use nonces::{Nonce, Nonces};
use refusal::Refusal;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Whoever gives tokens that are bound to a key.
#[async_trait]
pub(crate) trait GivesTokens: fmt::Debug + Send + Sync {
    /// What is known to be wrong before anybody is asked.
    async fn check(&self, scopes: &[&str], options: &TokenInfoOptions) -> Result<()>;

    async fn token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo>;
}

#[async_trait]
impl GivesTokens for Arc<dyn HasSession> {
    async fn check(&self, scopes: &[&str], _options: &TokenInfoOptions) -> Result<()> {
        let session = Self::clone(self).session().await?;
        session.check_bound(scopes).await
    }

    async fn token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo> {
        let session = Self::clone(self).session().await?;
        session.get_token_info(scopes, options).await
    }
}

/// Sits below a client's own authentication, whose bearer token it never lets through, and below its
/// retries, so that each try is signed anew.
#[derive(Debug)]
pub(crate) struct PopPolicy {
    whose: Box<dyn GivesTokens>,
    scopes: Vec<String>,
    nonces: Nonces,
    demands: Demands,
}

/// What a request was signed with.
struct Signed {
    nonce: Nonce,
    parts: SignedParts,
    /// When that was.
    at: Instant,
}

/// What can still be done about a refusal: each thing once, but a token that is new may need a nonce
/// that is, and so may one for which a person was waited for.
#[derive(Debug)]
struct Left {
    renew: bool,
    satisfy: bool,
    wait: bool,
}

/// A signature that took so long had a person behind it, and the nonce may be too old by now.
const LONG: Duration = Duration::from_secs(10);

impl PopPolicy {
    pub(crate) fn new(whose: impl GivesTokens + 'static, scopes: &[&str]) -> Self {
        Self {
            whose: Box::new(whose),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            nonces: Nonces::default(),
            demands: Demands::default(),
        }
    }

    /// The first request may go out without a token, body and all: not where it could never be signed.
    async fn check(&self, request: &Request) -> Result<()> {
        if request.url().scheme() != "https" {
            return Err(Error::invalid_argument(
                "a request to a URL that is not https would carry a token in the clear, so it was \
                 not sent; give the client an https endpoint",
            ));
        }
        ResourceRequest::without_nonce(request.method().as_str(), request.url().as_str())?;
        let options = wanted(request, String::new(), None);
        self.whose.check(&self.scopes(), &options).await
    }

    async fn sign(
        &self,
        request: &mut Request,
        nonce: Nonce,
        claims: Option<String>,
    ) -> Result<Signed> {
        let options = wanted(request, nonce.text()?, claims);
        let info = match self.whose.token_info(&self.scopes(), options).await {
            Ok(info) => info,
            Err(error) => {
                self.nonces.put(&origin(request), nonce);
                return Err(error);
            }
        };
        if !info.token_type.eq_ignore_ascii_case("pop") {
            return Err(Error::protocol(
                "a request was to be signed, and what came is a bearer token, so it was not sent",
            ));
        }
        let parts = SignedParts::of(info.token.secret());
        let header = info.authorization_header().secret().to_owned();
        request.insert_header(AUTHORIZATION, header);
        Ok(Signed {
            nonce,
            parts,
            at: Instant::now(),
        })
    }

    fn scopes(&self) -> Vec<&str> {
        self.scopes.iter().map(String::as_str).collect()
    }

    /// Signs the request as the resource wants it; `None` where that was done already, or cannot be.
    async fn answer(
        &self,
        request: &mut Request,
        refusal: &Refusal,
        sent: Option<&Signed>,
        left: &mut Left,
    ) -> Result<Option<Signed>> {
        let wanted = refusal.nonce.clone();
        // Only what is demanded of a token that the resource has seen.
        if let (Some(claims), Some(sent)) = (&refusal.claims, sent) {
            let digest = sent.parts.token_digest;
            if !std::mem::take(&mut left.satisfy) {
                self.demands.refused_again(&digest, claims.clone());
                return Ok(None);
            }
            left.renew = true;
            let answer = self.demands.answer(&digest, claims);
            if answer == Answer::GiveUp {
                return Ok(None);
            }
            let other = wanted.or_else(|| self.nonces.take(&origin(request)));
            let nonce = other.unwrap_or_else(|| sent.nonce.clone());
            if answer == Answer::IsThere {
                return self.sign(request, nonce, None).await.map(Some);
            }
            let signed = self.sign(request, nonce, Some(claims.clone())).await?;
            let newer = signed.parts.token_digest;
            self.demands.satisfied(digest, claims.clone(), newer);
            return Ok(Some(signed));
        }
        match wanted {
            Some(nonce) if std::mem::take(&mut left.renew) => {
                let began = Instant::now();
                let signed = self.sign(request, nonce, None).await?;
                left.renew = began.elapsed() > LONG && std::mem::take(&mut left.wait);
                Ok(Some(signed))
            }
            _ => Ok(None),
        }
    }

    /// Remembers what the next requests can be signed with.
    fn learn(&self, origin: &str, sent: Option<&Signed>, response: &AsyncRawResponse) {
        match (refusal::next_nonce(response), sent) {
            (Some(next), _) => self.nonces.put(origin, next),
            // Not every resource takes one only once; where something failed, it may be used up or not.
            (None, Some(sent)) if response.status().is_success() => {
                self.nonces.put_back(origin, &sent.nonce);
            }
            _ => {}
        }
    }
}

#[expect(elided_lifetimes_in_paths, reason = "as the trait declares it")]
#[async_trait]
impl Policy for PopPolicy {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        self.check(request).await?;
        let origin = origin(request);
        if is_question(context, request) {
            let response = next[0].send(context, request, &next[1..]).await?;
            self.learn(&origin, None, &response);
            if let Some(nonce) = Refusal::of(&response, false).and_then(|refusal| refusal.nonce) {
                self.nonces.put(&origin, nonce);
            }
            return Ok(response);
        }
        // Without a nonce there is nothing to sign: the resource's refusal brings it.
        request.headers_mut().remove(AUTHORIZATION);
        let mut signed = match self.nonces.take(&origin) {
            Some(nonce) => Some(self.sign(request, nonce, None).await?),
            None => None,
        };
        let mut left = Left {
            renew: true,
            satisfy: true,
            wait: true,
        };
        loop {
            let response = next[0].send(context, request, &next[1..]).await?;
            self.learn(&origin, signed.as_ref(), &response);
            let Some(refusal) = Refusal::of(&response, signed.is_some()) else {
                return Ok(response);
            };
            if let Some(own @ Nonce::Own) = &refusal.nonce {
                self.nonces.put(&origin, own.clone());
            }
            let sent = signed.as_ref();
            let Some(newer) = self.answer(request, &refusal, sent, &mut left).await? else {
                let why = sent
                    .and_then(|sent| refusal.by_clock(sent.parts.signed_on?, sent.at.elapsed()));
                if let Some(unused) = refusal.nonce {
                    self.nonces.put(&origin, unused);
                }
                return why.map_or(Ok(response), |error| Err(error.into()));
            };
            // A body that cannot be read twice is sent by the caller, and then with this nonce.
            if request.body_mut().reset().await.is_err() {
                self.nonces.put(&origin, newer.nonce);
                return Ok(response);
            }
            signed = Some(newer);
        }
    }
}

/// Key Vault's clients send the first request without its body, to see the challenge, and the body when they
/// have seen it. Signed, it would be done as it is.
fn is_question(context: &Context<'_>, request: &Request) -> bool {
    let is_bare = request.headers().get_optional_str(&AUTHORIZATION).is_none();
    let has_body = context
        .value::<Body>()
        .is_some_and(|body| body.is_empty() != Some(true));
    is_bare && has_body && request.body().is_empty() == Some(true)
}

/// What a token is asked for with.
fn wanted(request: &Request, nonce: String, claims: Option<String>) -> TokenInfoOptions {
    TokenInfoOptions {
        claims,
        pop: Some(PopTokenRequestOptions {
            resource_request_method: request.method().as_str().to_owned(),
            resource_request_url: request.url().to_string(),
            nonce,
        }),
        ..Default::default()
    }
}

fn origin(request: &Request) -> String {
    request.url().origin().ascii_serialization()
}

#[cfg(feature = "pop")]
#[cfg(test)]
mod tests;
