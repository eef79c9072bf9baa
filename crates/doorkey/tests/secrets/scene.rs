//! An authority, what it and the programs say in secret, and where that must not be.

use crate::{
    browser::{Conduct, browser},
    search::Secrets,
};
use azure_core::{
    Bytes,
    http::{
        AsyncRawResponse, ClientOptions, HttpClient, Request, Transport,
        headers::{AUTHORIZATION, HeaderName, Headers, WWW_AUTHENTICATE},
    },
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use doorkey::{
    AccessTokenInfo, AuthenticationRecord, BrowserLauncher, Challenge, DeviceCodeCredentialOptions,
    Error, PromptOutcome, PublicClientOptions, SignInObserver, SignInPrompt,
};
use doorkey_emulator::{DeviceDecision, Directory, Emulator, Endpoint};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    error::Error as _,
    fmt, fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const SCOPE: &str = "https://storage.azure.com/.default";
pub(crate) const OTHER_SCOPE: &str = "https://vault.azure.net/.default";

/// How all passwords begin. Every encoding writes it in another way.
const PASSWORD: &str = "pä ss+w/rd&=?~<100%> of ";

pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    /// Where the flow may keep something.
    pub(crate) home: TempDir,
    secrets: Arc<Mutex<Secrets>>,
    said: Arc<Mutex<Said>>,
    /// What the person saw in the end.
    pages: Arc<Mutex<Vec<String>>>,
    kinds: Mutex<BTreeSet<String>>,
}

/// What is to be searched: the name of the place, and what is there.
pub(crate) type Said = Vec<(String, String)>;

/// To the emulator over TLS, and to resources. Notes the secrets of each reply.
struct Wire {
    authority: reqwest::Client,
    secrets: Arc<Mutex<Secrets>>,
    /// The token that resources refuse.
    refused: Mutex<String>,
}

/// A program with a window.
struct Window(Arc<Mutex<Said>>);

impl Scene {
    pub(crate) async fn new() -> Self {
        let directory = Directory::BUILT_IN.replace("not-a-secret-", PASSWORD);
        let emulator = Emulator::builder()
            .directory(Directory::from_toml(&directory).unwrap())
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await
            .unwrap();
        Self {
            emulator,
            home: tempfile::tempdir().unwrap(),
            secrets: Arc::default(),
            said: Arc::default(),
            pages: Arc::default(),
            kinds: Mutex::default(),
        }
    }

    pub(crate) fn client(&self) -> PublicClientOptions {
        let pem = self.emulator.ca_certificate_pem();
        let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
        let wire = Wire {
            authority: reqwest::Client::builder()
                .tls_certs_only([certificate])
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap(),
            secrets: Arc::clone(&self.secrets),
            refused: Mutex::default(),
        };
        PublicClientOptions {
            authority: Some(self.emulator.authority().to_owned()),
            disable_instance_discovery: true,
            observer: Some(Arc::new(Window(Arc::clone(&self.said)))),
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(wire))),
                ..Default::default()
            },
            ..Default::default()
        }
    }

    /// Options of a device code, which `decision` answers.
    pub(crate) fn by_code(&self, decision: Option<DeviceDecision>) -> DeviceCodeCredentialOptions {
        let (emulator, secrets) = (self.emulator.clone(), Arc::clone(&self.secrets));
        DeviceCodeCredentialOptions {
            prompt_callback: Some(Arc::new(move |info| {
                secrets.lock().unwrap().add("user code", &info.user_code);
                if let Some(decision) = decision.clone() {
                    emulator
                        .decide_device_code(&info.user_code, decision)
                        .unwrap();
                }
                Ok(())
            })),
            client: self.client(),
            ..Default::default()
        }
    }

    pub(crate) fn adele(&self) -> Option<DeviceDecision> {
        let username = self.username("adele");
        Some(DeviceDecision::Approve { username })
    }

    pub(crate) fn username(&self, name: &str) -> String {
        let mut users = self.emulator.users().iter();
        users
            .find(|user| user.username.starts_with(name))
            .unwrap()
            .username
            .clone()
    }

    pub(crate) fn password(&self, name: &str) -> String {
        let mut users = self.emulator.users().iter();
        let user = users.find(|user| user.username.starts_with(name)).unwrap();
        user.password.clone()
    }

    /// A browser in which Adele does so.
    pub(crate) fn browser(&self, conduct: fn(String) -> Conduct) -> BrowserLauncher {
        browser(
            &self.emulator,
            conduct(self.username("adele")),
            Arc::clone(&self.pages),
        )
    }

    pub(crate) fn secret(&self, what: &'static str, secret: &str) {
        self.secrets.lock().unwrap().add(what, secret);
    }

    pub(crate) fn say(&self, place: impl Into<String>, text: impl Into<String>) {
        self.said.lock().unwrap().push((place.into(), text.into()));
    }

    pub(crate) fn debug(&self, place: &str, value: &dyn fmt::Debug) {
        self.say(
            format!("Debug of {place}"),
            format!("{value:?}\n{value:#?}"),
        );
    }

    pub(crate) fn token(&self, info: &AccessTokenInfo) {
        self.secret("access token", info.token.secret());
        self.debug("AccessTokenInfo", info);
    }

    pub(crate) fn record(&self, record: &AuthenticationRecord) {
        self.debug("AuthenticationRecord", record);
        self.say("the record", record.serialize());
    }

    /// What a failure says, in every way in which it can be asked.
    pub(crate) fn error(&self, flow: &str, error: &Error) {
        self.kinds
            .lock()
            .unwrap()
            .insert(format!("{:?}", error.kind()));
        self.debug(&format!("the error of {flow}"), error);
        self.say(format!("the error of {flow}"), error.to_string());
        let theirs = azure_core::Error::from(error.clone());
        self.debug(&format!("the SDK's error of {flow}"), &theirs);
        self.say(format!("the SDK's error of {flow}"), theirs.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            self.say(
                format!("a cause of the error of {flow}"),
                format!("{error} {error:?}"),
            );
            cause = error.source();
        }
    }

    /// Each file below `folder`.
    pub(crate) fn files(&self, place: &str, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(place, &path);
            } else {
                let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                self.say(
                    format!("{place}: {name}"),
                    format!("{}\n{content}", path.display()),
                );
            }
        }
    }

    /// What the authority was sent. To be called before its log is cleared.
    pub(crate) fn collect(&self) {
        let requests = self.emulator.requests();
        let mut secrets = self.secrets.lock().unwrap();
        for request in &requests {
            let form: &[_] = match request.endpoint {
                Some(Endpoint::Token) => &[
                    ("code", "authorization code"),
                    ("code_verifier", "PKCE verifier"),
                    ("refresh_token", "refresh token"),
                    ("device_code", "device code"),
                    ("password", "password"),
                    ("assertion", "assertion"),
                ],
                // What the person types.
                None => &[("password", "password")],
                Some(_) => &[],
            };
            for (name, what) in form {
                if let Some(secret) = request.form_value(name) {
                    secrets.add(what, secret);
                }
            }
            if let Some(assertion) = request.form_value("assertion") {
                let assertion = BASE64_URL_SAFE_NO_PAD.decode(assertion).unwrap();
                let assertion = std::str::from_utf8(&assertion).unwrap();
                secrets.add("assertion", assertion);
                let signature = assertion.split("SignatureValue>").nth(1).unwrap();
                secrets.add("assertion", signature.trim_end_matches("</ds:"));
            }
            for name in ["state", "nonce"] {
                if let Some(secret) = request.query_value(name) {
                    secrets.add(name, secret);
                }
            }
        }
        drop(secrets);
        self.debug("RecordedRequest", &requests);
        self.debug("Emulator", &self.emulator);
        self.debug("User", &self.emulator.users());
        self.emulator.clear_requests();
    }

    /// All that there is to find, and all that is to be searched.
    pub(crate) fn end(self) -> (Secrets, Said, BTreeSet<String>) {
        let secrets = std::mem::take(&mut *self.secrets.lock().unwrap());
        let mut said = std::mem::take(&mut *self.said.lock().unwrap());
        let pages = std::mem::take(&mut *self.pages.lock().unwrap());
        said.extend(
            pages
                .into_iter()
                .map(|page| ("the last page".to_owned(), page)),
        );
        (secrets, said, self.kinds.into_inner().unwrap())
    }
}

impl Wire {
    fn note(&self, body: &[u8]) {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        let mut secrets = self.secrets.lock().unwrap();
        for (name, what) in [
            ("access_token", "access token"),
            ("refresh_token", "refresh token"),
            ("id_token", "id token"),
            ("device_code", "device code"),
        ] {
            if let Some(secret) = body[name].as_str().filter(|secret| secret.len() > 7) {
                secrets.add(what, secret);
            }
        }
    }

    fn note_signed(&self, signed: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        secrets.add("signed request", signed);
        let (_, signature) = signed.rsplit_once('.').unwrap();
        secrets.add("signed request", signature);
    }

    /// Those of a resource.
    fn note_nonces(&self, headers: &Headers) {
        let challenges = headers.get_optional_str(&WWW_AUTHENTICATE);
        let challenges = Challenge::parse(challenges.unwrap_or_default());
        let nonce = challenges.iter().find_map(Challenge::nonce);
        let next = headers.get_optional_str(&HeaderName::from_static("authentication-info"));
        let next = next.and_then(Challenge::next_nonce);
        let mut secrets = self.secrets.lock().unwrap();
        for nonce in nonce.map(str::to_owned).into_iter().chain(next) {
            secrets.add("a resource's nonce", &nonce);
        }
    }

    /// A resource that wants another token than the first one that it gets.
    fn resource(&self, request: &Request) -> AsyncRawResponse {
        let sent = request
            .headers()
            .get_optional_str(&AUTHORIZATION)
            .unwrap()
            .to_owned();
        let mut refused = self.refused.lock().unwrap();
        if refused.is_empty() {
            refused.clone_from(&sent);
        }
        let mut headers = Headers::new();
        let status: u16 = if *refused == sent { 401 } else { 200 };
        if status == 401 {
            let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
            let claims = BASE64_STANDARD.encode(claims);
            headers.insert(
                WWW_AUTHENTICATE,
                format!(r#"Bearer error="insufficient_claims", claims="{claims}""#),
            );
        }
        AsyncRawResponse::from_bytes(status.into(), headers, Bytes::new())
    }
}

#[async_trait::async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if request.url().host_str() == Some("resource.example") {
            return Ok(self.resource(request));
        }
        let authorization = request.headers().get_optional_str(&AUTHORIZATION);
        if let Some(signed) = authorization.and_then(|value| value.strip_prefix("PoP ")) {
            self.note_signed(signed);
        }
        let response = self.authority.execute_request(request).await?;
        let (status, headers, body) = response.deconstruct();
        self.note_nonces(&headers);
        let body = body.collect().await?;
        self.note(&body);
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wire")
    }
}

impl Window {
    fn sees(&self, place: &str, what: &dyn fmt::Debug) {
        let text = format!("{what:?}");
        self.0.lock().unwrap().push((place.to_owned(), text));
    }
}

impl SignInObserver for Window {
    fn prompt_began(&self, prompt: &SignInPrompt) {
        self.sees("what the observer is to show", prompt);
    }

    fn prompt_ended(&self, outcome: &PromptOutcome) {
        self.sees("what the observer is told", outcome);
    }

    fn warned(&self, warning: &Error) {
        self.sees("what the observer is told", warning);
        self.sees("what the observer is told", &warning.to_string());
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Window")
    }
}
