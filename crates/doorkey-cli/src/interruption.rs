//! Ctrl-C, and whatever else asks a program to end.

use crate::failure::Failure;
use std::future::Future;

/// The outcome of `work`, unless the person presses Ctrl-C first. Then `work` is dropped where it
/// waits, which closes its ports and stops its polls.
pub(crate) async fn ends(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        outcome = work => outcome,
        () = pressed() => Err(Failure::Interrupted),
    }
}

/// Returns when the program is asked to end: by Ctrl-C, or by the signal that supervisors send.
#[cfg(feature = "emulator")]
pub(crate) async fn asked_to_end() {
    tokio::select! {
        () = pressed() => {}
        () = terminated() => {}
    }
}

async fn pressed() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's own way of ending us is still there.
        std::future::pending::<()>().await;
    }
}

#[cfg(all(feature = "emulator", unix))]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminations) => {
            terminations.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(all(feature = "emulator", not(unix)))]
async fn terminated() {
    std::future::pending().await
}
