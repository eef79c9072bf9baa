//! Where tokens are kept.

use crate::{
    authority::SCOPE,
    machine::{ALLOW, CACHE, Machine, mode},
};
use std::fs;

#[test]
fn tokens_are_in_a_file_of_their_owner_alone() {
    let machine = Machine::of_adele();
    assert_eq!(mode(&machine.path(CACHE)), 0o600);
    assert_eq!(mode(&machine.path(".IdentityService")), 0o700);
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
        assert!(!finished.stderr.contains('`'), "{finished:#?}");
        let encrypted = machine.doorkey_by("adele", &arguments).without_env(ALLOW);
        encrypted.run().assert_refused(4, &[".IdentityService"]);
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
