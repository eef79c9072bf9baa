//! A person of AD FS, from their sign-in to their sign-out.

use crate::{authority::SCOPE, machine::Machine, process::Doorkey};
use doorkey_emulator::DeviceDecision;
use serde_json::Value;

const OTHER_SCOPE: &str = "https://vault.azure.net/.default";

#[test]
fn they_sign_in_come_back_silently_and_sign_out() {
    let machine = Machine::new();
    let doorkey = |arguments: &[&str]| -> Doorkey {
        let adfs = format!("{}/adfs", machine.authority.authority());
        let doorkey = machine.doorkey(arguments).env("DOORKEY_AUTHORITY", adfs);
        // Nobody has to trust it by hand: it is nothing that Microsoft knows of.
        doorkey.without_env("DOORKEY_DISABLE_INSTANCE_DISCOVERY")
    };
    let username = machine.user("adele").username.clone();
    let mut running = doorkey(&["login", "--scope", SCOPE, "--device-code"]).start();
    let decision = DeviceDecision::Approve {
        username: username.clone(),
    };
    let code = running.told("Code: ");
    machine
        .authority
        .decide_device_code(&code, decision)
        .unwrap();
    let finished = running.wait();
    finished.assert_status(0);
    let expected = format!("Signed in as {username} (tenant adfs).\n");
    assert_eq!(finished.stdout, expected);

    for scope in [SCOPE, OTHER_SCOPE] {
        let finished = doorkey(&["token", "--scope", scope, "--silent", "--output", "json"]).run();
        finished.assert_status(0);
        let token: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(token["tenantId"], "adfs");
    }
    let finished = doorkey(&["accounts", "--output", "json"]).run();
    finished.assert_status(0);
    let accounts: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(accounts[0]["tenantId"], "adfs");
    assert_eq!(accounts[0]["username"], username);

    let finished = doorkey(&["logout", "--account", &username]).run();
    finished.assert_status(0);
    let finished = doorkey(&["token", "--scope", SCOPE, "--silent"]).run();
    finished.assert_refused(3, &["`doorkey login`"]);
}
