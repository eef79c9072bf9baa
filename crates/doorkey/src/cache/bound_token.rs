//! Access tokens that are bound to a key.
//!
//! They stand in a section of ours alone: Python's library looks among `AccessToken` without asking
//! what type a token is of, and would hand one out as a bearer token. The members are MSAL's.

use super::{
    Owner, Reply,
    dialect::as_text,
    document::Document,
    entities::{AccessToken, key},
    members::Members,
    section::{At, Entity, Place},
    target::{has_all, sorted, target_of},
};
use crate::tokens::Tokens;
use serde::{Deserialize, Serialize};

pub(super) const SECTION: &str = "DoorkeyPopAccessToken";

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BoundAccessToken {
    #[serde(flatten)]
    pub(super) token: AccessToken,
    /// The thumbprint of the key.
    key_id: String,
}

impl BoundAccessToken {
    fn written(
        owner: Owner<'_>,
        environment: &str,
        reply: &Reply,
        key_id: &str,
    ) -> (String, Members) {
        let Reply {
            realm,
            asked_tenant,
            requested,
            tokens,
            ..
        } = reply;
        let Tokens { token_type, .. } = tokens;
        let target = target_of(tokens, requested);
        let asked = sorted(requested.iter());
        let answered = has_all(&target, &requested.iter().collect::<Vec<_>>());
        // As JavaScript's library and .NET's make it, and the key behind it: its name has case.
        let key = key(
            owner.home_account_id,
            environment,
            "accesstoken_with_authscheme",
            owner.client_id,
            realm,
            &target,
        );
        let key = format!("{key}-{}-{key_id}", token_type.to_lowercase());
        #[derive(Serialize)]
        struct Written<'a> {
            credential_type: &'static str,
            secret: &'a str,
            home_account_id: &'a str,
            environment: &'a str,
            client_id: &'a str,
            target: &'a str,
            realm: &'a str,
            token_type: &'a str,
            key_id: &'a str,
            #[serde(serialize_with = "as_text")]
            cached_at: i64,
            #[serde(serialize_with = "as_text")]
            expires_on: i64,
            #[serde(serialize_with = "as_text")]
            extended_expires_on: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_on: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            doorkey_requested: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            doorkey_tenant: Option<&'a str>,
        }
        let members = Members::of(&Written {
            credential_type: "AccessToken_With_AuthScheme",
            secret: tokens.access_token.expose(),
            home_account_id: owner.home_account_id,
            environment,
            client_id: owner.client_id,
            target: &target,
            realm,
            token_type,
            key_id,
            cached_at: tokens.received_on,
            expires_on: tokens.expires_on,
            extended_expires_on: tokens.extended_expires_on,
            refresh_on: tokens.refresh_on.map(|seconds| seconds.to_string()),
            doorkey_requested: (!answered).then_some(asked.as_str()),
            doorkey_tenant: asked_tenant.as_deref(),
        });
        (key, members)
    }
}

impl Entity for BoundAccessToken {
    fn place(&self) -> Option<Place> {
        let is_bound = self.token.token_type.eq_ignore_ascii_case("pop");
        is_bound.then(|| self.token.whole_place())
    }
}

impl Document {
    /// As [`access_token`](Self::access_token), of those that are bound to this key.
    pub(super) fn bound_access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
        key_id: &str,
    ) -> Option<&AccessToken> {
        let here = owner.environments().flat_map(|environment| {
            let place = At([owner.home_account_id, environment, owner.client_id, realm]);
            self.bound_access_tokens.at(place)
        });
        here.filter(|bound| bound.key_id == key_id && bound.token.answers(scopes))
            .map(|bound| &bound.token)
            .max_by_key(|token| token.expires_on)
    }

    /// Keeps one, and drops what it replaces: the older ones of its key, and whatever has expired, as
    /// a key that is lost takes its tokens with it.
    pub(super) fn keep_bound_token(
        &mut self,
        owner: Owner<'_>,
        environment: &str,
        reply: &Reply,
        key_id: &str,
    ) {
        let (key, members) = BoundAccessToken::written(owner, environment, reply, key_id);
        self.bound_access_tokens.put(&key, members);
        let Some(newest) = self
            .bound_access_tokens
            .get(&key)
            .and_then(|entry| entry.entity.clone())
        else {
            return;
        };
        let place = At([
            owner.home_account_id,
            environment,
            owner.client_id,
            &reply.realm,
        ]);
        let keys = self.bound_access_tokens.keys_at(place, |old| {
            old.token.expires_on <= reply.tokens.received_on
                || (old.key_id == newest.key_id && newest.token.replaces(&old.token))
        });
        for old in keys.iter().filter(|old| **old != key) {
            self.bound_access_tokens.remove(old);
        }
    }

    pub(super) fn remove_bound_tokens(&mut self, is_unwanted: impl Fn(&AccessToken) -> bool) {
        let keys: Vec<_> = self
            .bound_access_tokens
            .entries()
            .filter(|entry| {
                let bound = entry.entity.as_ref();
                bound.is_some_and(|bound| is_unwanted(&bound.token))
            })
            .map(|entry| entry.key.clone())
            .collect();
        for key in keys {
            self.bound_access_tokens.remove(&key);
        }
    }
}
