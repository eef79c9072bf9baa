//! Asking a person, in the ways that the command line names.

mod ways;

use crate::{client::ClientArguments, console, failure::Failure, prompts};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::{
    AuthenticateOptions, AuthenticationRecord, DeviceCodeCredential, DeviceCodeCredentialOptions,
    ErrorKind, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    InteractiveCredential, Prompt,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use ways::{Way, Ways};

/// How the person is asked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How to sign in")]
pub(crate) struct SignInArguments {
    #[command(flatten)]
    ways: Ways,

    /// The user name to fill the browser's page with; the person may sign in as another
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    login_hint: Option<String>,

    /// The domain whose sign-in page the browser shows at once
    #[arg(long, value_name = "DOMAIN", value_parser = NonEmptyStringValueParser::new())]
    domain_hint: Option<String>,

    /// What the browser's page asks, whoever is signed in there [default: select-account]
    #[arg(long, value_name = "WHAT")]
    prompt: Option<PromptArgument>,

    /// Where the browser comes back: http, localhost or 127.0.0.1 [default: http://localhost]
    #[arg(long, value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    redirect_uri: Option<String>,

    /// How long the person has [default: 300, with a device code as long as it lives]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: Option<u64>,

    /// Show no QR code beside a device code
    #[arg(long)]
    no_qr_code: bool,
}

/// What the browser's page asks.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PromptArgument {
    /// the password, again
    Login,
    /// which account it is to be
    SelectAccount,
    /// whether the application may do what it wants to do
    Consent,
    /// nothing: succeed without asking, or fail
    None,
}

/// A way that is about to be tried.
struct Attempt {
    way: Way,
    credential: Arc<dyn InteractiveCredential>,
    /// Told where nobody sees what they would have to, and the way itself cannot know.
    unseen: Arc<Notify>,
}

/// Who signed in, and what answers for them now.
pub(crate) struct SignedIn {
    pub(crate) record: AuthenticationRecord,
    pub(crate) credential: Arc<dyn InteractiveCredential>,
}

impl SignInArguments {
    /// Asks the person in one way after the other, until they are signed in.
    pub(crate) async fn ask(
        &self,
        client: &ClientArguments,
        scopes: &[String],
    ) -> Result<SignedIn, Failure> {
        let mut attempts = self.attempts(client)?.into_iter().peekable();
        while let Some(attempt) = attempts.next() {
            let Attempt {
                way,
                credential,
                unseen,
            } = attempt;
            let options = AuthenticateOptions {
                scopes: scopes.to_vec(),
                ..Default::default()
            };
            let outcome = tokio::select! {
                outcome = credential.authenticate(Some(options)) => outcome,
                () = unseen.notified() => Err(prompts::unseen("the sign-in page")),
            };
            match (outcome, attempts.peek()) {
                (Ok(record), _) => return Ok(SignedIn { record, credential }),
                (Err(error), Some(next)) if another_way_may_do(&error) => {
                    let why = console::one_line(&error.to_string());
                    console::tell(&format!(
                        "doorkey: no sign-in {way}: {why}\ndoorkey: asking {} instead\n",
                        next.way
                    ));
                }
                (Err(error), _) => return Err(error.into()),
            }
        }
        // `attempts` has one at least.
        Err(Failure::NobodySignedIn)
    }

    /// A credential that asks nobody by itself. It checks the same options.
    pub(crate) fn silent(
        &self,
        client: &ClientArguments,
    ) -> Result<Arc<dyn InteractiveCredential>, Failure> {
        let mut options = self.browser(client, true, Arc::default())?;
        options.disable_automatic_authentication = true;
        Ok(InteractiveBrowserCredential::new(Some(options))?)
    }

    /// One credential for each way. All are made before the first person is asked, so that what is
    /// wrong with the later ones is said at once.
    fn attempts(&self, client: &ClientArguments) -> Result<Vec<Attempt>, Failure> {
        self.check_browser_options()?;
        let ways = self.ways.in_order();
        let last = ways.len().saturating_sub(1);
        let mut attempts = Vec::with_capacity(ways.len());
        for (index, way) in ways.into_iter().enumerate() {
            let unseen = Arc::<Notify>::default();
            let credential: Arc<dyn InteractiveCredential> = match way {
                Way::Browser => {
                    let options = self.browser(client, index == last, unseen.clone())?;
                    InteractiveBrowserCredential::new(Some(options))?
                }
                Way::DeviceCode => DeviceCodeCredential::new(Some(self.device_code(client)?))?,
            };
            attempts.push(Attempt {
                way,
                credential,
                unseen,
            });
        }
        Ok(attempts)
    }

    fn browser(
        &self,
        client: &ClientArguments,
        is_last: bool,
        unseen: Arc<Notify>,
    ) -> Result<InteractiveBrowserCredentialOptions, Failure> {
        let observer = prompts::BrowserPrompt {
            is_last,
            timeout: self.timeout(),
            unseen,
        };
        Ok(InteractiveBrowserCredentialOptions {
            client_id: client.client_id(),
            login_hint: self.login_hint.clone(),
            domain_hint: self.domain_hint.clone(),
            prompt: self.prompt.map(Prompt::from),
            redirect_uri: self.redirect_uri.clone(),
            timeout: self.timeout(),
            client: client.public_client_options(Some(Arc::new(observer)))?,
            ..Default::default()
        })
    }

    fn device_code(
        &self,
        client: &ClientArguments,
    ) -> Result<DeviceCodeCredentialOptions, Failure> {
        let with_qr_code = !self.no_qr_code;
        Ok(DeviceCodeCredentialOptions {
            client_id: client.client_id(),
            application_name: Some("doorkey".to_owned()),
            timeout: self.timeout(),
            prompt_callback: Some(Arc::new(move |code| {
                prompts::show_device_code(code, with_qr_code)
            })),
            client: client.public_client_options(None)?,
            ..Default::default()
        })
    }

    /// What only the browser's page can heed must not be lost in silence.
    fn check_browser_options(&self) -> Result<(), Failure> {
        let given = [
            ("--login-hint", self.login_hint.is_some()),
            ("--domain-hint", self.domain_hint.is_some()),
            ("--prompt", self.prompt.is_some()),
            ("--redirect-uri", self.redirect_uri.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) if !self.ways.in_order().contains(&Way::Browser) => {
                Err(Failure::Usage(format!(
                    "{option} has no meaning with a device code; leave it out, or add --browser"
                )))
            }
            _ => Ok(()),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }
}

/// Whether the failure is of the way, not of the person, the network or the command line.
fn another_way_may_do(error: &doorkey::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CredentialUnavailable | ErrorKind::Refused | ErrorKind::TimedOut
    )
}

impl From<PromptArgument> for Prompt {
    fn from(argument: PromptArgument) -> Self {
        match argument {
            PromptArgument::Login => Self::Login,
            PromptArgument::SelectAccount => Self::SelectAccount,
            PromptArgument::Consent => Self::Consent,
            PromptArgument::None => Self::None,
        }
    }
}
