//! The one place where time comes in.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// Where the time comes from.
pub(crate) type Source = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// A clock that tests turn: its source and an offset added to it.
///
/// Codes, tokens and device codes expire by this clock alone. Nothing in the emulator sleeps, so it
/// behaves the same under a runtime whose own clock is paused.
pub(crate) struct Clock {
    source: Source,
    offset: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            offset: Mutex::new(Duration::ZERO),
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        let offset = *self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        (self.source)() + offset
    }

    pub(crate) fn set_offset(&self, offset: Duration) {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = offset;
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// The system's clock.
pub(crate) fn system() -> Source {
    Arc::new(OffsetDateTime::now_utc)
}
