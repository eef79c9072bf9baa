use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many resources are remembered; one client has few.
const MOST_ORIGINS: usize = 64;

/// How many unused nonces of one resource are.
const MOST_NONCES: usize = 16;

/// What resources gave to sign with, by their origin.
#[derive(Default)]
pub(super) struct Nonces(Mutex<HashMap<String, OfOrigin>>);

#[derive(Default)]
struct OfOrigin {
    unused: Vec<String>,
    /// Used, and followed by no other: perhaps it can be used again.
    used: Option<String>,
}

impl Nonces {
    pub(super) fn take(&self, origin: &str) -> Option<String> {
        let mut origins = self.lock();
        let known = origins.get_mut(origin)?;
        known.unused.pop().or_else(|| known.used.take())
    }

    pub(super) fn put(&self, origin: &str, nonce: String) {
        let mut origins = self.lock();
        let known = of_origin(&mut origins, origin);
        known.used = None;
        known.unused.push(nonce);
        let excess = known.unused.len().saturating_sub(MOST_NONCES);
        known.unused.drain(..excess);
    }

    pub(super) fn put_back(&self, origin: &str, nonce: &str) {
        let mut origins = self.lock();
        of_origin(&mut origins, origin).used = Some(nonce.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, OfOrigin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Nonces")
    }
}

fn of_origin<'a>(origins: &'a mut HashMap<String, OfOrigin>, origin: &str) -> &'a mut OfOrigin {
    if origins.len() >= MOST_ORIGINS && !origins.contains_key(origin) {
        origins.clear();
    }
    origins.entry(origin.to_owned()).or_default()
}
