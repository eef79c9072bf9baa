//! In which order the extension is asked.

use super::{
    call,
    messages::{Authorization, Availability, Failure},
    refusal::{self, Asked},
    reply::{self, Expected},
    request,
    system::System,
};
use async_trait::async_trait;
use azure_core::time::OffsetDateTime;
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, ErrorKind, Prompt, Result,
};

#[derive(Debug)]
pub(super) struct Extension<S> {
    system: S,
}

#[async_trait]
impl<S: System> Broker for Extension<S> {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        self.require(&request.application).await?;
        if request.default_account {
            let account = self.default_account(&request.application).await?;
            return Ok(account.into_iter().collect());
        }
        self.people(&request.application, true).await
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.require(&request.application).await?;
        let question = request::silent(request, &self.system.program());
        let expected = Expected {
            account: Some(&request.account),
            pop: request.pop.as_ref(),
        };
        self.token(question, Asked::Silence, expected).await
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        if request.prompt == Prompt::None {
            return self.without_asking(request).await;
        }
        self.require(&request.application).await?;
        let question = request::interactive(request, &self.system.program());
        let expected = Expected {
            account: request.account.as_ref(),
            pop: request.pop.as_ref(),
        };
        self.token(question, Asked::Person, expected).await
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        self.require(&request.application).await?;
        let question = request::remove_account(request, &self.system.program());
        match call::reply(&self.system, question).await {
            Ok(reply) => reply::done(&reply),
            Err(failure) if refusal::is_unknown_account(&failure) => Ok(()),
            Err(failure) => Err(refusal::of_failure(&failure, Asked::SignOut)),
        }
    }
}

impl<S: System> Extension<S> {
    // Tests have a system of their own.
    pub(super) fn new(system: S) -> Self {
        Self { system }
    }

    /// With `prompt=none`, which is the same as silence.
    async fn without_asking(&self, request: &BrokerInteractiveRequest) -> Result<BrokerToken> {
        self.require(&request.application).await?;
        let account = match &request.account {
            Some(account) => Some(account.clone()),
            None => self.default_account(&request.application).await?,
        };
        let account = account.ok_or_else(refusal::nobody)?;
        self.acquire_silently(&request::unasked(request, account))
            .await
    }

    /// `None` where nobody is, or nobody can be told from others.
    async fn default_account(
        &self,
        application: &BrokerApplication,
    ) -> Result<Option<BrokerAccount>> {
        let question = request::default_account(application, &self.system.program());
        let answer = match call::reply(&self.system, question).await {
            Ok(reply) => reply::default_account(&reply),
            Err(failure @ Failure::Error(_)) => Err(refusal::of_failure(&failure, Asked::People)),
            Err(failure) => return Err(refusal::of_failure(&failure, Asked::People)),
        };
        match answer {
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => Ok(None),
            // As an old Company Portal answers what it does not know.
            Err(error) if is_puzzled(error.kind()) => {
                // Whose tokens nobody may have asked for yet.
                let accounts = self.people(application, false).await.map_err(|_| error)?;
                let mut accounts = accounts.into_iter();
                Ok(accounts.next().filter(|_| accounts.next().is_none()))
            }
            answer => answer,
        }
    }

    async fn people(
        &self,
        application: &BrokerApplication,
        only_signed_in: bool,
    ) -> Result<Vec<BrokerAccount>> {
        let question = request::accounts(application, &self.system.program(), only_signed_in);
        match call::reply(&self.system, question).await {
            Ok(reply) => reply::accounts(&reply),
            Err(failure) => Err(refusal::of_failure(&failure, Asked::People)),
        }
    }

    /// That there is somebody to ask, and that they serve this.
    async fn require(&self, application: &BrokerApplication) -> Result<()> {
        request::require_served(application)?;
        call::require_runtime()?;
        match call::availability(&self.system).await? {
            Availability::Ready => Ok(()),
            Availability::NoExtension => Err(refusal::unavailable(
                "this Mac has no single sign-on extension for Entra ID: it is a part of Company Portal, \
                 and switched on by the device's management",
            )),
            Availability::TooOld => Err(refusal::unavailable(
                "this macOS is too old for single sign-on extensions, which began with 10.15",
            )),
        }
    }

    async fn token(
        &self,
        question: Authorization,
        asked: Asked,
        expected: Expected<'_>,
    ) -> Result<BrokerToken> {
        match call::reply(&self.system, question).await {
            Ok(reply) => reply::token(&reply, expected, OffsetDateTime::now_utc()),
            Err(failure) if expected.pop.is_some() => Err(refusal::of_unbound(&failure, asked)),
            Err(failure) => Err(refusal::of_failure(&failure, asked)),
        }
    }
}

/// Of an answer which may be one to a question that was not understood.
fn is_puzzled(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Protocol | ErrorKind::Refused | ErrorKind::CredentialUnavailable
    )
}
