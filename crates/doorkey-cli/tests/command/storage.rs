//! Where tokens are kept, and what is done to get at them.

use crate::{
    authority::SCOPE,
    machine::{CACHE, Machine},
};
use std::{fs, os::unix::fs::PermissionsExt};

/// A program that starts other programs asks for tokens all the time.
#[cfg(target_os = "linux")]
#[test]
fn a_known_token_takes_no_socket_and_no_second_thread() {
    let machine = Machine::of_adele();
    let trace = machine.path("trace");
    let calls = ["-f", "-qq", "-o", trace.to_str().unwrap(), "-e"];
    let threads_and_network = "trace=%network,clone,clone3,fork,vfork,epoll_create1,execve";
    for arguments in [&["--silent"][..], &[]] {
        machine.authority.clear_requests();
        let arguments = [&["token", "--scope", SCOPE], arguments].concat();
        let strace = [&calls[..], &[threads_and_network, "--"]].concat();
        let finished = machine.doorkey(&arguments).run_by("strace", &strace);
        finished.assert_status(0);
        assert!(finished.stdout.starts_with("eyJ"), "{finished:#?}");
        let traced = fs::read_to_string(&trace).unwrap();
        // That of the command itself shows that there is a trace.
        let lines: Vec<&str> = traced.lines().collect();
        assert!(lines.len() == 1 && lines[0].contains("execve("), "{traced}");
        assert_eq!(machine.endpoints(), []);
    }
}

#[test]
fn tokens_are_in_a_file_of_their_owner_alone() {
    let machine = Machine::of_adele();
    let mode = |below_home| {
        let metadata = fs::symlink_metadata(machine.path(below_home)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    assert_eq!(mode(CACHE), 0o600);
    assert_eq!(mode(".IdentityService"), 0o700);
}

#[test]
fn where_nothing_can_be_kept_nobody_is_asked() {
    let machine = Machine::new();
    fs::write(machine.path(".IdentityService"), "a file").unwrap();
    for arguments in [&["login"][..], &["token"], &["login", "--device-code"]] {
        let arguments = [arguments, &["--scope", SCOPE]].concat();
        let finished = machine.doorkey_by("adele", &arguments).run();
        finished.assert_refused(4, &[".IdentityService"]);
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
        let finished = machine
            .doorkey_by("adele", &arguments)
            .without_env("HOME")
            .run();
        finished.assert_refused(4, &["HOME"]);
    }
    assert_eq!(machine.endpoints(), []);
}

#[test]
fn the_demonstration_leaves_the_cache_alone() {
    let machine = Machine::new();
    machine.doorkey(&["demo"]).run().assert_status(0);
    assert!(!machine.path(".IdentityService").exists());
    assert!(machine.records().is_empty());
}
