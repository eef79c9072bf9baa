//! A thread of its own for each question to Windows.
//!
//! A call may block its thread, as one does whose service does not start: on the caller's no deadline
//! would pass any more. And a window's thread is a single-threaded apartment, which must not wait.

use super::{system::System, wam::Wam};
use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Error, ErrorKind, Prompt, Result,
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::Poll,
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    time::timeout,
};

/// Asks a Windows whose calls may block.
#[derive(Debug)]
pub(super) struct Apart<S> {
    // Shared with the threads, which may outlive the caller.
    wam: Arc<Wam<S>>,
    prepare: fn(),
    /// Threads whose caller has left, and which have not come back.
    hanging: Mutex<Vec<Weak<()>>>,
}

/// How long Windows may take before it asks a person: a browser is not to wait as long as they may.
const TIME_BEFORE_WINDOW: Duration = Duration::from_secs(15);

impl<S: System + 'static> Apart<S> {
    /// `prepare` is called on each new thread.
    pub(super) fn new(wam: Wam<S>, prepare: fn()) -> Self {
        Self {
            wam: Arc::new(wam),
            prepare,
            hanging: Mutex::default(),
        }
    }

    /// Where the caller leaves, the question is dropped: at once, or when a call that blocks is over.
    async fn ask<T, F>(&self, question: impl FnOnce(Arc<Wam<S>>) -> F + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>>,
    {
        self.check_hanging()?;
        let alive = Arc::new(());
        let mut leaving = Leaving {
            hanging: &self.hanging,
            thread: Some(Arc::downgrade(&alive)),
        };
        let (mut sender, receiver) = oneshot::channel();
        let wam = Arc::clone(&self.wam);
        let prepare = self.prepare;
        // Nobody joins it, so that one which hangs does not hold up the program's end.
        let spawned = thread::Builder::new()
            .name("doorkey-broker".to_owned())
            .spawn(move || {
                let _alive = alive;
                let runtime = Builder::new_current_thread().enable_time().build();
                let answer = runtime.map_err(|error| no_thread(&error)).map(|runtime| {
                    prepare();
                    runtime.block_on(unless_left(&mut sender, question(wam)))
                });
                let _ = match answer {
                    Ok(Some(answer)) => sender.send(answer),
                    Ok(None) => return,
                    Err(error) => sender.send(Err(error)),
                };
            });
        spawned.map_err(|error| no_thread(&error))?;
        let answer = receiver.await;
        leaving.thread = None;
        answer.unwrap_or_else(|_panicked| {
            Err(Error::new(
                ErrorKind::Protocol,
                "the code that asks Windows' Web Account Manager panicked; see the panic's own \
                 message, and tell its maker",
            ))
        })
    }

    fn check_hanging(&self) -> Result<()> {
        /// One that blocks costs a thread, which cannot be ended.
        const MOST: usize = 4;
        let mut hanging = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        hanging.retain(|thread| thread.strong_count() > 0);
        if hanging.len() < MOST {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "Windows' Web Account Manager does not answer: {MOST} earlier questions are still \
                 waiting; restart Windows, or sign in by the browser"
            ),
        ))
    }
}

/// `None` where nobody waits for the answer any more.
async fn unless_left<T>(
    sender: &mut oneshot::Sender<Result<T>>,
    question: impl Future<Output = Result<T>>,
) -> Option<Result<T>> {
    let mut question = pin!(question);
    poll_fn(|context| match sender.poll_closed(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => question.as_mut().poll(context).map(Some),
    })
    .await
}

fn late() -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "Windows' Web Account Manager did not answer within {} seconds; restart Windows, or sign \
             in by the browser",
            TIME_BEFORE_WINDOW.as_secs()
        ),
    )
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "Windows' Web Account Manager could not be asked, as there was no thread for it: {error}; \
             end other programs, or sign in by the browser"
        ),
    )
}

/// Notes a thread that is left behind.
struct Leaving<'a> {
    hanging: &'a Mutex<Vec<Weak<()>>>,
    thread: Option<Weak<()>>,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut hanging = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        hanging.extend(self.thread.take());
    }
}

#[async_trait]
impl<S: System + 'static> Broker for Apart<S> {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let request = request.clone();
        self.ask(|wam| async move { wam.accounts(&request).await })
            .await
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        let request = request.clone();
        self.ask(|wam| async move { wam.acquire_silently(&request).await })
            .await
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        if request.prompt != Prompt::None {
            let request = request.clone();
            let checking = self.ask(|wam| async move { wam.check_presence(&request).await });
            // Without a runtime nobody counts the time.
            match Handle::try_current() {
                Ok(_) => timeout(TIME_BEFORE_WINDOW, checking)
                    .await
                    .unwrap_or_else(|_late| Err(late()))?,
                Err(_) => checking.await?,
            }
        }
        let request = request.clone();
        self.ask(|wam| async move { wam.acquire_interactively(&request).await })
            .await
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        let request = request.clone();
        self.ask(|wam| async move { wam.sign_out(&request).await })
            .await
    }
}
