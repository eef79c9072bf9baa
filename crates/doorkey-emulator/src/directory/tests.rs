use super::*;

#[test]
fn the_built_in_people_are_one_of_each_kind() {
    let directory = Directory::default();
    let [
        plain,
        mfa,
        consent,
        disabled,
        guest,
        federated,
        elder,
        expired,
        policy,
        locked,
        personal,
        sam,
        other_sam,
    ] = directory.users()
    else {
        panic!("thirteen people");
    };
    assert!(plain.mfa_code.is_none() && !plain.must_consent && !plain.disabled);
    assert!(
        mfa.mfa_code
            .as_ref()
            .is_some_and(|code| mfa.note.contains(code))
    );
    assert!(consent.must_consent);
    assert!(disabled.disabled);
    assert_eq!(guest.guest_in[0].tenant_id, directory.tenants()[0].id);
    assert_ne!(guest.guest_in[0].object_id, guest.object_id);
    assert_ne!(guest.tenant_id, directory.tenants()[0].id);
    for (user, saml) in [(federated, SamlVersion::V11), (elder, SamlVersion::V20)] {
        let federation = directory.federation_of(&user.username);
        assert_eq!(federation.map(|federation| federation.saml), Some(saml));
    }
    assert!(directory.federation_of(&plain.username).is_none());
    assert!(expired.password_expired && locked.locked);
    assert!(policy.policy_for("https://vault.azure.net").is_some());
    assert!(policy.policy_for("https://storage.azure.com").is_none());
    assert!(personal.is_personal() && personal.nameless && !personal.guest_in.is_empty());
    assert_eq!(sam.username, other_sam.username);
    assert_ne!(sam.object_id, other_sam.object_id);
    assert_eq!(
        directory.applications()[0].client_id,
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    );
}

#[test]
fn ids_are_the_same_in_every_run() {
    assert_eq!(
        Directory::default().users()[0].object_id,
        Directory::default().users()[0].object_id
    );
}

#[test]
fn names_are_found_in_any_case() {
    let directory = Directory::default();
    assert!(directory.tenant("CONTOSO.example").is_some());
    assert!(
        directory
            .tenant("AAAABBBB-0000-cccc-1111-dddd2222eeee")
            .is_some()
    );
    assert!(directory.named("Adele@Contoso.Example").next().is_some());
    assert!(
        directory
            .application("04B07795-8ddb-461a-bbee-02f9e1bf7b46")
            .is_some()
    );
    assert!(directory.tenant("nowhere.example").is_none());
}

#[test]
fn a_mistake_in_the_file_is_named() {
    const TENANT: &str = "[[tenants]]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\n\
                          domain = \"contoso.example\"\n";
    const APPLICATION: &str = "[[applications]]\nname = \"App\"\n\
                               client_id = \"04b07795-8ddb-461a-bbee-02f9e1bf7b46\"\n";
    const PERSON: &str = "[[people]]\nusername = \"robin@contoso.example\"\n\
                          password = \"x\"\ntenant = \"contoso.example\"\n";
    let whole = format!("{TENANT}{APPLICATION}{PERSON}");
    Directory::from_toml(&whole).unwrap();
    for (text, named) in [
        (format!("{whole}colour = \"red\"\n"), "line 11"),
        (format!("{whole}colour = \"red\"\n"), "colour"),
        (format!("{TENANT}{APPLICATION}"), "people"),
        (
            format!("applications = []\n{TENANT}{PERSON}"),
            "applications",
        ),
        (
            format!("{whole}guest_in = [\"nowhere.example\"]\n"),
            "nowhere.example",
        ),
        (
            format!("{whole}guest_in = [\"contoso.example\"]\n"),
            "guest_in",
        ),
        (format!("{whole}object_id = \"one\"\n"), "object_id"),
        (format!("{whole}{PERSON}"), "twice"),
        (format!("{whole}{TENANT}"), "twice"),
        (format!("{whole}{APPLICATION}"), "twice"),
        (whole.replace("aaaabbbb-", "zzzz-"), "id must be a GUID"),
        (whole.replace("04b07795-", ""), "client_id must be a GUID"),
        (
            whole.replace("\"contoso.example\"\n[[app", "\"contoso\"\n[[app"),
            "domain",
        ),
        (format!("{whole}guest_in = [\"consumers\"]\n"), "guest_in"),
        (
            format!(
                "{whole}[[federations]]\ndomain = \"a.example\"\nws_trust = []\nsaml = \"1.1\"\n"
            ),
            "ws_trust",
        ),
        (
            format!(
                "{whole}[[federations]]\ndomain = \"a\"\nws_trust = [\"1.3\"]\nsaml = \"1.1\"\n"
            ),
            "domain",
        ),
        (
            format!(
                "{whole}[[federations]]\ndomain = \"a.b\"\nws_trust = [\"1.4\"]\nsaml = \"1.1\"\n"
            ),
            "1.4",
        ),
        (whole.replace("robin@", "robin"), "username"),
        (whole.replace("\"x\"", "\"\""), "password"),
        (whole.replace("\"x\"", "7"), "line 9"),
    ] {
        let error = Directory::from_toml(&text).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn passwords_stay_out_of_debug() {
    assert!(!format!("{:?}", Directory::default()).contains("not-a-secret"));
}
