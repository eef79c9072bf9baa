//! Asking a person, in the ways that the command line names.

mod password;
mod ways;

pub(crate) use password::PasswordArguments;

use crate::{
    client::ClientArguments,
    console,
    failure::{self, Failure},
    prompts,
};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::{
    AccessTokenInfo, AuthenticateOptions, AuthenticationRecord, DeviceCodeCredential,
    DeviceCodeCredentialOptions, ErrorKind, InteractiveBrowserBrokerCredential,
    InteractiveBrowserBrokerCredentialOptions, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential, PopTokenRequestOptions, Prompt,
    PublicClientOptions, TokenInfoOptions,
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

    /// The user name to fill the page with; the person may sign in as another
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    login_hint: Option<String>,

    /// The domain whose sign-in page is shown at once
    #[arg(long, value_name = "DOMAIN", value_parser = NonEmptyStringValueParser::new())]
    domain_hint: Option<String>,

    /// What the page asks, whoever is signed in there [default: select-account]
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

/// What the page asks.
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

/// What a person is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Question<'a> {
    pub(crate) scopes: &'a [String],
    /// What the sign-in must satisfy, as the authority wrote it.
    pub(crate) claims: Option<&'a str>,
    /// Who has to answer, and is asked only if they must be; anybody, where nobody is known.
    pub(crate) record: Option<&'a AuthenticationRecord>,
    /// What the page is filled with, where `--login-hint` does not say.
    pub(crate) login_hint: Option<&'a str>,
    /// The request that the token is for.
    pub(crate) pop: Option<&'a PopTokenRequestOptions>,
}

/// Who signed in, and what answers for them now.
pub(crate) struct SignedIn {
    pub(crate) record: AuthenticationRecord,
    pub(crate) credential: Arc<dyn InteractiveCredential>,
    /// What was asked for, where one answer brought it, too.
    pub(crate) token: Option<AccessTokenInfo>,
}

impl SignInArguments {
    /// Asks the person in one way after the other, until they are signed in.
    pub(crate) async fn ask(
        &self,
        client: &ClientArguments,
        question: Question<'_>,
    ) -> Result<SignedIn, Failure> {
        let mut attempts = self.attempts(client, question)?.into_iter().peekable();
        while let Some(attempt) = attempts.next() {
            let Attempt {
                way,
                credential,
                unseen,
            } = attempt;
            let outcome = tokio::select! {
                outcome = question.put(&*credential) => outcome,
                () = unseen.notified() => Err(prompts::unseen("the sign-in page")),
            };
            match (outcome, attempts.peek()) {
                (Ok((record, token)), _) => {
                    return Ok(SignedIn {
                        record,
                        credential,
                        token,
                    });
                }
                (Err(error), Some(next)) if another_way_may_do(&error) => {
                    let why = failure::why(&error);
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

    /// Whether the broker is one of the ways.
    pub(crate) fn names_the_broker(&self) -> bool {
        self.ways.in_order().contains(&Way::Broker)
    }

    /// A credential that asks nobody by itself. It checks the same options.
    pub(crate) fn silent(
        &self,
        client: &ClientArguments,
        options: PublicClientOptions,
        question: Question<'_>,
    ) -> Result<Arc<dyn InteractiveCredential>, Failure> {
        if self.names_the_broker() {
            let mut options = self.broker(client, options, question);
            options.disable_automatic_authentication = true;
            let broker = doorkey_broker::system();
            return Ok(InteractiveBrowserBrokerCredential::new(
                broker,
                Some(options),
            )?);
        }
        let mut options = self.browser(client, options, question);
        options.disable_automatic_authentication = true;
        Ok(InteractiveBrowserCredential::new(Some(options))?)
    }

    /// One credential for each way. All are made before the first person is asked, so that what is
    /// wrong with the later ones is said at once.
    fn attempts(
        &self,
        client: &ClientArguments,
        question: Question<'_>,
    ) -> Result<Vec<Attempt>, Failure> {
        self.check_browser_options()?;
        let ways = self.ways.in_order();
        let last = ways.len().saturating_sub(1);
        let mut attempts = Vec::with_capacity(ways.len());
        for (index, way) in ways.into_iter().enumerate() {
            let unseen = Arc::<Notify>::default();
            let credential: Arc<dyn InteractiveCredential> = match way {
                Way::Browser => {
                    let options = client.options(Arc::new(prompts::BrowserPrompt {
                        is_last: index == last,
                        timeout: self.timeout(),
                        unseen: unseen.clone(),
                    }))?;
                    let options = self.browser(client, options, question);
                    InteractiveBrowserCredential::new(Some(options))?
                }
                Way::Broker => {
                    let options = client.options(Arc::new(prompts::BrokerPrompt))?;
                    let options = self.broker(client, options, question);
                    let broker = doorkey_broker::system();
                    InteractiveBrowserBrokerCredential::new(broker, Some(options))?
                }
                Way::DeviceCode => {
                    let options = client.options(Arc::new(prompts::Warnings))?;
                    let options = self.device_code(client, options, question);
                    DeviceCodeCredential::new(Some(options))?
                }
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
        options: PublicClientOptions,
        question: Question<'_>,
    ) -> InteractiveBrowserCredentialOptions {
        let login_hint = self.login_hint.as_deref().or(question.login_hint);
        InteractiveBrowserCredentialOptions {
            client_id: Some(client.client_id().to_owned()),
            authentication_record: question.record.cloned(),
            login_hint: login_hint.map(str::to_owned),
            domain_hint: self.domain_hint.clone(),
            prompt: self.prompt.map(Prompt::from),
            redirect_uri: self.redirect_uri.clone(),
            timeout: self.timeout(),
            client: options,
            ..Default::default()
        }
    }

    fn broker(
        &self,
        client: &ClientArguments,
        options: PublicClientOptions,
        question: Question<'_>,
    ) -> InteractiveBrowserBrokerCredentialOptions {
        let browser = self.browser(client, options, question);
        InteractiveBrowserBrokerCredentialOptions {
            client_id: browser.client_id,
            authentication_record: browser.authentication_record,
            login_hint: browser.login_hint,
            domain_hint: browser.domain_hint,
            prompt: browser.prompt,
            timeout: browser.timeout,
            // The next way is the command line's to say.
            disable_interactive_fallback: true,
            client: browser.client,
            ..Default::default()
        }
    }

    fn device_code(
        &self,
        client: &ClientArguments,
        options: PublicClientOptions,
        question: Question<'_>,
    ) -> DeviceCodeCredentialOptions {
        let with_qr_code = !self.no_qr_code;
        DeviceCodeCredentialOptions {
            client_id: Some(client.client_id().to_owned()),
            authentication_record: question.record.cloned(),
            application_name: Some("doorkey".to_owned()),
            timeout: self.timeout(),
            prompt_callback: Some(Arc::new(move |code| {
                prompts::show_device_code(code, with_qr_code)
            })),
            client: options,
            ..Default::default()
        }
    }

    /// What no way can heed must not be lost in silence.
    fn check_browser_options(&self) -> Result<(), Failure> {
        let pages = &[Way::Browser, Way::Broker][..];
        let given = [
            ("--login-hint", self.login_hint.is_some(), pages),
            ("--domain-hint", self.domain_hint.is_some(), pages),
            ("--prompt", self.prompt.is_some(), pages),
            (
                "--redirect-uri",
                self.redirect_uri.is_some(),
                &[Way::Browser],
            ),
        ];
        let ways = self.ways.in_order();
        let lost = given.into_iter().find(|(_, is_given, heeded_by)| {
            *is_given && !ways.iter().any(|way| heeded_by.contains(way))
        });
        match lost {
            Some((option, ..)) => {
                let ways: Vec<_> = ways.iter().map(ToString::to_string).collect();
                Err(Failure::Usage(format!(
                    "{option} has no meaning for a sign-in {}; leave it out, or add --browser",
                    ways.join(" or ")
                )))
            }
            None => Ok(()),
        }
    }

    /// An option that only a person can heed, if one was given.
    fn for_a_person(&self) -> Option<&'static str> {
        let given = [
            ("--browser, --broker or --device-code", self.ways.is_given()),
            ("--login-hint", self.login_hint.is_some()),
            ("--domain-hint", self.domain_hint.is_some()),
            ("--prompt", self.prompt.is_some()),
            ("--redirect-uri", self.redirect_uri.is_some()),
            ("--timeout", self.timeout.is_some()),
        ];
        let given = given.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(option, _)| option)
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }
}

impl Question<'_> {
    /// By a credential that needs no way to ask.
    pub(crate) async fn answered_by(
        &self,
        credential: Arc<dyn InteractiveCredential>,
    ) -> Result<SignedIn, Failure> {
        let (record, token) = self.put(&*credential).await?;
        Ok(SignedIn {
            record,
            credential,
            token,
        })
    }

    /// Asks whoever is known only if they must be, as anybody else's answer is refused; where nobody
    /// is known, whoever answers is the person.
    async fn put(
        &self,
        credential: &dyn InteractiveCredential,
    ) -> doorkey::Result<(AuthenticationRecord, Option<AccessTokenInfo>)> {
        if let Some(record) = self.record {
            let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
            let options = TokenInfoOptions {
                pop: self.pop.cloned(),
                ..Default::default()
            };
            let token = credential.get_token_info(&scopes, Some(options)).await?;
            return Ok((record.clone(), Some(token)));
        }
        let options = AuthenticateOptions {
            scopes: self.scopes.to_vec(),
            claims: self.claims.map(str::to_owned),
            ..Default::default()
        };
        Ok((credential.authenticate(Some(options)).await?, None))
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
