//! What of the broker has a name in `doorkey`, and what is Linux's own.

use super::{
    bus::{Bus, Failure, Method, promptly},
    flow::Flow,
    messages::{
        self, HttpRequest, Known, TokenQuestion, accounts_request, find, people, removal_request,
        sso_cookie_request, version_request,
    },
    pop::{bound, sign},
};
use crate::clouds::host_and_tenant;
use async_trait::async_trait;
use azure_core::{Uuid, credentials::Secret, time::OffsetDateTime};
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, Error, ErrorKind, Result,
};

/// The identity broker of a Linux desktop: Microsoft's, or himmelblau.
///
/// It is asked by the session's D-Bus, where the bus itself starts it if it is installed so. Nothing is
/// kept between two questions: each connects anew, so that a broker or a bus that was restarted is
/// found again.
///
/// # Limits
///
/// - Only Microsoft's own clouds: AD FS, Azure AD B2C, External ID and local authorities are
///   [`CredentialUnavailable`](ErrorKind::CredentialUnavailable), before anything is asked.
/// - Microsoft's broker wants
///   `https://login.microsoftonline.com/common/oauth2/nativeclient` among the application's redirect
///   URIs.
/// - No account is marked as that of the operating system. The default account is therefore the only
///   one, if there is but one.
/// - The broker's window has no parent, and `enable_msa_passthrough` means nothing here.
/// - A broker that does not answer is given up after 40 seconds
///   ([`TimedOut`](ErrorKind::TimedOut)), before it asks a person after 15
///   (`CredentialUnavailable`, so that the browser can step in),
///   and a person after 15 minutes. A credential gives up sooner. A broker whose caller stops waiting
///   is told to close its window, if there is a runtime to do it on.
/// - himmelblau signs no request and asks a person only for an account that it knows: the one of the
///   hint, or its only one (else `CredentialUnavailable`), and signs nobody out ([`Refused`](ErrorKind::Refused)).
/// - Where a token has to be bound (`pop`), a broker is given our key's name. One that heeds it, as
///   himmelblau may, has the token bound to that; of any other the request is signed by a key of its own,
///   as Microsoft's does. One that does neither is [`InvalidArgument`](ErrorKind::InvalidArgument).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinuxBroker {}

/// A cookie by which a browser signs in as the person of the broker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SsoCookie {
    /// Its name, such as `x-ms-RefreshTokenCredential`.
    pub name: String,
    /// Its content.
    pub content: Secret,
}

#[async_trait]
impl Broker for LinuxBroker {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let bus = bus(&request.application).await?;
        let people = people(known(&bus, &request.application).await?);
        if request.default_account && people.len() > 1 {
            return Ok(Vec::new());
        }
        Ok(people)
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        let bus = bus(&request.application).await?;
        let known = required(&bus, &request.application, &request.account).await?;
        let question = TokenQuestion::silent(request, &known.written);
        let correlation_id = request.application.correlation_id;
        let message = question.message();
        let calling = bus.call(Method::Silent, correlation_id, &message);
        let reply = calling.await.map_err(Error::from);
        let pop = request.pop.as_ref();
        let token = reply
            .and_then(|reply| token(&reply, pop, Some(&known)))
            .map_err(or_by_person)?;
        bound(&bus, &request.application, pop, token).await
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        let bus = bus(&request.application).await?;
        let asking = async {
            match &request.account {
                Some(account) => sought(&bus, &request.application, account).await,
                None => probe(&bus, request.application.correlation_id).await,
            }
        };
        let sought = promptly(asking).await?;
        match ask(&bus, request, sought.as_ref()).await {
            Err(error) if request.account.is_none() && messages::wants_account(&error) => {
                let known = promptly(known(&bus, &request.application)).await?;
                let hint = request.login_hint.as_deref();
                let only = messages::only(known, hint).ok_or(error)?;
                ask(&bus, request, Some(&only)).await
            }
            outcome => outcome,
        }
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        let bus = bus(&request.application).await?;
        let known = known(&bus, &request.application).await?;
        let home = &request.account.home_account_id;
        let is_theirs = |known: &Known| messages::same(&known.account.home_account_id, home);
        // Who is a guest elsewhere is there more than once.
        for known in known.into_iter().filter(is_theirs) {
            remove(&bus, &request.application, &known).await?;
        }
        Ok(())
    }
}

impl LinuxBroker {
    /// This machine's, whichever it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The broker's version, as it writes it.
    ///
    /// # Errors
    ///
    /// As those of [`Broker`].
    pub async fn version(&self) -> Result<String> {
        let bus = Bus::connect().await?;
        let reply = bus
            .call(Method::Version, Uuid::new_v4(), &version_request())
            .await?;
        messages::version(&reply)
    }

    /// Cookies that sign `account` in at `url`, a page of the authority.
    ///
    /// # Errors
    ///
    /// As those of [`Broker::acquire_silently`].
    pub async fn sso_cookies(
        &self,
        application: &BrokerApplication,
        account: &BrokerAccount,
        url: &str,
    ) -> Result<Vec<SsoCookie>> {
        let bus = bus(application).await?;
        let known = required(&bus, application, account).await?;
        let message = sso_cookie_request(application, &known.written, url);
        let reply = bus
            .call(Method::SsoCookie, application.correlation_id, &message)
            .await?;
        let cookies = messages::sso_cookies(&reply)?;
        let cookies = cookies.into_iter();
        Ok(cookies
            .map(|(name, content)| SsoCookie { name, content })
            .collect())
    }

    /// A signed HTTP request of `account`, made by a key of the broker's, for `method` (`GET`, …) on
    /// `host`, whichever path, with the resource's `nonce`. A credential that is asked for `pop` has
    /// the path signed, too.
    ///
    /// # Errors
    ///
    /// As those of [`Broker::acquire_silently`]. himmelblau cannot do it: `CredentialUnavailable`.
    pub async fn sign_http_request(
        &self,
        application: &BrokerApplication,
        account: &BrokerAccount,
        method: &str,
        host: &str,
        nonce: &str,
    ) -> Result<Secret> {
        let bus = bus(application).await?;
        let request = HttpRequest {
            method,
            host,
            path: None,
            nonce,
        };
        sign(&bus, application, account, &request)
            .await
            .map_err(Error::from)
    }
}

async fn remove(bus: &Bus, application: &BrokerApplication, account: &Known) -> Result<()> {
    let message = removal_request(application, &account.written);
    let removed = bus.call(Method::Removal, application.correlation_id, &message);
    let refused = |error| Err(still_known(&account.account, error));
    match removed.await.map(|reply| messages::done(&reply)) {
        Ok(Err(Some(refusal))) if refusal.is_unknown_account() => Ok(()),
        Ok(Ok(())) => Ok(()),
        Ok(Err(Some(refusal))) => refused(refusal.into_error()),
        // It does not say whether they are gone.
        Ok(Err(None)) => match known(bus, application).await {
            Ok(left) if left.iter().all(|left| left.account != account.account) => Ok(()),
            Ok(_) => refused(messages::failed("its answer is empty")),
            Err(error) => refused(error),
        },
        Err(failure) => refused(failure.into()),
    }
}

async fn ask(
    bus: &Bus,
    request: &BrokerInteractiveRequest,
    known: Option<&Known>,
) -> Result<BrokerToken> {
    let account = known.map(|known| &known.written);
    let question = TokenQuestion::interactive(request, account);
    let flow = Flow::new(bus, &request.application);
    let reply = flow.run(&question.message()).await?;
    let pop = request.pop.as_ref();
    let token = token(&reply, pop, known)?;
    bound(bus, &request.application, pop, token).await
}

/// For whatever is asked at an authority. himmelblau does not look which it is.
async fn bus(application: &BrokerApplication) -> Result<Bus> {
    if host_and_tenant(&application.authority).is_none() {
        return Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the identity broker does not sign in at {}: only at Entra ID in Microsoft's clouds; \
                 sign in by the browser",
                application.authority
            ),
        ));
    }
    Bus::connect().await
}

async fn known(bus: &Bus, application: &BrokerApplication) -> Result<Vec<Known>> {
    let message = accounts_request(application);
    let reply = bus
        .call(Method::Accounts, application.correlation_id, &message)
        .await?;
    messages::accounts(&reply)
}

async fn required(
    bus: &Bus,
    application: &BrokerApplication,
    account: &BrokerAccount,
) -> Result<Known> {
    find(known(bus, application).await?, account).ok_or_else(|| {
        let who = name(account);
        Error::new(
            ErrorKind::AuthenticationRequired,
            format!(
                "the identity broker does not know {who}; sign in, by `authenticate` or `doorkey \
                 login --broker`"
            ),
        )
    })
}

/// As the broker wrote them, if it knows them. Whatever else it answers, it is there and can ask.
async fn sought(
    bus: &Bus,
    application: &BrokerApplication,
    account: &BrokerAccount,
) -> Result<Option<Known>> {
    let message = accounts_request(application);
    let reply = bus.call(Method::Accounts, application.correlation_id, &message);
    match reply.await {
        Err(Failure::Unanswered(error)) => Err(error),
        Err(Failure::Refused(_)) => Ok(None),
        Ok(reply) => {
            let known = messages::accounts(&reply).unwrap_or_default();
            Ok(find(known, account))
        }
    }
}

/// Whether anybody is there, whatever they answer.
async fn probe(bus: &Bus, correlation_id: Uuid) -> Result<Option<Known>> {
    let message = version_request();
    match bus.call(Method::Version, correlation_id, &message).await {
        Err(Failure::Unanswered(error)) => Err(error),
        Ok(_) | Err(Failure::Refused(_)) => Ok(None),
    }
}

fn or_by_person(error: Error) -> Error {
    if !messages::has_failed(&error) {
        return error;
    }
    let message = format!("the person may have to be asked, as {error}");
    Error::new(ErrorKind::AuthenticationRequired, message).with_source(error)
}

/// A broker that is there and does not forget somebody has refused it: else they would be taken for
/// signed out.
fn still_known(account: &BrokerAccount, error: Error) -> Error {
    if error.kind() != ErrorKind::CredentialUnavailable {
        return error;
    }
    let who = name(account);
    Error::new(
        ErrorKind::Refused,
        format!(
            "{who} stays signed in to the identity broker, which did not remove the account ({error}); \
             remove it in the broker's own program"
        ),
    )
    .with_source(error)
}

fn name(account: &BrokerAccount) -> &str {
    match &*account.username {
        "" => "this account",
        username => username,
    }
}

/// `reply`'s token; of an account that is known, everything that is known.
fn token(reply: &str, pop: Option<&BrokerPop>, known: Option<&Known>) -> Result<BrokerToken> {
    let mut token = messages::token(reply, pop, OffsetDateTime::now_utc())?;
    if let (Some(account), Some(known)) = (&mut token.account, known)
        && messages::same(&account.home_account_id, &known.account.home_account_id)
    {
        *account = known.account.clone();
    }
    Ok(token)
}
