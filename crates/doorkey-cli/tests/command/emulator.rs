//! `doorkey emulator`.

use crate::process::Doorkey;
use serde_json::Value;
use std::{fs, net::TcpListener};

#[test]
fn is_ready_with_one_line_and_ends_well_when_interrupted() {
    for signal in ["INT", "TERM"] {
        let mut running = Doorkey::new(["emulator"]).start();
        let line = running.result();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let mut members: Vec<&String> = ready.as_object().unwrap().keys().collect();
        members.sort_unstable();
        assert_eq!(
            members,
            [
                "authority",
                "ca_certificate",
                "client_id",
                "tenant_id",
                "users"
            ]
        );
        let authority = ready["authority"].as_str().unwrap();
        assert!(authority.starts_with("https://localhost:"), "{authority}");
        assert_eq!(ready["client_id"], "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
        let pem = fs::read_to_string(ready["ca_certificate"].as_str().unwrap()).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
        let users = ready["users"].as_array().unwrap();
        assert_eq!(users[0]["note"], "just signs in");
        for member in ["username", "password", "note"] {
            assert!(
                users.iter().all(|user| user[member].is_string()),
                "{member}"
            );
        }
        running.signal(signal);
        let finished = running.wait();
        finished.assert_status(0);
        assert_eq!(finished.stdout, format!("{line}\n"), "{signal}");
    }
}

#[test]
fn its_certificate_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let certificates: Vec<String> = (0..2)
        .map(|_| {
            let mut running =
                Doorkey::new(["emulator", "--state", state.to_str().unwrap()]).start();
            let ready: Value = serde_json::from_str(&running.result()).unwrap();
            let file = ready["ca_certificate"].as_str().unwrap();
            assert!(file.starts_with(state.to_str().unwrap()), "{file}");
            fs::read_to_string(file).unwrap()
        })
        .collect();
    assert_eq!(certificates[0], certificates[1]);
}

#[test]
fn its_state_is_where_the_system_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let doorkey = Doorkey::new(["emulator"]);
    let default = doorkey.home().join(".local/state/doorkey/emulator");
    for (doorkey, expected) in [
        (doorkey, default),
        (
            Doorkey::new(["emulator"]).env("XDG_STATE_HOME", folder.path()),
            folder.path().join("doorkey/emulator"),
        ),
    ] {
        let mut running = doorkey.start();
        let ready: Value = serde_json::from_str(&running.result()).unwrap();
        let file = ready["ca_certificate"].as_str().unwrap();
        if cfg!(target_os = "linux") {
            assert!(file.starts_with(expected.to_str().unwrap()), "{file}");
        }
    }
}

#[test]
fn its_people_can_be_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.toml");
    let printed = Doorkey::new(["emulator", "--print-config"]).run();
    printed.assert_status(0);
    let text = printed
        .stdout
        .replace("adele@contoso.example", "robin@contoso.example");
    fs::write(&file, text).unwrap();
    let mut running = Doorkey::new(["emulator", "--config", file.to_str().unwrap()]).start();
    let ready: Value = serde_json::from_str(&running.result()).unwrap();
    assert_eq!(ready["users"][0]["username"], "robin@contoso.example");
}

#[test]
fn what_cannot_be_served_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.toml");
    fs::write(&bad, "people = 7").unwrap();
    let bad = bad.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, status, named) in [
        (
            ["--config", "/nowhere/people.toml"],
            2,
            "/nowhere/people.toml",
        ),
        (["--config", bad], 2, bad),
        (["--listen", "192.0.2.1:0"], 2, "192.0.2.1"),
        (["--listen", &taken], 4, &taken),
        (["--state", "/dev/null/state"], 4, "/dev/null/state"),
    ] {
        let arguments = ["emulator"].into_iter().chain(arguments);
        Doorkey::new(arguments)
            .run()
            .assert_refused(status, &[named]);
    }
}
