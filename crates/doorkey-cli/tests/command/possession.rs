//! `doorkey token` for one request, bound to a key.

use crate::{
    authority::{SCOPE, wait},
    machine::Machine,
};
use base64::prelude::*;
use bytes::Bytes;
use doorkey_emulator::Endpoint;
use http::Request;
use serde_json::Value;
use std::fs;

fn resource(machine: &Machine) -> String {
    format!("{}/resource/me?a=b", machine.authority.authority())
}

/// What the resource answers to this line of a header.
fn ask(machine: &Machine, method: &str, header: &str) -> (u16, String) {
    let (name, value) = header.split_once(": ").unwrap();
    let request = Request::builder()
        .method(method)
        .uri(resource(machine))
        .header(name, value);
    let reply = machine.authority.send(request.body(Bytes::new()).unwrap());
    let reply = wait(reply);
    let challenge = reply.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap());
    (reply.status().into(), challenge.to_owned())
}

fn nonce(machine: &Machine) -> String {
    let (_, challenge) = ask(machine, "GET", "Accept: */*");
    let (_, nonce) = challenge.split_once("PoP nonce=\"").unwrap();
    nonce.trim_end_matches('"').to_owned()
}

fn signed(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

/// The options of a GET of the resource.
fn get(machine: &Machine, more: &[&str]) -> Vec<String> {
    let (url, nonce) = (resource(machine), nonce(machine));
    let pop = [
        "--pop-method",
        "GET",
        "--pop-url",
        &url,
        "--pop-nonce",
        &nonce,
    ];
    let all = [&["token", "--scope", SCOPE], &pop[..], more].concat();
    all.iter().map(|&argument| argument.to_owned()).collect()
}

#[test]
fn a_header_is_good_for_this_request_once() {
    let machine = Machine::new();
    let arguments = get(&machine, &["--output", "header"]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    // Nobody is signed in, so somebody is asked.
    let finished = machine.doorkey_by("adele", &arguments).run();
    finished.assert_status(0);
    let header = finished.stdout.strip_suffix('\n').unwrap();
    assert!(header.starts_with("Authorization: PoP eyJ"), "{header}");
    let (status, _) = ask(&machine, "POST", header);
    assert_eq!(status, 401, "another method");
    assert_eq!(ask(&machine, "GET", header).0, 200);
    assert_eq!(ask(&machine, "GET", header).0, 401, "a replay");
}

#[test]
fn the_next_run_has_the_key_and_signs_with_nothing_sent() {
    let machine = Machine::of_adele();
    let mut tokens = Vec::new();
    for run in 0..2 {
        let arguments = get(&machine, &["--silent", "--output", "json"]);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        machine.authority.clear_requests();
        let finished = machine.doorkey(&arguments).run();
        finished.assert_status(0);
        assert_eq!(finished.stderr, "");
        assert_eq!(machine.endpoints().is_empty(), run == 1);
        let json: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(json["tokenType"], "pop");
        let token = json["accessToken"].as_str().unwrap().to_owned();
        let header = format!("Authorization: PoP {token}");
        assert_eq!(ask(&machine, "GET", &header).0, 200);
        tokens.push(signed(&token));
    }
    assert_eq!(tokens[0]["at"], tokens[1]["at"]);
    assert_ne!(tokens[0]["nonce"], tokens[1]["nonce"]);
    // Without the options, a bearer token as ever.
    let (bearer, _) = machine.silent_token(&[]);
    assert!(signed(bearer.stdout.trim_end())["cnf"].is_null());
}

#[test]
fn who_may_be_asked_gets_the_bound_token_and_no_other() {
    let machine = Machine::of_adele();
    let arguments = get(&machine, &[]);
    let other = "https://vault.azure.net/.default";
    let arguments: Vec<_> = arguments
        .iter()
        .map(|argument| if argument == SCOPE { other } else { argument })
        .collect();
    machine.authority.clear_requests();
    machine.doorkey(&arguments).run().assert_status(0);
    let requests = [Endpoint::OpenIdConfiguration, Endpoint::Token];
    assert_eq!(machine.endpoints(), requests);
}

/// One of 64 that are in base64url.
#[test]
fn a_nonce_may_begin_with_a_hyphen() {
    let machine = Machine::of_adele();
    let url = resource(&machine);
    let pop = [
        "--pop-method",
        "GET",
        "--pop-url",
        &url,
        "--pop-nonce",
        "-n",
    ];
    let arguments = [&["token", "--silent", "--scope", SCOPE][..], &pop].concat();
    let finished = machine.doorkey(&arguments).run();
    finished.assert_status(0);
    assert_eq!(signed(finished.stdout.trim_end())["nonce"], "-n");
}

#[test]
fn what_no_resource_could_be_asked_for_is_refused_with_nothing_sent_and_nobody_asked() {
    let machine = Machine::of_adele();
    let url = "https://graph.microsoft.com/v1.0/me";
    for (method, url, nonce, named) in [
        ("get", url, "n", "--pop-method"),
        ("FETCH", url, "n", "--pop-method"),
        ("", url, "n", "--pop-method"),
        (
            "GET",
            "http://graph.microsoft.com/v1.0/me",
            "n",
            "--pop-url",
        ),
        ("GET", "graph.microsoft.com/v1.0/me", "n", "--pop-url"),
        (
            "GET",
            "https://ann:x@graph.microsoft.com/",
            "n",
            "--pop-url",
        ),
        ("GET", "", "n", "--pop-url"),
        ("GET", url, "", "--pop-nonce"),
        ("GET", url, " ", "--pop-nonce"),
    ] {
        let pop = [
            "--pop-method",
            method,
            "--pop-url",
            url,
            "--pop-nonce",
            nonce,
        ];
        refused(&machine, &pop, named);
    }
    for (given, missing) in [
        (&["--pop-method", "GET"][..], "--pop-url"),
        (&["--pop-url", url], "--pop-nonce"),
        (&["--pop-nonce", "n"], "--pop-method"),
        (&["--pop-method", "GET", "--pop-url", url], "--pop-nonce"),
    ] {
        refused(&machine, given, missing);
    }
}

/// A terminal may be recorded, and a program may read the variable as a bearer token.
#[test]
fn what_is_refused_is_not_repeated_and_no_variable_gets_what_is_bound() {
    let machine = Machine::of_adele();
    for url in [
        "https://ann:secret@graph.microsoft.com/",
        "http://graph.microsoft.com/?sig=secret",
        "graph.microsoft.com/?sig=secret",
    ] {
        let arguments = ["--pop-method", "GET", "--pop-url", url, "--pop-nonce", "n"];
        let arguments = [&["token", "--scope", SCOPE], &arguments[..]].concat();
        let finished = machine.doorkey(&arguments).run();
        finished.assert_status(2);
        assert!(finished.stderr.contains("--pop-url"), "{finished:#?}");
        assert!(!finished.stderr.contains("secret"), "{finished:#?}");
    }
    let arguments = get(&machine, &["--output", "env"]);
    let pop: Vec<_> = arguments[3..].iter().map(String::as_str).collect();
    refused(&machine, &pop, "--output");
}

#[track_caller]
fn refused(machine: &Machine, pop: &[&str], named: &str) {
    machine.authority.clear_requests();
    for more in [&["--silent"][..], &[]] {
        let arguments = [&["token", "--scope", SCOPE], pop, more].concat();
        let finished = machine.doorkey(&arguments).run();
        finished.assert_status(2);
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.contains(named), "{pop:?}: {finished:#?}");
    }
    assert_eq!(machine.endpoints(), []);
}

#[test]
fn runs_that_begin_together_agree_on_one_key() {
    let machine = Machine::of_adele();
    let running: Vec<_> = (0..6)
        .map(|_| {
            let arguments = get(&machine, &["--silent"]);
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            machine.doorkey(&arguments).start()
        })
        .collect();
    let keys: Vec<_> = running
        .into_iter()
        .map(|running| {
            let finished = running.wait();
            finished.assert_status(0);
            let token = finished.stdout.trim_end();
            assert_eq!(
                ask(&machine, "GET", &format!("Authorization: PoP {token}")).0,
                200
            );
            signed(token)["cnf"].clone()
        })
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn the_key_is_kept_for_its_user_alone_and_shown_to_nobody() {
    let machine = Machine::of_adele();
    let unencrypted = ["--allow-unencrypted-storage"];
    machine.login("adele", &unencrypted);
    let arguments = get(&machine, &["--silent", "-vv", unencrypted[0]]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let finished = machine.doorkey(&arguments).run();
    finished.assert_status(0);
    let file = machine.path(".IdentityService/msal.cache.pop");
    assert_eq!(crate::machine::mode(&file), 0o600);
    let key: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let key = key["DoorkeyPopKey"]["private_key"].as_str().unwrap();
    assert!(!finished.stdout.contains(key) && !finished.stderr.contains(key));
}
