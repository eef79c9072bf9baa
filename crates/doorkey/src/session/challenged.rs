//! Tokens that a resource refused in the middle of their life, and what takes their place.

use super::{Inner, Session, TokenRequest, lock};
use crate::{cache::AccessToken, claims, error::Result, scopes::Scopes, tenant::TenantId};
use azure_core::credentials::Secret;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// How many refused tokens are remembered. Each is one client's, until it asks for another.
const MOST_REFUSED: usize = 64;

/// Refused tokens by their digest: what each was for, and what was demanded instead.
#[derive(Debug, Default)]
pub(super) struct Challenged(VecDeque<Refused>);

#[derive(Debug)]
struct Refused {
    digest: [u8; 32],
    request: TokenRequest,
    claims: String,
}

impl Challenged {
    fn find(&self, token: &str) -> Option<&Refused> {
        if self.0.is_empty() {
            return None;
        }
        let digest = digest(token);
        self.0.iter().find(|refused| refused.digest == digest)
    }

    fn remember(&mut self, token: &str, request: TokenRequest, claims: String) {
        let digest = digest(token);
        self.0.retain(|refused| refused.digest != digest);
        self.0.truncate(MOST_REFUSED - 1);
        self.0.push_front(Refused {
            digest,
            request,
            claims,
        });
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Session {
    /// What is to be sent instead of a token that was refused before; `None` for any other.
    pub(crate) async fn successor(&self, token: &str) -> Result<Option<Secret>> {
        match self.inner.refused(token) {
            Some((request, _)) => Ok(Some(self.answer(request).await?.token)),
            None => Ok(None),
        }
    }

    /// A token like `token`, which satisfies the claims that a resource demands; `None` where it was
    /// not this session that gave it out.
    pub(crate) async fn satisfy(&self, token: &str, claims: String) -> Result<Option<Secret>> {
        let inner = &self.inner;
        let request = match inner.refused(token) {
            // Many requests were refused at once, and one of them has brought what all need.
            Some((request, satisfied)) if satisfied == claims => {
                return Ok(Some(self.answer(request).await?.token));
            }
            Some((request, _)) => request,
            None => match inner.request_of(token)? {
                Some(request) => request,
                None => return Ok(None),
            },
        };
        let demand = TokenRequest {
            claims_parameter: claims::parameter(Some(&claims), request.cae)?,
            claims: Some(claims.clone()),
            ..request.clone()
        };
        let newer = self.answer(demand).await?.token;
        lock(&inner.challenged).remember(token, request, claims);
        Ok(Some(newer))
    }
}

impl Inner {
    /// What a token was for that was refused, and the claims that were satisfied then; if it was the
    /// person's whose session this is now.
    fn refused(&self, token: &str) -> Option<(TokenRequest, String)> {
        let challenged = lock(&self.challenged);
        let refused = challenged.find(token)?;
        let person = self.record()?.home_account_id;
        (refused.request.home_account_id.as_ref() == Some(&person))
            .then(|| (refused.request.clone(), refused.claims.clone()))
    }

    /// The request that a token of ours answers.
    fn request_of(&self, token: &str) -> Result<Option<TokenRequest>> {
        let state = self.read_state();
        let oauth = &self.source.oauth;
        let Some(record) = &state.record else {
            return Ok(None);
        };
        let Some((cae, found)) = state.access_token_by_secret(oauth, record, token) else {
            return Ok(None);
        };
        let configured = &self.tenants.configured;
        let is_configured = state.realm_of(oauth, record, configured) == Some(found.realm());
        let tenant = match is_configured {
            true => configured.clone(),
            false => TenantId::parse(found.realm())?,
        };
        Ok(Some(TokenRequest {
            home_account_id: Some(record.home_account_id.clone()),
            tenant,
            scopes: asked(found)?,
            cae,
            claims: None,
            claims_parameter: claims::parameter(None, cae)?,
        }))
    }
}

/// The scopes that a token was asked for by, as far as it tells.
fn asked(token: &AccessToken) -> Result<Scopes> {
    let scopes: Vec<_> = token.asked_scopes().collect();
    // Entra ID takes a `.default` only alone, and answers with all that it stands for.
    let defaults: Vec<_> = scopes
        .iter()
        .copied()
        .filter(|scope| scope.ends_with("/.default"))
        .collect();
    Scopes::granted(match defaults.as_slice() {
        [] => &scopes,
        defaults => defaults,
    })
}
