//! `doorkey logout`.

use crate::machine::{CACHE, Machine};
use std::fs;

fn who_is_signed_in(machine: &Machine) -> Vec<String> {
    let finished = machine.doorkey(&["accounts"]).run();
    finished.assert_status(0);
    let name = |line: &str| line.split('\t').next().unwrap().to_owned();
    finished.stdout.lines().map(name).collect()
}

#[test]
fn the_one_who_is_signed_in_leaves() {
    let machine = Machine::of_adele();
    machine.authority.clear_requests();
    let finished = machine.doorkey(&["logout"]).run();
    finished.assert_status(0);
    assert_eq!(
        finished.stdout,
        format!(
            "Signed out: adele@contoso.example (tenant {}).\n",
            machine.authority.tenant_id()
        )
    );
    assert!(
        finished.stderr.starts_with("This is local"),
        "{finished:#?}"
    );
    assert_eq!(machine.endpoints(), []);
    assert!(machine.records().is_empty());
    let cache = fs::read_to_string(machine.path(CACHE)).unwrap();
    assert!(!cache.contains("adele"), "{cache}");
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_status(3);
    let finished = machine.doorkey(&["logout"]).run();
    finished.assert_status(0);
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr, "Nobody is signed in.\n");
}

#[test]
fn of_several_one_has_to_be_named() {
    let machine = Machine::of_adele();
    machine.login("casey", &[]);
    machine
        .doorkey(&["logout"])
        .run()
        .assert_refused(3, &["adele@", "casey@", "--account", "--all"]);
    machine
        .doorkey(&["logout", "--account", "nobody@contoso.example"])
        .run()
        .assert_refused(2, &["nobody@contoso.example", "`doorkey accounts`"]);
    assert_eq!(who_is_signed_in(&machine).len(), 2);
    let finished = machine
        .doorkey(&["logout", "--account", "ADELE@contoso.example"])
        .run();
    finished.assert_status(0);
    assert_eq!(who_is_signed_in(&machine), ["casey@contoso.example"]);
    assert_eq!(machine.records().len(), 1);
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_status(0);
}

#[test]
fn all_are_those_of_the_application() {
    let machine = Machine::of_adele();
    machine.login("casey", &[]);
    machine.login("adele", &["--client-id", CONTOSO_NOTES]);
    let finished = machine.doorkey(&["logout", "--all"]).run();
    finished.assert_status(0);
    assert_eq!(finished.stdout.lines().count(), 2, "{finished:#?}");
    assert_eq!(who_is_signed_in(&machine), ["adele@contoso.example"]);
    assert_eq!(machine.records().len(), 1);
    let (finished, _) = machine.silent_token(&["--client-id", CONTOSO_NOTES]);
    finished.assert_status(0);
}

#[test]
fn somebody_leaves_all_of_their_tenants() {
    let machine = Machine::new();
    machine.login("gale", &[]);
    machine.login("gale", &["--tenant", machine.authority.tenant_id()]);
    let finished = machine.doorkey(&["logout"]).run();
    finished.assert_status(0);
    assert!(machine.records().is_empty());
    assert_eq!(who_is_signed_in(&machine), Vec::<String>::new());
}

#[test]
fn a_record_whose_tokens_are_gone_goes_too() {
    let machine = Machine::of_adele();
    fs::remove_file(machine.path(CACHE)).unwrap();
    let finished = machine.doorkey(&["logout"]).run();
    finished.assert_status(0);
    assert!(finished.stdout.contains("adele@"), "{finished:#?}");
    assert!(machine.records().is_empty());
}

const CONTOSO_NOTES: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
