//! Who signed in once is not asked again.

use crate::{
    authority::SCOPE,
    machine::{CACHE, Machine, RECORDS},
};
use doorkey_emulator::Endpoint;
use serde_json::Value;
use std::fs;

#[test]
fn a_known_token_is_printed_with_nothing_sent() {
    let machine = Machine::of_adele();
    let (first, requests) = machine.silent_token(&[]);
    first.assert_status(0);
    assert_eq!(first.stderr, "");
    assert!(first.stdout.starts_with("eyJ"), "{first:#?}");
    assert_eq!(requests, []);
    // Nor is anybody asked who may be.
    machine.authority.clear_requests();
    let second = machine.doorkey(&["token", "--scope", SCOPE]).run();
    second.assert_status(0);
    assert_eq!(second.stderr, "");
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(machine.endpoints(), []);
}

#[test]
fn by_the_refresh_token_alone_a_token_is_had_and_kept() {
    let machine = Machine::of_adele();
    forget_access_tokens(&machine);
    let (finished, requests) = machine.silent_token(&[]);
    finished.assert_status(0);
    assert_eq!(requests, [Endpoint::OpenIdConfiguration, Endpoint::Token]);
    let (again, requests) = machine.silent_token(&[]);
    assert_eq!(again.stdout, finished.stdout);
    assert_eq!(requests, []);
    // For other scopes, too.
    machine.authority.clear_requests();
    let scope = "https://storage.azure.com/.default";
    let other = machine
        .doorkey(&["token", "--silent", "--scope", scope])
        .run();
    other.assert_status(0);
    assert_eq!(
        machine.endpoints(),
        [Endpoint::OpenIdConfiguration, Endpoint::Token]
    );
}

#[test]
fn where_nobody_is_signed_in_silence_is_refused() {
    let machine = Machine::new();
    let (finished, requests) = machine.silent_token(&[]);
    finished.assert_refused(3, &["`doorkey login`", "--silent"]);
    assert_eq!(requests, []);
}

#[test]
fn whose_tokens_were_revoked_has_to_sign_in_again() {
    let machine = Machine::of_adele();
    let username = &machine.user("adele").username;
    forget_access_tokens(&machine);
    machine.authority.revoke_refresh_tokens(username);
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_refused(3, &["AADSTS50173", "`doorkey login`"]);
    // The one who is known is the one who has to answer.
    let finished = machine.run_by_code("casey", &["token", "--scope", SCOPE]);
    finished.assert_refused(1, &["casey@", username.as_str(), "`doorkey login`"]);
    let arguments = ["token", "--scope", SCOPE, "--output", "json"];
    let finished = machine.doorkey_by("adele", &arguments).run();
    finished.assert_status(0);
    assert!(finished.stderr.contains("Your browser opens"));
    let (finished, requests) = machine.silent_token(&[]);
    finished.assert_status(0);
    assert_eq!(requests, []);
}

#[test]
fn whose_tokens_are_gone_has_to_sign_in_again() {
    let machine = Machine::of_adele();
    fs::remove_file(machine.path(CACHE)).unwrap();
    let (finished, requests) = machine.silent_token(&[]);
    finished.assert_refused(3, &["`doorkey login`"]);
    assert_eq!(requests, []);
}

#[test]
fn a_sign_in_by_token_is_kept_as_one_by_login_is() {
    let machine = Machine::new();
    let first = machine.run_by_code("adele", &["token", "--scope", SCOPE]);
    first.assert_status(0);
    assert_eq!(machine.records().len(), 1);
    let (second, requests) = machine.silent_token(&[]);
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(requests, []);
}

/// As after a sign-in by another program that shares the cache.
#[test]
fn the_one_person_in_the_cache_needs_no_record() {
    let machine = Machine::of_adele();
    fs::remove_dir_all(machine.path(RECORDS)).unwrap();
    let (finished, requests) = machine.silent_token(&["--output", "json"]);
    finished.assert_status(0);
    assert_eq!(requests, []);
    let json: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(json["tenantId"], machine.user("adele").tenant_id.as_str());
}

#[test]
fn who_signed_in_to_an_application_of_the_family_is_known() {
    let machine = Machine::new();
    machine.login("adele", &["--client-id", VISUAL_STUDIO_CODE]);
    let (finished, requests) = machine.silent_token(&["--output", "json"]);
    finished.assert_status(0);
    assert_eq!(requests, [Endpoint::OpenIdConfiguration, Endpoint::Token]);
    let json: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(json["tenantId"], machine.user("adele").tenant_id.as_str());
    // An application of no family is a stranger to it.
    let (finished, _) = machine.silent_token(&["--client-id", CONTOSO_NOTES]);
    finished.assert_refused(3, &["`doorkey login`"]);
}

#[test]
fn of_several_people_one_has_to_be_named() {
    let machine = Machine::of_adele();
    machine.login("casey", &[]);
    let names = ["adele@contoso.example", "casey@contoso.example"];
    let tokens: Vec<String> = names
        .iter()
        .map(|name| {
            // In any case, and by whichever name.
            let by_name = machine.silent_token(&["--account", &name.to_uppercase()]);
            let id = machine.home_account_id(name);
            let by_id = machine.silent_token(&["--account", &id]);
            let by_variable = machine
                .doorkey(&["token", "--silent", "--scope", SCOPE])
                .env("DOORKEY_ACCOUNT", name)
                .run();
            assert_eq!(by_name.1, []);
            assert_eq!(by_name.0.stdout, by_id.0.stdout);
            assert_eq!(by_name.0.stdout, by_variable.stdout);
            by_name.0.assert_status(0);
            by_name.0.stdout
        })
        .collect();
    assert_ne!(tokens[0], tokens[1]);
    for with_records in [true, false] {
        for arguments in [&["--silent"][..], &[]] {
            let arguments = [&["token", "--scope", SCOPE], arguments].concat();
            machine
                .doorkey(&arguments)
                .run()
                .assert_refused(3, &[names[0], names[1], "--account"]);
        }
        let (finished, _) = machine.silent_token(&["--account", names[1]]);
        assert_eq!(finished.stdout, tokens[1]);
        if with_records {
            fs::remove_dir_all(machine.path(RECORDS)).unwrap();
        }
    }
}

#[test]
fn of_several_tenants_one_has_to_be_named() {
    let machine = Machine::new();
    let guest = "gale@fabrikam.example";
    let at_home = &machine.user(guest).tenant_id;
    let abroad = machine.authority.tenant_id();
    machine.login(guest, &[]);
    machine.login(guest, &["--tenant", abroad]);
    assert_eq!(machine.records().len(), 2);
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_refused(3, &[at_home, abroad, "--tenant"]);
    let tokens = [at_home, abroad].map(|tenant| {
        let (finished, requests) = machine.silent_token(&["--tenant", tenant, "--output", "json"]);
        finished.assert_status(0);
        assert_eq!(requests, []);
        let json: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(json["tenantId"], tenant);
        json["accessToken"].as_str().unwrap().to_owned()
    });
    assert_ne!(tokens[0], tokens[1]);
}

#[test]
fn another_tenant_of_a_known_person_is_asked_in_silence() {
    let machine = Machine::new();
    machine.login("gale", &[]);
    let abroad = machine.authority.tenant_id();
    let (finished, requests) = machine.silent_token(&["--tenant", abroad, "--output", "json"]);
    finished.assert_status(0);
    assert_eq!(requests, [Endpoint::OpenIdConfiguration, Endpoint::Token]);
    let json: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(json["tenantId"], abroad);
}

#[test]
fn somebody_who_is_named_and_not_known_is_asked() {
    let machine = Machine::of_adele();
    let name = "casey@contoso.example";
    let (finished, _) = machine.silent_token(&["--account", name]);
    finished.assert_refused(3, &["`doorkey login`"]);
    let mut running = machine
        .doorkey(&["token", "--scope", SCOPE, "--account", name])
        .start();
    let url = running.told("https://");
    assert!(url.contains("login_hint=casey%40contoso.example"), "{url}");
    running.interrupt();
    running.wait().assert_status(130);
    let arguments = ["token", "--scope", SCOPE, "--account", name];
    // Whoever else answers is signed in, and their token is not given out for another's.
    machine
        .run_by_code("gale", &arguments)
        .assert_refused(1, &["gale@", name]);
    let finished = machine.doorkey_by("casey", &arguments).run();
    finished.assert_status(0);
    let (again, _) = machine.silent_token(&["--account", name]);
    assert_eq!(again.stdout, finished.stdout);
}

#[test]
fn each_cache_has_its_own_people() {
    let machine = Machine::new();
    machine.login("adele", &["--cache-name", "one"]);
    fs::remove_dir_all(machine.path(RECORDS)).unwrap();
    let (finished, _) = machine.silent_token(&[]);
    finished.assert_status(3);
    let (finished, _) = machine.silent_token(&["--cache-name", "one"]);
    finished.assert_status(0);
    let finished = machine
        .doorkey(&["token", "--silent", "--scope", SCOPE])
        .env("DOORKEY_CACHE_NAME", "one")
        .run();
    finished.assert_status(0);
}

/// Leaves the refresh token alone.
fn forget_access_tokens(machine: &Machine) {
    let file = machine.path(CACHE);
    let mut cache: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let tokens = cache["AccessToken"].as_object_mut().unwrap();
    assert!(!tokens.is_empty());
    tokens.clear();
    fs::write(file, cache.to_string()).unwrap();
}

const VISUAL_STUDIO_CODE: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
const CONTOSO_NOTES: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
