//! The library's examples, run as they are: with the real names of the services, on the tests'
//! internet.

use crate::{azurite::ACCOUNT, net::Net, people};
use doorkey_emulator::{Endpoint, User};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::Command;

struct Scene {
    net: Net,
    home: TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self::on(Net::start(false).await)
    }

    fn on(net: Net) -> Self {
        let home = tempfile::tempdir().expect("a home");
        let browser = home.path().join("browser");
        // Leaves the page to the test, which plays the person.
        let script = format!(
            "#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n",
            home.path().join("url").display()
        );
        fs::write(&browser, script).expect("a browser");
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("a program");
        Self { net, home }
    }

    fn user(&self) -> &User {
        &self.net.emulator().users()[0]
    }

    /// What an example says, while somebody signs in where it asks for that.
    async fn run(&self, name: &str, arguments: &[&str]) -> String {
        self.run_by(name, arguments, self.user()).await
    }

    async fn run_by(&self, name: &str, arguments: &[&str], user: &User) -> String {
        let running = self.command(name, arguments).output();
        let output: Output = tokio::select! {
            output = running => output.expect("it runs"),
            never = self.signs_in(user) => never,
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}{complaint}");
        said
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(example(name));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("BROWSER", self.home.path().join("browser"))
            .env("HTTPS_PROXY", self.net.proxy())
            .env("SSL_CERT_FILE", self.net.ca_file())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Watches the browser, and signs in on each page that opens.
    async fn signs_in<T>(&self, user: &User) -> T {
        let opened = self.home.path().join("url");
        loop {
            if let Ok(url) = fs::read_to_string(&opened) {
                fs::remove_file(&opened).expect("it was there");
                people::sign_in(&self.net, &url, user).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Cargo puts examples beside the folder of the tests.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("our own path");
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("a folder");
    folder.join("examples").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn blob_storage() {
    let scene = Scene::on(Net::with_azurite().await);
    assert_eq!(
        scene.run("blob_storage", &[ACCOUNT]).await,
        "Hello from Rust\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn key_vault_secret() {
    let scene = Scene::new().await;
    let said = scene
        .run("key_vault_secret", &["a-vault", "a-secret"])
        .await;
    assert_eq!(said, "a-secret has 16 characters\n");
    let seen = scene.net.seen();
    assert_eq!(seen[0].token, "", "the vault says first what it wants");
    assert_eq!(seen[0].host, "a-vault.vault.azure.net");
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_requests() {
    let scene = Scene::new().await;
    let url = "https://graph.microsoft.com/resource/me";
    let scope = "https://graph.microsoft.com/.default";
    let said = scene.run("bound_requests", &[url, scope]).await;
    assert_eq!(said, "the first request: 200\nthe second request: 200\n");
    let requests = scene.net.emulator().requests();
    let of_resource = requests
        .iter()
        .filter(|request| request.endpoint == Some(Endpoint::Resource));
    assert_eq!(
        of_resource.count(),
        3,
        "the first one was refused, to learn a nonce"
    );
}

/// Nobody sits at the browser: one account is managed, the other's organization checks passwords itself.
#[tokio::test(flavor = "multi_thread")]
async fn username_password() {
    for name in ["adele", "avery"] {
        let scene = Scene::new().await;
        let emulator = scene.net.emulator();
        let mut users = emulator.users().iter();
        let user = users
            .find(|user| user.username.starts_with(name))
            .expect("a person");
        let output = scene
            .command("username_password", &["a-vault", "a-secret"])
            .env("TEST_TENANT_ID", emulator.tenant_id())
            .env("TEST_CLIENT_ID", emulator.client_id())
            .env("TEST_USERNAME", &user.username)
            .env("TEST_PASSWORD", &user.password)
            .output()
            .await
            .expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "a-secret has 16 characters\n", "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_me() {
    let scene = Scene::new().await;
    let said = scene.run("graph_me", &[]).await;
    let username = &scene.user().username;
    assert!(said.ends_with(&format!("<\"{username}\">\n")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn device_code_prompt() {
    let scene = Scene::new().await;
    let mut running = scene
        .command("device_code_prompt", &[])
        .spawn()
        .expect("it runs");
    let stdout = running.stdout.take().expect("its stdout");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    let mut next = async || lines.next_line().await.expect("a text").expect("a line");
    let page = next().await;
    assert!(page.starts_with("On your phone, open https://"), "{page}");
    let code = next().await;
    let code = code.strip_prefix("and type ").expect("the code");
    people::type_code(&scene.net, code, scene.user());
    assert!(next().await.starts_with("signed in until 20"));
    assert!(running.wait().await.expect("it ends").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant() {
    let scene = Scene::new().await;
    let users = scene.net.emulator().users();
    let guest = users
        .iter()
        .find(|user| !user.guest_in.is_empty())
        .expect("a guest");
    let (home, away) = (&guest.tenant_id, &guest.guest_in[0].tenant_id);
    let said = scene.run_by("one_tenant", &[home, away], guest).await;
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with(&format!("{home}: until 20")), "{said}");
    assert!(lines[1].starts_with(&format!("{away}: until 20")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_first() {
    let scene = Scene::new().await;
    let said = scene.run("silent_first", &[]).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "a sign-in is needed, and your browser opens");
    assert_eq!(lines[1], format!("signed in as {}", scene.user().username));
    assert!(lines[2].starts_with("the token is good until 20"), "{said}");
}

/// One home, from the first sign-in on.
#[tokio::test(flavor = "multi_thread")]
async fn record_in_a_file_and_chain_then_browser_and_resource_groups() {
    let scene = Scene::new().await;
    let said = scene.run("chain_then_browser", &["--interactive"]).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "nobody is signed in, and your browser opens");
    let refused = scene
        .command("chain_then_browser", &[])
        .output()
        .await
        .expect("it runs");
    assert!(!refused.status.success());
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert!(complaint.contains("EnvironmentCredential"), "{complaint}");

    let record = scene.home.path().join("record.json");
    let record = record.to_str().expect("a path");
    let said = scene.run("record_in_a_file", &[record]).await;
    let username = &scene.user().username;
    assert!(
        said.starts_with(&format!("signed in as {username}\n")),
        "{said}"
    );
    scene.net.emulator().clear_requests();
    let said = scene.run("record_in_a_file", &[record]).await;
    assert!(said.starts_with("the token is good until 20"), "{said}");
    assert!(
        scene.net.emulator().requests().is_empty(),
        "nothing is asked"
    );

    // From now on somebody is signed in, for every program that shares the cache.
    let said = scene.run("chain_then_browser", &[]).await;
    assert!(said.starts_with("the token is good until 20"), "{said}");
    let said = scene.run("resource_groups", &["a-subscription"]).await;
    assert_eq!(said, "one (westeurope)\ntwo (northeurope)\n");
}
