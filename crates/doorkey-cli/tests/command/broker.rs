//! `--broker` at an authority where none signs in; with a broker: `tests/dbus`.

use crate::{authority::SCOPE, machine::Machine};

#[cfg(any(target_os = "linux", windows))]
const WHY: &str = "does not sign in at";
#[cfg(not(any(target_os = "linux", windows)))]
const WHY: &str = "is not supported";

#[test]
fn without_a_broker_the_next_way_is_tried_and_the_step_down_explained() {
    let machine = Machine::new();
    let finished = machine.run_by_code("adele", &["login", "--scope", SCOPE, "--broker"]);
    finished.assert_status(0);
    assert!(finished.stdout.starts_with("Signed in as adele@"));
    let told = &finished.stderr;
    let down = told.find("doorkey: no sign-in by the broker: ");
    let down = down.unwrap_or_else(|| panic!("{told}"));
    assert!(told[down..].contains(WHY), "{told}");
    assert!(told[down..].contains("asking by a device code instead"));
}

#[test]
fn a_broker_alone_that_is_not_there_is_unavailable() {
    let machine = Machine::new();
    for (command, way_out) in [
        (
            &["login", "--scope", SCOPE, "--broker"][..],
            "--browser or --device-code",
        ),
        (
            &["token", "--scope", SCOPE, "--broker"],
            "--browser or --device-code",
        ),
        (&["accounts", "--broker"], "leave out --broker"),
        (&["logout", "--broker"], "leave out --broker"),
    ] {
        let finished = machine.doorkey(command).run();
        finished.assert_status(4);
        assert_eq!(finished.stdout, "", "{command:?}");
        assert!(finished.stderr.contains(WHY), "{finished:#?}");
        assert!(finished.stderr.contains(way_out), "{finished:#?}");
    }
    assert_eq!(machine.endpoints(), [], "no browser steps in by itself");
}

#[test]
fn who_signed_in_another_way_is_silent_without_the_broker() {
    let machine = Machine::of_adele();
    machine.authority.clear_requests();
    let arguments = ["token", "--silent", "--scope", SCOPE, "--broker"];
    machine.doorkey(&arguments).run().assert_status(0);
    assert_eq!(machine.endpoints(), []);
}
