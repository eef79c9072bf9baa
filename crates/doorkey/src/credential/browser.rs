use super::{
    answer_by_session,
    client::{Client, check_timeout, filled},
};
use crate::{
    error::Result,
    oauth::check_extra_parameters,
    options::PublicClientOptions,
    record::AuthenticationRecord,
    seams::Seams,
    session::Session,
    sign_in::{
        DEFAULT_TIMEOUT, SignIn,
        browser::{BrowserLauncher, BrowserPages, BrowserSignIn, Prompt, RedirectUri},
    },
};
use std::{sync::Arc, time::Duration};

/// Signs a person in with the browser that they use anyway: the authorization code flow with PKCE,
/// ending at a loopback address of this machine
/// ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)).
///
/// The first token opens a page; the later ones come from the cache or by the refresh token, and
/// the person is asked again only when the authority demands it.
///
/// ```no_run
/// use azure_core::credentials::TokenCredential;
/// use doorkey::InteractiveBrowserCredential;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credential = InteractiveBrowserCredential::new(None)?;
/// let token = credential.get_token(&["https://management.azure.com/.default"], None).await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct InteractiveBrowserCredential {
    session: Arc<Session>,
}

/// Options of [`InteractiveBrowserCredential`].
#[derive(Clone, Debug, Default)]
pub struct InteractiveBrowserCredentialOptions {
    /// The application to sign in to. Default: the record's, else the one that Azure's developer
    /// tools share; a product should register its own.
    pub client_id: Option<String>,
    /// Who is to be signed in: of an earlier
    /// [`authenticate`](crate::InteractiveCredential::authenticate).
    pub authentication_record: Option<AuthenticationRecord>,
    /// Fail with [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired) instead of
    /// opening a page, unless `authenticate` is called.
    pub disable_automatic_authentication: bool,
    /// The user name that the page is to be filled with. The person may sign in as another.
    pub login_hint: Option<String>,
    /// The domain or realm whose sign-in page is to be shown at once (`organizations`,
    /// `consumers`, or a domain name).
    pub domain_hint: Option<String>,
    /// How the authority is to treat an existing session. Default: [`Prompt::SelectAccount`].
    pub prompt: Option<Prompt>,
    /// More parameters of the authorization request, such as Entra ID's `dc` or `slice`.
    pub extra_query_parameters: Vec<(String, String)>,
    /// Where the browser is to come back, exactly as it is registered: `http`, `localhost` or
    /// `127.0.0.1`, any path. Without a port, a free one is taken; at AD FS 8400, as it compares the
    /// port with the registered one. Default: `http://localhost`.
    pub redirect_uri: Option<String>,
    /// How long the person has in all. Default: 300 seconds.
    pub timeout: Option<Duration>,
    /// What opens the page. Default: the system's browser.
    pub browser: BrowserLauncher,
    /// What the person sees when the browser comes back.
    pub pages: BrowserPages,
    /// Authority, tenant, transport: what all public clients have.
    pub client: PublicClientOptions,
}

impl InteractiveBrowserCredential {
    /// Checks the options; nothing is sent and no page opens before the first token.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), by the name of the option.
    pub fn new(options: Option<InteractiveBrowserCredentialOptions>) -> Result<Arc<Self>> {
        Self::with_seams(options.unwrap_or_default(), Seams::default())
    }

    pub(crate) fn with_seams(
        options: InteractiveBrowserCredentialOptions,
        seams: Seams,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            session: Arc::new(options.client(seams)?.session()?),
        }))
    }
}

impl InteractiveBrowserCredentialOptions {
    pub(super) fn client(self, seams: Seams) -> Result<Client> {
        check_extra_parameters(&self.extra_query_parameters)?;
        check_timeout(self.timeout)?;
        let redirect_uri = self.redirect_uri.as_deref().unwrap_or(RedirectUri::DEFAULT);
        let sign_in = BrowserSignIn {
            redirect_uri: RedirectUri::parse(redirect_uri)?,
            prompt: self.prompt.unwrap_or_default(),
            login_hint: filled(self.login_hint),
            domain_hint: filled(self.domain_hint),
            extra_query_parameters: self.extra_query_parameters,
            timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
            launcher: self.browser,
            pages: self.pages,
        };
        Ok(Client {
            client_id: self.client_id,
            record: self.authentication_record,
            disable_automatic_authentication: self.disable_automatic_authentication,
            options: self.client,
            sign_in: SignIn::Browser(sign_in),
            seams,
        })
    }
}

answer_by_session!(InteractiveBrowserCredential);
