//! `doorkey … --broker` with a broker.

use crate::{
    dialects::{himmelblau, home, microsofts_2},
    scene::Scene,
};
use serde_json::{Value, json};
use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

const SCOPE: &str = "https://management.azure.com/.default";

struct Finished {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command: Command = scene.desktop.command(built());
    command
        .args(arguments)
        // There is no keyring on this bus.
        .env("DOORKEY_ALLOW_UNENCRYPTED_STORAGE", "1")
        .env("BROWSER", "none");
    command
}

fn doorkey(scene: &Scene, arguments: &[&str]) -> Finished {
    let output = command(scene, arguments)
        .output()
        .expect("it starts: `cargo xtask test dbus` builds it");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    Finished {
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Cargo puts it beside the folder of the tests.
pub(crate) fn built() -> PathBuf {
    let test = env::current_exe().expect("our own path");
    let folder = test.ancestors().nth(2).expect("a folder");
    folder.join("doorkey")
}

#[track_caller]
fn done(scene: &Scene, arguments: &[&str]) -> String {
    let finished = doorkey(scene, arguments);
    assert_eq!(
        finished.status,
        Some(0),
        "{arguments:?}: {}",
        finished.stderr
    );
    finished.stdout
}

#[test]
fn a_person_of_the_machine_signs_in_is_silent_and_leaves() {
    let scene = microsofts_2();
    let who = "ada@contoso.example";
    assert_eq!(done(&scene, &["accounts"]), "", "nobody signed in here");
    assert!(done(&scene, &["accounts", "--broker"]).starts_with(who));

    let record = done(
        &scene,
        &["login", "--broker", "--scope", SCOPE, "--output", "json"],
    );
    let record: Value = serde_json::from_str(&record).expect("a record");
    assert_eq!(record["username"], who);
    assert_eq!(record["homeAccountId"], home());
    assert!(done(&scene, &["accounts"]).starts_with(who));

    let asked_before = scene.calls().len();
    let token = ["token", "--silent", "--scope", SCOPE];
    assert_eq!(
        done(&scene, &[&token[..], &["--broker"]].concat()),
        "secret"
    );
    let calls = scene.methods();
    assert!(
        calls[asked_before..]
            .iter()
            .all(|call| call != "acquireTokenInteractively"),
        "{calls:?}"
    );

    assert!(done(&scene, &["logout", "--broker"]).starts_with("Signed out: ada@"));
    assert!(scene.methods().contains(&"removeAccount".to_owned()));
    assert_eq!(done(&scene, &["accounts"]), "");
}

#[test]
fn who_is_named_and_known_to_the_broker_alone_is_silent_at_once() {
    let scene = microsofts_2();
    let token = ["token", "--silent", "--broker", "--scope", SCOPE];
    let named = |who| [&token[..], &["--account", who]].concat();
    let nobody = doorkey(&scene, &token);
    assert_eq!(
        nobody.status,
        Some(3),
        "nobody was named: {}",
        nobody.stderr
    );
    assert_eq!(
        doorkey(&scene, &named("bob@contoso.example")).status,
        Some(3)
    );
    assert_eq!(done(&scene, &named("ada@contoso.example")), "secret");
    assert_eq!(done(&scene, &named(&home())), "secret");
    assert!(
        !scene
            .methods()
            .contains(&"acquireTokenInteractively".to_owned())
    );
}

#[test]
fn a_broker_that_binds_nothing_is_told_in_words_of_the_command_line() {
    let scene = himmelblau();
    let bound = [
        "--pop-method",
        "GET",
        "--pop-url",
        "https://graph.example/me",
        "--pop-nonce",
        "n",
    ];
    let token = [
        "token",
        "--broker",
        "--account",
        "ada@contoso.example",
        "--scope",
        SCOPE,
    ];
    let finished = doorkey(&scene, &[&token[..], &bound].concat());
    assert_eq!(finished.status, Some(2), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("leave out --broker or --pop-"),
        "{}",
        finished.stderr
    );
}

#[test]
fn who_says_no_in_the_window_is_not_asked_another_way() {
    let scene = microsofts_2();
    scene.reply(
        "acquireTokenInteractively",
        &json!({ "error": "UserCanceled" }),
    );
    let finished = doorkey(
        &scene,
        &["login", "--broker", "--device-code", "--scope", SCOPE],
    );
    assert_eq!(finished.status, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("was cancelled"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains("instead"), "{}", finished.stderr);
}

/// The machine's session of the person has ended, and himmelblau can ask them anew.
#[test]
fn who_can_be_asked_is_where_the_broker_failed_in_silence() {
    let scene = himmelblau();
    done(&scene, &["login", "--broker", "--scope", SCOPE]);
    let error = json!({ "context": "Failed to authenticate user", "status": 0, "subStatus": 0 });
    let failed = json!({ "brokerTokenResponse": { "error": error } });
    scene.reply("acquireTokenSilently", &failed);
    let other = "https://vault.azure.net/.default";
    let token = done(&scene, &["token", "--broker", "--scope", other]);
    assert_eq!(token, "secret");
    let asked = scene.calls().pop().expect("a call");
    assert_eq!(asked["method"], "acquireTokenInteractively");
    assert_eq!(
        asked["message"]["account"]["username"],
        "ada@contoso.example"
    );
    let token = [
        "token",
        "--silent",
        "--broker",
        "--scope",
        "https://graph.microsoft.com/.default",
    ];
    assert_eq!(doorkey(&scene, &token).status, Some(3));
}

/// With all that other crates log, the bus' among them.
#[test]
fn the_log_has_the_flow_and_neither_token_nor_nonce_nor_person() {
    const TOKEN: &str = "aGVhZA.dGhlLXRva2Vu.c2ln";
    let scene = microsofts_2();
    for method in ["acquireTokenInteractively", "acquireTokenSilently"] {
        let mut reply = scene.read(method);
        reply["reply"]["brokerTokenResponse"]["accessToken"] = json!(TOKEN);
        scene.script(method, &reply);
    }
    let other = "https://vault.azure.net/.default";
    let bound = [
        "--pop-method",
        "GET",
        "--pop-url",
        "https://graph.example/me",
        "--pop-nonce",
        "the-nonce",
    ];
    for (arguments, flow) in [
        (vec!["login", "--broker", "--scope", SCOPE], "broker"),
        (
            vec!["token", "--silent", "--broker", "--scope", other],
            "broker_silent",
        ),
        (
            [&["token", "--broker", "--scope", SCOPE], &bound[..]].concat(),
            "broker_silent",
        ),
    ] {
        let output = command(&scene, &arguments)
            .env("RUST_LOG", "trace")
            .output();
        let output = output.expect("it starts");
        let log = String::from_utf8_lossy(&output.stderr);
        let log: Vec<_> = log
            .lines()
            .filter(|line| !line.starts_with("doorkey: error:"))
            .collect();
        let log = log.join("\n");
        assert!(log.contains(&format!("flow=\"{flow}\"")), "{log}");
        for hidden in [TOKEN, "the-nonce", "ada@contoso.example", &home()] {
            assert!(!log.contains(hidden), "{arguments:?}: {hidden}: {log}");
        }
    }
}

/// The process ends at once, and nothing of it is left that could tell the broker later.
#[test]
fn who_interrupts_it_has_the_window_closed() {
    let scene = microsofts_2();
    let script = json!({ "waits_for": "left", "reply": { "error": "UserCanceled" } });
    scene.script("acquireTokenInteractively", &script);
    let mut login = command(&scene, &["login", "--broker", "--scope", SCOPE]);
    let login = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let login = login.expect("it starts");
    scene.wait_for_call("acquireTokenInteractively");
    let id = login.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &id]).status();
    assert!(interrupted.expect("kill").success());
    let output = login.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    scene.make("left");
    scene.wait_for_call("cancelInteractiveFlow");
}

#[test]
fn each_who_can_leave_does_whoever_stays() {
    let scene = microsofts_2();
    let account = |object: &str, username: &str| json!({ "homeAccountId": format!("{object}.t"), "realm": "t", "username": username });
    let people =
        json!({ "accounts": [account("a", "ada"), account("b", "bob"), account("c", "cy")] });
    scene.reply("getAccounts", &people);
    let stays = json!({ "reply": { "error": { "status": "Unexpected" } } });
    let leaves = json!({ "reply": {} });
    scene.script("removeAccount", &json!([stays, leaves, leaves]));
    let finished = doorkey(&scene, &["logout", "--broker", "--all"]);
    assert_eq!(finished.status, Some(1), "{}", finished.stderr);
    assert_eq!(
        finished.stdout,
        "Signed out: bob (tenant t).\nSigned out: cy (tenant t)."
    );
    assert!(
        finished.stderr.contains("ada stays signed in"),
        "{}",
        finished.stderr
    );
}

#[test]
fn whom_the_broker_does_not_forget_is_not_said_to_be_signed_out() {
    let scene = himmelblau();
    done(&scene, &["login", "--broker", "--scope", SCOPE]);
    let finished = doorkey(&scene, &["logout", "--broker"]);
    assert_eq!(finished.status, Some(1), "{}", finished.stderr);
    assert_eq!(finished.stdout, "");
    assert!(
        finished.stderr.contains("stays signed in"),
        "{}",
        finished.stderr
    );
    // Here they are, all the same.
    assert_eq!(done(&scene, &["accounts"]), "");
}
