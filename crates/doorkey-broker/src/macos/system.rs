//! The seam right above the calls to macOS.

use super::messages::{Authorization, Availability, Failure, Program, Reply};
use std::fmt;
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// `ASAuthorizationSingleSignOnProvider` and `ASAuthorizationController`, and the main thread that they
/// want.
pub(super) trait System: fmt::Debug + Clone + Send + Sync + 'static {
    /// A request that runs. Dropped, it is cancelled: `ASAuthorizationController.cancel`.
    type Call: Send;

    /// `NSBundle.mainBundle`.
    fn program(&self) -> Program;

    /// `canPerformAuthorization`, which may take its time, and not answer at all: it is called where
    /// nobody waits for it who cannot leave.
    fn availability(&self) -> oneshot::Receiver<Availability>;

    /// `performRequests`, on the main thread as soon as that is free.
    fn perform(
        &self,
        authorization: Authorization,
        progress: UnboundedSender<Progress>,
    ) -> Self::Call;

    fn is_on_main_thread(&self) -> bool;

    /// Does on the main thread what waits for it, without waiting for more. Called there only.
    fn turn_main_loop(&self);
}

/// How far a request is.
pub(super) enum Progress {
    /// The main thread has taken it up.
    Begun,
    Done(Result<Reply, Failure>),
}
