//! A Linux without a keyring: what is kept there, and what is done to get at it.

use crate::{
    authority::SCOPE,
    machine::{ALLOW, CACHE, Machine, mode},
    process::Finished,
};
use serde_json::Value;
use std::fs;

/// As people start commands: without `--allow-unencrypted-storage`.
fn run_encrypted(machine: &Machine, arguments: &[&str]) -> Finished {
    machine
        .doorkey_by("adele", &[arguments, &["--scope", SCOPE]].concat())
        .without_env(ALLOW)
        .run()
}

#[test]
fn without_a_keyring_tokens_are_encrypted_which_is_said_once() {
    let machine = Machine::new();
    let first = run_encrypted(&machine, &["login"]);
    first.assert_status(0);
    assert!(first.stderr.contains(ANNOUNCEMENT), "{first:#?}");
    assert!(!machine.path(CACHE).exists());
    let file = machine.path(ENCRYPTED);
    assert_eq!(mode(&file), 0o600);
    let text = fs::read_to_string(file).unwrap();
    for secret in ["adele", "secret", "RefreshToken"] {
        assert!(!text.contains(secret), "{text}");
    }
    machine.authority.clear_requests();
    let token = run_encrypted(&machine, &["token", "--silent"]);
    token.assert_status(0);
    assert_eq!(token.stderr, "");
    assert_eq!(machine.endpoints(), []);
    let again = run_encrypted(&machine, &["login"]);
    again.assert_status(0);
    assert!(!again.stderr.contains(ANNOUNCEMENT), "{again:#?}");
}

#[test]
fn plain_storage_goes_before_the_encrypted_and_neither_touches_the_other() {
    let machine = Machine::new();
    run_encrypted(&machine, &["login"]).assert_status(0);
    let encrypted = fs::read(machine.path(ENCRYPTED)).unwrap();
    let (plain, _) = machine.silent_token(&[]);
    plain.assert_refused(3, &["`doorkey login`"]);
    machine.login("casey", &[]);
    let plain = fs::read(machine.path(CACHE)).unwrap();
    let who = |finished: Finished| {
        let line = finished.assert_status(0).stdout.clone();
        line.split('@').next().unwrap().to_owned()
    };
    assert_eq!(who(machine.doorkey(&["accounts"]).run()), "casey");
    let encrypted_accounts = machine.doorkey(&["accounts"]).without_env(ALLOW);
    assert_eq!(who(encrypted_accounts.run()), "adele");
    assert_eq!(fs::read(machine.path(ENCRYPTED)).unwrap(), encrypted);
    assert_eq!(fs::read(machine.path(CACHE)).unwrap(), plain);
}

#[test]
fn signing_out_is_for_both_places() {
    let machine = Machine::new();
    run_encrypted(&machine, &["login"]).assert_status(0);
    machine.login("adele", &[]);
    machine.doorkey(&["logout"]).run().assert_status(0);
    for allows in [false, true] {
        let accounts = machine.doorkey(&["accounts"]);
        let accounts = if allows {
            accounts.run()
        } else {
            accounts.without_env(ALLOW).run()
        };
        assert_eq!(accounts.assert_status(0).stdout, "", "{allows}");
    }
}

#[test]
fn a_key_that_is_gone_is_said_and_a_new_cache_begins() {
    let machine = Machine::new();
    run_encrypted(&machine, &["login"]).assert_status(0);
    // As if it had been encrypted before a restart.
    let file = machine.path(ENCRYPTED);
    let mut envelope: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    envelope["key"]["identity"] = "AAAAAAAAAAAAAAAA".into();
    fs::write(&file, envelope.to_string()).unwrap();
    let before = fs::read(&file).unwrap();
    let token = run_encrypted(&machine, &["token", "--silent"]);
    token.assert_refused(3, &["`doorkey login`"]);
    assert_eq!(fs::read(&file).unwrap(), before, "asking changes nothing");
    let login = run_encrypted(&machine, &["login"]);
    login.assert_status(0);
    let is_warning = |line: &&str| line.starts_with("doorkey: warning: ");
    let warnings: Vec<_> = login.stderr.lines().filter(is_warning).collect();
    assert_eq!(warnings.len(), 1, "{login:#?}");
    assert!(warnings[0].contains("kernel's keyring"), "{login:#?}");
    run_encrypted(&machine, &["token", "--silent"]).assert_status(0);
}

/// As in a container.
#[test]
fn where_the_kernels_keyring_is_forbidden_nobody_is_asked() {
    let machine = Machine::new();
    let forbidden = "inject=add_key,keyctl,request_key:error=EPERM";
    for arguments in [&["login"][..], &["login", "--device-code"], &["token"]] {
        let arguments = [arguments, &["--scope", SCOPE]].concat();
        let finished = machine
            .doorkey_by("adele", &arguments)
            .without_env(ALLOW)
            .run_by(
                "strace",
                &["-f", "-qq", "-o", "/dev/null", "-e", forbidden, "--"],
            );
        let parts = ["D-Bus", "kernel's keyring", "--allow-unencrypted-storage"];
        finished.assert_refused(4, &parts);
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
    }
    assert_eq!(machine.endpoints(), []);
}

/// A program that starts other programs asks for tokens all the time.
#[test]
fn a_known_token_takes_no_socket_and_no_second_thread() {
    let machine = Machine::of_adele();
    run_encrypted(&machine, &["login"]).assert_status(0);
    let trace = machine.path("trace");
    let calls = ["-f", "-qq", "-o", trace.to_str().unwrap(), "-e"];
    let threads_and_network = "trace=%network,clone,clone3,fork,vfork,epoll_create1,execve";
    for arguments in [&["--silent"][..], &[]] {
        machine.authority.clear_requests();
        let arguments = [&["token", "--scope", SCOPE], arguments].concat();
        let strace = [&calls[..], &[threads_and_network, "--"]].concat();
        for is_encrypted in [false, true] {
            let mut doorkey = machine.doorkey(&arguments);
            if is_encrypted {
                doorkey = doorkey.without_env(ALLOW);
            }
            let finished = doorkey.run_by("strace", &strace);
            finished.assert_status(0);
            assert!(finished.stdout.starts_with("eyJ"), "{finished:#?}");
            let traced = fs::read_to_string(&trace).unwrap();
            // That of the command itself shows that there is a trace.
            let lines: Vec<&str> = traced.lines().collect();
            assert!(lines.len() == 1 && lines[0].contains("execve("), "{traced}");
            assert_eq!(machine.endpoints(), []);
        }
    }
}

const ENCRYPTED: &str = ".IdentityService/msal.cache.nocae.doorkey";
const ANNOUNCEMENT: &str = "Tokens are kept in an encrypted file";
