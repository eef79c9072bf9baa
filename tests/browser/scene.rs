//! An authority, a browser, and credentials that ask in it.

use crate::chromium::Chromium;
use azure_core::http::{ClientOptions, Transport};
use doorkey::{
    AccessTokenInfo, BrowserLauncher, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential as _, PublicClientOptions, Result,
};
use doorkey_emulator::{Emulator, EmulatorBuilder, Endpoint, RecordedRequest, User};
use serde_json::Value;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use url::Url;

pub(crate) const SCOPE: &str = "https://management.azure.com/.default";

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) browser: Chromium,
    http: reqwest::Client,
    opens: mpsc::UnboundedSender<String>,
    opened: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|emulator| emulator).await
    }

    pub(crate) async fn with(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let emulator = change(Emulator::builder()).start().await.unwrap();
        let authority = emulator.ca_certificate_pem().as_bytes();
        let authority = reqwest::Certificate::from_pem(authority).unwrap();
        let http = reqwest::Client::builder()
            .add_root_certificate(authority)
            .no_proxy()
            .build()
            .unwrap();
        let (opens, opened) = mpsc::unbounded_channel();
        Self {
            emulator,
            browser: Chromium::start().await,
            http,
            opens,
            opened: Mutex::new(opened),
        }
    }

    /// Options of a client that reaches the emulator as it would reach Entra ID: by HTTPS.
    pub(crate) fn client(&self) -> PublicClientOptions {
        PublicClientOptions {
            authority: Some(self.emulator.authority().into()),
            disable_instance_discovery: true,
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(self.http.clone()))),
                ..Default::default()
            },
            ..Default::default()
        }
    }

    /// A credential that leaves its page to [`opened`](Self::opened).
    pub(crate) fn credential(
        &self,
        change: impl FnOnce(&mut InteractiveBrowserCredentialOptions),
    ) -> Arc<InteractiveBrowserCredential> {
        let opens = self.opens.clone();
        let mut options = InteractiveBrowserCredentialOptions {
            browser: BrowserLauncher::Callback(Arc::new(move |url| {
                opens.send(url.to_owned()).map_err(io::Error::other)
            })),
            timeout: Some(Duration::from_secs(120)),
            client: self.client(),
            ..Default::default()
        };
        change(&mut options);
        InteractiveBrowserCredential::new(Some(options)).unwrap()
    }

    /// Asks for a token, while the person does what they do.
    pub(crate) async fn ask(
        &self,
        credential: &InteractiveBrowserCredential,
        person: impl Future<Output = ()>,
    ) -> Result<AccessTokenInfo> {
        let (outcome, ()) = tokio::join!(credential.get_token_info(&[SCOPE], None), person);
        outcome
    }

    /// The page that a credential opens.
    pub(crate) async fn page(&self) -> Page {
        let mut opened = self.opened.lock().await;
        let url = timeout(Duration::from_secs(30), opened.recv()).await;
        let url = url.expect("a credential opens a page").unwrap();
        Page(Url::parse(&url).unwrap())
    }

    /// Lets the browser go to the page that a credential opens.
    pub(crate) async fn open_page(&self) -> Page {
        let page = self.page().await;
        self.browser.goto(page.0.as_str()).await;
        page
    }

    /// Whom a resource takes the token for.
    pub(crate) async fn resource_says(&self, token: &AccessTokenInfo) -> Value {
        let url = format!("{}/resource/me", self.emulator.authority());
        let response = self
            .http
            .get(url)
            .header("authorization", token.authorization_header().secret())
            .send()
            .await
            .unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    /// Whose first name this is.
    pub(crate) fn user(&self, name: &str) -> User {
        let mut users = self.emulator.users().iter();
        users
            .find(|user| user.name.starts_with(name))
            .unwrap()
            .clone()
    }

    pub(crate) fn requests_to(&self, endpoint: Endpoint) -> Vec<RecordedRequest> {
        let mut requests = self.emulator.requests();
        requests.retain(|request| request.endpoint == Some(endpoint));
        requests
    }

    /// Waits until a token is asked for.
    pub(crate) async fn token_is_asked_for(&self) {
        while self.requests_to(Endpoint::Token).is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// What tokens were asked for with.
    pub(crate) fn grants(&self) -> Vec<String> {
        self.requests_to(Endpoint::Token)
            .iter()
            .map(|request| request.form_value("grant_type").unwrap().to_owned())
            .collect()
    }
}

/// The page of a browser sign-in.
#[derive(Debug)]
pub(crate) struct Page(pub(crate) Url);

impl Page {
    /// A parameter of its address.
    pub(crate) fn parameter(&self, name: &str) -> String {
        let mut pairs = self.0.query_pairs();
        let pair = pairs.find(|(known, _)| known == name);
        pair.unwrap().1.into_owned()
    }

    /// Where the credential listens.
    pub(crate) fn redirect_uri(&self) -> Url {
        Url::parse(&self.parameter("redirect_uri")).unwrap()
    }

    /// The same page with another parameter.
    pub(crate) fn with(&self, name: &str, value: &str) -> Url {
        let mut url = self.0.clone();
        let pairs = self.0.query_pairs().map(|(known, before)| {
            let value = if known == name { value.into() } else { before };
            (known, value)
        });
        url.query_pairs_mut().clear().extend_pairs(pairs);
        url
    }
}
