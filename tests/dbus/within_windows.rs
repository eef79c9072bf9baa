//! Which broker is the system's, in a Linux that takes itself for WSL: its kernel's release is another
//! file, in a namespace of its own.

use crate::{
    command::built,
    dialects::{himmelblau, microsofts_2},
    scene::{Scene, ended},
    wsl::bridge,
};
use doorkey_tests::Session;
use serde_json::Value;
use std::{
    env, fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Command, Output},
};

/// A command of `linux`, with the folder of a `doorkey.exe` before its other programs.
fn within_windows(linux: &Scene, folder: &Path, command: &Command) -> Command {
    let release = linux.file("release");
    fs::write(&release, "5.15.167.4-microsoft-standard-WSL2\n").expect("a file");
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut unshare = linux.desktop.command("unshare");
    // The user stays the same, or the bus would take them for somebody else.
    let of_a_user = ["--map-current-user", "--keep-caps"];
    unshare.args(of_a_user.iter().filter(|_| !is_root));
    let script = r#"mount --bind "$0" /proc/sys/kernel/osrelease && exec "$@""#;
    unshare
        .args(["--mount", "sh", "-ec", script])
        .arg(release)
        .arg(command.get_program())
        .args(command.get_args());
    let mut search_path = vec![folder.to_owned()];
    search_path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    unshare
        .env("PATH", env::join_paths(search_path).expect("a path"))
        .env("WSL_INTEROP", "/run/WSL/1_interop");
    unshare
}

fn asked(linux: &Scene, folder: &Path, arguments: &[&str]) -> Output {
    let mut program = within_windows(linux, folder, &linux.program(arguments));
    program.output().expect("unshare starts")
}

fn folder(windows: &Scene) -> std::path::PathBuf {
    let program = bridge(windows);
    program.parent().expect("a folder").to_owned()
}

#[test]
fn windows_is_asked_before_linux() {
    let (windows, linux) = (microsofts_2(), himmelblau());
    let folder = folder(&windows);
    for arguments in [&["accounts"][..], &["interactive"]] {
        let (succeeded, text) = ended(&asked(&linux, &folder, arguments));
        assert!(succeeded, "{text}");
    }
    assert_eq!(
        windows.methods(),
        [
            "getAccounts",
            "getLinuxBrokerVersion",
            "acquireTokenInteractively"
        ]
    );
    assert!(linux.methods().is_empty(), "{:?}", linux.methods());
}

#[test]
fn linux_is_asked_where_windows_cannot_be_or_has_no_broker() {
    let broken = Scene::without_broker(Session::with_bus());
    for folder in [Path::new("/nowhere").to_owned(), folder(&broken)] {
        let linux = microsofts_2();
        let (succeeded, text) = ended(&asked(&linux, &folder, &["accounts"]));
        assert!(succeeded, "{text}");
        assert_eq!(linux.methods(), ["getAccounts"]);
    }
}

#[test]
fn where_neither_is_there_both_are_told() {
    let linux = Scene::without_broker(Session::without_bus());
    for arguments in [
        &["accounts"][..],
        &["silent", "x"],
        &["interactive"],
        &["sign-out", "x"],
    ] {
        let (succeeded, text) = ended(&asked(&linux, Path::new("/nowhere"), arguments));
        assert!(!succeeded, "{text}");
        assert!(text.starts_with("CredentialUnavailable: "), "{text}");
        assert!(text.contains("no D-Bus session"), "{text}");
        assert!(text.contains("no `doorkey.exe` in PATH"), "{text}");
    }
}

#[test]
fn the_command_signs_in_as_who_is_signed_in_to_windows() {
    let windows = microsofts_2();
    let linux = Scene::without_broker(Session::without_bus());
    let folder = folder(&windows);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(built());
        command.args(arguments);
        let mut command = within_windows(&linux, &folder, &command);
        let output = command
            .env("DOORKEY_ALLOW_UNENCRYPTED_STORAGE", "1")
            .env("BROWSER", "none")
            .output()
            .expect("unshare starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let scope = "https://management.azure.com/.default";
    let record = run(&["login", "--broker", "--scope", scope, "--output", "json"]);
    let record: Value = serde_json::from_str(&record).expect("a record");
    assert_eq!(record["username"], "ada@contoso.example");
    let silent = ["token", "--broker", "--silent", "--scope", scope];
    assert_eq!(run(&silent), "secret");
    assert!(run(&["accounts", "--broker"]).starts_with("ada@contoso.example"));
    assert!(run(&["logout", "--broker"]).starts_with("Signed out: ada@"));
    assert!(windows.methods().contains(&"removeAccount".to_owned()));
}
