//! The system's store on a real gnome-keyring, in a D-Bus session of its own.

mod session;
mod sharing;

use serde_json::{Value, json};
use session::Session;
use std::{fs, process::Stdio};

fn keys(text: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).expect("a cache");
    let entries = document["RefreshToken"].as_object().cloned();
    entries
        .unwrap_or_default()
        .into_iter()
        .map(|(key, _)| key)
        .collect()
}

#[test]
fn libsecret_persistence_is_found_by_the_next_run() {
    let session = Session::unlocked();
    assert_eq!(session.program(&["load"]), (true, String::new()));
    for key in ["one", "two"] {
        assert_eq!(session.program(&["put", key]), (true, String::new()));
    }
    let (done, text) = session.program(&["load"]);
    assert!(done, "{text}");
    assert_eq!(keys(&text), ["one", "two"]);
    assert_eq!(fs::read(session.signal_file()).expect("a signal"), b"");
    let lock_file = session.signal_file().with_extension("nocae.lockfile");
    assert!(!lock_file.exists());
}

#[test]
fn the_first_address_of_the_bus_that_answers_is_taken() {
    let session = Session::unlocked();
    let address = session.bus_address();
    let mut command = session.program_command();
    command
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path=/nowhere;{address}"),
        )
        .args(["put", "one"]);
    assert!(command.status().expect("it starts").success());
    assert_eq!(keys(&session.program(&["load"]).1), ["one"]);
}

#[test]
fn persistent_cache_linux_is_the_item_that_the_other_libraries_look_for() {
    let session = Session::unlocked();
    session.program(&["put", "one"]);
    session.program(&["put", "two"]);
    let found = session.secret_tool();
    assert_eq!(found.matches("label = MSALCache").count(), 1, "{found}");
    for line in [
        "schema = msal.cache.nocae",
        "attribute.MsalClientID = Microsoft.Developer.IdentityService",
    ] {
        assert!(found.contains(line), "{found}");
    }
}

#[test]
fn the_item_of_msal_net_is_read_too_and_left_to_it() {
    let session = Session::unlocked();
    let attributes = [
        "xdg:schema",
        "msal.cache",
        "MsalClientID",
        "Microsoft.Developer.IdentityService",
        "Microsoft.Developer.IdentityService",
        "1.0.0.0",
    ];
    let document = json!({ "RefreshToken": { "theirs": { "secret": "x" } } });
    session.store("msal.cache.nocae", &attributes, &document.to_string());
    assert_eq!(keys(&session.program(&["load"]).1), ["theirs"]);
    session.program(&["put", "ours"]);
    let (_, both) = session.program(&["load"]);
    assert_eq!(keys(&both), ["ours", "theirs"]);
    let found = session.secret_tool();
    assert!(found.contains(&format!("secret = {document}")), "{found}");
    // That of the other half is another label.
    session.store("msal.cache.cae", &attributes, &document.to_string());
    assert_eq!(keys(&session.program(&["load"]).1), ["ours"]);
}

#[test]
fn a_locked_keyring_is_an_error_that_says_so_and_no_dialog() {
    let session = Session::locked();
    for command in [&["load"][..], &["put", "one"]] {
        let (done, text) = session.program(command);
        assert!(!done, "{text} {}", session.secret_tool());
        assert!(
            text.starts_with("CredentialUnavailable: the keyring is locked"),
            "{text}"
        );
        assert!(text.contains("allow_unencrypted_storage"), "{text}");
    }
    let (done, text) = session.program_allowing_plain(&["put", "one"]);
    assert!(done, "{text}");
    let plain = fs::read_to_string(session.signal_file()).expect("the plain cache");
    assert_eq!(keys(&plain), ["one"]);
}

#[test]
fn a_mute_keyring_is_given_up() {
    let session = Session::unlocked();
    session.program(&["put", "one"]);
    session.mute_keyring();
    let (done, text) = session.program(&["load"]);
    assert!(!done);
    assert!(text.contains("did not answer within"), "{text}");
    assert!(text.starts_with("CredentialUnavailable"), "{text}");
}

#[test]
fn persistent_cache_linux_without_a_keyring_names_the_ways_out() {
    for (session, what) in [
        (Session::without_bus(), "no D-Bus session"),
        (Session::without_keyring(), "no keyring"),
    ] {
        for command in [&["load"][..], &["put", "one"]] {
            let (done, text) = session.program(command);
            assert!(!done);
            assert!(text.starts_with("CredentialUnavailable"), "{text}");
            for part in [what, "allow_unencrypted_storage", "EncryptedFileStore"] {
                assert!(text.contains(part), "{text}");
            }
        }
        assert!(!session.signal_file().exists());
        let (done, text) = session.program_allowing_plain(&["put", "one"]);
        assert!(done, "{text}");
        let (_, text) = session.program_allowing_plain(&["load"]);
        assert_eq!(keys(&text), ["one"]);
    }
}

#[test]
fn where_a_keyring_works_nothing_is_written_in_plain_even_if_that_is_allowed() {
    let session = Session::unlocked();
    session.program_allowing_plain(&["put", "one"]);
    assert_eq!(fs::read(session.signal_file()).expect("a signal"), b"");
    assert!(session.secret_tool().contains("msal.cache.nocae"));
}

#[test]
fn a_plain_cache_moves_into_the_keyring_and_leaves_its_file_empty() {
    let session = Session::unlocked();
    session.program(&["put", "ours"]);
    let plain = json!({ "RefreshToken": { "plain": { "secret": "x" } }, "More": [1] });
    session.leave_plain_cache(&plain.to_string());
    assert_eq!(
        keys(&session.program(&["load"]).1),
        ["ours", "plain"],
        "before it is moved"
    );
    session.program(&["put", "newer"]);
    assert_eq!(
        fs::read(session.signal_file()).expect("the path stays"),
        b""
    );
    let (_, text) = session.program(&["load"]);
    assert_eq!(keys(&text), ["newer", "ours", "plain"]);
    let document: Value = serde_json::from_str(&text).expect("a cache");
    assert_eq!(document["More"], plain["More"]);
}

#[test]
fn a_plain_cache_that_is_damaged_is_not_emptied() {
    let session = Session::unlocked();
    session.program(&["put", "ours"]);
    session.leave_plain_cache("{\"RefreshToken\": {\"plain\"");
    let (done, text) = session.program(&["put", "newer"]);
    assert!(done, "{text}");
    assert_eq!(keys(&session.program(&["load"]).1), ["newer", "ours"]);
    let left = fs::read_to_string(session.signal_file()).expect("it is there");
    assert_eq!(left, "{\"RefreshToken\": {\"plain\"");
}

#[test]
fn programs_that_write_at_once_lose_nothing() {
    let session = Session::unlocked();
    let keys_of = |program| (0..5).map(move |number| format!("{program}-{number}"));
    std::thread::scope(|scope| {
        for program in 0..4 {
            let session = &session;
            scope.spawn(move || {
                for key in keys_of(program) {
                    let mut command = session.program_command();
                    command.args(["put", &key]).stdin(Stdio::null());
                    assert!(command.status().expect("it starts").success());
                }
            });
        }
    });
    let mut expected: Vec<_> = (0..4).flat_map(keys_of).collect();
    expected.sort();
    assert_eq!(keys(&session.program(&["load"]).1), expected);
}

/// As on a server where nobody ever signed in to a desktop.
#[test]
fn a_keyring_without_a_collection_is_none() {
    let session = Session::without_collection();
    for command in [&["load"][..], &["put", "one"]] {
        let (done, text) = session.program(command);
        assert!(!done);
        assert!(text.contains("no default collection"), "{text}");
    }
    assert!(session.program_allowing_plain(&["put", "one"]).0);
    let (_, text) = session.program_allowing_plain(&["load"]);
    assert_eq!(keys(&text), ["one"]);
}
