//! Who is signed in to `az` and not here.

use crate::{
    authority::SCOPE,
    machine::{CACHE, Machine, RECORDS},
};
use doorkey_emulator::Endpoint;
use serde_json::{Value, json};
use std::{fs, path::PathBuf, time::SystemTime};

/// A machine where this person ran `az login` at the machine's own authority.
pub(crate) fn machine_with_az(name: &str) -> Machine {
    let machine = Machine::new();
    machine.login(name, &[]);
    let folder = machine.path(".azure");
    fs::create_dir(&folder).unwrap();
    // The same application, and the same schema.
    fs::rename(machine.path(CACHE), folder.join("msal_token_cache.json")).unwrap();
    fs::remove_dir_all(machine.path(RECORDS)).unwrap();
    let user = machine.user(name);
    let profile = json!({"subscriptions": [{
        "id": "an-id", "name": "A subscription", "isDefault": true, "environmentName": "Local",
        "tenantId": user.tenant_id, "user": {"name": user.username, "type": "user"},
    }]});
    let clouds = format!(
        "[Local]\nendpoint_active_directory = {}\n",
        machine.authority.authority()
    );
    for (file, text) in [
        ("azureProfile.json", format!("\u{feff}{profile}")),
        ("config", "[cloud]\nname = Local\n".to_owned()),
        ("clouds.config", clouds),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
    machine.authority.clear_requests();
    machine
}

/// All that can be seen of the folder of `az`.
fn folder_of_az(machine: &Machine) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(machine.path(".azure")).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let modified = path.metadata().unwrap().modified().unwrap();
            (path.clone(), fs::read(path).unwrap(), modified)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_token_of_az_is_printed_with_nothing_sent_or_written() {
    let machine = machine_with_az("adele");
    let before = folder_of_az(&machine);
    for arguments in [&["--silent"][..], &[]] {
        let arguments = [&["token", "--scope", SCOPE, "--output", "json"], arguments].concat();
        let finished = machine.doorkey(&arguments).run();
        finished.assert_status(0);
        let json: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(json["tenantId"], machine.user("adele").tenant_id);
        let username = &machine.user("adele").username;
        assert_eq!(
            finished.stderr,
            format!(
                "The token is of the Azure CLI's sign-in: {username} (subscription A subscription).\n"
            )
        );
    }
    assert_eq!(machine.endpoints(), []);
    // For another resource by the refresh token, which is not kept.
    let other = [
        "token",
        "--silent",
        "--scope",
        "https://vault.azure.net/.default",
    ];
    machine.doorkey(&other).run().assert_status(0);
    assert_eq!(
        machine.endpoints(),
        [Endpoint::OpenIdConfiguration, Endpoint::Token]
    );
    assert_eq!(folder_of_az(&machine), before);
    assert!(!machine.path(CACHE).exists());
    // It is no sign-in of doorkey's.
    let accounts = machine.doorkey(&["accounts"]).run();
    assert!(!accounts.stdout.contains("adele"), "{accounts:#?}");
}

#[test]
fn who_signed_in_here_comes_first_and_who_is_not_meant_is_passed_by() {
    let machine = machine_with_az("adele");
    let casey = machine.user("casey").username.clone();
    let (other, _) = machine.silent_token(&["--account", &casey]);
    other.assert_refused(3, &["`doorkey login`"]);
    let (other, _) = machine.silent_token(&["--client-id", "11111111-2222-3333-4444-555555555555"]);
    other.assert_refused(3, &["`doorkey login`"]);
    let (other, _) = machine.silent_token(&["--cache-name", "of-its-own"]);
    other.assert_refused(3, &["`doorkey login`"]);
    let adele = machine.user("adele").username.to_uppercase();
    let (meant, requests) = machine.silent_token(&["--account", &adele]);
    meant.assert_status(0);
    assert_eq!(requests, []);
    machine.login("casey", &[]);
    let (first, _) = machine.silent_token(&[]);
    first.assert_status(0);
    assert_eq!(first.stderr, "");
}

#[test]
fn what_is_wrong_with_az_changes_nothing() {
    let machine = machine_with_az("adele");
    machine
        .authority
        .revoke_refresh_tokens(&machine.user("adele").username);
    let scope = [
        "token",
        "--silent",
        "--scope",
        "https://vault.azure.net/.default",
    ];
    machine
        .doorkey(&scope)
        .run()
        .assert_refused(3, &["`doorkey login`"]);
    for (file, text) in [
        ("msal_token_cache.json", "{\"Acc"),
        ("azureProfile.json", "["),
    ] {
        fs::write(machine.path(".azure").join(file), text).unwrap();
        let (finished, _) = machine.silent_token(&[]);
        finished.assert_refused(3, &["`doorkey login`"]);
    }
}

#[test]
fn the_tenant_that_is_told_is_an_id_whatever_name_was_asked_for() {
    let machine = machine_with_az("adele");
    let id = machine.user("adele").tenant_id.clone();
    for name in ["organizations", "common", &id.to_uppercase()] {
        let arguments = ["--tenant", name, "--output", "json"];
        let (finished, _) = machine.silent_token(&arguments);
        finished.assert_status(0);
        let json: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(json["tenantId"], id, "--tenant {name}");
    }
}

/// As in a container whose home is read-only or not there, and where `.azure` is mounted.
#[test]
fn where_nothing_of_ours_can_be_kept_az_still_answers() {
    let machine = machine_with_az("adele");
    let own = machine.path(".IdentityService");
    let _ = fs::remove_dir_all(&own);
    fs::write(own, "a file").unwrap();
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_status(0);
}

/// The help says that the default authority is the public cloud.
#[test]
fn az_in_another_cloud_than_the_commands_is_passed_by() {
    let machine = machine_with_az("adele");
    let doorkey = machine.doorkey(&["token", "--silent", "--scope", SCOPE]);
    let finished = doorkey.without_env("DOORKEY_AUTHORITY").run();
    finished.assert_refused(3, &["`doorkey login`"]);
}
