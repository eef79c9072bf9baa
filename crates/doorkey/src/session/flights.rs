use crate::error::Result;
use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

type Flight<T> = Shared<BoxFuture<'static, Result<T>>>;

/// Requests under way: who asks the same question meanwhile waits for the same answer.
///
/// A flight belongs to those who wait for it. Nothing is spawned, so the last of them to give up
/// cancels it, and with it frees its port and its polls.
#[derive(Debug)]
pub(super) struct Flights<K, T>
where
    T: Clone,
{
    under_way: Mutex<HashMap<K, WeakShared<BoxFuture<'static, Result<T>>>>>,
}

impl<K: Eq + Hash, T: Clone> Flights<K, T> {
    pub(super) fn new() -> Self {
        Self {
            under_way: Mutex::new(HashMap::new()),
        }
    }

    /// The flight for `key`, begun by `begin` if there is none.
    pub(super) fn join(
        &self,
        key: K,
        begin: impl FnOnce() -> BoxFuture<'static, Result<T>>,
    ) -> Flight<T> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // One that has landed is not joined: its answer was for those who asked before.
        under_way.retain(|_, flight| {
            flight
                .upgrade()
                .is_some_and(|flight| flight.peek().is_none())
        });
        if let Some(flight) = under_way.get(&key).and_then(WeakShared::upgrade) {
            return flight;
        }
        let flight = begin().shared();
        if let Some(weak) = flight.downgrade() {
            under_way.insert(key, weak);
        }
        flight
    }
}
