//! `doorkey demo`: what a newcomer sees first.

mod claims;
mod report;
mod requests;
mod ways;

use crate::{failure::Failure, person::Person, trust};
use clap::Args;
use doorkey::{
    AccessTokenInfo, AuthenticateOptions, AuthenticationRecord, InteractiveCredential,
    PublicClientOptions,
};
use doorkey_emulator::{Emulator, User};
use report::Report;
use requests::Requests;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The options of `doorkey demo`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DemoArguments {
    /// Sign in yourself, with the browser of this desktop
    #[arg(long)]
    browser: bool,
}

pub(crate) async fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let begun = Instant::now();
    let report = Report::begin(INTRODUCTION)?;
    let mut stage = Stage::set(report).await?;
    stage.show_authority()?;
    let by_browser = if arguments.browser {
        stage.sign_in_with_the_desktops_browser().await?
    } else {
        stage.sign_in_with_the_built_in_person().await?
    };
    stage.call_resource(&by_browser).await?;
    stage.ask_again(&by_browser).await?;
    stage.sign_in_with_a_device_code().await?;
    let took = begun.elapsed().as_secs_f32();
    stage
        .report
        .end(&format!("Done in {took:.1} seconds. {NEXT}"))
}

/// Everything that the steps share.
struct Stage {
    report: Report,
    emulator: Emulator,
    user: User,
    person: Person,
    client: PublicClientOptions,
    http: reqwest::Client,
}

/// What a sign-in left.
struct SignedIn {
    credential: Arc<dyn InteractiveCredential>,
    token: AccessTokenInfo,
}

impl Stage {
    async fn set(report: Report) -> Result<Self, Failure> {
        let emulator = Emulator::builder()
            // Entra ID asks for five seconds between polls, and nobody wants to wait for those here.
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await?;
        let user = emulator
            .users()
            .first()
            .cloned()
            .ok_or_else(|| Failure::Demo("nobody is there to sign in".to_owned()))?;
        let pem = emulator.ca_certificate_pem();
        let person = Person::new(&user.username, &user.password, pem).map_err(Failure::Demo)?;
        let http = trust::local_client(pem)?;
        let client = PublicClientOptions {
            authority: Some(emulator.authority().to_owned()),
            // Microsoft's instance discovery does not know the emulator.
            disable_instance_discovery: true,
            client_options: azure_core::http::ClientOptions {
                transport: Some(trust::over(http.clone())),
                ..Default::default()
            },
            ..Default::default()
        };
        Ok(Self {
            report,
            emulator,
            user,
            person,
            client,
            http,
        })
    }

    fn show_authority(&mut self) -> Result<(), Failure> {
        self.report.step("A local Entra ID starts")?;
        self.report.rows(&[
            ("authority", self.emulator.authority().to_owned()),
            (
                "person",
                format!("{}, {}", self.user.name, self.user.username),
            ),
        ])
    }

    async fn call_resource(&mut self, signed_in: &SignedIn) -> Result<(), Failure> {
        self.report.step("A resource accepts the token")?;
        let url = format!("{}/resource/me", self.emulator.authority());
        let failed = |error: reqwest::Error| Failure::Demo(format!("{url}: {error}"));
        let header = signed_in.token.authorization_header();
        let response = self
            .http
            .get(&url)
            .header("authorization", header.secret())
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        let text = response.text().await.map_err(failed)?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(username) = answer["username"].as_str().filter(|_| status.is_success()) else {
            return Err(Failure::Demo(format!("{url} answered {status}: {text}")));
        };
        let requests = Requests::take(&self.emulator);
        self.report.rows(&[
            (
                "request",
                "GET /resource/me with Authorization: Bearer and the token".to_owned(),
            ),
            ("checked", "signature, issuer, audience, time".to_owned()),
            ("answer", format!("{status}: {username}")),
            ("requests", requests.of_doorkey()),
        ])
    }

    async fn ask_again(&mut self, signed_in: &SignedIn) -> Result<(), Failure> {
        self.report.step("The program asks for the token again")?;
        let begun = Instant::now();
        let again = signed_in.credential.get_token_info(&[SCOPE], None).await?;
        let took = begun.elapsed().as_secs_f32() * 1000.0;
        let requests = Requests::take(&self.emulator);
        if again.token != signed_in.token.token || requests.ours() > 0 {
            return Err(Failure::Demo(format!(
                "the token should have come from memory, and took {}",
                requests.of_doorkey()
            )));
        }
        self.report.rows(&[
            (
                "token",
                format!("the same one, from memory, in {took:.2} ms"),
            ),
            ("requests", requests.of_doorkey()),
        ])
    }

    /// What is shown of every sign-in.
    async fn show_sign_in(
        &self,
        credential: Arc<dyn InteractiveCredential>,
        record: &AuthenticationRecord,
        titles: &[String],
    ) -> Result<SignedIn, Failure> {
        // From memory: the sign-in brought it.
        let token = credential.get_token_info(&[SCOPE], None).await?;
        let requests = Requests::take(&self.emulator);
        // The name stands beside the first page alone.
        let names = std::iter::once("pages").chain(std::iter::repeat(""));
        let mut rows: Vec<_> = names.zip(titles.iter().cloned()).collect();
        rows.push(("signed in", record.username.clone()));
        rows.push(("requests", requests.of_doorkey()));
        rows.push(("", requests.of_the_person()));
        self.report.rows(&rows)?;
        if let Some(claims) = claims::shown(token.token.secret()) {
            self.report.say("\nThe access token says:")?;
            self.report.rows(&claims)?;
        }
        Ok(SignedIn { credential, token })
    }
}

fn authenticate_options() -> AuthenticateOptions {
    AuthenticateOptions {
        scopes: vec![SCOPE.to_owned()],
        ..Default::default()
    }
}

/// One that every Azure program asks for.
const SCOPE: &str = "https://management.azure.com/.default";

const INTRODUCTION: &str = "\
A person signs in to a local Entra ID, by browser and by device code.
Nothing leaves this machine, and nothing is kept.";

const NEXT: &str = "\
Next:
  doorkey demo --browser   the same, with you and your browser
  doorkey login            with an account of yours
  doorkey emulator         the local Entra ID, for your own tests";

const AFTER_HELP: &str = "\
Starts a local Entra ID on a free port, signs its demo person in by browser and by device code, uses
the token, and shows how many requests each step took. A built-in person fills in the pages, so that
it waits for nobody; with --browser it waits for you.";
