//! The sign-in of the Azure CLI, made by the calls of msal that it makes.

use crate::{home, python, requests_of, text};
use doorkey_emulator::{Emulator, Endpoint};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

const SCOPE: &str = "https://management.core.windows.net//.default";

struct Az {
    emulator: Emulator,
    folder: PathBuf,
}

impl Az {
    async fn signed_in() -> (Self, String) {
        let emulator = Emulator::builder()
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await
            .expect("the emulator starts");
        let folder = home(&emulator).join(".azure");
        fs::create_dir_all(&folder).expect("a folder for az");
        let az = Self { emulator, folder };
        let output = run(az.python("login")).await;
        assert!(output.status.success(), "{}", text(&output));
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        az.emulator.clear_requests();
        (az, token)
    }

    fn python(&self, verb: &str) -> Command {
        let mut command = python(&self.emulator);
        command
            .args(["azure_cli.py", verb])
            .env("AZURE_CONFIG_DIR", &self.folder);
        command
    }

    /// A program of ours, which gets so many tokens, each with a credential of its own.
    fn ours(&self, scope: &str, count: u32) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_program"));
        command
            .args(["az-token", scope, &count.to_string()])
            .env_clear()
            .env("AZURE_CONFIG_DIR", &self.folder)
            .env("DOORKEY_CA_CERTIFICATE", self.emulator.ca_certificate());
        command
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let entries = fs::read_dir(&self.folder).expect("the folder is there");
        let mut files: Vec<_> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let modified = path.metadata().and_then(|metadata| metadata.modified());
                let bytes = fs::read(&path).expect("it can be read");
                (path, bytes, modified.expect("a time"))
            })
            .collect();
        files.sort();
        files
    }
}

async fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("nothing panics in there")
        .expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn az_signs_in_and_we_are_silent_and_write_nothing() {
    let (az, theirs) = Az::signed_in().await;
    let files = az.files();
    let output = run(az.ours(SCOPE, 1)).await;
    assert_eq!(text(&output).trim(), theirs);
    assert!(az.emulator.requests().is_empty());
    let output = run(az.ours("https://vault.azure.net/.default", 1)).await;
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(requests_of(&az.emulator, Endpoint::Token), 1);
    assert_eq!(az.files(), files);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_of_az_is_read_while_it_is_written() {
    let (az, theirs) = Az::signed_in().await;
    let mut writer = az
        .python("rewrite")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut said = BufReader::new(writer.stdout.take().expect("its stdout"));
    let mut line = String::new();
    said.read_line(&mut line).expect("it writes");
    let output = run(az.ours(SCOPE, 500)).await;
    drop(writer.stdin.take());
    line.clear();
    said.read_line(&mut line).expect("it says how often");
    assert!(writer.wait().expect("it ends").success());
    assert_eq!(text(&output).trim(), theirs);
    let written: u32 = line.trim().parse().expect("a number");
    assert!(written > 100, "{written} writes");
    assert!(az.emulator.requests().is_empty());
}
