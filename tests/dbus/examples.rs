//! The broker's examples, run as they are.

use crate::{dialects::microsofts_2, scene::Scene};
use doorkey_tests::Session;
use std::{env, path::PathBuf, process::Command};

/// Cargo puts examples beside the folder of the tests.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("our own path");
    let folder = test.ancestors().nth(2).expect("a folder");
    folder.join("examples").join(name)
}

fn sign_in(scene: &Scene) -> String {
    let mut program: Command = scene.desktop.command(example("sign_in"));
    let output = program
        .env("BROWSER", "none")
        // Nobody is there: a device code ends where it would be sent for.
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()
        .expect("it starts: `cargo xtask test dbus` builds it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_broker_is_asked_once_for_a_token_that_is_asked_for_twice() {
    let scene = microsofts_2();
    let said = sign_in(&scene);
    assert!(said.starts_with("the token is good until 20"), "{said}");
    let asked = scene.methods();
    let interactive = asked
        .iter()
        .filter(|method| *method == "acquireTokenInteractively");
    assert_eq!(interactive.count(), 1, "{asked:?}");
}

#[test]
fn without_broker_and_browser_a_device_code_is_the_way() {
    let said = sign_in(&Scene::without_broker(Session::without_bus()));
    assert!(said.starts_with("neither broker nor browser: "), "{said}");
    assert!(said.contains("no D-Bus session"), "{said}");
}
