//! Continuous access for the SDK's clients: a resource's claims challenge is answered below them.

use crate::{challenge::Challenge, session::HasSession};
use async_trait::async_trait;
use azure_core::{
    credentials::Secret,
    http::{
        Context, Request, StatusCode,
        headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE},
        policies::{Policy, PolicyResult},
    },
};
use std::sync::Arc;

const BEARER: &str = "Bearer";

/// Sits below a client's own authentication. A request without one of our tokens is none of its
/// affair: the authority's replies to ourselves are not, where all share the same options, and no
/// token is shown to a resource that did not get one for the same scopes already.
#[derive(Debug)]
pub(crate) struct ContinuousAccessPolicy {
    pub(crate) whose: Arc<dyn HasSession>,
}

#[expect(elided_lifetimes_in_paths, reason = "as the trait declares it")]
#[async_trait]
impl Policy for ContinuousAccessPolicy {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let Some(mut sent) = bearer_token(request.headers()) else {
            return next[0].send(context, request, &next[1..]).await;
        };
        let Ok(session) = Arc::clone(&self.whose).session().await else {
            return next[0].send(context, request, &next[1..]).await;
        };
        // A client keeps a token that was refused for as long as it lives.
        if let Some(newer) = session.successor(sent.secret()).await? {
            authorize(request, &newer);
            sent = newer;
        }
        let response = next[0].send(context, request, &next[1..]).await?;
        if response.status() != StatusCode::Unauthorized {
            return Ok(response);
        }
        // A policy below may have put another token in its place (`pop_policy`), and answered for that.
        let refused = bearer_token(request.headers());
        if refused.is_none_or(|refused| refused.secret() != sent.secret()) {
            return Ok(response);
        }
        let Some(claims) = demanded(response.headers()) else {
            return Ok(response);
        };
        let Some(newer) = session.satisfy(sent.secret(), claims).await? else {
            return Ok(response);
        };
        // A body that cannot be read twice is sent by the caller, and then with the newer token.
        if request.body_mut().reset().await.is_err() {
            return Ok(response);
        }
        drop(response);
        authorize(request, &newer);
        next[0].send(context, request, &next[1..]).await
    }
}

fn bearer_token(headers: &Headers) -> Option<Secret> {
    let value = headers.get_optional_str(&AUTHORIZATION)?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case(BEARER)
        .then(|| Secret::new(token.trim().to_owned()))
}

fn authorize(request: &mut Request, token: &Secret) {
    request.insert_header(AUTHORIZATION, format!("{BEARER} {}", token.secret()));
}

/// What a resource demands of a token, if it says so in a way that can be understood.
fn demanded(headers: &Headers) -> Option<String> {
    let header = headers.get_optional_str(&WWW_AUTHENTICATE)?;
    let challenges = Challenge::parse(header);
    let mut challenges = challenges
        .iter()
        .filter(|challenge| challenge.scheme.eq_ignore_ascii_case(BEARER));
    challenges.find_map(|challenge| {
        challenge.claims().unwrap_or_else(|error| {
            crate::events::claims_not_understood(&error);
            None
        })
    })
}

#[cfg(test)]
mod tests;
