//! One person of Azure AD B2C, whom each policy calls another one.

use crate::{authority::SCOPE, browser::with_browser_of, machine::Machine, process::Doorkey};

#[test]
fn a_policy_knows_its_own_sign_ins_alone() {
    let machine = Machine::new();
    let user = machine.user("adele");
    let doorkey = |policy: &str, arguments: &[&str]| -> Doorkey {
        let authority = format!("{}/contoso.example/{policy}", machine.authority.authority());
        let doorkey = machine.doorkey(arguments);
        let pem = machine.authority.ca_certificate();
        with_browser_of(doorkey, pem, &user.username, &user.password)
            .env("DOORKEY_AUTHORITY", authority)
            .without_env("DOORKEY_DISABLE_INSTANCE_DISCOVERY")
    };
    let login = ["login", "--scope", SCOPE];
    let silent = ["token", "--scope", SCOPE, "--silent"];
    doorkey("b2c_1_in", &login).run().assert_status(0);
    let people = doorkey("b2c_1_in", &["accounts"]).run();
    assert!(people.stdout.contains(&user.username), "{people:#?}");
    let first = doorkey("b2c_1_in", &silent).run();
    first.assert_status(0);
    let other = doorkey("b2c_1_edit", &silent).run();
    other.assert_refused(3, &["`doorkey login`"]);
    doorkey("b2c_1_edit", &login).run().assert_status(0);
    let other = doorkey("b2c_1_edit", &silent).run();
    other.assert_status(0);
    assert_ne!(other.stdout, first.stdout);
    let again = doorkey("b2c_1_in", &silent).run();
    again.assert_status(0);
    assert_eq!(again.stdout, first.stdout);

    doorkey("b2c_1_edit", &["logout", "--all"])
        .run()
        .assert_status(0);
    let stayed = doorkey("b2c_1_in", &silent).run();
    stayed.assert_status(0);
}
