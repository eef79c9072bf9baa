//! What is known already. Never talks to the network.
//!
//! The entities are those of MSAL's unified cache, and so are the two partitions: tokens that can
//! be revoked in the middle of their life (continuous access evaluation) are kept apart from those
//! that cannot. The account and the refresh token of one serve the other: there is one person.

mod bound_token;
mod change;
mod dialect;
mod document;
mod entities;
mod key_persistence;
mod lookup;
mod members;
#[cfg(any(test, all(target_os = "linux", feature = "secret-service")))]
mod merge;
mod persistence;
mod section;
mod store;
mod target;

pub(crate) use change::{Change, Event, Reply};
pub(crate) use entities::AccessToken;
pub(crate) use persistence::{Loaded, Persistence};
pub(crate) use store::BorrowedFileStore;
pub use store::{
    CacheChange, CacheVersion, EncryptedFileStore, EncryptionKey, MemoryStore, Partition,
    PlainFileStore, StoredCache, SystemStore, TokenCacheStore,
};

use crate::{
    sensitive::Sensitive,
    tenant::{self, TenantId},
};
use document::Document;
use lookup::Family;
use section::At;
use std::{cmp::Reverse, collections::HashSet, sync::Arc};

/// How many changes wait for a store that cannot be written to. Each holds tokens of one reply.
const MOST_UNSAVED: usize = 256;

/// The tokens of one credential.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    without_cae: Half,
    with_cae: Half,
}

/// One partition, as it was last seen.
#[derive(Debug, Default)]
struct Half {
    document: Document,
    /// That of the stored state; `None` before the first load.
    version: Option<CacheVersion>,
    /// What happened and is not stored yet.
    unsaved: Vec<Arc<Change>>,
}

/// By which of their tokens a person is known as one whom an application can be silent for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KnownBy {
    /// A refresh token.
    Renewal,
    /// That, or a bearer token that lives at this time, in Unix seconds.
    Living { now: i64 },
    /// Any that they ever had, where something else keeps the rest.
    Anything,
}

/// Whose tokens, at which authority, for which application. Compared without case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) home_account_id: &'a str,
    /// The authority's host, without a port: so MSAL writes it.
    pub(crate) environment: &'a str,
    /// The other names of the same authority.
    pub(crate) aliases: &'a [String],
    pub(crate) client_id: &'a str,
}

/// An [`Owner`] that owns its parts.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) home_account_id: String,
    pub(crate) environment: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) client_id: String,
}

/// A refresh token that may serve.
#[derive(Clone, Debug)]
pub(crate) struct RefreshCandidate {
    pub(crate) secret: Sensitive,
    /// The half that it is from.
    pub(crate) cae: bool,
    is_own: bool,
    written_on: i64,
}

/// Somebody who is signed in to an application.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) home_account_id: String,
    pub(crate) client_id: String,
    pub(crate) realm: String,
    pub(crate) username: String,
}

impl SignedIn {
    /// The tenant by its id, where it is kept under a name for many; that of AD FS, where neither the
    /// entry nor the account has one.
    pub(crate) fn tenant_id(&self) -> String {
        let is_name = self.realm.is_empty() || tenant::NAMES_OF_HOME.contains(&self.realm.as_str());
        let home = tenant::home_of(&self.home_account_id).filter(|_| is_name);
        let realm = match self.realm.as_str() {
            "" => TenantId::ADFS,
            realm => realm,
        };
        home.unwrap_or(realm).to_owned()
    }
}

impl TokenCache {
    /// The token of this tenant that has all the scopes and lives longest; one that has expired only
    /// where none lives. Allocates nothing.
    pub(crate) fn access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
        cae: bool,
        now: i64,
    ) -> Option<&AccessToken> {
        let document = &self.half(cae).document;
        document.access_token(owner, realm, scopes, now)
    }

    /// The same of the tokens that are bound to a key, which no other question finds.
    pub(crate) fn bound_access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
        cae: bool,
        key_id: &str,
    ) -> Option<&AccessToken> {
        let document = &self.half(cae).document;
        document.bound_access_token(owner, realm, scopes, key_id)
    }

    /// The person's token that is this text, and the half that it is in.
    pub(crate) fn access_token_by_secret(
        &self,
        owner: Owner<'_>,
        secret: &str,
    ) -> Option<(bool, &AccessToken)> {
        [true, false].into_iter().find_map(|cae| {
            let document = &self.half(cae).document;
            let found = document.access_token_by_secret(owner, secret)?;
            Some((cae, found))
        })
    }

    /// The tenant id that stands behind a name, as far as a token tells.
    pub(crate) fn tenant_id_of(&self, owner: Owner<'_>, name: &str) -> Option<&str> {
        let documents = [&self.without_cae.document, &self.with_cae.document];
        documents
            .into_iter()
            .find_map(|document| document.tenant_id_of(owner, name))
    }

    /// What removes a person: what this application and its family have, in whichever half the
    /// family is known.
    pub(crate) fn sign_out(&self, identity: Identity) -> Change {
        let owner = identity.owner();
        let family = self.family(owner, false);
        let mut clients = self.without_cae.document.family_of(owner, &family);
        clients.extend(self.with_cae.document.family_of(owner, &family));
        Change::new(identity, Event::SignedOut { family: clients })
    }

    /// The refresh tokens that may serve, each once: a refresh token serves every tenant and every
    /// scope of its account, in either half. The application's own come before its family's, and
    /// the newest first.
    pub(crate) fn refresh_candidates(&self, owner: Owner<'_>, cae: bool) -> Vec<RefreshCandidate> {
        let family = self.family(owner, cae);
        let mut candidates: Vec<_> = [cae, !cae]
            .into_iter()
            .flat_map(|cae| {
                let document = &self.half(cae).document;
                document.refresh_candidates(owner, &family, cae)
            })
            .collect();
        candidates.sort_by_key(|candidate| {
            let other_half = candidate.cae != cae;
            (!candidate.is_own, Reverse(candidate.written_on), other_half)
        });
        let mut seen: Vec<Sensitive> = Vec::new();
        candidates.retain(|candidate| {
            let new = !seen.contains(&candidate.secret);
            seen.push(candidate.secret.clone());
            new
        });
        candidates
    }

    /// Who is signed in to this authority, for each application that has a refresh token of theirs, or
    /// an access token that lives.
    pub(crate) fn signed_in(&self, owner: Owner<'_>, now: i64) -> Vec<SignedIn> {
        let mut people: Vec<SignedIn> = Vec::new();
        let mut seen = HashSet::new();
        for document in [&self.without_cae.document, &self.with_cae.document] {
            let refresh_tokens = document.refresh_tokens.entities();
            let refresh_tokens = refresh_tokens.map(|token| {
                let client_id = token.client_id.as_str();
                (
                    token.home_account_id.as_str(),
                    token.environment.as_str(),
                    client_id,
                )
            });
            let access_tokens = document.access_tokens.entities();
            let living = access_tokens.filter(|token| token.expires_on > now);
            let all = refresh_tokens.chain(living.map(AccessToken::whose));
            for (home_account_id, environment, client_id) in all {
                let environment = owner
                    .environments()
                    .find(|here| here.eq_ignore_ascii_case(environment));
                let Some(environment) = environment else {
                    continue;
                };
                let place = At::person(home_account_id, environment);
                let Some(account) = document.accounts.at(place).next() else {
                    continue;
                };
                if seen.insert((client_id.to_lowercase(), home_account_id)) {
                    people.push(SignedIn {
                        home_account_id: home_account_id.to_owned(),
                        client_id: client_id.to_owned(),
                        realm: account.realm.clone(),
                        username: account.username.clone(),
                    });
                }
            }
        }
        people
    }

    /// The people whom this application can be silent for: those who signed in to it, or if nobody
    /// did, to its family. With `now`, those too who have nothing but an access token that lives: a
    /// broker keeps the rest.
    pub(crate) fn people(&self, owner: Owner<'_>, cae: bool, known_by: KnownBy) -> Vec<SignedIn> {
        let (mut own, mut family): (Vec<SignedIn>, Vec<SignedIn>) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for document in [cae, !cae].map(|cae| &self.half(cae).document) {
            for account in document.accounts.entities() {
                let at_home = owner
                    .environments()
                    .any(|environment| environment.eq_ignore_ascii_case(&account.environment));
                if !at_home || !seen.insert(&account.home_account_id) {
                    continue;
                }
                let theirs = Owner {
                    home_account_id: &account.home_account_id,
                    ..owner
                };
                let candidates = self.refresh_candidates(theirs, cae);
                let people = match candidates.first() {
                    Some(first) if first.is_own => &mut own,
                    Some(_) => &mut family,
                    None if self.knows(theirs, known_by) => &mut own,
                    None => continue,
                };
                people.push(SignedIn {
                    home_account_id: account.home_account_id.clone(),
                    client_id: owner.client_id.to_owned(),
                    realm: account.realm.clone(),
                    username: account.username.clone(),
                });
            }
        }
        if own.is_empty() { family } else { own }
    }

    /// The id that a broker has for the person, if they came by one.
    pub(crate) fn broker_account_id(&self, owner: Owner<'_>) -> Option<String> {
        let documents = [&self.without_cae.document, &self.with_cae.document];
        documents.into_iter().find_map(|document| {
            owner.environments().find_map(|environment| {
                let place = At::person(owner.home_account_id, environment);
                let mut accounts = document.accounts.at(place);
                accounts.find_map(|account| account.broker_account_id().map(str::to_owned))
            })
        })
    }

    fn knows(&self, owner: Owner<'_>, known_by: KnownBy) -> bool {
        let documents = [&self.without_cae.document, &self.with_cae.document];
        documents.into_iter().any(|document| match known_by {
            KnownBy::Renewal => false,
            KnownBy::Living { now } => {
                let mut tokens = document.access_tokens.entities();
                tokens.any(|token| {
                    token.is_of(owner.home_account_id, owner.client_id) && token.expires_on > now
                })
            }
            KnownBy::Anything => document.has_any_token(owner),
        })
    }

    /// Whether a change of one half is one of the other half too: it has the refresh token that was
    /// `used`, or any of the application's own.
    pub(crate) fn has_refresh_token(
        &self,
        owner: Owner<'_>,
        cae: bool,
        used: Option<&Sensitive>,
    ) -> bool {
        let mut tokens = self.half(cae).document.refresh_tokens_of(owner);
        tokens.any(|token| match used {
            Some(used) => token.secret == *used,
            None => token.client_id.eq_ignore_ascii_case(owner.client_id),
        })
    }

    pub(crate) fn knows_somebody(&self, cae: bool) -> bool {
        let document = &self.half(cae).document;
        !document.accounts.is_empty()
            || !document.refresh_tokens.is_empty()
            || !document.access_tokens.is_empty()
            || !document.bound_access_tokens.is_empty()
            || !document.id_tokens.is_empty()
    }

    pub(crate) fn apply(&mut self, cae: bool, change: &Change) {
        self.half_mut(cae).document.apply(change);
    }

    /// Takes a stored state for what is known, and does again what it does not have yet.
    pub(crate) fn adopt(&mut self, cae: bool, loaded: Loaded) {
        let half = self.half_mut(cae);
        half.document = loaded.document;
        half.version = Some(loaded.version);
        for change in &half.unsaved {
            half.document.apply(&change.late());
        }
    }

    pub(crate) fn version(&self, cae: bool) -> Option<&CacheVersion> {
        self.half(cae).version.as_ref()
    }

    /// Remembers what is to be stored; where it cannot be, it is tried again with the next change.
    pub(crate) fn remember_to_store(&mut self, cae: bool, change: Change) {
        let unsaved = &mut self.half_mut(cae).unsaved;
        unsaved.push(Arc::new(change));
        let excess = unsaved.len().saturating_sub(MOST_UNSAVED);
        unsaved.drain(..excess);
    }

    pub(crate) fn unsaved(&self, cae: bool) -> Vec<Arc<Change>> {
        self.half(cae).unsaved.clone()
    }

    /// They could not be stored, and are late when they are.
    pub(crate) fn is_not_stored(&mut self, cae: bool, changes: &[Arc<Change>]) {
        for change in &mut self.half_mut(cae).unsaved {
            if changes.iter().any(|late| Arc::ptr_eq(late, change)) {
                *change = Arc::new(change.late());
            }
        }
    }

    pub(crate) fn is_stored(&mut self, cae: bool, changes: &[Arc<Change>]) {
        let unsaved = &mut self.half_mut(cae).unsaved;
        unsaved.retain(|change| !changes.iter().any(|stored| Arc::ptr_eq(stored, change)));
    }

    fn family(&self, owner: Owner<'_>, cae: bool) -> Family {
        match self.half(cae).document.family(owner) {
            Family::Unknown => self.half(!cae).document.family(owner),
            known => known,
        }
    }

    fn half(&self, cae: bool) -> &Half {
        if cae {
            &self.with_cae
        } else {
            &self.without_cae
        }
    }

    fn half_mut(&mut self, cae: bool) -> &mut Half {
        if cae {
            &mut self.with_cae
        } else {
            &mut self.without_cae
        }
    }
}

impl<'a> Owner<'a> {
    /// The hosts under which entries of this authority may stand, the configured one first.
    fn environments(self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.environment).chain(self.aliases.iter().map(String::as_str))
    }
}

impl Identity {
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            home_account_id: &self.home_account_id,
            environment: &self.environment,
            aliases: &self.aliases,
            client_id: &self.client_id,
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
