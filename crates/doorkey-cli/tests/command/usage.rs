//! What is wrong on the command line or in the environment: refused by name, with nothing sent and
//! nobody asked.

use crate::process::Doorkey;
use std::{ffi::OsStr, fs, net::TcpListener, os::unix::ffi::OsStrExt};

const SCOPE: &str = "https://management.azure.com/.default";

#[test]
fn help_is_a_result() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["login", "--help"],
        &["token", "--help"],
        &["accounts", "--help"],
        &["logout", "--help"],
        &["emulator", "--help"],
        &["demo", "--help"],
        &["broker-request", "--help"],
    ] {
        let finished = Doorkey::new(arguments).run();
        finished.assert_status(0);
        assert!(finished.stdout.contains("doorkey"), "{finished:#?}");
        assert_eq!(finished.stderr, "");
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["login", "--nonsense"],
        &["login", "--timeout", "0"],
        &["login", "--prompt", "nonsense"],
        &["login", "--tenant", ""],
        &["login", "--browser", "--browser"],
        &["login", "--output", "token"],
        &["login", "--cache-name", ""],
        &["token"],
        &["accounts", "--output", "token"],
        &["logout", "--all", "--account", "somebody"],
        &["broker-request", "argument"],
        &["emulator", "--listen", "nonsense"],
    ] {
        let finished = Doorkey::new(arguments).run();
        finished.assert_status(2);
        assert_eq!(finished.stdout, "", "{finished:#?}");
        assert!(!finished.stderr.is_empty());
    }
}

#[test]
fn a_value_that_cannot_be_used_is_named() {
    for (arguments, parts) in [
        (
            &["--authority", "http://login.example"][..],
            &["--authority", "http://login.example"][..],
        ),
        (&["--tenant", "no tenant"], &["--tenant", "no tenant"]),
        (&["--scope", "openid"], &["--scope", "openid"]),
        (&["--scope", "two scopes"], &["--scope", "two scopes"]),
        (
            &["--redirect-uri", "https://localhost"],
            &["--redirect-uri", "https://localhost"],
        ),
        (
            &["--redirect-uri", "http://example.com"],
            &["--redirect-uri"],
        ),
        (&["--device-code", "--prompt", "login"], &["--prompt"]),
        (&["--device-code", "--login-hint", "a@b"], &["--login-hint"]),
        (
            &["--broker", "--redirect-uri", "http://localhost"],
            &["--redirect-uri", "by the broker"],
        ),
        (
            &["--ca-certificate", "/nowhere/ca.pem"],
            &["--ca-certificate", "/nowhere/ca.pem"],
        ),
        (&["--ca-certificate", "/"], &["--ca-certificate / "]),
        (&["--cache-name", "a/b"], &["--cache-name", "a/b"]),
    ] {
        for command in ["login", "token"] {
            let arguments = [command, "--scope", SCOPE]
                .into_iter()
                .chain(arguments.iter().copied());
            let finished = Doorkey::new(arguments).env("BROWSER", "none").run();
            finished.assert_refused(2, parts);
        }
    }
}

#[test]
fn a_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for text in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&file, text).unwrap();
        let name = file.to_str().unwrap();
        let finished = Doorkey::new(["login", "--ca-certificate", name]).run();
        finished.assert_refused(2, &["--ca-certificate", name]);
    }
}

/// Each is refused by the value that was heeded.
#[test]
fn options_come_before_variables_and_empty_ones_are_unset() {
    let authority = |name: &str| format!("http://{name}.example");
    for (option, doorkey, azure, heeded) in [
        (Some("option"), "doorkey", "azure", "option"),
        (None, "doorkey", "azure", "doorkey"),
        (None, "", "azure", "azure"),
        (None, " ", "azure", "azure"),
    ] {
        let option = option.map(|name| ["--authority".to_owned(), authority(name)]);
        let arguments = ["login".to_owned()]
            .into_iter()
            .chain(option.into_iter().flatten());
        let doorkey = if doorkey.trim().is_empty() {
            doorkey.to_owned()
        } else {
            authority(doorkey)
        };
        let finished = Doorkey::new(arguments)
            .env("DOORKEY_AUTHORITY", doorkey)
            .env("AZURE_AUTHORITY_HOST", authority(azure))
            .run();
        finished.assert_refused(2, &[&authority(heeded)]);
    }
    for (option, doorkey, azure, heeded) in [
        (Some("of option"), "of doorkey", "of azure", "of option"),
        (None, "of doorkey", "of azure", "of doorkey"),
        (None, "", "of azure", "of azure"),
    ] {
        let option = option.map(|name| ["--tenant", name]);
        let arguments = ["login"].into_iter().chain(option.into_iter().flatten());
        let finished = Doorkey::new(arguments)
            .env("DOORKEY_TENANT", doorkey)
            .env("AZURE_TENANT_ID", azure)
            .run();
        finished.assert_refused(2, &["tenant", heeded]);
    }
}

#[test]
fn a_variable_that_cannot_be_read_is_not_taken_for_unset() {
    for name in ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID"] {
        let finished = Doorkey::new(["login"])
            .env(name, OsStr::from_bytes(b"\xff.example"))
            .env("BROWSER", "none")
            .run();
        finished.assert_refused(2, &[name]);
    }
    for name in [
        "DOORKEY_AUTHORITY",
        "DOORKEY_TENANT",
        "DOORKEY_CLIENT_ID",
        "DOORKEY_CA_CERTIFICATE",
        "DOORKEY_DISABLE_INSTANCE_DISCOVERY",
        "DOORKEY_OUTPUT",
        "DOORKEY_CACHE_NAME",
        "DOORKEY_ALLOW_UNENCRYPTED_STORAGE",
    ] {
        let finished = Doorkey::new(["login"])
            .env(name, OsStr::from_bytes(b"\xff.example"))
            .env("BROWSER", "none")
            .run();
        finished.assert_status(2);
    }
}

/// Two subcommands share `DOORKEY_OUTPUT`, and not all of its values.
#[test]
fn a_format_that_only_another_subcommand_knows_is_no_obstacle() {
    let refused = ["--authority", "http://login.example"];
    for (arguments, output, parts) in [
        (&["login", "--scope", SCOPE][..], "token", &["authority"]),
        (&["login", "--scope", SCOPE], "json", &["authority"]),
        (&["token", "--scope", SCOPE], "text", &["authority"]),
    ] {
        let finished = Doorkey::new(arguments.iter().copied().chain(refused))
            .env("DOORKEY_OUTPUT", output)
            .run();
        finished.assert_refused(2, parts);
    }
    for (arguments, output) in [
        (&["login"][..], "nonsense"),
        (&["token", "--scope", SCOPE], "nonsense"),
        (&["token", "--scope", SCOPE, "--output", "text"], "text"),
    ] {
        let finished = Doorkey::new(arguments.iter().copied().chain(refused))
            .env("DOORKEY_OUTPUT", output)
            .run();
        finished.assert_status(2);
        assert!(finished.stderr.contains("'--output"), "{finished:#?}");
    }
}

#[test]
fn an_empty_tenant_is_no_tenant() {
    let finished = Doorkey::new(["login", "--authority", "http://login.example"])
        .env("AZURE_TENANT_ID", "")
        .env("DOORKEY_TENANT", "")
        .run();
    finished.assert_refused(2, &["authority"]);
}

#[test]
fn who_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let authority = format!("https://localhost:{port}");
    let finished = Doorkey::new(["login", "--scope", SCOPE, "--authority", &authority])
        .env("DOORKEY_DISABLE_INSTANCE_DISCOVERY", "true")
        .env("BROWSER", "none")
        .run();
    finished.assert_refused(1, &[&authority]);
    // An authority that Microsoft would have to vouch for, and Microsoft out of reach.
    let finished = Doorkey::new(["login", "--scope", SCOPE, "--authority", &authority])
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"))
        .env("BROWSER", "none")
        .run();
    finished.assert_refused(1, &["login.microsoftonline.com"]);
}

#[test]
fn the_causes_are_told_to_who_asks() {
    let arguments = [
        "login",
        "--scope",
        SCOPE,
        "--authority",
        "https://localhost:9",
        "--disable-instance-discovery",
    ];
    let short = Doorkey::new(arguments).run();
    short.assert_refused(1, &["localhost:9"]);
    let long = Doorkey::new(arguments.into_iter().chain(["--verbose"])).run();
    long.assert_status(1);
    assert!(long.stderr.contains("doorkey: caused by: "), "{long:#?}");
}
