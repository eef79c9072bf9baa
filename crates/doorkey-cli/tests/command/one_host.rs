//! Authorities of several kinds on one host, as the emulator answers: each has its own people.

use crate::{authority::SCOPE, browser::with_browser_of, machine::Machine, process::Doorkey};
use doorkey_emulator::DeviceDecision;
use serde_json::Value;

#[test]
fn no_authority_takes_another_ones_people() {
    let machine = Machine::new();
    let user = machine.user("adele");
    let doorkey = |kind: &str, arguments: &[&str]| -> Doorkey {
        let pem = machine.authority.ca_certificate();
        with_browser_of(
            machine.doorkey(arguments),
            pem,
            &user.username,
            &user.password,
        )
        .env(
            "DOORKEY_AUTHORITY",
            format!("{}{kind}", machine.authority.authority()),
        )
    };
    let silent = |kind: &str| doorkey(kind, &["token", "--scope", SCOPE, "--silent"]).run();
    let kinds = ["", "/adfs", "/contoso.example/b2c_1_in"];
    for order in [kinds, ["/contoso.example/b2c_1_in", "/adfs", ""]] {
        for kind in order {
            silent(kind).assert_refused(3, &["`doorkey login`"]);
            if kind == "/adfs" {
                let arguments = ["login", "--scope", SCOPE, "--device-code"];
                let mut running = doorkey(kind, &arguments).start();
                let username = user.username.clone();
                let decision = DeviceDecision::Approve { username };
                let code = running.told("Code: ");
                machine
                    .authority
                    .decide_device_code(&code, decision)
                    .unwrap();
                running.wait().assert_status(0);
            } else {
                let finished = doorkey(kind, &["login", "--scope", SCOPE]).run();
                finished.assert_status(0);
            }
        }
        let mut tokens = Vec::new();
        for kind in order {
            let finished = silent(kind);
            finished.assert_status(0);
            tokens.push(finished.stdout);
            let finished = doorkey(kind, &["accounts", "--output", "json"]).run();
            finished.assert_status(0);
            let accounts: Value = serde_json::from_str(&finished.stdout).unwrap();
            assert_eq!(accounts.as_array().unwrap().len(), 1, "{kind}: {accounts}");
        }
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), 3);
        for kind in order {
            let finished = doorkey(kind, &["logout", "--all"]).run();
            finished.assert_status(0);
        }
    }
}
