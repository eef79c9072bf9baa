//! The resource's nonces: each is good for one signed request, and not for long.

use crate::random;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// How long one is good.
const LIFETIME: Duration = Duration::minutes(5);

/// How many wait to be used: when there are more, all are forgotten.
const MOST: usize = 10_000;

/// Those that were given out and not used yet, and when.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    waiting: Mutex<HashMap<String, OffsetDateTime>>,
}

impl Nonces {
    pub(crate) fn issue(&self, now: OffsetDateTime) -> String {
        let nonce = random::secret();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, issued| is_good(*issued, now));
        if waiting.len() >= MOST {
            waiting.clear();
        }
        waiting.insert(nonce.clone(), now);
        nonce
    }

    /// Whether it is one of ours, which it is no more from now on.
    pub(crate) fn use_up(&self, nonce: &str, now: OffsetDateTime) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let issued = waiting.remove(nonce);
        issued.is_some_and(|issued| is_good(issued, now))
    }
}

fn is_good(issued: OffsetDateTime, now: OffsetDateTime) -> bool {
    now - issued < LIFETIME
}
