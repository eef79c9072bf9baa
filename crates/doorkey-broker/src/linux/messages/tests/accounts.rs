use super::{
    super::{account::only, *},
    OBJECT, TENANT, client_info, home,
};
use doorkey::{BrokerAccount, ErrorKind};
use serde_json::{Value, json};

const GUEST: &str = "33333333-3333-3333-3333-333333333333";

fn known(list: &Value) -> Vec<Known> {
    accounts(&json!({ "accounts": list }).to_string()).expect("a list")
}

#[test]
fn who_it_is_comes_from_the_authority_where_it_has_a_word() {
    for (what, member, expected) in [
        (
            "himmelblau and MSAL: a dot",
            json!({ "homeAccountId": home() }),
            home(),
        ),
        (
            "a hyphen, in a mock of linux-entra-sso",
            json!({ "homeAccountId": format!("{OBJECT}-{TENANT}") }),
            home(),
        ),
        (
            "client info is trusted before both",
            json!({ "homeAccountId": "else", "clientInfo": client_info(OBJECT, TENANT) }),
            home(),
        ),
        (
            "client info that is padded",
            json!({ "clientInfo": format!("{}==", client_info(OBJECT, TENANT)) }),
            home(),
        ),
        (
            "client info that is none",
            json!({ "homeAccountId": "as.it-is", "clientInfo": "?" }),
            "as.it-is".to_owned(),
        ),
    ] {
        let known = known(&json!([member]));
        assert_eq!(known[0].account.home_account_id, expected, "{what}");
        assert_eq!(known[0].written, member, "{what}");
    }
}

#[test]
fn an_account_has_what_the_broker_says_of_it() {
    let microsofts = json!([{
        "clientInfo": client_info(OBJECT, TENANT),
        "environment": "login.windows.net",
        "familyName": "Lovelace",
        "givenName": "Ada",
        "homeAccountId": home(),
        "localAccountId": OBJECT,
        "name": "Ada Lovelace",
        "passwordExpiry": 0,
        "realm": TENANT,
        "username": "ada@contoso.example",
    }]);
    let known = known(&microsofts);
    let account = &known[0].account;
    assert_eq!(account.username, "ada@contoso.example");
    assert_eq!(account.tenant_id, TENANT);
    assert_eq!(account.local_account_id.as_deref(), Some(OBJECT));
}

#[test]
fn one_that_cannot_be_told_from_others_is_left_out() {
    let whole = json!({ "homeAccountId": home() });
    for other in [
        json!({ "username": "ada@contoso.example" }),
        json!(1),
        json!(null),
        // himmelblau, of somebody whose tenant it does not know yet.
        json!({ "homeAccountId": format!("{OBJECT}."), "realm": "", "username": "ada" }),
        json!({ "homeAccountId": format!(".{TENANT}") }),
        json!({ "homeAccountId": OBJECT }),
    ] {
        let known = known(&json!([other, whole]));
        assert_eq!(known.len(), 1, "{other}");
        assert_eq!(known[0].account.home_account_id, home(), "{other}");
    }
}

/// Ada at home and as a guest, and Bob.
fn several() -> Vec<Known> {
    known(&json!([
        { "homeAccountId": home(), "realm": GUEST, "username": "ada#ext#@guest.example" },
        { "homeAccountId": home().to_uppercase(), "realm": TENANT, "username": "ada@contoso.example" },
        { "homeAccountId": format!("b.{TENANT}"), "realm": TENANT, "username": "bob@contoso.example" },
    ]))
}

#[test]
fn a_guest_is_one_person_and_is_who_they_are_at_home() {
    let people = people(several());
    let names: Vec<_> = people.iter().map(|person| &*person.username).collect();
    assert_eq!(names, ["ada@contoso.example", "bob@contoso.example"]);
}

#[test]
fn an_account_is_found_in_its_tenant_else_at_home() {
    for (home, tenant, expected) in [
        (home(), GUEST, Some("ada#ext#@guest.example")),
        (home(), TENANT, Some("ada@contoso.example")),
        (home(), "", Some("ada@contoso.example")),
        (home(), "another", Some("ada@contoso.example")),
        (format!("B.{TENANT}"), "", Some("bob@contoso.example")),
        ("nobody".to_owned(), TENANT, None),
    ] {
        let mut account = BrokerAccount::new(home);
        account.tenant_id = tenant.into();
        let found = find(several(), &account).map(|known| known.account.username);
        assert_eq!(found.as_deref(), expected, "{account:?}");
    }
}

#[test]
fn a_list_that_is_none_is_an_error() {
    for reply in ["null", "[]", "{}", r#"{"accounts":{}}"#, "Not implemented"] {
        let error = accounts(reply).expect_err(reply);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{reply}");
        assert!(error.to_string().contains("restart the broker"), "{error}");
    }
    assert_eq!(accounts(r#"{"accounts":[]}"#).expect("nobody"), []);
}

#[test]
fn the_only_person_is_one_of_that_name_wherever_they_are_guests() {
    let name = |known: Option<Known>| known.map(|known| known.account.username);
    assert_eq!(name(only(several(), None)), None, "Ada and Bob");
    let mut ada = several();
    ada.truncate(2);
    let at_home = Some("ada@contoso.example".to_owned());
    assert_eq!(name(only(ada.clone(), None)), at_home);
    assert_eq!(name(only(several(), Some("ADA@contoso.example"))), at_home);
    assert_eq!(name(only(ada, Some("bob@contoso.example"))), None);
    assert_eq!(name(only(Vec::new(), None)), None);
}
