//! One call to the extension, from beginning to end.

use super::{
    messages::{Authorization, Availability, Failure, Interface, Reply},
    refusal,
    system::{Progress, System},
};
use doorkey::{Error, ErrorKind};
use std::time::Duration;
use tokio::{runtime::Handle, sync::mpsc::unbounded_channel, time::timeout};

/// How often a program without an event loop lets the main thread work.
const TURN: Duration = Duration::from_millis(20);

/// How often that is for a request that the main thread does not take up: three seconds, if nothing else
/// keeps whoever waits.
const MOST_TURNS: u32 = 150;

/// How long silence is waited for by whoever has no limit of their own: as Linux' broker is.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(40);

/// The reply. A future that is dropped cancels the call.
pub(super) async fn reply<S: System>(
    system: &S,
    authorization: Authorization,
) -> Result<Reply, Failure> {
    match authorization.interface {
        Interface::Enabled(_) => perform(system, authorization).await,
        Interface::Disabled => timeout(SILENCE_LIMIT, perform(system, authorization))
            .await
            .unwrap_or(Err(Failure::Late)),
    }
}

/// The framework wants the main thread. A program with windows runs an event loop there; in any other
/// the future runs one itself, a little at a time, where it is polled on that thread.
async fn perform<S: System>(system: &S, authorization: Authorization) -> Result<Reply, Failure> {
    let (progress, mut told) = unbounded_channel();
    let _cancelled_when_dropped = system.perform(authorization, progress);
    let mut has_begun = false;
    let mut turns = 0;
    loop {
        let is_ours = system.is_on_main_thread();
        let next = if has_begun && !is_ours {
            Ok(told.recv().await)
        } else {
            timeout(TURN, told.recv()).await
        };
        match next {
            Ok(Some(Progress::Begun)) => has_begun = true,
            Ok(Some(Progress::Done(Ok(reply)))) if reply.is_empty() => {
                return Err(Failure::Unanswered);
            }
            Ok(Some(Progress::Done(answer))) => return answer,
            Ok(None) => return Err(Failure::Unanswered),
            Err(_) if !has_begun && turns >= MOST_TURNS => return Err(Failure::NoMainLoop),
            Err(_) => {
                turns += 1;
                if is_ours {
                    system.turn_main_loop();
                }
            }
        }
    }
}

/// How long the system has to say whether there is an extension.
const AVAILABILITY_LIMIT: Duration = Duration::from_secs(15);

/// Whether there is somebody to ask. Of a system that does not say, there is not.
pub(super) async fn availability<S: System>(system: &S) -> Result<Availability, Error> {
    match timeout(AVAILABILITY_LIMIT, system.availability()).await {
        Ok(Ok(availability)) => Ok(availability),
        _ => Err(refusal::unavailable(
            "macOS did not say whether it has a single sign-on extension for Entra ID; restart the Mac",
        )),
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
