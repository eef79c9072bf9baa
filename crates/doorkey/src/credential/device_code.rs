use super::{
    answer_by_session,
    client::{Client, check_timeout},
};
use crate::{
    error::Result,
    options::PublicClientOptions,
    record::AuthenticationRecord,
    seams::Seams,
    session::Session,
    sign_in::{
        SignIn,
        device_code::{DeviceCodeInfo, DeviceCodeSignIn},
    },
};
use std::{fmt, sync::Arc, time::Duration};

/// Signs a person in with a code that they type on another device
/// ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)).
///
/// For machines without a browser. Where there is one,
/// [`InteractiveBrowserCredential`](crate::InteractiveBrowserCredential) is safer: a code can be
/// talked out of a person, and more and more organizations
/// [block it](https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows).
///
/// ```no_run
/// use doorkey::{DeviceCodeCredential, DeviceCodeCredentialOptions};
/// use std::{sync::Arc, time::Duration};
///
/// let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
///     application_name: Some("Example".into()),
///     timeout: Some(Duration::from_secs(300)),
///     prompt_callback: Some(Arc::new(|info| {
///         eprintln!("{info}");
///         Ok(())
///     })),
///     ..Default::default()
/// }))?;
/// # Ok::<(), doorkey::Error>(())
/// ```
#[derive(Debug)]
pub struct DeviceCodeCredential {
    session: Arc<Session>,
}

/// Options of [`DeviceCodeCredential`].
#[derive(Clone, Default)]
pub struct DeviceCodeCredentialOptions {
    /// The application to sign in to. Default: the record's, else the one that Azure's developer
    /// tools share; a product should register its own.
    pub client_id: Option<String>,
    /// Who is to be signed in: of an earlier
    /// [`authenticate`](crate::InteractiveCredential::authenticate).
    pub authentication_record: Option<AuthenticationRecord>,
    /// Fail with [`AuthenticationRequired`](crate::ErrorKind::AuthenticationRequired) instead of
    /// showing a code, unless `authenticate` is called.
    pub disable_automatic_authentication: bool,
    /// The name of the program, shown to the person beside the code.
    pub application_name: Option<String>,
    /// How long the person has in all. Default: as long as the authority's code lives (15 minutes
    /// at Entra ID).
    pub timeout: Option<Duration>,
    /// Shows the person page and code; an error ends the sign-in. It must not block: polling waits
    /// for it. Default: the message goes to stderr.
    #[expect(
        clippy::type_complexity,
        reason = "an alias would hide what a caller has to write"
    )]
    pub prompt_callback: Option<Arc<dyn Fn(&DeviceCodeInfo) -> Result<()> + Send + Sync>>,
    /// Authority, tenant, transport: what all public clients have.
    pub client: PublicClientOptions,
}

impl DeviceCodeCredential {
    /// Checks the options; nothing is sent before the first token.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument), by the name of the option.
    pub fn new(options: Option<DeviceCodeCredentialOptions>) -> Result<Arc<Self>> {
        Self::with_seams(options.unwrap_or_default(), Seams::default())
    }

    pub(crate) fn with_seams(
        options: DeviceCodeCredentialOptions,
        seams: Seams,
    ) -> Result<Arc<Self>> {
        check_timeout(options.timeout)?;
        let sign_in = DeviceCodeSignIn {
            application_name: options.application_name,
            timeout: options.timeout,
            prompt_callback: options.prompt_callback,
        };
        let client = Client {
            client_id: options.client_id,
            record: options.authentication_record,
            disable_automatic_authentication: options.disable_automatic_authentication,
            options: options.client,
            sign_in: SignIn::DeviceCode(sign_in),
            seams,
        };
        Ok(Arc::new(Self {
            session: Arc::new(client.session()?),
        }))
    }
}

answer_by_session!(DeviceCodeCredential);

impl fmt::Debug for DeviceCodeCredentialOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeviceCodeCredentialOptions")
            .field("client_id", &self.client_id)
            .field("authentication_record", &self.authentication_record)
            .field(
                "disable_automatic_authentication",
                &self.disable_automatic_authentication,
            )
            .field("application_name", &self.application_name)
            .field("timeout", &self.timeout)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
