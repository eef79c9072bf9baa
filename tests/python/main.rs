//! Python's libraries, unchanged, sign in against the emulator.
//!
//! They check neither issuer nor audience of what they get, so PyJWT does it for them.

mod azure_cli;
mod possession;
mod sharing;

use doorkey_emulator::{Emulator, Endpoint};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn azure_identity() {
    let emulator = run("test_azure_identity").await;
    let tokens = requests_of(&emulator, Endpoint::Token);
    assert!(tokens > 0);
    // Its instance discovery was turned off, as a local authority has to be trusted by hand.
    assert_eq!(requests_of(&emulator, Endpoint::InstanceDiscovery), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn msal() {
    let emulator = run("test_msal").await;
    for request in emulator.requests() {
        if request.endpoint == Some(Endpoint::Token) {
            assert_eq!(
                request.header("x-client-sku"),
                Some("MSAL.Python"),
                "{request:?}"
            );
        }
    }
}

fn requests_of(emulator: &Emulator, endpoint: Endpoint) -> usize {
    emulator
        .requests()
        .iter()
        .filter(|request| request.endpoint == Some(endpoint))
        .count()
}

/// Runs one module of tests against a new emulator.
async fn run(module: &'static str) -> Emulator {
    let emulator = Emulator::builder()
        .device_code_interval(Duration::from_secs(1))
        .start()
        .await
        .expect("the emulator starts");
    let mut command = python(&emulator);
    command.args(["-m", "unittest", "--verbose", module]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("nothing panics in there")
        .expect("Python starts");
    assert!(output.status.success(), "{}", text(&output));
    emulator
}

fn python(emulator: &Emulator) -> Command {
    let interpreter = env::var_os("DOORKEY_PYTHON")
        .expect("DOORKEY_PYTHON is not set: run `cargo xtask test python`, which provides it");
    let users: Vec<_> = emulator
        .users()
        .iter()
        .map(|user| {
            serde_json::json!({
                "username": user.username,
                "password": user.password,
                "mfa_code": user.mfa_code,
                "tenant_id": user.tenant_id,
                "object_id": user.object_id,
            })
        })
        .collect();
    let mut command = Command::new(interpreter);
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
        // Nothing of this machine's: no proxy, no sign-in, no trust but in the emulator.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home(emulator))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("REQUESTS_CA_BUNDLE", emulator.ca_certificate())
        .env("DOORKEY_CA_CERTIFICATE", emulator.ca_certificate())
        .env("DOORKEY_AUTHORITY", emulator.authority())
        .env("DOORKEY_TENANT_ID", emulator.tenant_id())
        .env("DOORKEY_CLIENT_ID", emulator.client_id())
        .env("DOORKEY_USERS", serde_json::Value::from(users).to_string());
    command
}

/// A home of its own, in the emulator's folder, which goes with it.
fn home(emulator: &Emulator) -> PathBuf {
    let home = emulator.ca_certificate().with_file_name("home");
    fs::create_dir_all(&home).expect("a folder for the home");
    home
}

fn text(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
