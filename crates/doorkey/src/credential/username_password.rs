use super::{answer_by_session, client::Client};
use crate::{
    error::{Error, Result},
    options::PublicClientOptions,
    seams::Seams,
    sensitive::Sensitive,
    session::Session,
    sign_in::{SignIn, password::PasswordSignIn},
};
use azure_core::credentials::Secret;
use std::sync::Arc;

/// Signs a person in with their user name and password
/// ([RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)). Needs the feature
/// `username-password`.
///
/// <div class="warning">
///
/// **Do not use it where a person can sign in by themselves.** A password that a program holds can be
/// stolen from it, there is no second factor and no consent, and
/// [Microsoft advises against it](https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc).
/// It is here for test accounts in pipelines, and for old systems that know nothing else.
///
/// </div>
///
/// Works for accounts of an organization, also where a server of the organization checks passwords
/// itself (federation by WS-Trust 1.3 or 2005, as ADFS speaks it), and at ADFS. Not for personal
/// accounts, guests with one, accounts with a second factor, and accounts without a password.
///
/// The first token always proves the password, whatever is in the cache; later ones come from the cache
/// or by the refresh token. A password that was refused is not sent again by itself, as that would bring
/// the account closer to being locked: the same error comes back until
/// [`authenticate`](crate::InteractiveCredential::authenticate) is called. So does that of a server that
/// asked to be left alone (`Retry-After`), until that time is over.
///
/// ```no_run
/// use azure_core::credentials::{Secret, TokenCredential};
/// use doorkey::{PublicClientOptions, UsernamePasswordCredential, UsernamePasswordCredentialOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let password = Secret::new(std::env::var("TEST_PASSWORD")?);
/// let credential = UsernamePasswordCredential::new(
///     "11112222-bbbb-3333-cccc-4444dddd5555".into(),
///     "tester@contoso.example".into(),
///     password,
///     Some(UsernamePasswordCredentialOptions {
///         client: PublicClientOptions {
///             tenant_id: Some("contoso.example".into()),
///             ..Default::default()
///         },
///     }),
/// )?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"], None).await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UsernamePasswordCredential {
    session: Arc<Session>,
}

/// Options of [`UsernamePasswordCredential`].
///
/// There is no `authentication_record`: the first token has to prove the password.
#[derive(Clone, Debug, Default)]
pub struct UsernamePasswordCredentialOptions {
    /// Authority, tenant, transport: what all public clients have. The tenant is one of an
    /// organization or `organizations`; `common` and `consumers` take no passwords.
    pub client: PublicClientOptions,
}

impl UsernamePasswordCredential {
    /// Checks the arguments; nothing is sent before the first token. `client_id` is the application's,
    /// whose registration allows public client flows.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), by the name of the argument: also where
    /// the password begins or ends with a blank, a line break or a byte-order mark, which this grant does
    /// not carry.
    pub fn new(
        client_id: String,
        username: String,
        password: Secret,
        options: Option<UsernamePasswordCredentialOptions>,
    ) -> Result<Arc<Self>> {
        let options = options.unwrap_or_default();
        let kept = Sensitive::new(password.secret());
        // The caller's own cannot be wiped, only given back.
        drop(password);
        Self::with_seams(client_id, username, kept, options, Seams::default())
    }

    pub(crate) fn with_seams(
        client_id: String,
        username: String,
        password: Sensitive,
        options: UsernamePasswordCredentialOptions,
        seams: Seams,
    ) -> Result<Arc<Self>> {
        for (name, text) in [
            ("client_id", &*client_id),
            ("username", &*username),
            ("password", password.expose()),
        ] {
            if text.is_empty() {
                return Err(Error::invalid_argument(format!("`{name}` is empty")));
            }
            let is_stray = |c: char| c.is_whitespace() || c == '\u{feff}';
            if text.starts_with(is_stray) || text.ends_with(is_stray) {
                return Err(Error::invalid_argument(format!(
                    "`{name}` begins or ends with a blank, a line break or a byte-order mark, as a file \
                     or a variable may have left it; take it away (a password that really has one \
                     cannot sign in like this)"
                )));
            }
        }
        let client = Client {
            client_id: Some(client_id),
            record: None,
            disable_automatic_authentication: false,
            options: options.client,
            sign_in: SignIn::Password(PasswordSignIn::new(username, password)),
            seams,
        };
        Ok(Arc::new(Self {
            session: Arc::new(client.session()?),
        }))
    }
}

answer_by_session!(UsernamePasswordCredential);
