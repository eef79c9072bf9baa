//! Proof-of-possession for the SDK's clients: each of their requests is signed below them.

mod nonces;

use crate::{
    challenge::Challenge,
    error::{Error, Result},
    options::{PopTokenRequestOptions, TokenInfoOptions},
    session::HasSession,
};
use async_trait::async_trait;
use azure_core::http::{
    AsyncRawResponse, Context, Request, StatusCode,
    headers::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE},
    policies::{Policy, PolicyResult},
};
use nonces::Nonces;
use std::sync::Arc;

/// [RFC 9110, section 11.6.3](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.3).
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// Sits below a client's own authentication, whose bearer token it never lets through, and below its
/// retries, so that each try is signed anew.
#[derive(Debug)]
pub(crate) struct PopPolicy {
    whose: Arc<dyn HasSession>,
    scopes: Vec<String>,
    nonces: Nonces,
}

impl PopPolicy {
    pub(crate) fn new(whose: Arc<dyn HasSession>, scopes: &[&str]) -> Self {
        Self {
            whose,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            nonces: Nonces::default(),
        }
    }

    async fn sign(&self, request: &mut Request, nonce: &str) -> Result<()> {
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        let options = TokenInfoOptions {
            pop: Some(PopTokenRequestOptions {
                resource_request_method: request.method().as_str().to_owned(),
                resource_request_url: request.url().to_string(),
                nonce: nonce.to_owned(),
            }),
            ..Default::default()
        };
        let session = Arc::clone(&self.whose).session().await?;
        let info = session.get_token_info(&scopes, options).await?;
        let header = info.authorization_header().secret().to_owned();
        request.insert_header(AUTHORIZATION, header);
        Ok(())
    }

    /// Remembers what the next request is to be signed with, and tells what this one should have been.
    fn read(
        &self,
        origin: &str,
        used: Option<&str>,
        response: &AsyncRawResponse,
    ) -> Option<String> {
        let headers = response.headers();
        let next = headers
            .get_optional_str(&AUTHENTICATION_INFO)
            .and_then(Challenge::next_nonce);
        let status = response.status();
        let is_refused = status == StatusCode::Unauthorized;
        match (next, used) {
            (Some(next), _) => self.nonces.put(origin, next),
            // Not every resource takes one only once; where something failed, it may be used up or not.
            (None, Some(used)) if status.is_success() => self.nonces.put_back(origin, used),
            _ => {}
        }
        let challenges = headers.get_optional_str(&WWW_AUTHENTICATE);
        let challenges = Challenge::parse(challenges.filter(|_| is_refused)?);
        let nonce = challenges.iter().find_map(Challenge::nonce)?;
        Some(nonce.to_owned())
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
        if request.url().scheme() != "https" {
            return Err(Error::invalid_argument(
                "a request to a URL that is not https would carry a token in the clear, so it was \
                 not sent; give the client an https endpoint",
            )
            .into());
        }
        let origin = request.url().origin().ascii_serialization();
        let nonce = self.nonces.take(&origin);
        // Without one there is nothing to sign: the resource's refusal brings it.
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(nonce) = &nonce {
            self.sign(request, nonce).await?;
        }
        let response = next[0].send(context, request, &next[1..]).await?;
        let Some(wanted) = self.read(&origin, nonce.as_deref(), &response) else {
            return Ok(response);
        };
        // A body that cannot be read twice is sent by the caller, and then with this nonce.
        if request.body_mut().reset().await.is_err() {
            self.nonces.put(&origin, wanted);
            return Ok(response);
        }
        drop(response);
        self.sign(request, &wanted).await?;
        let response = next[0].send(context, request, &next[1..]).await?;
        if let Some(newer) = self.read(&origin, Some(&wanted), &response) {
            self.nonces.put(&origin, newer);
        }
        Ok(response)
    }
}

#[cfg(feature = "pop")]
#[cfg(test)]
mod tests;
