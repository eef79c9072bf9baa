use super::flights::{Flight, guarded};
use crate::error::Result;
use futures_util::future::{BoxFuture, FutureExt, WeakShared};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Handle, Id};

/// One person is asked one thing at a time.
#[derive(Debug)]
pub(super) struct Gate<T: Clone> {
    /// Held while a person is asked, whichever runtime asks.
    alone: tokio::sync::Mutex<()>,
    /// What is asked now, and on which runtime.
    current: Mutex<Option<(Id, Question<T>)>>,
}

type Question<T> = WeakShared<BoxFuture<'static, Result<T>>>;

impl<T: Clone + Send + 'static> Gate<T> {
    pub(super) fn new() -> Self {
        Self {
            alone: tokio::sync::Mutex::new(()),
            current: Mutex::new(None),
        }
    }

    /// Waits until nobody else of this runtime is asked. Whoever waits also drives that question:
    /// the one who put it may have stopped polling, and must not hold up the others.
    pub(super) async fn wait(&self) {
        while let Some(question) = self.current() {
            let _ = question.await;
        }
    }

    /// Puts a question, for others to wait for.
    pub(super) fn put(&self, question: BoxFuture<'static, Result<T>>) -> Flight<T> {
        let question = guarded(question).shared();
        if let Some(weak) = question.downgrade() {
            *self.lock() = Some((Handle::current().id(), weak));
        }
        question
    }

    /// For the question itself, as its first step.
    pub(super) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.alone.lock().await
    }

    fn current(&self) -> Option<Flight<T>> {
        let here = Handle::current().id();
        let current = self.lock();
        let (runtime, question) = current.as_ref()?;
        // One of another runtime has its sockets and timers there, and only there it gets on.
        let question = (*runtime == here).then(|| question.upgrade()).flatten();
        drop(current);
        question.filter(|question| question.peek().is_none())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Id, Question<T>)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
