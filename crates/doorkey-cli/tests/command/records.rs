//! Who signed in, as the command keeps it.

use crate::{
    authority::SCOPE,
    machine::{Machine, RECORDS, mode},
};
use doorkey::AuthenticationRecord;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

#[test]
fn a_sign_in_leaves_one_record_that_its_owner_alone_can_read() {
    let machine = Machine::new();
    let printed = machine.login("adele", &["--output", "json"]).stdout;
    let files = machine.records();
    assert_eq!(files.len(), 1);
    assert_eq!(fs::read_to_string(&files[0]).unwrap(), printed);
    assert_eq!(mode(&files[0]), 0o600);
    assert_eq!(mode(&machine.path(RECORDS)), 0o700);
    let record = AuthenticationRecord::deserialize(&printed).unwrap();
    assert_eq!(record.username, machine.user("adele").username);
    // The name is made of what tells records apart, and shows none of it.
    let name = files[0].file_name().unwrap().to_str().unwrap();
    let digest = name.strip_suffix(".json").unwrap();
    assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // The same person again is the same record.
    machine.login("adele", &[]);
    assert_eq!(machine.records(), files);
    machine.login("adele", &["--client-id", OTHER_APPLICATION]);
    machine.login("casey", &[]);
    assert_eq!(machine.records().len(), 3);
}

#[test]
fn the_folder_is_the_one_that_the_environment_names() {
    let machine = Machine::new();
    let folder = machine.path("elsewhere");
    let finished = machine
        .doorkey_by("adele", &["login", "--scope", SCOPE])
        .env("XDG_CONFIG_HOME", &folder)
        .run();
    finished.assert_status(0);
    assert_eq!(machine.records(), Vec::<PathBuf>::new());
    let records = fs::read_dir(folder.join("doorkey/records")).unwrap();
    assert_eq!(records.count(), 1);
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_passed_by() {
    let machine = Machine::of_adele();
    let folder = machine.path(RECORDS);
    let good = machine.records().remove(0);
    let file = |digit: &str| folder.join(format!("{}.json", digit.repeat(32)));
    fs::write(file("1"), "no record").unwrap();
    fs::write(file("2"), [0xff]).unwrap();
    fs::write(file("3"), r#"{"version": "42"}"#).unwrap();
    fs::create_dir(file("4")).unwrap();
    // No link is followed, wherever it leads.
    symlink(&good, file("5")).unwrap();
    fs::write(file("6"), " ".repeat(1 << 20)).unwrap();
    for other in ["notes.txt", "1.json", "record.json"] {
        fs::write(folder.join(other), "no record").unwrap();
    }
    let (finished, requests) = machine.silent_token(&[]);
    finished.assert_status(0);
    assert_eq!(requests, []);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 6, "{finished:#?}");
    for (line, digit) in lines.iter().zip(["1", "2", "3", "4", "5", "6"]) {
        assert!(line.starts_with("doorkey: warning: "), "{line}");
        assert!(line.contains(file(digit).to_str().unwrap()), "{line}");
    }
}

#[test]
fn a_link_in_its_place_is_replaced_and_not_followed() {
    let machine = Machine::of_adele();
    let record = machine.records().remove(0);
    let elsewhere = machine.path("elsewhere");
    fs::write(&elsewhere, "not a record").unwrap();
    fs::remove_file(&record).unwrap();
    symlink(&elsewhere, &record).unwrap();
    machine.login("adele", &[]);
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "not a record");
    assert!(fs::symlink_metadata(&record).unwrap().is_file());
}

#[test]
fn a_loose_folder_is_tightened() {
    let machine = Machine::new();
    let folder = machine.path(RECORDS);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    machine.login("adele", &[]);
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn where_no_record_can_be_kept_the_sign_in_counts_all_the_same() {
    let machine = Machine::new();
    let folder = machine.path(".config");
    fs::write(&folder, "a file, where a folder should be").unwrap();
    let finished = machine.login("adele", &[]);
    assert!(finished.stdout.starts_with("Signed in as adele@"));
    let warning = finished.stderr.lines().last().unwrap();
    assert!(warning.starts_with("doorkey: warning: "), "{finished:#?}");
    assert!(warning.contains(folder.to_str().unwrap()), "{warning}");
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_status(0);
}

const OTHER_APPLICATION: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
