//! Two documents in one: a keyring's, and the plain file of a time before the keyring.

use super::{
    bound_token::BoundAccessToken,
    document::Document,
    entities::{AccessToken, Account, AppMetadata, IdToken, RefreshToken},
    section::{Entity, Section},
};
use zeroize::Zeroizing;

/// Two documents in one: what `other` has and `own` has not, or has only an older one of, is added.
/// `None` where one of them is damaged.
pub(super) fn merged(own: &[u8], other: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (own, other) = (Document::read(own), Document::read(other));
    if own.damage.is_some() || other.damage.is_some() {
        return None;
    }
    let mut document = own.document;
    document.merge(&other.document);
    Some(document.write())
}

fn merge<E: Dated>(own: &mut Section<E>, other: &Section<E>) {
    let written_on = |entity: &Option<E>| entity.as_ref().map_or(0, Dated::written_on);
    for theirs in other.entries() {
        let ours = own.get(&theirs.key);
        if ours.is_none_or(|ours| written_on(&theirs.entity) > written_on(&ours.entity)) {
            own.put(&theirs.key, theirs.members.clone());
        }
    }
}

impl Document {
    /// Adds what `other` has and this has not, or has only an older one of.
    pub(super) fn merge(&mut self, other: &Self) {
        merge(&mut self.access_tokens, &other.access_tokens);
        merge(&mut self.bound_access_tokens, &other.bound_access_tokens);
        merge(&mut self.accounts, &other.accounts);
        merge(&mut self.id_tokens, &other.id_tokens);
        merge(&mut self.refresh_tokens, &other.refresh_tokens);
        merge(&mut self.app_metadata, &other.app_metadata);
        for (name, members) in &other.others {
            if !self.others.iter().any(|(own, _)| own == name) {
                self.others.push((name.clone(), members.clone()));
            }
        }
    }
}

/// Of two entities with one key, the newer counts.
trait Dated: Entity {
    /// When it was written (Unix seconds); 0 where nobody writes that down.
    fn written_on(&self) -> i64 {
        0
    }
}

impl Dated for AccessToken {
    fn written_on(&self) -> i64 {
        self.cached_at
    }
}

impl Dated for BoundAccessToken {
    fn written_on(&self) -> i64 {
        self.token.cached_at
    }
}

impl Dated for RefreshToken {
    fn written_on(&self) -> i64 {
        self.last_modification_time
    }
}

impl Dated for Account {}
impl Dated for AppMetadata {}
impl Dated for IdToken {}
