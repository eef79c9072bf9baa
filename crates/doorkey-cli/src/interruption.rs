//! Ctrl-C, and whatever else asks a program to end.

use crate::failure::Failure;
use std::future::Future;

/// The outcome of `work`, unless the person presses Ctrl-C first. Then `work` is dropped where it
/// waits, which closes its ports and stops its polls.
pub(crate) async fn ends(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        // The first poll sets the handler, and nothing may be shown to the person before.
        biased;
        () = pressed() => Err(Failure::Interrupted),
        outcome = work => outcome,
    }
}

async fn pressed() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's own way of ending us is still there.
        std::future::pending::<()>().await;
    }
}

/// Returns when the program is asked to end: by Ctrl-C, or by the signal that supervisors send.
/// Both are heeded from the call on, not only from the first poll on.
#[cfg(all(feature = "emulator", unix))]
pub(crate) fn asked_to_end() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupts = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let mut terminations = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    Ok(async move {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
    })
}

/// Returns when the program is asked to end: by Ctrl-C, or by its window being closed. Both are
/// heeded from the call on, not only from the first poll on.
#[cfg(all(feature = "emulator", windows))]
pub(crate) fn asked_to_end() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::windows::{ctrl_c, ctrl_close};
    let mut interrupts = ctrl_c().map_err(Failure::Runtime)?;
    let mut closings = ctrl_close().map_err(Failure::Runtime)?;
    Ok(async move {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = closings.recv() => {}
        }
    })
}
