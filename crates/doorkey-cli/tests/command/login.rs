//! `doorkey login`.

use crate::{
    authority::{Authority, SCOPE, type_code, wait},
    browser::with_browser,
};
use serde_json::Value;
use std::{net::TcpListener, process::Stdio};

/// The port of the `redirect_uri` in the address of a sign-in page.
fn redirect_port(url: &str) -> u16 {
    let url = url::Url::parse(url).unwrap();
    let (_, uri) = url
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    url::Url::parse(&uri).unwrap().port().unwrap()
}

pub(crate) fn by_the_browser_that_is_named() {
    let authority = Authority::start();
    let doorkey = authority.doorkey(&["login", "--scope", SCOPE]);
    let finished = with_browser(doorkey, &authority).run();
    finished.assert_status(0);
    assert_eq!(
        finished.stdout,
        format!(
            "Signed in as {} (tenant {}).\n",
            authority.user("username"),
            authority.text("tenant_id")
        )
    );
    let addresses = finished.stderr.lines().filter(|line| line.contains("://"));
    let addresses: Vec<&str> = addresses.collect();
    assert_eq!(
        addresses.len(),
        1,
        "whole, on a line of its own: {finished:#?}"
    );
    assert!(addresses[0].starts_with(authority.text("authority")));
    assert!(!finished.stderr.contains(authority.user("password")));
    assert!(!finished.stderr.contains('\u{1b}'), "{finished:#?}");
}

#[test]
fn the_record_is_printed_as_the_other_libraries_read_it() {
    let authority = Authority::start();
    let doorkey = authority.doorkey(&["login", "--scope", SCOPE, "--output", "json"]);
    let finished = with_browser(doorkey, &authority).run();
    finished.assert_status(0);
    assert_eq!(finished.stdout.lines().count(), 1);
    let record: Value = serde_json::from_str(&finished.stdout).unwrap();
    let members: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "authority",
            "clientId",
            "homeAccountId",
            "tenantId",
            "username",
            "version"
        ]
    );
    assert_eq!(record["username"], authority.user("username"));
    assert_eq!(record["tenantId"], authority.text("tenant_id"));
    assert_eq!(record["clientId"], authority.text("client_id"));
    doorkey::AuthenticationRecord::deserialize(&finished.stdout).unwrap();
}

#[test]
fn a_device_code_is_shown_and_typed() {
    let authority = Authority::start();
    let mut running = authority
        .doorkey(&["login", "--scope", SCOPE, "--device-code"])
        .start();
    type_code(&authority, &mut running);
    let finished = running.wait();
    finished.assert_status(0);
    assert!(finished.stdout.starts_with("Signed in as adele@"));
    for part in ["This signs in doorkey.", "only if you began this yourself"] {
        assert!(finished.stderr.contains(part), "{finished:#?}");
    }
    // No drawing where no terminal is.
    assert!(!finished.stderr.contains('\u{2588}'), "{finished:#?}");
}

#[test]
fn without_a_browser_the_address_is_printed_and_waited_for() {
    let authority = Authority::start();
    let mut running = authority
        .doorkey(&["login", "--scope", SCOPE])
        .env("BROWSER", "none")
        // A service principal's, as a rule: not for people.
        .env("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
        .start();
    let url = authority.text("authority").to_owned() + &running.told(authority.text("authority"));
    assert!(url.contains(authority.text("client_id")), "{url}");
    running.told("Where no browser can be had");
    wait(authority.person().sign_in(&url)).unwrap();
    let finished = running.wait();
    finished.assert_status(0);
    assert!(finished.stderr.contains("BROWSER is none"), "{finished:#?}");
    assert!(finished.stderr.contains("--device-code"), "{finished:#?}");
}

#[test]
fn an_interrupt_ends_the_wait_and_frees_the_port() {
    let authority = Authority::start();
    let mut running = authority
        .doorkey(&["login", "--scope", SCOPE])
        .env("BROWSER", "none")
        .start();
    let url = authority.text("authority").to_owned() + &running.told(authority.text("authority"));
    let port = redirect_port(&url);
    TcpListener::bind(("127.0.0.1", port)).expect_err("the command listens there");
    running.interrupt();
    let finished = running.wait();
    finished.assert_status(130);
    assert_eq!(finished.stdout, "");
    assert!(
        finished.stderr.ends_with("doorkey: interrupted\n"),
        "{finished:#?}"
    );
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

/// Nobody can have seen the code or the page, so that nobody will come: waiting would be in vain.
#[test]
fn what_nobody_can_see_is_not_waited_for() {
    let authority = Authority::start();
    for way in ["--device-code", "--browser"] {
        // What a closed one becomes before `main`, and one whose reader has left.
        let (reader, left) = std::io::pipe().unwrap();
        drop(reader);
        for stderr in [Stdio::null(), left.into()] {
            let finished = authority
                .doorkey(&["login", "--scope", SCOPE, way, "--timeout", "30"])
                .env("BROWSER", "none")
                .run_telling(stderr);
            finished.assert_status(4);
            assert_eq!(finished.stdout, "", "{way}");
        }
    }
}

#[test]
fn a_browser_that_opens_needs_nobody_to_see_the_address() {
    let authority = Authority::start();
    let doorkey = authority.doorkey(&["login", "--scope", SCOPE, "--timeout", "30"]);
    let finished = with_browser(doorkey, &authority).run_telling(Stdio::null());
    finished.assert_status(0);
    assert!(finished.stdout.starts_with("Signed in as adele@"));
}

#[test]
fn the_next_way_is_tried_and_the_step_down_explained() {
    let authority = Authority::start();
    let mut running = authority
        .doorkey(&["login", "--scope", SCOPE, "--browser", "--device-code"])
        .env("BROWSER", "none")
        .start();
    let why = running.told("doorkey: no sign-in by the browser: ");
    assert!(why.contains("BROWSER is none"), "{why}");
    assert!(!why.contains("callback"), "a program's way out: {why}");
    running.told("doorkey: asking by a device code instead");
    type_code(&authority, &mut running);
    running.wait().assert_status(0);
}

#[test]
fn a_taken_port_is_named_before_anybody_is_asked() {
    let authority = Authority::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let uri = format!("http://localhost:{port}");
    let finished = authority
        .doorkey(&["login", "--scope", SCOPE, "--redirect-uri", &uri])
        .env("BROWSER", "none")
        .run();
    finished.assert_refused(4, &["redirect_uri", &port]);
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
}

#[test]
fn an_authority_whose_certificate_nobody_vouches_for_is_refused() {
    let authority = Authority::start();
    let finished = authority
        .doorkey(&["login", "--scope", SCOPE])
        .env("DOORKEY_CA_CERTIFICATE", "")
        .env("BROWSER", "none")
        .run();
    finished.assert_refused(1, &[authority.text("authority")]);
}

#[test]
fn an_authority_that_says_nothing_of_its_cloud_has_no_default_scope() {
    let authority = Authority::start();
    let finished = authority.doorkey(&["login"]).env("BROWSER", "none").run();
    finished.assert_refused(2, &["scopes"]);
}

#[test]
fn nobody_in_time_is_said_so() {
    let authority = Authority::start();
    let finished = authority
        .doorkey(&["login", "--scope", SCOPE, "--timeout", "1"])
        .env("BROWSER", "none")
        .run();
    finished.assert_refused(1, &["1 second", "timeout"]);
}
