//! `doorkey login --username U --password-stdin`, and what a policy demands.

use crate::{authority::SCOPE, machine::Machine, process::Doorkey};
use std::fs;

const VAULT: &str = "https://vault.azure.net/.default";

/// Signs in with a password, which a file has.
pub(crate) fn login(machine: &Machine, username: &str, password: &str, more: &[&str]) -> Doorkey {
    let arguments = ["login", "--username", username, "--password-stdin"];
    let doorkey = machine.doorkey(&[&arguments[..], more].concat());
    let file = machine.path("password");
    fs::write(&file, password).unwrap();
    doorkey.stdin_from(&file)
}

#[test]
fn a_password_comes_from_stdin_and_signs_in() {
    let machine = Machine::new();
    for (name, beginning, ending) in [
        ("adele", "", "\n"),
        ("avery", "\u{feff}", "\r\n"),
        ("blake", "", ""),
    ] {
        let user = machine.user(name);
        let password = format!("{beginning}{}{ending}", user.password);
        let finished = login(&machine, &user.username, &password, &["--scope", SCOPE]).run();
        finished.assert_status(0);
        assert!(finished.stdout.contains(&user.username), "{finished:#?}");
        assert!(!finished.stderr.contains(&user.password), "{finished:#?}");
        let account = ["--account", user.username.as_str()];
        let (token, asked) = machine.silent_token(&account);
        token.assert_status(0);
        assert!(asked.is_empty(), "{asked:?}");
    }
}

#[test]
fn what_is_no_password_is_refused_by_name() {
    let machine = Machine::new();
    for (password, more, named) in [
        ("", &[][..], "it is empty"),
        ("\n", &[], "it is empty"),
        ("\u{feff}", &[], "it is empty"),
        ("one\ntwo\n", &[], "more than one line"),
        (" blank", &[], "begins or ends with a blank"),
        ("x", &["--device-code"], "--device-code"),
        ("x", &["--login-hint", "somebody"], "--login-hint"),
        ("x", &["--tenant", "common", "--scope", SCOPE], "--tenant"),
        (
            "x",
            &["--claims-challenge", "nonsense"],
            "--claims-challenge",
        ),
    ] {
        let finished = login(&machine, "adele@contoso.example", password, more).run();
        finished.assert_status(2);
        assert!(finished.stderr.contains(named), "{named}: {finished:#?}");
    }
    for arguments in [
        ["login", "--username", "a@b.example"].as_slice(),
        &["login", "--password-stdin"],
    ] {
        machine.doorkey(arguments).run().assert_status(2);
    }
}

#[test]
fn a_wrong_password_is_a_refusal() {
    let machine = Machine::new();
    for who in ["adele@contoso.example", "avery@adatum.example"] {
        let finished = login(&machine, who, "wrong", &["--scope", SCOPE]).run();
        finished.assert_status(1);
        assert!(finished.stderr.contains("check"), "{finished:#?}");
        assert!(!finished.stderr.contains("wrong\n"), "{finished:#?}");
    }
}

/// A policy refuses a silent token, and its claims are a command that the person can copy.
#[test]
fn the_claims_of_a_policy_are_handed_on_to_a_sign_in() {
    let machine = Machine::new();
    let user = machine.user("finley");
    login(
        &machine,
        &user.username,
        &user.password,
        &["--scope", SCOPE],
    )
    .run()
    .assert_status(0);
    let silent = ["token", "--silent", "--scope", VAULT];
    let refused = machine.doorkey(&silent).run();
    refused.assert_status(3);
    let (_, command) = refused
        .stderr
        .split_once("satisfied by: doorkey ")
        .unwrap_or_else(|| panic!("{refused:#?}"));
    let command = command.lines().next().unwrap().replace('\'', "");
    let arguments: Vec<&str> = command.split(' ').collect();
    assert!(arguments.contains(&VAULT), "{arguments:?}");
    machine.run_by_code("finley", &arguments).assert_status(0);
    machine.doorkey(&silent).run().assert_status(0);
}
