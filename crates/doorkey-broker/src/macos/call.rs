//! One call to the extension, from beginning to end.

use super::{
    messages::{Authorization, Failure, Reply},
    system::{Progress, System},
};
use doorkey::{Error, ErrorKind};
use std::time::Duration;
use tokio::{
    runtime::Handle,
    sync::mpsc::unbounded_channel,
    time::{Instant, timeout},
};

/// How long the main thread has to take up a request.
pub(super) const BEGINS_WITHIN: Duration = Duration::from_secs(3);

/// How often a program without an event loop lets the main thread work.
pub(super) const TURN: Duration = Duration::from_millis(20);

/// The reply. A future that is dropped cancels the call.
///
/// The framework wants the main thread. A program with windows runs an event loop there; in any other
/// the future runs one itself, a little at a time, where it is polled on that thread.
pub(super) async fn reply<S: System>(
    system: &S,
    authorization: Authorization,
) -> Result<Reply, Failure> {
    let (progress, mut told) = unbounded_channel();
    let _cancelled_when_dropped = system.perform(authorization, progress);
    let since = Instant::now();
    let mut has_begun = false;
    loop {
        let next = if has_begun && !system.is_on_main_thread() {
            Ok(told.recv().await)
        } else {
            timeout(TURN, told.recv()).await
        };
        match next {
            Ok(Some(Progress::Begun)) => has_begun = true,
            Ok(Some(Progress::Done(answer))) => return answer,
            Ok(None) => return Err(Failure::Unanswered),
            Err(_) if system.is_on_main_thread() => system.turn_main_loop(),
            Err(_) if since.elapsed() >= BEGINS_WITHIN => return Err(Failure::NoMainLoop),
            Err(_) => {}
        }
    }
}

/// Waiting without one would panic.
pub(super) fn require_runtime() -> Result<(), Error> {
    Handle::try_current().map(drop).map_err(|error| {
        Error::new(
            ErrorKind::CredentialUnavailable,
            "asking macOS' identity broker needs a Tokio runtime, and none is running here; call from \
             within one",
        )
        .with_source(error)
    })
}
