//! `doorkey token`.

use crate::{
    authority::{Authority, SCOPE, type_code},
    browser::with_browser,
    process::Finished,
};
use serde_json::Value;
use std::process::Command;

fn token(authority: &Authority, output: &str) -> Finished {
    let doorkey = authority.doorkey(&["token", "--scope", SCOPE, "--output", output]);
    let finished = with_browser(doorkey, authority).run();
    finished.assert_status(0);
    finished
}

#[track_caller]
fn assert_token(text: &str) {
    let parts: Vec<&str> = text.split('.').collect();
    assert!(parts.len() == 3 && text.starts_with("eyJ"), "{text}");
    assert!(!text.contains(char::is_whitespace), "{text}");
}

#[test]
fn stdout_is_the_token_alone() {
    let authority = Authority::start();
    let doorkey = authority.doorkey(&["token", "--scope", SCOPE]);
    let finished = with_browser(doorkey, &authority).run();
    finished.assert_status(0);
    let token = finished.stdout.strip_suffix('\n').unwrap();
    assert_token(token);
    assert!(!finished.stderr.contains(token));
}

#[test]
fn json_has_these_members_and_no_others() {
    let authority = Authority::start();
    let finished = token(&authority, "json");
    let json: Value = serde_json::from_str(&finished.stdout).unwrap();
    let mut members: Vec<&String> = json.as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "accessToken",
            "expiresOn",
            "expires_on",
            "tenantId",
            "tokenType"
        ]
    );
    assert_token(json["accessToken"].as_str().unwrap());
    assert_eq!(json["tokenType"], "Bearer");
    assert_eq!(json["tenantId"], authority.text("tenant_id"));
    let expires_on = json["expiresOn"].as_str().unwrap();
    assert!(expires_on.ends_with('Z'), "{expires_on}");
    let expires_on = azure_core::time::parse_rfc3339(expires_on).unwrap();
    assert_eq!(json["expires_on"], expires_on.unix_timestamp());
    assert!(expires_on > azure_core::time::OffsetDateTime::now_utc());
}

#[test]
fn a_header_is_ready_for_curl() {
    let authority = Authority::start();
    let finished = token(&authority, "header");
    let line = finished.stdout.strip_suffix('\n').unwrap();
    assert_token(line.strip_prefix("Authorization: Bearer ").unwrap());
}

#[test]
fn a_shell_can_take_the_variables() {
    let authority = Authority::start();
    let finished = token(&authority, "env");
    let script = format!(
        "{}printf '%s %s' \"$AZURE_ACCESS_TOKEN\" \"$AZURE_ACCESS_TOKEN_EXPIRES_ON\"",
        finished.stdout
    );
    let output = Command::new("sh")
        .args(["-eu", "-c", &script])
        .output()
        .unwrap();
    let values = String::from_utf8(output.stdout).unwrap();
    let (token, expires_on) = values.split_once(' ').unwrap();
    assert_token(token);
    expires_on.parse::<u64>().unwrap();
}

#[test]
fn a_device_code_brings_a_token() {
    let authority = Authority::start();
    let mut running = authority
        .doorkey(&["token", "--scope", SCOPE, "--device-code"])
        .start();
    type_code(&authority, &mut running);
    let finished = running.wait();
    finished.assert_status(0);
    assert_token(finished.stdout.trim_end());
}

#[test]
fn a_guest_gets_the_token_of_the_tenant_that_was_asked_for() {
    let authority = Authority::start();
    let guest = &authority.ready["users"][4];
    assert!(guest["note"].as_str().unwrap().contains("guest"));
    let arguments = ["token", "--scope", SCOPE, "--output", "json"];
    let tenant = ["--tenant", authority.text("tenant_id")];
    let doorkey = authority.doorkey(&[&arguments[..], &tenant].concat());
    let finished = with_browser(doorkey, &authority)
        .env("TEST_USERNAME", guest["username"].as_str().unwrap())
        .env("TEST_PASSWORD", guest["password"].as_str().unwrap())
        .run();
    finished.assert_status(0);
    let json: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(json["tenantId"], authority.text("tenant_id"));
}
