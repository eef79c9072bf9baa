//! One sign-in in the keyring, for Python's azure-identity and for us.

use crate::session::Session;
use doorkey_emulator::{DeviceDecision, Emulator, Endpoint};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const SCOPE: &str = "https://management.azure.com/.default";
const OTHER_SCOPE: &str = "https://vault.azure.net/.default";

struct Scene {
    session: Session,
    emulator: Emulator,
}

impl Scene {
    async fn new() -> Self {
        let emulator = Emulator::builder()
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await
            .expect("the emulator starts");
        let session = Session::unlocked();
        Self { session, emulator }
    }

    fn ours(&self, arguments: &[&str]) -> Command {
        let mut command = self.session.program_command();
        command.args(arguments);
        self.with_authority(command)
    }

    fn python(&self, arguments: &[&str]) -> Command {
        let interpreter = env::var_os("DOORKEY_PYTHON_WITH_SECRET_SERVICE")
            .expect("run `cargo xtask test keyring`, which provides a Python");
        let user = &self.emulator.users()[0];
        let users = serde_json::json!([{
            "username": user.username, "password": user.password, "mfa_code": user.mfa_code,
        }]);
        let mut command = self.session.command(interpreter);
        command
            .arg("peer.py")
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("REQUESTS_CA_BUNDLE", self.emulator.ca_certificate())
            .env("DOORKEY_TENANT_ID", self.emulator.tenant_id())
            .env("DOORKEY_CLIENT_ID", self.emulator.client_id())
            .env("DOORKEY_USERS", users.to_string());
        self.with_authority(command)
    }

    fn with_authority(&self, mut command: Command) -> Command {
        command
            .stdin(Stdio::null())
            .env("DOORKEY_AUTHORITY", self.emulator.authority())
            .env("DOORKEY_CA_CERTIFICATE", self.emulator.ca_certificate());
        command
    }

    async fn run(&self, mut command: Command) -> String {
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("nothing panics").expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{errors}");
        text
    }

    async fn we_sign_in(&self) -> String {
        let file = self.session.home().join("user-code");
        let program = self.ours(&["sign-in", SCOPE, &file.display().to_string()]);
        let person = async {
            for _ in 0..600 {
                if let Ok(code) = fs::read_to_string(&file)
                    && !code.is_empty()
                {
                    let username = self.emulator.users()[0].username.clone();
                    let decision = DeviceDecision::Approve { username };
                    return self.emulator.decide_device_code(&code, decision);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("no code was shown");
        };
        let (record, decided) = tokio::join!(self.run(program), person);
        decided.expect("the code is known");
        record
    }

    fn redeemed(&self) -> usize {
        let requests = self.emulator.requests();
        let is_token = |endpoint| endpoint == Some(Endpoint::Token);
        requests
            .iter()
            .filter(|request| is_token(request.endpoint))
            .count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_signs_in_and_we_are_silent() {
    let scene = Scene::new().await;
    let record = scene.run(scene.python(&["sign-in", SCOPE])).await;
    assert!(
        fs::read(scene.session.signal_file())
            .expect("a signal")
            .is_empty(),
        "in the keyring"
    );
    scene.emulator.clear_requests();
    scene.run(scene.ours(&["token", SCOPE, &record])).await;
    assert_eq!(scene.redeemed(), 0, "by the cached token");
    let ours = scene
        .run(scene.ours(&["token", OTHER_SCOPE, &record]))
        .await;
    assert_eq!(scene.redeemed(), 1, "by the refresh token");
    let theirs = scene
        .run(scene.python(&["token", OTHER_SCOPE, &record]))
        .await;
    assert_eq!(ours, theirs);
    assert_eq!(scene.redeemed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn we_sign_in_and_python_is_silent() {
    let scene = Scene::new().await;
    let record = scene.we_sign_in().await;
    scene.emulator.clear_requests();
    scene.run(scene.python(&["token", SCOPE, &record])).await;
    assert_eq!(scene.redeemed(), 0, "by the cached token");
    let theirs = scene
        .run(scene.python(&["token", OTHER_SCOPE, &record]))
        .await;
    assert_eq!(scene.redeemed(), 1, "by the refresh token");
    let ours = scene
        .run(scene.ours(&["token", OTHER_SCOPE, &record]))
        .await;
    assert_eq!(ours, theirs);
    assert_eq!(scene.redeemed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_renew_in_turns() {
    let scene = Scene::new().await;
    let record = scene.we_sign_in().await;
    scene.emulator.clear_requests();
    let scopes = [
        OTHER_SCOPE,
        "https://storage.azure.com/.default",
        "https://graph.microsoft.com/User.Read",
        "https://database.windows.net/.default",
    ];
    for (turn, scope) in scopes.iter().enumerate() {
        let arguments = ["token", scope, &record];
        let (first, second) = if turn % 2 == 0 {
            (scene.python(&arguments), scene.ours(&arguments))
        } else {
            (scene.ours(&arguments), scene.python(&arguments))
        };
        let renewed = scene.run(first).await;
        assert_eq!(scene.redeemed(), turn + 1, "by the other's refresh token");
        assert_eq!(scene.run(second).await, renewed);
        assert_eq!(scene.redeemed(), turn + 1);
    }
}
