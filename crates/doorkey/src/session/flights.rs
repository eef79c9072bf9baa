use crate::error::{Error, ErrorKind, Result};
use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use std::{
    collections::HashMap,
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
};

pub(crate) type Flight<T> = Shared<BoxFuture<'static, Result<T>>>;

/// Requests under way: who asks the same question meanwhile waits for the same answer.
///
/// A flight belongs to those who wait for it. Nothing is spawned, so the last of them to give up
/// cancels it, and with it frees its port and its polls.
#[derive(Debug)]
pub(crate) struct Flights<K, T>
where
    T: Clone,
{
    under_way: Mutex<HashMap<K, WeakShared<BoxFuture<'static, Result<T>>>>>,
}

impl<K: Eq + Hash, T: Clone + Send + 'static> Flights<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            under_way: Mutex::new(HashMap::new()),
        }
    }

    /// The flight for `key`, begun by `begin` if there is none.
    pub(crate) fn join(
        &self,
        key: K,
        begin: impl FnOnce() -> BoxFuture<'static, Result<T>>,
    ) -> Flight<T> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Dropped after the lock: the last handle of a flight may be among them, and what its end
        // tells an observer must not happen under the lock.
        let mut seen = Vec::new();
        under_way.retain(|_, flight| match flight.upgrade() {
            // One that has landed is not joined: its answer was for those who asked before.
            Some(flight) => {
                let flying = flight.peek().is_none();
                seen.push(flight);
                flying
            }
            None => false,
        });
        if let Some(flight) = under_way.get(&key).and_then(WeakShared::upgrade) {
            drop(under_way);
            return flight;
        }
        let flight = guarded(begin()).shared();
        if let Some(weak) = flight.downgrade() {
            under_way.insert(key, weak);
        }
        drop(under_way);
        flight
    }
}

/// A callback that panics must not take everybody down who waits for the same answer.
pub(crate) fn guarded<T>(work: BoxFuture<'static, Result<T>>) -> BoxFuture<'static, Result<T>>
where
    T: 'static,
{
    let caught = AssertUnwindSafe(work).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|_panic| {
            Err(Error::new(
                ErrorKind::CredentialUnavailable,
                "a callback or an observer of this sign-in panicked; see the panic's own message",
            ))
        })
    });
    caught.boxed()
}
