use super::{
    Owner,
    entities::{AccessToken, Account, AppMetadata, IdToken, RefreshToken},
};
use hashbrown::{Equivalent, HashMap};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

/// One of the two halves of a cache: entities, and an index by whom they are for, so that a lookup
/// costs the same whatever else is in it.
#[derive(Debug, Default)]
pub(super) struct Partition {
    access_tokens: HashMap<Slot, Vec<AccessToken>>,
    refresh_tokens: HashMap<Slot, RefreshToken>,
    accounts: BTreeMap<String, Account>,
    id_tokens: BTreeMap<String, IdToken>,
    app_metadata: BTreeMap<String, AppMetadata>,
}

/// Whose entity, in which tenant.
#[derive(Debug, Eq, PartialEq)]
struct Slot {
    home_account_id: String,
    environment: String,
    client_id: String,
    /// Empty for what serves all tenants.
    realm: String,
}

/// A `Slot` that is looked for, without owning its parts.
struct Wanted<'a> {
    owner: Owner<'a>,
    realm: &'a str,
}

impl Partition {
    pub(super) fn access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
    ) -> Option<&AccessToken> {
        let candidates = self.access_tokens.get(&Wanted { owner, realm })?;
        candidates
            .iter()
            .filter(|token| has_all(&token.target, scopes) || is_same(&token.requested, scopes))
            .max_by_key(|token| token.expires_on)
    }

    pub(super) fn refresh_token(&self, owner: Owner<'_>) -> Option<&RefreshToken> {
        self.refresh_tokens.get(&Wanted { owner, realm: "" })
    }

    /// A newer token for the same scopes takes the older one's place.
    pub(super) fn keep_access_token(&mut self, token: AccessToken) {
        let slot = Slot {
            home_account_id: token.home_account_id.clone(),
            environment: token.environment.clone(),
            client_id: token.client_id.clone(),
            realm: token.realm.clone(),
        };
        let tokens = self.access_tokens.entry(slot).or_default();
        tokens.retain(|old| old.expires_on > token.cached_at && !replaces(&token, old));
        tokens.push(token);
    }

    pub(super) fn keep_refresh_token(&mut self, token: RefreshToken) {
        let slot = Slot {
            home_account_id: token.home_account_id.clone(),
            environment: token.environment.clone(),
            client_id: token.client_id.clone(),
            realm: String::new(),
        };
        self.refresh_tokens.insert(slot, token);
    }

    pub(super) fn keep_account(&mut self, account: Account) {
        self.accounts.insert(account.key(), account);
    }

    pub(super) fn keep_id_token(&mut self, id_token: IdToken) {
        self.id_tokens.insert(id_token.key(), id_token);
    }

    pub(super) fn keep_app_metadata(&mut self, app_metadata: AppMetadata) {
        self.app_metadata.insert(app_metadata.key(), app_metadata);
    }
}

/// Whether a lookup that finds `old` would always find `new` as well.
fn replaces(new: &AccessToken, old: &AccessToken) -> bool {
    new.target.eq_ignore_ascii_case(&old.target)
        || new.requested.eq_ignore_ascii_case(&old.requested)
}

/// Scopes are compared as sets, and without case: Entra ID writes them as it pleases.
fn has_all<S: AsRef<str>>(target: &str, scopes: &[S]) -> bool {
    scopes.iter().all(|scope| {
        target
            .split(' ')
            .any(|granted| granted.eq_ignore_ascii_case(scope.as_ref()))
    })
}

/// Whether exactly these scopes were asked for. Fewer might be the ones that were not granted.
fn is_same<S: AsRef<str>>(requested: &str, scopes: &[S]) -> bool {
    requested.split(' ').count() == scopes.len() && has_all(requested, scopes)
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_parts(
            [
                &self.home_account_id,
                &self.environment,
                &self.client_id,
                &self.realm,
            ]
            .map(String::as_str),
            state,
        );
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let owner = self.owner;
        hash_parts(
            [
                owner.home_account_id,
                owner.environment,
                owner.client_id,
                self.realm,
            ],
            state,
        );
    }
}

fn hash_parts<H: Hasher>(parts: [&str; 4], state: &mut H) {
    for part in parts {
        part.hash(state);
    }
}

impl Equivalent<Slot> for Wanted<'_> {
    fn equivalent(&self, slot: &Slot) -> bool {
        slot.home_account_id == self.owner.home_account_id
            && slot.environment == self.owner.environment
            && slot.client_id == self.owner.client_id
            && slot.realm == self.realm
    }
}

impl Serialize for Partition {
    /// MSAL's document: one object of objects, by kind and key.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let access_tokens: BTreeMap<_, _> = self
            .access_tokens
            .values()
            .flatten()
            .map(|token| (token.key(), token))
            .collect();
        let refresh_tokens: BTreeMap<_, _> = self
            .refresh_tokens
            .values()
            .map(|token| (token.key(), token))
            .collect();
        let mut document = serializer.serialize_map(Some(5))?;
        document.serialize_entry("AccessToken", &access_tokens)?;
        document.serialize_entry("Account", &self.accounts)?;
        document.serialize_entry("IdToken", &self.id_tokens)?;
        document.serialize_entry("RefreshToken", &refresh_tokens)?;
        document.serialize_entry("AppMetadata", &self.app_metadata)?;
        document.end()
    }
}
