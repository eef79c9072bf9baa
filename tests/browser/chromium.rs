//! One Chromium with a profile of its own, and what is done in it.

use crate::{
    devtools::DevTools,
    driver::{Driver, program},
};
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use url::Url;

/// How long a page is waited for; a page that does not come fails a test.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Chromium {
    client: Client,
    // Dropped in this order: the browser first, then the folder that it writes to.
    _driver: Driver,
    _profile: TempDir,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let driver = Driver::start();
        let arguments = [
            "--headless",
            // The browser ends when the driver does.
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({
            "browserName": "chrome",
            // The emulator's authority is none that a browser knows.
            "acceptInsecureCerts": true,
            // An unexpected alert is an error of the next command.
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": {"binary": program("DOORKEY_CHROMIUM"), "args": arguments},
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("Chromium starts");
        Self {
            client,
            _driver: driver,
            _profile: profile,
        }
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    pub(crate) async fn url(&self) -> Url {
        self.client.current_url().await.expect("an address")
    }

    /// Waits for the page with this heading, and looks whether it has manners.
    pub(crate) async fn shows(&self, heading: &str) {
        self.comes_to(heading).await;
        self.check_manners().await;
    }

    /// Waits for the page with this heading.
    pub(crate) async fn comes_to(&self, heading: &str) {
        let heading = format!("//h1[normalize-space()=\"{heading}\"]");
        self.find(Locator::XPath(&heading)).await;
    }

    /// Waits for what went wrong on the page before.
    pub(crate) async fn shows_problem(&self, text: &str) {
        let problem = format!("//*[@id='problem' and contains(., \"{text}\")]");
        self.find(Locator::XPath(&problem)).await;
        self.check_manners().await;
    }

    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let field = self.find(Locator::Id(id)).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    pub(crate) async fn value(&self, id: &str) -> String {
        let field = self.find(Locator::Id(id)).await;
        field
            .prop("value")
            .await
            .expect("a field")
            .unwrap_or_default()
    }

    pub(crate) async fn press(&self, id: &str) {
        self.press_at(&format!("[id='{id}']")).await;
    }

    pub(crate) async fn press_at(&self, selector: &str) {
        let button = self.find(Locator::Css(selector)).await;
        button.click().await.expect("a button");
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn keys(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in keys.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        let pressed = self.client.perform_actions(actions).await;
        pressed.expect("keys");
    }

    /// What the person reads.
    pub(crate) async fn text(&self) -> String {
        let body = self.find(Locator::Css("body")).await;
        body.text().await.expect("a text")
    }

    /// The value of a script that returns one.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.run_with(script, Vec::new()).await
    }

    pub(crate) async fn run_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        let value = self.client.execute(script, arguments).await;
        value.unwrap_or_else(|error| panic!("{error}: {script}"))
    }

    /// The value that a script gives to its last argument, a function.
    pub(crate) async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        let value = self.client.execute_async(script, arguments).await;
        value.unwrap_or_else(|error| panic!("{error}: {script}"))
    }

    pub(crate) async fn devtools(&self, method: &'static str, parameters: Value) -> Value {
        let command = DevTools { method, parameters };
        let answer = self.client.issue_cmd(command).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// All addresses that the browser's history keeps.
    pub(crate) async fn history(&self) -> Vec<String> {
        let history = self.devtools("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().expect("entries");
        entries
            .iter()
            .flat_map(|entry| [&entry["url"], &entry["userTypedURL"]])
            .map(|url| url.as_str().expect("an address").to_owned())
            .collect()
    }

    async fn find(&self, locator: Locator<'_>) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(50))
            .for_element(locator)
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!(
                "{locator:?}: {error}, but there is {}",
                self.client.source().await.unwrap_or_default()
            ),
        }
    }
}
