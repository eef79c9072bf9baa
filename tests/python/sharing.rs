//! One sign-in for programs in several languages: who signed in with one of them is silent with the
//! other, in both directions, by a cached token and by the refresh token alone.

use crate::{python, text};
use azure_core::http::{ClientOptions, Transport};
use doorkey::{
    AuthenticateOptions, AuthenticationRecord, DeviceCodeCredential, DeviceCodeCredentialOptions,
    InteractiveCredential as _, PlainFileStore, PublicClientOptions, TokenCachePersistenceOptions,
};
use doorkey_emulator::{DeviceDecision, Emulator, Endpoint};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

const SCOPE: &str = "https://management.azure.com/.default";
const OTHER_SCOPE: &str = "https://vault.azure.net/.default";
const THIRD_SCOPE: &str = "https://storage.azure.com/.default";

/// Programs in two languages, with one home.
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    peer: Peer,
    /// `adfs`, where they all sign in at AD FS.
    tenant: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Peer {
    Python,
    Node,
}

impl Scene {
    pub(crate) async fn of_python() -> Self {
        Self::new(Peer::Python).await
    }

    async fn new(peer: Peer) -> Self {
        Self::at(peer, None).await
    }

    async fn at(peer: Peer, tenant: Option<&'static str>) -> Self {
        let emulator = Emulator::builder()
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await
            .expect("the emulator starts");
        let scene = Self {
            emulator,
            peer,
            tenant,
        };
        fs::create_dir_all(scene.folder()).expect("a folder for the cache");
        scene
    }

    fn folder(&self) -> PathBuf {
        crate::home(&self.emulator).join(".IdentityService")
    }

    fn cache_file(&self) -> PathBuf {
        self.folder().join("msal.cache.nocae")
    }

    /// A new run of our program, without a person.
    fn ours(&self, record: Option<AuthenticationRecord>) -> Arc<DeviceCodeCredential> {
        self.credential(|options| {
            options.authentication_record = record;
            options.disable_automatic_authentication = true;
        })
    }

    pub(crate) fn credential(
        &self,
        change: impl FnOnce(&mut DeviceCodeCredentialOptions),
    ) -> Arc<DeviceCodeCredential> {
        let authority = self.emulator.ca_certificate_pem().as_bytes();
        let authority = reqwest::Certificate::from_pem(authority).expect("a certificate");
        let http = reqwest::Client::builder()
            .add_root_certificate(authority)
            .no_proxy()
            .build()
            .expect("a client");
        let person = self.emulator.clone();
        let mut options = DeviceCodeCredentialOptions {
            prompt_callback: Some(Arc::new(move |info| {
                approve(&person, &info.user_code);
                Ok(())
            })),
            client: PublicClientOptions {
                authority: Some(self.emulator.authority().into()),
                // msal-node signs in to this tenant.
                tenant_id: match self.peer {
                    Peer::Node => Some(self.emulator.tenant_id().into()),
                    Peer::Python => self.tenant.map(Into::into),
                },
                disable_instance_discovery: true,
                cache_persistence: Some(TokenCachePersistenceOptions {
                    store: Some(Arc::new(PlainFileStore::in_folder(self.folder()))),
                    ..Default::default()
                }),
                client_options: ClientOptions {
                    transport: Some(Transport::new(Arc::new(http))),
                    ..Default::default()
                },
                ..Default::default()
            },
            ..Default::default()
        };
        change(&mut options);
        DeviceCodeCredential::new(Some(options)).expect("the options are good")
    }

    async fn we_sign_in(&self) -> AuthenticationRecord {
        let options = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        let credential = self.credential(|_| {});
        let record = credential.authenticate(Some(options)).await;
        self.emulator.clear_requests();
        record.expect("we sign in")
    }

    /// The other program signs in; its record where its library has one.
    async fn they_sign_in(&self) -> Option<AuthenticationRecord> {
        let output = match self.peer {
            Peer::Python => self.run(&["sign-in", SCOPE]).await,
            Peer::Node => {
                let code = crate::home(&self.emulator).join("user-code");
                let watching =
                    tokio::spawn(approve_when_written(self.emulator.clone(), code.clone()));
                let code = code.display().to_string();
                let output = self.run(&["sign-in", SCOPE, &code]).await;
                watching.await.expect("the person signs in");
                output
            }
        };
        self.emulator.clear_requests();
        (self.peer == Peer::Python)
            .then(|| AuthenticationRecord::deserialize(&output).expect("a record"))
    }

    async fn their_token(&self, scope: &str, record: &AuthenticationRecord) -> String {
        match self.peer {
            Peer::Python => self.run(&["token", scope, &record.serialize()]).await,
            Peer::Node => self.run(&["token", scope]).await,
        }
    }

    async fn our_token(&self, scope: &str, record: Option<&AuthenticationRecord>) -> String {
        let credential = self.ours(record.cloned());
        let token = credential.get_token_info(&[scope], None).await;
        token.expect("we are silent").token.secret().to_owned()
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let mut command = match self.peer {
            Peer::Python => {
                let mut command = python(&self.emulator);
                command.arg("peer.py");
                if let Some(tenant) = self.tenant {
                    command.env("DOORKEY_PEER_TENANT", tenant);
                }
                command
            }
            Peer::Node => self.node(),
        };
        command.args(arguments).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("nothing panics in there")
            .expect("the peer starts");
        assert!(
            output.status.success(),
            "{:?}: {}",
            self.peer,
            text(&output)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn node(&self) -> Command {
        let program = |variable| {
            env::var_os(variable).unwrap_or_else(|| {
                panic!("{variable} is not set: run `cargo xtask test python`, which provides it")
            })
        };
        let mut command = Command::new(program("DOORKEY_NODE"));
        command
            .arg("peer.mjs")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/node"))
            .env_clear()
            .env("HOME", crate::home(&self.emulator))
            .env("NODE_EXTRA_CA_CERTS", self.emulator.ca_certificate())
            .env("DOORKEY_NODE_MODULES", program("DOORKEY_NODE_MODULES"))
            .env("DOORKEY_CACHE_FILE", self.cache_file())
            .env("DOORKEY_AUTHORITY", self.emulator.authority())
            .env("DOORKEY_TENANT_ID", self.emulator.tenant_id())
            .env("DOORKEY_CLIENT_ID", self.emulator.client_id());
        command
    }

    /// How often a token was asked of the authority.
    fn redeemed(&self) -> usize {
        crate::requests_of(&self.emulator, Endpoint::Token)
    }

    fn document(&self) -> Value {
        let text = fs::read_to_string(self.cache_file()).expect("the cache is there");
        serde_json::from_str(&text).expect("the cache is JSON")
    }

    /// Leaves the refresh token alone.
    fn forget_access_tokens(&self) {
        let mut document = self.document();
        document["AccessToken"] = serde_json::json!({});
        fs::write(self.cache_file(), document.to_string()).expect("the cache can be written");
    }
}

fn approve(emulator: &Emulator, user_code: &str) {
    let decision = DeviceDecision::Approve {
        username: emulator.users()[0].username.clone(),
    };
    emulator
        .decide_device_code(user_code, decision)
        .expect("the code is known");
}

async fn approve_when_written(emulator: Emulator, path: PathBuf) {
    for _ in 0..600 {
        if let Ok(code) = fs::read_to_string(&path)
            && !code.is_empty()
        {
            return approve(&emulator, &code);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no code was shown");
}

async fn they_sign_in_and_we_are_silent(peer: Peer) {
    let scene = Scene::new(peer).await;
    let record = scene.they_sign_in().await;
    let theirs = scene.document();

    scene.our_token(SCOPE, record.as_ref()).await;
    assert_eq!(scene.redeemed(), 0, "by the cached token");
    scene.forget_access_tokens();
    scene.our_token(SCOPE, record.as_ref()).await;
    assert_eq!(scene.redeemed(), 1, "by the refresh token");
    scene.our_token(SCOPE, record.as_ref()).await;
    assert_eq!(scene.redeemed(), 1);

    let ours = scene.document();
    for section in ["Account", "AppMetadata"] {
        assert_eq!(ours[section], theirs[section], "{section}");
    }
}

async fn we_sign_in_and_they_are_silent(peer: Peer) {
    let scene = Scene::new(peer).await;
    let record = scene.we_sign_in().await;
    scene.their_token(SCOPE, &record).await;
    assert_eq!(scene.redeemed(), 0, "by the cached token");
    scene.forget_access_tokens();
    scene.their_token(SCOPE, &record).await;
    assert_eq!(scene.redeemed(), 1, "by the refresh token");
}

async fn both_renew_in_turns(peer: Peer) {
    let scene = Scene::new(peer).await;
    let record = scene.we_sign_in().await;
    for round in 0..2 {
        for scope in [OTHER_SCOPE, THIRD_SCOPE] {
            scene.forget_access_tokens();
            let before = scene.redeemed();
            let ours = scene.our_token(scope, Some(&record)).await;
            let theirs = scene.their_token(scope, &record).await;
            assert_eq!(ours, theirs, "{round}: what we renewed serves them");
            scene.forget_access_tokens();
            let theirs = scene.their_token(scope, &record).await;
            let ours = scene.our_token(scope, Some(&record)).await;
            assert_eq!(ours, theirs, "{round}: what they renewed serves us");
            assert_eq!(scene.redeemed() - before, 2);
        }
    }
    let tokens = scene.document()["RefreshToken"]
        .as_object()
        .map(serde_json::Map::len);
    // msal-node keeps what it renewed under its family's key, beside ours.
    let expected = if peer == Peer::Node { 2 } else { 1 };
    assert_eq!(tokens, Some(expected));
    let client = PublicClientOptions {
        authority: Some(scene.emulator.authority().into()),
        cache_persistence: Some(TokenCachePersistenceOptions {
            store: Some(Arc::new(PlainFileStore::in_folder(scene.folder()))),
            ..Default::default()
        }),
        ..Default::default()
    };
    let accounts = doorkey::accounts(&client)
        .await
        .expect("the cache can be read");
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].home_account_id, record.home_account_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn python_signs_in_and_we_are_silent() {
    they_sign_in_and_we_are_silent(Peer::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_sign_in_and_python_is_silent() {
    we_sign_in_and_they_are_silent(Peer::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_and_we_renew_in_turns() {
    both_renew_in_turns(Peer::Python).await;
}

/// AD FS does not say that it granted the scopes, so Python asks it each time, and so do we where
/// Python signed in.
#[tokio::test(flavor = "multi_thread")]
async fn python_and_we_share_a_sign_in_at_adfs() {
    let scene = Scene::at(Peer::Python, Some("adfs")).await;
    let record = scene.they_sign_in().await.expect("Python has records");
    assert_eq!(record.tenant_id, "adfs");
    let theirs = scene.document();
    // By the record alone, which says that it is of AD FS.
    scene.our_token(SCOPE, Some(&record)).await;
    scene.our_token(SCOPE, Some(&record)).await;
    assert_eq!(scene.redeemed(), 1, "what we got is found again");
    let ours = scene.document();
    for section in ["Account", "AppMetadata"] {
        assert_eq!(ours[section], theirs[section], "{section}");
    }

    let scene = Scene::at(Peer::Python, Some("adfs")).await;
    let record = scene.we_sign_in().await;
    scene.our_token(SCOPE, Some(&record)).await;
    assert_eq!(scene.redeemed(), 0);
    scene.their_token(SCOPE, &record).await;
    assert_eq!(scene.redeemed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_signs_in_and_we_are_silent() {
    they_sign_in_and_we_are_silent(Peer::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_sign_in_and_node_is_silent() {
    we_sign_in_and_they_are_silent(Peer::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_and_we_renew_in_turns() {
    both_renew_in_turns(Peer::Node).await;
}
