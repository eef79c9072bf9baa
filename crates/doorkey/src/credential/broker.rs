use super::{answer_by_session, client::filled};
use crate::{
    account::Account,
    broker::{Broker, ParentWindow},
    credential::InteractiveBrowserCredentialOptions,
    error::Result,
    options::PublicClientOptions,
    record::AuthenticationRecord,
    seams::Seams,
    session::Session,
    sign_in::{
        DEFAULT_TIMEOUT,
        browser::{BrowserLauncher, BrowserPages, Prompt},
    },
    source::BrokerSettings,
};
use std::{sync::Arc, time::Duration};

/// Signs a person in by the [`Broker`] of the operating system, which knows them already, and by the
/// browser where there is none.
///
/// The crate `doorkey-broker` has the brokers of Linux, Windows and macOS: give it
/// `doorkey_broker::system()`.
///
/// The first of these ways that gives a token is the one:
///
/// 1. what is cached;
/// 2. the broker, without asking: for the person of the record or of an earlier sign-in, else with
///    `use_default_broker_account` for whoever is signed in to the operating system;
/// 3. a refresh token, where the person signed in by the browser earlier and the broker does not know
///    them;
/// 4. the broker, by asking the person in a window of its own;
/// 5. the browser, in one tab, where there is no broker
///    ([`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable)) or it did not answer in
///    time. One event says so (`doorkey.broker.absent`). Not with `disable_interactive_fallback`.
///
/// An answer of the broker is never passed by: who says no in its window is not asked again in the
/// browser. Without a person it has 30 seconds in all, with one `timeout`; one that did not answer is
/// left alone for five minutes. AD FS and Azure AD B2C have no broker: there it is the browser at once.
///
/// Tokens that are bound to a key ([`TokenInfoOptions::pop`](crate::TokenInfoOptions::pop)) come by the
/// same ways. A broker that is there and binds none is an error.
///
/// The broker keeps what tokens are renewed with. Access tokens that it gave are cached, in
/// `client.cache_persistence` too; [`sign_out`](crate::InteractiveCredential::sign_out) asks it to
/// forget the person.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use doorkey::{Broker, InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions};
/// use std::sync::Arc;
///
/// # async fn example(broker: Arc<dyn Broker>) -> Result<(), Box<dyn std::error::Error>> {
/// let options = InteractiveBrowserBrokerCredentialOptions {
///     use_default_broker_account: true,
///     ..Default::default()
/// };
/// let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options))?;
/// let token = credential.get_token(&["https://management.azure.com/.default"], None).await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct InteractiveBrowserBrokerCredential {
    session: Arc<Session>,
}

/// Options of [`InteractiveBrowserBrokerCredential`]: those of the browser's
/// ([`InteractiveBrowserCredentialOptions`]), and the broker's.
#[derive(Clone, Debug, Default)]
pub struct InteractiveBrowserBrokerCredentialOptions {
    /// The application to sign in to. Default: the record's, else the one that Azure's developer
    /// tools share; a product should register its own, with the redirect URI of each broker.
    pub client_id: Option<String>,
    /// Who is to be signed in: of an earlier
    /// [`authenticate`](crate::InteractiveCredential::authenticate).
    pub authentication_record: Option<AuthenticationRecord>,
    /// Fail with [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired) instead of
    /// asking, unless `authenticate` is called.
    pub disable_automatic_authentication: bool,
    /// The user name to begin with, in the broker's window and on the browser's page. The person may
    /// sign in as another.
    pub login_hint: Option<String>,
    /// The domain or realm whose sign-in page is to be shown at once.
    pub domain_hint: Option<String>,
    /// How an existing session is to be treated. Default: [`Prompt::SelectAccount`].
    pub prompt: Option<Prompt>,
    /// More parameters of the authorization request.
    pub extra_query_parameters: Vec<(String, String)>,
    /// Where the browser is to come back. Brokers have redirect URIs of their own. Default:
    /// `http://localhost`.
    pub redirect_uri: Option<String>,
    /// How long the person has in the broker's window, and where there is no broker, in the browser.
    /// Default: 300 seconds.
    pub timeout: Option<Duration>,
    /// What opens the browser's page. Default: the system's browser.
    pub browser: BrowserLauncher,
    /// What the person sees when the browser comes back.
    pub pages: BrowserPages,
    /// The window in front of which the broker asks. Default: the console's. A program with windows of
    /// its own has to give one.
    pub parent_window: ParentWindow,
    /// Use the account that is signed in to the operating system, without asking, where there is no
    /// record and nobody has signed in yet. Where `login_hint` is given, only if it is that one.
    pub use_default_broker_account: bool,
    /// Let personal accounts sign in to an application of Microsoft that is registered for work and
    /// school accounts only.
    pub enable_msa_passthrough: bool,
    /// Never open the browser. Together with `use_default_broker_account` nobody is asked at all, by
    /// `authenticate` neither.
    pub disable_interactive_fallback: bool,
    /// Authority, tenant, transport: what all public clients have.
    pub client: PublicClientOptions,
}

impl InteractiveBrowserBrokerCredential {
    /// Checks the options; nobody is asked anything before the first token.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), by the name of the option. A
    /// `parent_window` is asked for its handle only when a person is about to be asked.
    pub fn new(
        broker: Arc<dyn Broker>,
        options: Option<InteractiveBrowserBrokerCredentialOptions>,
    ) -> Result<Arc<Self>> {
        Self::with_seams(broker, options.unwrap_or_default(), Seams::default())
    }

    pub(crate) fn with_seams(
        broker: Arc<dyn Broker>,
        options: InteractiveBrowserBrokerCredentialOptions,
        seams: Seams,
    ) -> Result<Arc<Self>> {
        let settings = BrokerSettings {
            parent_window: options.parent_window,
            use_default_account: options.use_default_broker_account,
            enable_msa_passthrough: options.enable_msa_passthrough,
            falls_back: !options.disable_interactive_fallback,
            prompt: options.prompt.unwrap_or_default(),
            domain_hint: filled(options.domain_hint.clone()),
            extra_query_parameters: options.extra_query_parameters.clone(),
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            enable_support_logging: options.client.enable_support_logging,
        };
        let browser = InteractiveBrowserCredentialOptions {
            client_id: options.client_id,
            authentication_record: options.authentication_record,
            disable_automatic_authentication: options.disable_automatic_authentication,
            login_hint: options.login_hint,
            domain_hint: options.domain_hint,
            prompt: options.prompt,
            extra_query_parameters: options.extra_query_parameters,
            redirect_uri: options.redirect_uri,
            timeout: options.timeout,
            browser: options.browser,
            pages: options.pages,
            client: options.client,
        };
        let session = browser
            .client(seams)?
            .session_with(Some((broker, settings)))?;
        Ok(Arc::new(Self {
            session: Arc::new(session),
        }))
    }

    /// Who is signed in to the broker and may use this application, whether or not they have signed in
    /// here. Each is a [`record`](Account::record) away from a silent token.
    ///
    /// # Errors
    ///
    /// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) where there is no broker,
    /// [`TimedOut`](crate::ErrorKind::TimedOut) where it does not answer within 30 seconds,
    /// [`Protocol`](crate::ErrorKind::Protocol) where its answer makes no sense, and whatever else it
    /// says.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        self.session.accounts().await
    }
}

#[cfg(feature = "chain")]
impl InteractiveBrowserBrokerCredential {
    pub(super) fn whose(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }
}

answer_by_session!(InteractiveBrowserBrokerCredential);
