//! Tokens that clients send, and what takes the place of one that a resource refused in the middle of
//! its life.

use super::{Inner, Session, TokenRequest, lock};
use crate::{
    cache::AccessToken, claims, error::Result, scopes::Scopes, tenant::TenantId, tokens::TokenKind,
};
use azure_core::credentials::Secret;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// How many tokens are remembered, those that were sent last. Each client has one at a time.
const MOST_SENT: usize = 256;

/// Tokens by their digest. A client may keep one for hours after the cache has a newer one, so what
/// it was for is noted when it is first sent.
#[derive(Debug, Default)]
pub(super) struct SentTokens(VecDeque<SentToken>);

#[derive(Clone, Debug)]
struct SentToken {
    digest: [u8; 32],
    request: TokenRequest,
    standing: Standing,
    satisfied: Option<Satisfied>,
}

/// What a token was got for.
#[derive(Clone, Debug)]
struct Satisfied {
    claims: String,
    /// Unix seconds.
    at: i64,
    /// How often such a token had been replaced shortly before.
    times: u32,
}

/// For so long, a token that was got for some claims is not replaced for the same ones: a resource
/// that is never content would have the person asked on every request.
const SATISFIED: i64 = 300;

/// And one is not replaced more often than this meanwhile, whatever the claims are.
const MOST_REPLACED: u32 = 5;

#[derive(Clone, Debug, Eq, PartialEq)]
enum Standing {
    Good,
    /// A resource wants another one, and there was none to be had.
    Refused,
    /// There is one that satisfied these claims.
    Replaced(String),
}

impl SentTokens {
    fn find(&mut self, digest: &[u8; 32]) -> Option<SentToken> {
        let index = self.0.iter().position(|sent| sent.digest == *digest)?;
        let found = self.0.remove(index)?;
        self.0.push_front(found.clone());
        Some(found)
    }

    fn remember(&mut self, sent: SentToken) {
        self.0.retain(|other| other.digest != sent.digest);
        self.0.truncate(MOST_SENT - 1);
        self.0.push_front(sent);
    }
}

impl Session {
    /// What is to be sent instead of a token that was refused before; `None` for any other.
    pub(crate) async fn successor(&self, token: &str) -> Result<Option<Secret>> {
        let inner = &self.inner;
        let Some(SentToken {
            request, standing, ..
        }) = inner.sent(token)?
        else {
            return Ok(None);
        };
        Ok(match standing {
            Standing::Good => None,
            Standing::Replaced(_) => Some(self.answer(request).await?.token),
            // Somebody may have signed in since.
            Standing::Refused => {
                let newer = inner.known(&request).map(|info| info.token);
                newer.filter(|newer| newer.secret() != token)
            }
        })
    }

    /// A token like `token`, which satisfies the claims that a resource demands; `None` where it was
    /// not this session that gave it out.
    pub(crate) async fn satisfy(&self, token: &str, claims: String) -> Result<Option<Secret>> {
        let inner = &self.inner;
        let Some(mut sent) = inner.sent(token)? else {
            return Ok(None);
        };
        let request = sent.request.clone();
        // Many requests were refused at once, and one of them has brought what all need.
        if sent.standing == Standing::Replaced(claims.clone()) {
            return Ok(Some(self.answer(request).await?.token));
        }
        let now = inner.clock.now();
        let before = sent.satisfied.as_ref();
        let before = before.filter(|satisfied| now - satisfied.at < SATISFIED);
        let times = before.map_or(0, |satisfied| satisfied.times) + 1;
        if before.is_some_and(|satisfied| satisfied.claims == claims) || times > MOST_REPLACED {
            return Ok(None);
        }
        let claims_parameter = match claims::parameter(Some(&claims), request.cae) {
            Ok(parameter) => parameter,
            // The resource's mistake, not the caller's.
            Err(error) => {
                crate::events::claims_not_understood(&error);
                return Ok(None);
            }
        };
        let demand = TokenRequest {
            claims_parameter,
            claims: Some(claims.clone()),
            ..request.clone()
        };
        if sent.standing == Standing::Good {
            sent.standing = Standing::Refused;
            lock(&inner.sent).remember(sent.clone());
        }
        let newer = self.answer(demand).await?.token;
        sent.standing = Standing::Replaced(claims.clone());
        let newest = SentToken {
            digest: digest(newer.secret()),
            request,
            standing: Standing::Good,
            satisfied: Some(Satisfied {
                claims,
                at: inner.clock.now(),
                times,
            }),
        };
        let mut known = lock(&inner.sent);
        known.remember(sent);
        known.remember(newest);
        Ok(Some(newer))
    }
}

impl Inner {
    /// What is known of a token, if it is one of the person's whose session this is.
    fn sent(&self, token: &str) -> Result<Option<SentToken>> {
        let digest = digest(token);
        let known = lock(&self.sent).find(&digest);
        if let Some(known) = known {
            let person = self.record().map(|record| record.home_account_id);
            return Ok((known.request.home_account_id == person).then_some(known));
        }
        let Some(request) = self.request_of(token)? else {
            return Ok(None);
        };
        let sent = SentToken {
            digest,
            request,
            standing: Standing::Good,
            satisfied: None,
        };
        lock(&self.sent).remember(sent.clone());
        Ok(Some(sent))
    }

    /// The request that a token of ours answers.
    fn request_of(&self, token: &str) -> Result<Option<TokenRequest>> {
        let state = self.read_state();
        let oauth = self.source.oauth();
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
            kind: TokenKind::Bearer,
            resource_request: None,
            cae,
            claims: None,
            claims_parameter: claims::parameter(None, cae)?,
        }))
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
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
