//! `broker-request` on a machine without a broker; with one: `tests/dbus`.

use crate::process::{Doorkey, Finished};
use serde_json::{Value, json};
use std::{fs, io};

fn request() -> Value {
    json!({
        "version": 1,
        "operation": "acquireSilently",
        "application": {
            "clientId": "client",
            "authority": "https://login.microsoftonline.com/organizations",
            "correlationId": "01234567-89ab-cdef-0123-456789abcdef",
        },
        "account": { "homeAccountId": "object.tenant", "username": "ada@contoso.example" },
        "scopes": ["https://graph.microsoft.com/.default"],
        "claims": "{\"access_token\":{}}",
    })
}

fn doorkey(request: &str, arguments: &[&str]) -> Finished {
    let doorkey = Doorkey::new([&["broker-request"], arguments].concat());
    let file = doorkey.home().join("request");
    fs::write(&file, request).unwrap();
    doorkey.stdin_from(&file).run()
}

/// The error in the one JSON that is the answer.
fn refused(request: &str) -> (String, String) {
    let finished = doorkey(request, &[]);
    finished.assert_status(0);
    assert_eq!(finished.stderr, "");
    let answer: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(answer["version"], 1);
    let text = |member: &str| answer["error"][member].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}

#[test]
fn an_error_is_an_answer_too() {
    let later = request()
        .to_string()
        .replace("\"version\":1", "\"version\":2");
    for (request, kind, words) in [
        (request().to_string(), "CredentialUnavailable", ""),
        (
            format!("\u{feff}{}\r\n", request()),
            "CredentialUnavailable",
            "",
        ),
        (later, "CredentialUnavailable", "update the `doorkey`"),
        (String::new(), "Protocol", "is empty"),
        ("nonsense".into(), "Protocol", "not one JSON object"),
        (
            format!("{}{}", request(), request()),
            "Protocol",
            "not one JSON object alone",
        ),
        (
            "{\"version\":1}".into(),
            "Protocol",
            "no member `operation`",
        ),
        (" ".repeat(3 << 20), "Protocol", "longer than"),
    ] {
        let (told, message) = refused(&request);
        assert_eq!(told, kind, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn it_says_nothing_of_a_request_to_people() {
    let finished = doorkey(&request().to_string(), &["-vv"]);
    finished.assert_status(0);
    for words in ["object.tenant", "ada@", "access_token"] {
        assert!(!finished.stderr.contains(words), "{finished:#?}");
        assert!(!finished.stdout.contains(words), "{finished:#?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_at_a_terminal_is_told_that_it_is_not_for_them() {
    // Which gives its child a terminal of its own.
    let terminal = r#"script --quiet --return --command "$0 $1" /dev/null"#;
    let finished = Doorkey::new(["broker-request"]).run_by("sh", &["-c", terminal]);
    finished.assert_status(2);
    let told = finished.stdout;
    assert!(told.contains("broker-request is for programs"), "{told}");
}

#[test]
fn one_whose_asker_has_left_ends_while_it_still_reads() {
    let (unread, asker) = io::pipe().unwrap();
    let (reader, answer) = io::pipe().unwrap();
    drop(reader);
    let doorkey = Doorkey::new(["broker-request"]).stdin(unread);
    let finished = doorkey.run_into(answer);
    finished.assert_status(0);
    assert_eq!(finished.stderr, "");
    drop(asker);
}

#[test]
fn it_is_not_in_the_help() {
    let help = Doorkey::new(["--help"]).run();
    assert!(!help.stdout.contains("broker-request"), "{help:#?}");
}
