//! `doorkey.exe broker-request` as WSL starts it, on a Windows that may have no Web Account Manager, as
//! Wine has none.

#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

use serde_json::{Value, json};
use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

fn start() -> Child {
    Command::new(env!("CARGO_BIN_EXE_doorkey"))
        .arg("broker-request")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn answer(request: &str) -> Value {
    let mut doorkey = start();
    let mut stdin = doorkey.stdin.take().unwrap();
    stdin.write_all(request.as_bytes()).unwrap();
    drop(stdin);
    let output = doorkey.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.starts_with(b" "), "{output:?}");
    assert_eq!(output.stderr, b"");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn windows_answers_and_where_it_has_no_broker_it_says_so() {
    let question = |operation: &str| {
        json!({
            "version": 1,
            "operation": operation,
            "application": {
                "clientId": "client",
                "authority": "https://login.microsoftonline.com/organizations",
                "correlationId": "01234567-89ab-cdef-0123-456789abcdef",
            },
            "account": { "homeAccountId": "object.tenant" },
            "scopes": ["scope"],
        })
        .to_string()
    };
    let first = answer(&question("accounts"));
    assert_eq!(first["version"], 1);
    if first["accounts"].is_array() {
        // Windows has one, and what it answers is not for a test to say.
        return;
    }
    for operation in [
        "accounts",
        "acquireSilently",
        "acquireInteractively",
        "signOut",
    ] {
        let error = &answer(&question(operation))["error"];
        assert_eq!(
            error["kind"], "CredentialUnavailable",
            "{operation}: {error}"
        );
    }
    let error = &answer("\u{feff}nonsense\r\n")["error"];
    assert_eq!(error["kind"], "Protocol", "{error}");
}

#[test]
fn windows_ends_where_whoever_asked_has_left() {
    let mut doorkey = start();
    // It still waits for the request.
    let _stdin = doorkey.stdin.take();
    drop(doorkey.stdout.take());
    for _ in 0..2_000 {
        if doorkey.try_wait().unwrap().is_some() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    doorkey.kill().unwrap();
    panic!("it still runs");
}
