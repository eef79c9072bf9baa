use crate::{error::Result, seams::random};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
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

/// What a request is signed with.
#[derive(Clone)]
pub(super) enum Nonce {
    OfResource(String),
    /// The resource wants a proof and sends none: one of our own, another each time.
    Own,
}

#[derive(Default)]
struct OfOrigin {
    unused: Vec<String>,
    /// Used, and followed by no other: perhaps it can be used again.
    used: Option<String>,
    sends_none: bool,
}

impl Nonce {
    pub(super) fn text(&self) -> Result<String> {
        match self {
            Self::OfResource(text) => Ok(text.clone()),
            Self::Own => Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<16>()?)),
        }
    }
}

impl Nonces {
    pub(super) fn take(&self, origin: &str) -> Option<Nonce> {
        let mut origins = self.lock();
        let known = origins.get_mut(origin)?;
        let theirs = known.unused.pop().or_else(|| known.used.take());
        let own = known.sends_none.then_some(Nonce::Own);
        theirs.map(Nonce::OfResource).or(own)
    }

    pub(super) fn put(&self, origin: &str, nonce: Nonce) {
        let mut origins = self.lock();
        let known = of_origin(&mut origins, origin);
        known.used = None;
        known.sends_none = matches!(nonce, Nonce::Own);
        if let Nonce::OfResource(text) = nonce {
            known.unused.push(text);
        }
        let excess = known.unused.len().saturating_sub(MOST_NONCES);
        known.unused.drain(..excess);
    }

    /// One that was taken. Our own is never used again.
    pub(super) fn put_back(&self, origin: &str, nonce: &Nonce) {
        if let Nonce::OfResource(text) = nonce {
            let mut origins = self.lock();
            of_origin(&mut origins, origin).used = Some(text.clone());
        }
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
