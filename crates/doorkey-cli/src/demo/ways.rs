//! The ways to sign in, each with somebody who does.

use super::{SignedIn, Stage, authenticate_options};
use crate::{console, failure::Failure, prompts::BrowserPrompt};
use doorkey::{
    BrowserLauncher, DeviceCodeCredential, DeviceCodeCredentialOptions, DeviceCodeInfo,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    PublicClientOptions,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::mpsc;

impl Stage {
    pub(super) async fn sign_in_with_the_built_in_person(&mut self) -> Result<SignedIn, Failure> {
        self.report.step("A person signs in with the browser")?;
        self.report.say(BUILT_IN_PERSON)?;
        let (give, mut address) = mpsc::unbounded_channel();
        let credential =
            InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
                browser: BrowserLauncher::Callback(Arc::new(move |url| {
                    // Nobody is left to take it only where the demonstration ends anyway.
                    let _ = give.send(url.to_owned());
                    Ok(())
                })),
                timeout: Some(PATIENCE),
                client: self.client.clone(),
                ..Default::default()
            }))?;
        let person = async {
            let url = address.recv().await.unwrap_or_default();
            let titles = self.person.sign_in(&url).await.map_err(Failure::Demo)?;
            // Whole, it fills half a screen.
            let page = url.split('?').next().unwrap_or_default();
            self.report.rows(&[("address", format!("{page}?..."))])?;
            Ok(titles)
        };
        let (record, titles) = both(&*credential, person).await?;
        self.show_sign_in(credential, &record, &titles).await
    }

    pub(super) async fn sign_in_with_the_desktops_browser(&mut self) -> Result<SignedIn, Failure> {
        self.report.step("You sign in with your browser")?;
        self.report.say(YOUR_BROWSER)?;
        self.report.rows(&[
            ("user name", self.user.username.clone()),
            ("password", self.user.password.clone()),
        ])?;
        // Between what goes to stdout and to stderr.
        console::tell("");
        let observer = BrowserPrompt {
            is_last: true,
            timeout: None,
            // Whoever watches a demonstration sees what it prints.
            unseen: Arc::default(),
        };
        let credential =
            InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
                client: PublicClientOptions {
                    observer: Some(Arc::new(observer)),
                    ..self.client.clone()
                },
                ..Default::default()
            }))?;
        let record = credential
            .authenticate(Some(authenticate_options()))
            .await?;
        console::tell("");
        self.show_sign_in(credential, &record, &[]).await
    }

    pub(super) async fn sign_in_with_a_device_code(&mut self) -> Result<(), Failure> {
        self.report.step("A person signs in with a device code")?;
        let (give, mut shown) = mpsc::unbounded_channel::<DeviceCodeInfo>();
        let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
            application_name: Some("doorkey".to_owned()),
            timeout: Some(PATIENCE),
            prompt_callback: Some(Arc::new(move |code| {
                let _ = give.send(code.clone());
                Ok(())
            })),
            client: self.client.clone(),
            ..Default::default()
        }))?;
        let report = &self.report;
        let person = async {
            let Some(code) = shown.recv().await else {
                return Err(Failure::Demo("no code was shown".to_owned()));
            };
            report.say(CODE_IS_TYPED)?;
            report.rows(&[
                ("page", code.verification_uri.clone()),
                ("code", code.user_code.clone()),
            ])?;
            self.person
                .type_code(&code.verification_uri, &code.user_code)
                .await
                .map_err(Failure::Demo)
        };
        let (record, titles) = both(&*credential, person).await?;
        self.show_sign_in(credential, &record, &titles).await?;
        Ok(())
    }
}

/// The program and the person, at the same time. The first who fails ends it for both, so that
/// nobody waits for somebody who has given up.
async fn both(
    credential: &dyn InteractiveCredential,
    person: impl Future<Output = Result<Vec<String>, Failure>>,
) -> Result<(doorkey::AuthenticationRecord, Vec<String>), Failure> {
    let program = async {
        let record = credential.authenticate(Some(authenticate_options())).await;
        record.map_err(Failure::from)
    };
    tokio::try_join!(program, person)
}

/// More than the built-in person ever needs.
const PATIENCE: Duration = Duration::from_secs(60);

const BUILT_IN_PERSON: &str = "\
A built-in person stands in for you and your browser: they are given the
address, fill in the same pages over HTTPS, and post the last form back to
this program. To be that person yourself, use --browser.\n";

const YOUR_BROWSER: &str = "\
Your browser will warn you: the local Entra ID made its certificate a moment
ago, and no browser knows it. Here you may go on (\"Advanced\", \"Proceed to
localhost\"); before a real sign-in page never do. Then sign in with:\n";

const CODE_IS_TYPED: &str = "\
The program shows a page and a code, and the built-in person types the code
there.\n";
