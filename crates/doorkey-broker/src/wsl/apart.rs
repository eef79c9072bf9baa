//! What may hang, as all that touches Windows' drives: on a thread that nobody joins, so that it keeps
//! neither who waits nor the program's end.

use doorkey::{Error, ErrorKind, Result};
use std::{thread, time::Duration};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

/// What `work` gives, in the caller's runtime; `None` is one that takes longer than `limit`.
pub(super) async fn apart<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>> {
    let (sender, receiver) = oneshot::channel();
    let runtime = Handle::current();
    thread::Builder::new()
        .name("doorkey-broker".to_owned())
        .spawn(move || {
            let _entered = runtime.enter();
            // Nobody may wait for it any more.
            let _ = sender.send(work());
        })
        .map_err(|error| {
            Error::new(
                ErrorKind::CredentialUnavailable,
                "there is no thread left to ask Windows' broker on; end other programs, or sign in by \
                 the browser",
            )
            .with_source(error)
        })?;
    Ok(timeout(limit, receiver).await.ok().and_then(Result::ok))
}
