//! `doorkey demo`.

use crate::process::Doorkey;
use std::{fs::File, io::Read};

#[test]
fn shows_each_step_and_waits_for_nobody() {
    let finished = Doorkey::new(["demo"]).run();
    finished.assert_status(0);
    assert_eq!(finished.stderr, "");
    let mut rest = finished.stdout.as_str();
    for part in [
        "1. A local Entra ID starts",
        "https://localhost:",
        "2. A person signs in with the browser",
        "A built-in person stands in",
        "adele@contoso.example",
        "2 by doorkey (1 openid-configuration, 1 token)",
        "3 by the person",
        "aud          https://management.azure.com",
        "scp          user_impersonation",
        "3. A resource accepts the token",
        "200 OK",
        "1 by doorkey (1 resource)",
        "4. The program asks for the token again",
        "0 by doorkey",
        "5. A person signs in with a device code",
        "1 devicecode",
        "aud          https://management.azure.com",
        "Done in ",
        "doorkey demo --browser",
    ] {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part} in {}", finished.stdout));
        rest = &rest[at + part.len()..];
    }
    for line in finished.stdout.lines() {
        assert!(line.chars().count() <= 80 && line.is_ascii(), "{line}");
    }
    assert!(!finished.stdout.contains("eyJ"), "a token is shown");
}

#[test]
fn goes_by_no_proxy_and_by_nobodys_settings() {
    let finished = Doorkey::new(["demo"])
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("DOORKEY_AUTHORITY", "https://nowhere.example")
        .env("DOORKEY_TENANT", "nowhere.example")
        .env("AZURE_AUTHORITY_HOST", "https://nowhere.example")
        .env("AZURE_TENANT_ID", "nowhere.example")
        .run();
    finished.assert_status(0);
}

#[test]
fn with_the_desktops_browser_says_what_to_type_and_why_it_warns() {
    let mut running = Doorkey::new(["demo", "--browser"])
        .env("BROWSER", "none")
        .start();
    running.told("https://localhost:");
    running.told("Waiting for up to");
    running.interrupt();
    let finished = running.wait();
    finished.assert_status(130);
    for part in ["certificate", "not-a-secret-adele", "adele@contoso.example"] {
        assert!(finished.stdout.contains(part), "{finished:#?}");
    }
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let finished = std::thread::spawn(move || Doorkey::new(["demo"]).run_into(writer));
    reader.read_exact(&mut [0; 10]).unwrap();
    drop(reader);
    let finished = finished.join().unwrap();
    finished.assert_status(0);
    assert_eq!(finished.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let finished = Doorkey::new(["emulator", "--print-config"]).run_into(full);
    finished.assert_refused(1, &["stdout"]);
}
