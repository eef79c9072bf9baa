//! Brokers that are not there, that refuse, that talk nonsense.

use crate::{
    dialects::{home, microsofts_2},
    scene::{NAME, Scene, ended},
};
use doorkey_tests::Session;
use serde_json::{Value, json};
use std::fs;

#[track_caller]
fn assert_unavailable(text: &str, words: &str) {
    assert!(text.starts_with("CredentialUnavailable: "), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(text.contains("by the browser"), "{text}");
}

#[test]
fn without_a_bus_there_is_no_broker() {
    let scene = Scene::without_broker(Session::without_bus());
    for command in [
        &["accounts"][..],
        &["silent", "x"],
        &["interactive"],
        &["sign-out", "x"],
    ] {
        assert_unavailable(&scene.fail(command), "no D-Bus session");
    }
    for address in ["unix:path=/nowhere", "nonsense", ";;", " "] {
        let mut program = scene.program(&["version"]);
        program.env("DBUS_SESSION_BUS_ADDRESS", address);
        let (succeeded, text) = ended(&program.output().expect("it starts"));
        assert!(!succeeded, "{address}");
        assert_unavailable(&text, "no D-Bus session");
    }
}

#[test]
fn the_first_address_of_the_bus_that_answers_is_taken() {
    let scene = microsofts_2();
    let address = format!("unix:path=/nowhere;{}", scene.desktop.bus_address());
    let mut program = scene.program(&["version"]);
    program.env("DBUS_SESSION_BUS_ADDRESS", address);
    assert!(ended(&program.output().expect("it starts")).0);
}

/// As systemd leaves it where no address is set; in a folder whose name means something in an address.
#[test]
fn the_bus_of_the_run_time_folder_is_found_whatever_the_folder_is_called() {
    let scene = microsofts_2();
    let address = scene.desktop.bus_address();
    let socket = address.strip_prefix("unix:path=").expect("a socket");
    let socket = socket.split(',').next().expect("a path");
    for name in ["plain", "a b", "a,guid=0;b", "100%41", "a:b=c", "größe"] {
        let folder = scene.file(name);
        fs::create_dir(&folder).expect("a folder");
        std::os::unix::fs::symlink(socket, folder.join("bus")).expect("a link");
        let mut program = scene.program(&["version"]);
        program.env("XDG_RUNTIME_DIR", &folder);
        program.env("DBUS_SESSION_BUS_ADDRESS", "");
        let (succeeded, text) = ended(&program.output().expect("it starts"));
        assert!(succeeded, "{name}: {text}");
    }
}

#[test]
fn a_bus_without_a_broker_says_so() {
    let scene = Scene::without_broker(Session::with_bus());
    for command in [
        &["accounts"][..],
        &["silent", "x"],
        &["interactive"],
        &["sign-out", "x"],
    ] {
        assert_unavailable(&scene.fail(command), "no identity broker is installed");
    }
}

#[test]
fn the_bus_starts_a_broker_that_is_installed() {
    let scene = Scene::installed();
    scene.reply(
        "getLinuxBrokerVersion",
        &json!({ "linuxBrokerVersion": "2.0.4" }),
    );
    assert_eq!(scene.ask(&["version"]), "2.0.4");
}

/// Microsoft's broker 2.0 has its name on the bus before it has the object that is asked.
#[test]
fn one_that_is_still_starting_is_asked_again() {
    let scene = microsofts_2();
    let version = json!({ "reply": { "linuxBrokerVersion": "2.0.1" } });
    let starting =
        json!({ "error": ["org.freedesktop.DBus.Error.UnknownObject", "no such object"] });
    scene.script(
        "getLinuxBrokerVersion",
        &json!([starting, starting, starting, version]),
    );
    assert_eq!(scene.ask(&["version"]), "2.0.1");
    assert_eq!(scene.calls().len(), 4);
}

#[test]
fn one_that_cannot_be_started_is_told_from_none() {
    for program in ["/bin/false", "/nowhere"] {
        let scene = Scene::without_broker(Session::starting(&[(NAME, program)]));
        assert_unavailable(&scene.fail(&["accounts"]), "could not be started");
        assert_unavailable(&scene.fail(&["interactive"]), "could not be started");
    }
}

/// What a broker may answer, the error's kind, and words of its text.
pub(crate) fn refusals() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!({ "reply": { "error": { "status": 2, "context": "AADSTS50076" } } }),
            "AuthenticationRequired",
            "AADSTS50076",
        ),
        (
            json!({ "reply": { "brokerTokenResponse": { "error": { "status": "UserCanceled" } } } }),
            "Declined",
            "cancelled",
        ),
        (
            json!({ "reply": { "error": "NoNetwork" } }),
            "Network",
            "check the network",
        ),
        (
            json!({ "reply": { "error": { "status": 9, "context": "AADSTS50011" } } }),
            "Refused",
            "nativeclient",
        ),
        (
            json!({ "reply": "certainly" }),
            "Protocol",
            "not a JSON object",
        ),
        (
            json!({ "reply": "" }),
            "AuthenticationRequired",
            "answer is empty",
        ),
        (
            json!({ "reply": { "brokerTokenResponse": { "error": {
                "context": "Failed to authenticate user", "status": 0, "subStatus": 0,
            } } } }),
            "AuthenticationRequired",
            "Failed to authenticate user",
        ),
        (json!({ "reply": {} }), "Protocol", "no access token"),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.Failed", "Failed to authenticate user"] }),
            "AuthenticationRequired",
            "Failed to authenticate user",
        ),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.Failed", "interaction_required"] }),
            "AuthenticationRequired",
            "sign in again",
        ),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.AccessDenied", "no"] }),
            "CredentialUnavailable",
            "sandbox",
        ),
        (
            json!({ "error": ["org.freedesktop.DBus.Error.UnknownMethod", "no"] }),
            "CredentialUnavailable",
            "has no acquireTokenSilently",
        ),
        (
            json!({ "error": ["com.example.Odd", ""] }),
            "AuthenticationRequired",
            "com.example.Odd",
        ),
    ]
}

#[test]
fn each_no_has_its_kind_and_says_what_to_do() {
    let scene = microsofts_2();
    for (script, kind, words) in refusals() {
        scene.script("acquireTokenSilently", &script);
        let text = scene.fail(&["silent", &home()]);
        assert!(text.starts_with(&format!("{kind}: ")), "{script}: {text}");
        assert!(text.contains(words), "{script}: {text}");
    }
}

/// By its window, if in silence: the browser is next.
#[test]
fn one_that_failed_itself_is_asked_in_another_way() {
    let scene = microsofts_2();
    let inner = json!({ "context": "odd", "status": 0, "subStatus": 0 });
    for script in [
        json!({ "reply": "" }),
        json!({ "reply": { "brokerTokenResponse": { "error": inner } } }),
        json!({ "error": ["org.freedesktop.DBus.Error.Failed", "odd"] }),
    ] {
        scene.script("acquireTokenSilently", &script);
        let text = scene.fail(&["silent", &home()]);
        assert!(text.starts_with("AuthenticationRequired: "), "{text}");
        assert!(text.contains("the identity broker failed"), "{text}");
        scene.script("acquireTokenInteractively", &script);
        assert_unavailable(&scene.fail(&["interactive"]), "the identity broker failed");
    }
}

/// Whom it does not list, it may know all the same, and the person can sign in.
#[test]
fn one_that_lists_nobody_still_asks() {
    for script in [
        json!({ "reply": { "error": { "status": "AccountNotFound" } } }),
        json!({ "reply": { "error": { "status": "Unexpected" } } }),
        json!({ "reply": "nonsense" }),
        json!({ "error": ["org.freedesktop.DBus.Error.Failed", "Unable to find account"] }),
    ] {
        let scene = microsofts_2();
        scene.script("getAccounts", &script);
        let token = scene.ask(&["interactive", &home()]);
        assert_eq!(token["token"], "secret", "{script}");
    }
}

/// It would be asked in vain, and himmelblau, which does not look, would give a token of another one.
#[test]
fn an_authority_that_is_none_of_microsofts_clouds_is_not_asked_for() {
    let scene = microsofts_2();
    for authority in [
        "https://contoso.ciamlogin.com/contoso.example",
        "https://localhost:8443/organizations",
        "https://login.microsoftonline.com.evil.example/organizations",
        "https://login.microsoftonline.com/adfs",
        "nonsense",
    ] {
        for command in [
            &["accounts"][..],
            &["silent", &home()],
            &["interactive"],
            &["sign-out", &home()],
            &["cookies", &home()],
            &["sign", &home()],
        ] {
            let mut program = scene.program(command);
            program.env("AUTHORITY", authority);
            let (succeeded, text) = ended(&program.output().expect("it starts"));
            assert!(!succeeded, "{authority}");
            assert_unavailable(&text, authority);
        }
    }
    assert!(scene.calls().is_empty());
    let mut program = scene.program(&["silent", &home()]);
    program.env(
        "AUTHORITY",
        "https://login.microsoftonline.us/organizations",
    );
    assert!(ended(&program.output().expect("it starts")).0);
}

#[test]
fn one_that_ends_while_it_is_asked_is_not_waited_for() {
    for (command, method) in [
        (&["silent", &home()][..], "acquireTokenSilently"),
        (&["interactive"], "acquireTokenInteractively"),
    ] {
        let scene = microsofts_2();
        scene.script(method, &json!({ "dies": true }));
        assert_unavailable(&scene.fail(command), "ended while it was asked");
    }
}

#[test]
fn who_is_not_removed_is_not_taken_for_signed_out() {
    for script in [
        json!({ "dies": true }),
        json!({ "reply": { "error": { "status": "Unexpected" } } }),
        json!({ "error": ["org.freedesktop.DBus.Error.Failed", "odd"] }),
        // Which may mean that it has not implemented it.
        json!({ "reply": "" }),
    ] {
        let scene = microsofts_2();
        scene.script("removeAccount", &script);
        let text = scene.fail(&["sign-out", &home()]);
        assert!(text.starts_with("Refused: "), "{script}: {text}");
    }
    let scene = microsofts_2();
    scene.reply("removeAccount", &json!(""));
    let before = scene.read("getAccounts");
    scene.script(
        "getAccounts",
        &json!([before, { "reply": { "accounts": [] } }]),
    );
    assert_eq!(scene.ask(&["sign-out", &home()]), Value::Null);
}

#[test]
fn one_that_is_slow_is_given_up_each_in_its_time() {
    for (command, method, kind, words) in [
        (
            &["accounts"][..],
            "getAccounts",
            "TimedOut",
            "within 40 seconds",
        ),
        (
            &["silent", &home()],
            "acquireTokenSilently",
            "TimedOut",
            "within 40 seconds",
        ),
        (
            &["sign-out", &home()],
            "removeAccount",
            "TimedOut",
            "within 40 seconds",
        ),
        (
            &["interactive"],
            "getLinuxBrokerVersion",
            "CredentialUnavailable",
            "within 15 seconds",
        ),
        (
            &["interactive", &home()],
            "getAccounts",
            "CredentialUnavailable",
            "within 15 seconds",
        ),
        (
            &["interactive"],
            "acquireTokenInteractively",
            "TimedOut",
            "begin it again",
        ),
    ] {
        let scene = microsofts_2();
        scene.script(method, &json!({ "waits_for": "never" }));
        let mut program = scene.program(command);
        program.env("METHOD", method).env("THEN", "wait");
        let (succeeded, text) = ended(&program.output().expect("it starts"));
        assert!(!succeeded, "{method}");
        assert!(text.starts_with(&format!("{kind}: ")), "{method}: {text}");
        assert!(text.contains(words), "{method}: {text}");
    }
}
