use super::members::Members;
use hashbrown::{Equivalent, HashMap};
use serde::de::DeserializeOwned;
use slab::Slab;
use std::hash::{Hash, Hasher};

/// The entities of one kind: by their key, as a document has them, and by whom they are for, so
/// that a lookup costs the same whatever else is in it.
#[derive(Debug)]
pub(super) struct Section<E> {
    entries: Slab<Entry<E>>,
    by_key: HashMap<String, usize>,
    by_place: HashMap<Place, Vec<usize>>,
}

#[derive(Debug)]
pub(super) struct Entry<E> {
    pub(super) key: String,
    pub(super) members: Members,
    /// `None` where this is no entity that can be understood; it is kept all the same.
    pub(super) entity: Option<E>,
}

pub(super) trait Entity: DeserializeOwned {
    /// `None` for one that is kept and never looked for.
    fn place(&self) -> Option<Place>;
}

/// Whom an entity is for, without case. Parts that do not tell entities of a kind apart are empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) home_account_id: String,
    pub(super) environment: String,
    pub(super) client_id: String,
    pub(super) realm: String,
}

/// A [`Place`] that is looked for, without owning its parts: account, environment, client, realm.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(pub(super) [&'a str; 4]);

impl<E: Entity> Section<E> {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<E>> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = &E> {
        self.entries().filter_map(|entry| entry.entity.as_ref())
    }

    pub(super) fn at(&self, place: At<'_>) -> impl Iterator<Item = &E> {
        let indices = self.by_place.get(&place).map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .filter_map(|index| self.entries.get(*index)?.entity.as_ref())
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry<E>> {
        self.entries.get(*self.by_key.get(key)?)
    }

    /// Replaces what has this key.
    pub(super) fn put(&mut self, key: &str, members: Members) {
        self.remove(key);
        let entry = Entry {
            key: key.to_owned(),
            entity: members.read::<E>(),
            members,
        };
        let place = entry.entity.as_ref().and_then(Entity::place);
        let index = self.entries.insert(entry);
        self.by_key.insert(key.to_owned(), index);
        if let Some(place) = place {
            self.by_place.entry(place).or_default().push(index);
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        let Some(index) = self.by_key.remove(key) else {
            return;
        };
        let entry = self.entries.remove(index);
        let Some(place) = entry.entity.as_ref().and_then(Entity::place) else {
            return;
        };
        if let Some(indices) = self.by_place.get_mut(&place) {
            indices.retain(|other| *other != index);
            if indices.is_empty() {
                self.by_place.remove(&place);
            }
        }
    }

    /// The keys of the entities at a place that are `wanted`.
    pub(super) fn keys_at(&self, place: At<'_>, wanted: impl Fn(&E) -> bool) -> Vec<String> {
        let indices = self.by_place.get(&place).map_or(&[][..], Vec::as_slice);
        let entries = indices.iter().filter_map(|index| self.entries.get(*index));
        entries
            .filter(|entry| entry.entity.as_ref().is_some_and(&wanted))
            .map(|entry| entry.key.clone())
            .collect()
    }

    pub(super) fn remove_at(&mut self, place: At<'_>, unwanted: impl Fn(&E) -> bool) -> bool {
        let keys = self.keys_at(place, unwanted);
        for key in &keys {
            self.remove(key);
        }
        !keys.is_empty()
    }
}

impl<E> Default for Section<E> {
    fn default() -> Self {
        Self {
            entries: Slab::new(),
            by_key: HashMap::new(),
            by_place: HashMap::new(),
        }
    }
}

impl Place {
    pub(super) fn of_person(home_account_id: &str, environment: &str) -> Self {
        Self {
            home_account_id: home_account_id.to_owned(),
            environment: environment.to_owned(),
            ..Self::default()
        }
    }

    fn at(&self) -> At<'_> {
        let Self {
            home_account_id,
            environment,
            client_id,
            realm,
        } = self;
        At([home_account_id, environment, client_id, realm])
    }
}

impl<'a> At<'a> {
    /// Of what serves all of a person's tenants.
    pub(super) fn person(home_account_id: &'a str, environment: &'a str) -> Self {
        Self([home_account_id, environment, "", ""])
    }
}

impl Hash for At<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Letters that differ in their case alone become the same; what else does, does not matter.
        const LOWER: u64 = 0x2020_2020_2020_2020;
        for part in self.0 {
            let (words, rest) = part.as_bytes().as_chunks::<8>();
            for word in words {
                state.write_u64(u64::from_ne_bytes(*word) | LOWER);
            }
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            state.write_u64(u64::from_ne_bytes(last) | LOWER);
        }
    }
}

impl PartialEq for At<'_> {
    fn eq(&self, other: &Self) -> bool {
        let mut parts = self.0.iter().zip(other.0);
        // Nearly always they are written alike, and then this is one comparison of memory.
        parts.all(|(one, other)| *one == other || one.eq_ignore_ascii_case(other))
    }
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.at().hash(state);
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.at() == other.at()
    }
}

impl Eq for Place {}

impl Equivalent<Place> for At<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        *self == place.at()
    }
}
