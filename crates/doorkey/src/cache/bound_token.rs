//! Access tokens that are bound to a key.
//!
//! They stand in a section of ours alone: Python's library looks among `AccessToken` without asking
//! what type a token is of, and would hand one out as a bearer token. The members are MSAL's.

use super::{
    Owner, Reply,
    document::Document,
    entities::AccessToken,
    members::Members,
    section::{At, Entity, Place},
};
use serde::Deserialize;

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
        let credential_type = "AccessToken_With_AuthScheme";
        let (key, members) =
            AccessToken::written_as(credential_type, Some(key_id), owner, environment, reply);
        // As JavaScript's library and .NET's make it, and the key behind it: its name has case.
        let token_type = reply.tokens.token_type.to_lowercase();
        let key = format!("{key}-{token_type}-{key_id}");
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
