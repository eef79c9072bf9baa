//! Several programs, a caller who leaves, a broker that is restarted.

use crate::{
    dialects::{home, microsofts_2},
    scene::ended,
};
use serde_json::{Value, json};
use std::{collections::HashSet, process::Stdio, thread};

#[test]
fn a_caller_who_leaves_closes_the_window() {
    let scene = microsofts_2();
    let script = json!({ "waits_for": "left", "reply": { "error": "UserCanceled" } });
    scene.script("acquireTokenInteractively", &script);
    let mut program = scene.program(&["interactive"]);
    program
        .env("METHOD", "acquireTokenInteractively")
        .env("THEN", "leave")
        .env("LEFT", scene.file("left"));
    let (_, text) = ended(&program.output().expect("it starts"));
    assert_eq!(text, "Declined: left");
    let calls = scene.calls();
    let [.., asked, cancelled] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(asked["method"], "acquireTokenInteractively");
    assert_eq!(cancelled["method"], "cancelInteractiveFlow");
    assert_eq!(cancelled["correlationId"], asked["correlationId"]);
    assert_eq!(cancelled["message"]["clientId"], "client");
}

#[test]
fn what_is_over_is_not_cancelled() {
    let scene = microsofts_2();
    scene.ask(&["interactive"]);
    scene.reply(
        "acquireTokenInteractively",
        &json!({ "error": "UserCanceled" }),
    );
    scene.fail(&["interactive"]);
    assert!(
        !scene
            .methods()
            .contains(&"cancelInteractiveFlow".to_owned())
    );
}

#[test]
fn programs_that_ask_at_once_are_all_answered() {
    let scene = microsofts_2();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(scene.ask(&["silent", &home()])["token"], "secret"));
        }
    });
    let calls = scene.calls();
    assert_eq!(calls.len(), 12);
    let ids: HashSet<_> = calls
        .iter()
        .filter_map(|call| call["correlationId"].as_str())
        .collect();
    assert_eq!(ids.len(), 6, "each has its own");
}

#[test]
fn one_program_waits_for_a_person_and_another_for_its_turn() {
    let scene = microsofts_2();
    let script = json!({ "waits_for": "signed-in", "reply": { "error": "UserCanceled" } });
    scene.script("acquireTokenInteractively", &script);
    let start = |arguments: &[&str]| {
        let mut program = scene.program(arguments);
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        program.spawn().expect("it starts")
    };
    let first = start(&["interactive"]);
    scene.wait_for_call("acquireTokenInteractively");
    let second = start(&["accounts"]);
    scene.make("signed-in");
    let (succeeded, text) = ended(&first.wait_with_output().expect("it ends"));
    assert!(!succeeded && text.starts_with("Declined"), "{text}");
    let (succeeded, text) = ended(&second.wait_with_output().expect("it ends"));
    assert!(succeeded, "{text}");
}

#[test]
fn a_broker_that_was_restarted_is_found_again() {
    let mut scene = microsofts_2();
    let mut program = scene.program(&["versions"]);
    program.env("AGAIN", scene.file("again"));
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = program.spawn().expect("it starts");
    scene.wait_for_call("getLinuxBrokerVersion");
    scene.stop_broker();
    scene.reply(
        "getLinuxBrokerVersion",
        &json!({ "linuxBrokerVersion": "3.0.1" }),
    );
    scene.start_broker();
    scene.make("again");
    let (succeeded, text) = ended(&program.wait_with_output().expect("it ends"));
    assert!(succeeded, "{text}");
    let versions: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(versions, json!(["2.0.1", "3.0.1"]));
}
