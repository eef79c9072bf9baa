//! `--verbose` and `RUST_LOG`.

use crate::{
    authority::SCOPE,
    machine::Machine,
    process::{Doorkey, Finished},
};
use doorkey_emulator::DeviceDecision;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

const INFO: &str = "\ndoorkey: info: doorkey.acquire.finished: ";
const DEBUG: &str = "\ndoorkey: debug: doorkey.request.answered: ";
const PIPELINE: &str = ": typespec_client_core::";

/// Signs Adele in by a device code.
fn login(machine: &Machine, arguments: &[&str], rust_log: &str) -> Finished {
    let arguments = [&["login", "--device-code", "--scope", SCOPE], arguments].concat();
    let mut running = machine
        .doorkey(&arguments)
        .env("RUST_LOG", rust_log)
        .start();
    let username = machine.user("adele").username.clone();
    let code = running.told("Code: ");
    let decision = DeviceDecision::Approve { username };
    machine
        .authority
        .decide_device_code(&code, decision)
        .unwrap();
    running.wait()
}

#[test]
fn who_asks_is_told_on_stderr_what_happens() {
    let machine = Machine::new();
    for (arguments, rust_log, told, untold) in [
        (&[][..], "", &[][..], &[INFO, DEBUG, PIPELINE][..]),
        (&[], " ", &[], &[INFO, DEBUG, PIPELINE]),
        (&["-v"], "", &[INFO], &[DEBUG, PIPELINE]),
        (&["--verbose", "-v"], "", &[INFO, DEBUG], &[PIPELINE]),
        (&[], "doorkey=debug", &[INFO, DEBUG], &[PIPELINE]),
        (&["-vv"], "doorkey=info", &[INFO], &[DEBUG, PIPELINE]),
        // Only who names it gets what logs URLs.
        (&[], "trace", &[INFO, DEBUG], &[PIPELINE]),
        (
            &[],
            "typespec_client_core=debug",
            &[PIPELINE],
            &[INFO, DEBUG],
        ),
        (
            &[],
            "typespec_client_core=debug,doorkey=info",
            &[PIPELINE, INFO],
            &[DEBUG],
        ),
    ] {
        let finished = login(&machine, arguments, rust_log);
        finished.assert_status(0);
        assert!(
            finished.stdout.starts_with("Signed in as adele@"),
            "{finished:#?}"
        );
        assert_eq!(finished.stdout.lines().count(), 1, "{finished:#?}");
        assert!(!finished.stderr.contains('\u{1b}'), "{finished:#?}");
        for event in told {
            assert!(
                finished.stderr.contains(event),
                "{event} with {arguments:?} {rust_log:?}: {finished:#?}"
            );
        }
        for event in untold {
            assert!(
                !finished.stderr.contains(event),
                "{event} with {arguments:?} {rust_log:?}: {finished:#?}"
            );
        }
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    for rust_log in [&b"doorkey=loud"[..], b"doorkey=info=info", b"\xff"] {
        let rust_log = OsStr::from_bytes(rust_log);
        for arguments in [&["accounts"][..], &["accounts", "-v"]] {
            let finished = Doorkey::new(arguments).env("RUST_LOG", rust_log).run();
            finished.assert_refused(2, &["RUST_LOG", "doorkey=debug"]);
        }
    }
}
