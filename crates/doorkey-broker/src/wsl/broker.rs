//! What others see of all this.

use super::{
    place,
    program::{self, Patience},
};
use crate::exchange::{reply, request::Question};
use async_trait::async_trait;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
    BrokerSilentRequest, BrokerToken, Error, ErrorKind, Result,
};
use std::path::PathBuf;

/// Windows' broker, for a program in WSL: whoever is signed in to Windows is signed in to it.
///
/// It is asked by the command `doorkey` of Windows, `doorkey.exe broker-request`, which WSL starts:
/// one process and one JSON each way for each question. Nothing is kept between two.
///
/// # Limits
///
/// - Those of `WindowsBroker`. The application needs Windows' redirect URI,
///   `ms-appx-web://Microsoft.AAD.BrokerPlugin/<client id>`.
/// - Windows' window stands in front of the terminal's, as far as Windows knows of it.
///   [`parent_window`](BrokerInteractiveRequest::parent_window) is not heeded: a window of this side has
///   no handle there.
/// - Where this is no WSL, interop is off, `doorkey.exe` is not in an absolute folder of `PATH`, cannot
///   be started, is too old, fails, or is silent for 15 seconds, it is
///   [`CredentialUnavailable`](ErrorKind::CredentialUnavailable). One that runs and does not
///   answer is given up after 40 seconds, a person after 15 minutes
///   ([`TimedOut`](ErrorKind::TimedOut)). A credential gives up sooner.
/// - A future that is dropped ends the process.
///
/// It has never been run in a real WSL: see `docs/brokers.md`.
#[derive(Clone, Debug, Default)]
pub struct WslBroker {
    /// Looked for on each question where it is not known.
    program: Option<PathBuf>,
}

impl WslBroker {
    /// By the `doorkey.exe` in `PATH`, which is looked for whenever it is asked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// By this `doorkey.exe`. A path that is relative is one to the current folder.
    #[must_use]
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: Some(program.into()),
        }
    }

    async fn ask(&self, question: Question, patience: Patience) -> Result<Vec<u8>> {
        tokio::runtime::Handle::try_current().map_err(|error| {
            Error::new(
                ErrorKind::CredentialUnavailable,
                "asking Windows' broker needs a Tokio runtime, and none is running here; call from \
                 within one",
            )
            .with_source(error)
        })?;
        let program = match &self.program {
            Some(program) => program.clone(),
            None => place::found(place::find).await?,
        };
        program::answer(&program, &question.written(), patience).await
    }
}

#[async_trait]
impl Broker for WslBroker {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let question = Question::Accounts(request.clone());
        reply::accounts(&self.ask(question, Patience::WithoutPerson).await?)
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        let question = Question::Silent(request.clone());
        reply::token(&self.ask(question, Patience::WithoutPerson).await?)
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        let question = Question::Interactive(request.clone());
        reply::token(&self.ask(question, Patience::ForPerson).await?)
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        let question = Question::SignOut(request.clone());
        reply::done(&self.ask(question, Patience::WithoutPerson).await?)
    }
}
