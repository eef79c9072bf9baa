//! `doorkey accounts`.

use crate::machine::{CACHE, Machine};
use serde_json::{Value, json};
use std::fs;

#[test]
fn nobody_is_an_empty_list() {
    let machine = Machine::new();
    let text = machine.doorkey(&["accounts"]).run();
    text.assert_status(0);
    assert_eq!(text.stdout, "");
    assert_eq!(text.stderr, "Nobody is signed in.\n");
    let json = machine.doorkey(&["accounts", "--output", "json"]).run();
    json.assert_status(0);
    assert_eq!(json.stdout, "[]\n");
    assert_eq!(json.stderr, "");
}

#[test]
fn that_the_cache_was_damaged_is_told() {
    let machine = Machine::of_adele();
    let cache = machine.path(CACHE);
    let mut text = fs::read(&cache).unwrap();
    text.truncate(text.len() - 1);
    fs::write(&cache, &text).unwrap();
    let finished = machine.doorkey(&["accounts"]).run();
    finished.assert_status(0);
    assert!(finished.stdout.starts_with("adele@"), "{finished:#?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:#?}");
    assert!(finished.stderr.contains("was damaged"), "{finished:#?}");
    let again = machine.doorkey(&["accounts"]).run();
    assert_eq!(again.stderr, "", "it is mended");
}

#[test]
fn everybody_is_listed_with_nothing_sent() {
    let machine = Machine::of_adele();
    machine.login("casey", &["--client-id", CONTOSO_NOTES]);
    machine.authority.clear_requests();
    let finished = machine.doorkey(&["accounts"]).run();
    finished.assert_status(0);
    let tenant = machine.authority.tenant_id();
    let application = machine.authority.client_id();
    assert_eq!(
        finished.stdout,
        format!(
            "adele@contoso.example\t{tenant}\t{application}\n\
             casey@contoso.example\t{tenant}\t{CONTOSO_NOTES}\n"
        )
    );
    assert_eq!(finished.stderr, "");
    let authority = machine.authority.authority();
    let authority = authority.strip_prefix("https://").unwrap();
    let person = |name: &str, application: &str| {
        json!({
            "username": machine.user(name).username,
            "tenantId": tenant,
            "homeAccountId": machine.home_account_id(name),
            "clientId": application,
            "authority": authority,
        })
    };
    let finished = machine.doorkey(&["accounts", "--output", "json"]).run();
    let list: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(
        list,
        json!([person("adele", application), person("casey", CONTOSO_NOTES)])
    );
    let finished = machine
        .doorkey(&["accounts", "--client-id", CONTOSO_NOTES, "--output", "json"])
        .run();
    let list: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(list, json!([person("casey", CONTOSO_NOTES)]));
    assert_eq!(machine.endpoints(), []);
}

#[test]
fn each_tenant_that_somebody_signed_in_to_is_listed() {
    let machine = Machine::new();
    machine.login("gale", &[]);
    machine.login("gale", &["--tenant", machine.authority.tenant_id()]);
    let finished = machine.doorkey(&["accounts"]).run();
    let mut tenants: Vec<_> = finished
        .stdout
        .lines()
        .map(|line| line.split('\t').nth(1).unwrap())
        .collect();
    tenants.sort_unstable();
    assert_eq!(
        tenants,
        [
            machine.authority.tenant_id(),
            &machine.user("gale").tenant_id
        ]
    );
}

#[test]
fn a_record_without_tokens_is_nobody() {
    let machine = Machine::of_adele();
    fs::remove_file(machine.path(CACHE)).unwrap();
    let finished = machine.doorkey(&["accounts", "--output", "json"]).run();
    finished.assert_status(0);
    assert_eq!(finished.stdout, "[]\n");
}

const CONTOSO_NOTES: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
