//! What an operating system's broker is asked, and what it answers.

mod pop;

pub use pop::BrokerPop;

use crate::{
    error::{Error, Result},
    sign_in::browser::Prompt,
};
use async_trait::async_trait;
use azure_core::{Uuid, credentials::Secret, time::OffsetDateTime};
use std::{fmt, num::NonZeroIsize, sync::Arc};

/// A program of the operating system in which people are signed in once for all programs, and which
/// keeps their refresh tokens: Windows' Web Account Manager, Microsoft's broker for Linux, the SSO
/// extension of macOS. Implement it to plug in one that this library does not know.
///
/// # Contract
///
/// - Where there is no broker, or none that serves this application and authority, each method answers
///   [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable): only that lets the browser
///   step in. It may be found out anew on each call.
/// - Nothing waits for a person but [`acquire_interactively`](Self::acquire_interactively).
/// - A future that is dropped has been cancelled: a window that it opened should close. All of them
///   are dropped after some time, so none needs a deadline of its own. That works between its awaits
///   alone: code that blocks its thread can be neither timed nor cancelled, so let it run on a thread
///   of its own (`tokio::task::spawn_blocking`).
/// - It may be asked several things at once. It is shown at most one interactive request at a time by
///   one credential.
/// - Where `pop` is given, no bearer token will do. A broker answers with a token that is bound to
///   [`BrokerPop::key_id`], of the type `pop`, around which the credential signs and which it keeps; or
///   with a whole signed request of a key of its own ([`BrokerToken::is_signed_request`]), which is
///   handed out as it is and never kept. One that can do neither answers `InvalidArgument`, before it
///   asks a person if it can. Not `CredentialUnavailable`: a broker that is there is not passed by.
///
/// # Errors
///
/// Made by [`Error::new`](crate::Error::new), whose text says what happened and what to do next, and
/// with the authority's own words, where they are known, by
/// [`Error::with_oauth`](crate::Error::with_oauth): its claims are what the next question asks for. The
/// kinds that a credential understands:
///
/// | kind | where |
/// |---|---|
/// | `CredentialUnavailable` | no broker is here, or none that can serve this |
/// | `AuthenticationRequired` | a person has to sign in, consent, or choose; also an account that the broker does not know |
/// | `Declined` | the person closed the window, or said no |
/// | `TimedOut` | nobody finished in time |
/// | `Refused` | the authority or the broker refused for good |
/// | `Network` | the broker could not reach the authority |
/// | `Protocol` | the broker's answer makes no sense |
/// | `WrongAccount` | somebody else signed in than the account of the request |
/// | `InvalidArgument` | the request cannot be served as it is, such as without a window, or with `pop` by a broker that binds no tokens |
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use doorkey::{
///     Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerSignOutRequest,
///     BrokerSilentRequest, BrokerToken, Error, ErrorKind, Result,
/// };
///
/// /// Of a machine that has none.
/// #[derive(Debug)]
/// struct Absent;
///
/// fn absent() -> Error {
///     Error::new(ErrorKind::CredentialUnavailable, "this machine has no broker; install one")
/// }
///
/// #[async_trait]
/// impl Broker for Absent {
///     async fn accounts(&self, _: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
///         Err(absent())
///     }
///     async fn acquire_silently(&self, _: &BrokerSilentRequest) -> Result<BrokerToken> {
///         Err(absent())
///     }
///     async fn acquire_interactively(&self, _: &BrokerInteractiveRequest) -> Result<BrokerToken> {
///         Err(absent())
///     }
///     async fn sign_out(&self, _: &BrokerSignOutRequest) -> Result<()> {
///         Err(absent())
///     }
/// }
/// ```
#[async_trait]
pub trait Broker: fmt::Debug + Send + Sync {
    /// Who is signed in to the broker and may use this application; with
    /// [`default_account`](BrokerAccountsRequest::default_account) only the one who is signed in to
    /// the operating system. Empty where there is nobody.
    ///
    /// # Errors
    ///
    /// See the trait.
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>>;

    /// A token without asking anybody.
    ///
    /// # Errors
    ///
    /// See the trait. `AuthenticationRequired` where a person is needed.
    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken>;

    /// A token by asking a person, if the broker finds that needed.
    ///
    /// # Errors
    ///
    /// See the trait.
    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken>;

    /// Forgets an account, as far as this application is concerned. That it is not known is success.
    ///
    /// # Errors
    ///
    /// See the trait.
    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()>;
}

/// Which application asks, and where: a part of each request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerApplication {
    /// The application's id.
    pub client_id: String,
    /// The authority as a URL, with the tenant and without a slash at its end, such as
    /// `https://login.microsoftonline.com/organizations`.
    pub authority: String,
    /// Names this request in logs of the broker and of the authority.
    pub correlation_id: Uuid,
    /// Whether a personal account may be used by an application that is registered for work and
    /// school accounts (Microsoft's own ones only). `false` by default.
    pub enable_msa_passthrough: bool,
}

/// Who is there?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerAccountsRequest {
    /// The application.
    pub application: BrokerApplication,
    /// Whether only the account that is signed in to the operating system is wanted: one at most.
    /// `false` by default.
    pub default_account: bool,
}

/// A token without a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerSilentRequest {
    /// The application.
    pub application: BrokerApplication,
    /// Whose token. It is one that the broker gave, or of an earlier run: then found by
    /// [`home_account_id`](BrokerAccount::home_account_id).
    pub account: BrokerAccount,
    /// What it is for, without `openid`, `profile` and `offline_access`.
    pub scopes: Vec<String>,
    /// Claims that the token must satisfy, as JSON, decoded. Given, a token that the broker has in
    /// its cache does not do. `None` by default.
    pub claims: Option<String>,
    /// What the token has to be bound to: see the [trait](Broker#contract). A token that the broker has
    /// in its cache does only if it is bound to the same key. `None`, by default, is a bearer token.
    pub pop: Option<BrokerPop>,
}

/// A token by asking a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerInteractiveRequest {
    /// The application.
    pub application: BrokerApplication,
    /// Who has to sign in; `None`, by default, is whoever the person chooses to be.
    pub account: Option<BrokerAccount>,
    /// What the token is for, without `openid`, `profile` and `offline_access`.
    pub scopes: Vec<String>,
    /// Claims that the token must satisfy, as JSON, decoded. `None` by default.
    pub claims: Option<String>,
    /// The user name to begin with, whatever `prompt` is. The person may sign in as another, unless
    /// there is an `account`. `None` by default.
    pub login_hint: Option<String>,
    /// The domain or realm whose sign-in page is to be shown at once. `None` by default.
    pub domain_hint: Option<String>,
    /// How an existing session is to be treated. [`Prompt::SelectAccount`] by default.
    pub prompt: Prompt,
    /// More parameters of the authorization request. None by default.
    pub extra_query_parameters: Vec<(String, String)>,
    /// The window that the broker's is to be in front of: an `HWND` on Windows, a window number on
    /// macOS. `None`, by default, is that of the console in which the program runs.
    pub parent_window: Option<NonZeroIsize>,
    /// As in [`BrokerSilentRequest::pop`]. `None` by default.
    pub pop: Option<BrokerPop>,
}

/// An account to be forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerSignOutRequest {
    /// The application.
    pub application: BrokerApplication,
    /// Who is to be signed out, as in [`BrokerSilentRequest::account`].
    pub account: BrokerAccount,
}

/// Somebody whom a broker knows.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BrokerAccount {
    /// The account, whichever tenant it is used in: `<object id>.<home tenant id>`, the `uid` and
    /// `utid` of `client_info`.
    pub home_account_id: String,
    /// The name that the person signs in with; empty where the broker does not say.
    pub username: String,
    /// The tenant that the account is used in, by id; empty where the broker does not say.
    pub tenant_id: String,
    /// The broker's own id for it, which a credential keeps in its token cache. `None` by default, and for
    /// an account of an earlier run of which none was kept.
    pub local_account_id: Option<String>,
}

/// A token of a broker, and whose it is. A credential refuses one without a token, and one of which it
/// cannot tell whose it is: give `account`, or an `id_token` where the request named the account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerToken {
    /// The access token, or the signed request around it.
    pub access_token: Secret,
    /// When it expires; of a signed request, when the token within does.
    pub expires_on: OffsetDateTime,
    /// `Bearer` by default. `pop` for one that is bound to [`BrokerPop::key_id`], and for a signed
    /// request.
    pub token_type: String,
    /// Whether `access_token` is a whole Signed HTTP Request (`docs/proof-of-possession.md`) that the
    /// broker made by a key of its own for the [`BrokerPop`] of this question. `false` by default.
    pub is_signed_request: bool,
    /// What was granted. Empty, by default, is all that was asked for.
    pub scopes: Vec<String>,
    /// The id token, as the authority wrote it. `None` by default.
    pub id_token: Option<Secret>,
    /// Whose token it is. `None` by default.
    pub account: Option<BrokerAccount>,
}

/// The window in front of which a broker asks.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ParentWindow {
    /// That of the console in which the program runs. The default.
    #[default]
    Console,
    /// Gives the handle of the program's window that is in front now: an `HWND` on Windows, a window
    /// number on macOS. It is called on the thread that waits for the token, each time before a person
    /// is asked. A handle of 0 is [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
    Handle(Arc<dyn Fn() -> isize + Send + Sync>),
}

impl ParentWindow {
    /// The window that `handle` names at the time.
    #[must_use]
    pub fn handle(handle: impl Fn() -> isize + Send + Sync + 'static) -> Self {
        Self::Handle(Arc::new(handle))
    }

    /// The window that is meant now; `None` is the console's.
    pub(crate) fn now(&self) -> Result<Option<NonZeroIsize>> {
        match self {
            Self::Console => Ok(None),
            Self::Handle(handle) => NonZeroIsize::new(handle()).map(Some).ok_or_else(|| {
                Error::invalid_argument(
                    "`parent_window` gave the handle 0, which is no window; give that of a window \
                     that is open, or `ParentWindow::Console` in a program without one",
                )
            }),
        }
    }
}

impl fmt::Debug for ParentWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Console => "Console",
            Self::Handle(_) => "Handle",
        })
    }
}

impl BrokerApplication {
    /// An application at an authority, with a correlation id of its own.
    #[must_use]
    pub fn new(client_id: impl Into<String>, authority: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            authority: authority.into(),
            correlation_id: Uuid::new_v4(),
            enable_msa_passthrough: false,
        }
    }
}

impl BrokerAccountsRequest {
    /// Everybody who may use the application.
    #[must_use]
    pub fn new(application: BrokerApplication) -> Self {
        Self {
            application,
            default_account: false,
        }
    }
}

impl BrokerSilentRequest {
    /// A token for these scopes.
    #[must_use]
    pub fn new(
        application: BrokerApplication,
        account: BrokerAccount,
        scopes: Vec<String>,
    ) -> Self {
        Self {
            application,
            account,
            scopes,
            claims: None,
            pop: None,
        }
    }
}

impl BrokerInteractiveRequest {
    /// A token for these scopes.
    #[must_use]
    pub fn new(application: BrokerApplication, scopes: Vec<String>) -> Self {
        Self {
            application,
            account: None,
            scopes,
            claims: None,
            login_hint: None,
            domain_hint: None,
            prompt: Prompt::default(),
            extra_query_parameters: Vec::new(),
            parent_window: None,
            pop: None,
        }
    }
}

impl BrokerSignOutRequest {
    /// This account, for this application.
    #[must_use]
    pub fn new(application: BrokerApplication, account: BrokerAccount) -> Self {
        Self {
            application,
            account,
        }
    }
}

impl BrokerAccount {
    /// An account by its id, the rest unknown.
    #[must_use]
    pub fn new(home_account_id: impl Into<String>) -> Self {
        Self {
            home_account_id: home_account_id.into(),
            username: String::new(),
            tenant_id: String::new(),
            local_account_id: None,
        }
    }
}

impl BrokerToken {
    /// A token of type `Bearer`, for all that was asked for.
    #[must_use]
    pub fn new(access_token: Secret, expires_on: OffsetDateTime) -> Self {
        Self {
            access_token,
            expires_on,
            token_type: "Bearer".to_owned(),
            is_signed_request: false,
            scopes: Vec::new(),
            id_token: None,
            account: None,
        }
    }
}
