//! Whether there is a broker that answers: it may be anybody's code, and it may hang.

use crate::{
    error::{Error, ErrorKind, Result},
    session::lock,
};
use futures_util::future::FutureExt;
use std::{future::Future, panic::AssertUnwindSafe, sync::Mutex, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Why a broker gave nothing.
pub(super) enum Failure {
    /// There is none, or it does not answer: another way may be taken.
    Absent(Error),
    /// It has answered.
    Answered(Error),
}

#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Until when it is left alone, as it did not answer.
    rests_until: Mutex<Option<Instant>>,
}

/// How long a broker that did not answer is left alone, or where nothing can step in, is not waited for.
const REST: Duration = Duration::from_secs(300);

/// The same, where it had too little time to be judged by.
const SHORT_REST: Duration = Duration::from_secs(30);

/// What is too little.
const ENOUGH: Duration = Duration::from_secs(10);

/// What it has while it rests: enough to show that it answers again.
const WHILE_RESTING: Duration = Duration::from_secs(5);

impl Presence {
    pub(super) fn is_resting(&self) -> bool {
        lock(&self.rests_until).is_some_and(|until| Instant::now() < until)
    }

    /// What needs nobody to do anything.
    pub(super) async fn without_person<T>(
        &self,
        deadline: Instant,
        asking: impl Future<Output = Result<T>>,
    ) -> Result<T, Failure> {
        let now = Instant::now();
        let deadline = match self.is_resting() {
            true => deadline.min(now + WHILE_RESTING),
            false => deadline,
        };
        let time = deadline.saturating_duration_since(now);
        let late = || {
            // What was spent before makes it a moment less.
            let seconds = time.as_millis().div_ceil(1_000);
            let rest = if time < ENOUGH { SHORT_REST } else { REST };
            let mut rests_until = lock(&self.rests_until);
            *rests_until = rests_until.max(Some(Instant::now() + rest));
            format!(
                "the broker did not answer within {seconds} seconds; restart it, or sign in another \
                 way"
            )
        };
        let outcome = answered(deadline, late, asking).await;
        if !matches!(outcome, Err(Failure::Absent(_))) {
            *lock(&self.rests_until) = None;
        }
        outcome
    }
}

/// What a broker answers, if it does in time.
pub(super) async fn answered<T>(
    deadline: Instant,
    late: impl FnOnce() -> String,
    asking: impl Future<Output = Result<T>>,
) -> Result<T, Failure> {
    let guarded = AssertUnwindSafe(asking).catch_unwind();
    let Ok(outcome) = timeout_at(deadline, guarded).await else {
        return Err(Failure::Absent(Error::new(ErrorKind::TimedOut, late())));
    };
    let outcome = outcome.unwrap_or_else(|_panic| {
        Err(Error::protocol(
            "the broker's code panicked; see the panic's own message, and tell its maker",
        ))
    });
    outcome.map_err(Failure::from)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::CredentialUnavailable => Self::Absent(error),
            _ => Self::Answered(error),
        }
    }
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        let (Self::Absent(error) | Self::Answered(error)) = self;
        error
    }
}
