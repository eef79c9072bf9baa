//! The way to the authority: by which proxy, with which credentials, past which certificates; and
//! what is said where there is no way.

use crate::{
    authority::{SCOPE, wait},
    machine::Machine,
    process::{Doorkey, Finished},
    proxy_server::{Manner, ProxyServer},
};
use azure_core::http::{ClientOptions, Transport};
use doorkey::{
    AuthenticateOptions, DeviceCodeCredential, DeviceCodeCredentialOptions, ErrorKind,
    InteractiveCredential as _, PublicClientOptions,
};
use std::{fs, net::TcpListener, path::Path, sync::Arc};

/// Where the authority is, as a proxy is asked for it.
fn target(machine: &Machine) -> String {
    let url = machine.authority.authority();
    url.strip_prefix("https://").unwrap().to_owned()
}

fn port(machine: &Machine) -> u16 {
    let target = target(machine);
    target.rsplit(':').next().unwrap().parse().unwrap()
}

/// A port where nobody listens.
fn gone() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A sign-in, by a person in a browser who goes straight.
fn login(machine: &Machine) -> Doorkey {
    machine.doorkey_by("adele", &["login", "--scope", SCOPE, "--verbose"])
}

/// One that cannot come as far as a page.
fn in_vain(machine: &Machine) -> Doorkey {
    machine.doorkey(&["login", "--scope", SCOPE, "--verbose"])
}

/// Its error says all of this; nothing that it says holds what nobody is to see.
#[track_caller]
fn assert_said(finished: &Finished, parts: &[&str]) {
    finished.assert_status(1);
    let mut lines = finished.stderr.lines();
    let error = lines.find(|line| line.starts_with("doorkey: error: "));
    for part in parts {
        assert!(error.unwrap().contains(part), "{part} in {finished:#?}");
    }
    assert!(!error.unwrap().contains("client_options"), "{finished:#?}");
    assert_nothing_planted(finished);
}

#[track_caller]
fn assert_nothing_planted(finished: &Finished) {
    for secret in [USER, PASSWORD, "cGxhbnRlZC1"] {
        assert!(!finished.stderr.contains(secret), "{finished:#?}");
        assert!(!finished.stdout.contains(secret), "{finished:#?}");
    }
}

const USER: &str = "planted-user";
const PASSWORD: &str = "planted-p@ss:word/ü";
const CREDENTIALS: &str = "planted-user:planted-p%40ss%3Aword%2F%C3%BC";

#[test]
fn the_proxy_of_the_option_of_the_variable_and_of_the_environment_is_gone_by() {
    let machine = Machine::new();
    let proxy = ProxyServer::start(Manner::Tunnels);
    let url = proxy.url();
    let broken = format!("http://127.0.0.1:{}", gone());
    let with_option = || {
        let arguments = ["login", "--scope", SCOPE, "--proxy", &url];
        machine.doorkey_by("adele", &arguments)
    };
    for doorkey in [
        with_option(),
        with_option().env("DOORKEY_PROXY", &broken),
        login(&machine).env("DOORKEY_PROXY", &url),
        login(&machine)
            .env("DOORKEY_PROXY", &url)
            .env("HTTPS_PROXY", &broken),
        login(&machine)
            .env("DOORKEY_PROXY", "")
            .env("HTTPS_PROXY", &url),
        login(&machine).env("https_proxy", &url),
        login(&machine).env("ALL_PROXY", &url),
    ] {
        doorkey.run().assert_status(0);
        let seen = proxy.seen();
        assert!(!seen.is_empty());
        assert!(
            seen.iter().all(|host| *host == target(&machine)),
            "{seen:?}"
        );
    }
}

#[test]
fn what_needs_no_proxy_goes_by_none() {
    let machine = Machine::new();
    let broken = format!("http://127.0.0.1:{}", gone());
    let arguments = ["login", "--scope", SCOPE, "--proxy", "none"];
    for doorkey in [
        machine
            .doorkey_by("adele", &arguments)
            .env("DOORKEY_PROXY", &broken)
            .env("HTTPS_PROXY", &broken),
        login(&machine)
            .env("DOORKEY_PROXY", "none")
            .env("ALL_PROXY", &broken),
        login(&machine)
            .env("DOORKEY_PROXY", &broken)
            .env("NO_PROXY", "localhost"),
        login(&machine)
            .env("HTTPS_PROXY", &broken)
            .env("no_proxy", "localhost"),
    ] {
        doorkey.run().assert_status(0);
    }
}

#[test]
fn a_proxy_gets_the_credentials_that_are_its() {
    let machine = Machine::new();
    let proxy = ProxyServer::start(Manner::TunnelsFor(USER, PASSWORD));
    for variable in ["DOORKEY_PROXY", "HTTPS_PROXY"] {
        let finished = login(&machine)
            .env(variable, proxy.url_with(CREDENTIALS))
            .env("RUST_LOG", "trace")
            .run();
        finished.assert_status(0);
        assert_nothing_planted(&finished);
        assert!(!proxy.seen().is_empty());
    }
}

#[test]
fn a_proxy_may_speak_socks() {
    let machine = Machine::new();
    let proxy = ProxyServer::start(Manner::Socks(USER, PASSWORD));
    let finished = login(&machine)
        .env("DOORKEY_PROXY", proxy.socks_url_with(CREDENTIALS))
        .env("RUST_LOG", "trace")
        .run();
    finished.assert_status(0);
    assert_nothing_planted(&finished);
    assert!(!proxy.seen().is_empty());
    let finished = in_vain(&machine)
        .env("DOORKEY_PROXY", proxy.socks_url_with("planted-user:wrong"))
        .run();
    assert_said(&finished, &["asks for a user name and a password"]);
    assert!(proxy.seen().is_empty());
}

/// Once: where a directory stands behind the proxy, a few wrong passwords lock a person out.
#[test]
fn a_proxy_that_wants_other_credentials_is_asked_once() {
    let machine = Machine::new();
    let proxy = ProxyServer::start(Manner::TunnelsFor(USER, "another"));
    for url in [proxy.url(), proxy.url_with(CREDENTIALS)] {
        let finished = in_vain(&machine)
            .env("DOORKEY_PROXY", url)
            .env("RUST_LOG", "trace")
            .run();
        assert_said(
            &finished,
            &[
                "the proxy on the way to",
                machine.authority.authority(),
                "asks for a user name and a password",
                "DOORKEY_PROXY",
            ],
        );
        assert_eq!(proxy.seen(), [target(&machine)]);
    }
}

#[test]
fn a_password_on_the_command_line_is_refused() {
    let proxy = format!("http://{CREDENTIALS}@proxy.example:3128");
    for arguments in [["login", "--scope"], ["token", "--scope"]] {
        let option = ["--proxy", &proxy];
        let arguments = arguments.into_iter().chain([SCOPE]).chain(option);
        let finished = Doorkey::new(arguments).run();
        finished.assert_refused(2, &["--proxy", "DOORKEY_PROXY", "list of processes"]);
        assert_nothing_planted(&finished);
    }
    for (variable, text) in [
        ("DOORKEY_PROXY", "ftp://planted-user"),
        ("DOORKEY_PROXY", "planted-user or so"),
    ] {
        let finished = in_vain(&Machine::new()).env(variable, text).run();
        finished.assert_status(2);
        assert!(
            finished.stderr.contains("DOORKEY_PROXY is no proxy"),
            "{finished:#?}"
        );
        assert_nothing_planted(&finished);
    }
}

#[test]
fn what_is_wrong_on_the_way_is_told_apart() {
    let machine = Machine::new();
    let origin = machine.authority.authority();
    let other = Machine::new();
    let planted = |address: &str| format!("http://{CREDENTIALS}@{address}");
    let answers = |manner| ProxyServer::start(manner).url_with(CREDENTIALS);
    for (proxy, parts) in [
        (
            answers(Manner::Answers("403 Forbidden")),
            &["the proxy refuses to connect to", "--proxy", "NO_PROXY"][..],
        ),
        (
            answers(Manner::Answers("502 Bad Gateway")),
            &["the proxy refuses to connect to", "or cannot do it"],
        ),
        (
            answers(Manner::HangsUp),
            &[
                "the proxy on the way to",
                "did not connect us",
                "end of file",
            ],
        ),
        (
            planted(&format!("127.0.0.1:{}", gone())),
            &[
                "the proxy on the way to",
                "refused",
                "check its URL (--proxy",
            ],
        ),
        (
            planted("nowhere.invalid:3128"),
            &[
                "the proxy on the way to",
                "lookup",
                "check its URL (--proxy",
            ],
        ),
        // A server for the web is no proxy.
        (
            planted(&target(&other)),
            &["the proxy refuses to connect to"],
        ),
        (
            format!("socks5://{CREDENTIALS}@127.0.0.1:{}", gone()),
            &["the proxy on the way to", "SOCKS", "check its URL (--proxy"],
        ),
        (
            answers(Manner::Intercepts(port(&other))),
            &["is not trusted", "opens the connection", "--ca-certificate"],
        ),
        (
            format!("https://{CREDENTIALS}@{}", target(&other)),
            &[
                "the proxy on the way to",
                "is not trusted",
                "--ca-certificate",
            ],
        ),
    ] {
        let finished = in_vain(&machine).env("DOORKEY_PROXY", &proxy).run();
        assert_said(&finished, parts);
        assert_said(&finished, &[origin]);
    }
}

#[test]
fn without_a_proxy_it_is_told_apart_too() {
    let machine = Machine::new();
    let other = Machine::new();
    let nobody = format!("https://localhost:{}", gone());
    for (authority, parts) in [
        (&*nobody, &["nobody answers at", &*nobody, "--proxy"][..]),
        (
            "https://nowhere.invalid",
            &[
                "the address of https://nowhere.invalid was not found",
                "--proxy",
            ],
        ),
        (
            other.authority.authority(),
            &[
                "is not trusted",
                "--ca-certificate or DOORKEY_CA_CERTIFICATE",
            ],
        ),
    ] {
        let finished = in_vain(&machine).env("DOORKEY_AUTHORITY", authority).run();
        assert_said(&finished, parts);
    }
}

/// Elsewhere the system's own verifier is asked, which does not heed the variables.
#[cfg(target_os = "linux")]
#[test]
fn certificates_come_from_the_option_and_from_the_environment() {
    let machine = Machine::new();
    let other = Machine::new();
    let pem = machine.authority.ca_certificate();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(pem, folder.path().join("ca.pem")).unwrap();
    let without = || login(&machine).without_env("DOORKEY_CA_CERTIFICATE");
    assert_said(&without().run(), &["is not trusted"]);
    for (name, value) in [
        ("SSL_CERT_FILE", Path::new(pem)),
        ("SSL_CERT_DIR", folder.path()),
    ] {
        without().env(name, value).run().assert_status(0);
        // What the option gives is trusted besides.
        let other = other.authority.ca_certificate();
        let both = without()
            .env(name, value)
            .env("DOORKEY_CA_CERTIFICATE", other);
        both.run().assert_status(0);
    }
}

/// What a program reads that uses the library, and gives its own client.
#[test]
fn a_program_is_told_what_its_transport_has_to_have() {
    let machine = Machine::new();
    let pem = fs::read(machine.authority.ca_certificate()).unwrap();
    let proxy = ProxyServer::start(Manner::TunnelsFor("another", "another"));
    let client = reqwest::Client::builder()
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).unwrap())
        .proxy(reqwest::Proxy::all(proxy.url_with(CREDENTIALS)).unwrap())
        .build()
        .unwrap();
    let options = PublicClientOptions {
        authority: Some(machine.authority.authority().to_owned()),
        disable_instance_discovery: true,
        client_options: ClientOptions {
            transport: Some(Transport::new(Arc::new(client))),
            ..Default::default()
        },
        ..Default::default()
    };
    let told = format!("{options:?}");
    assert!(!told.contains("planted"), "{told}");
    let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
        client: options,
        ..Default::default()
    }));
    let credential = credential.unwrap();
    let question = AuthenticateOptions {
        scopes: vec![SCOPE.to_owned()],
        ..Default::default()
    };
    let error = wait(credential.authenticate(Some(question))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(!error.is_transient());
    let told = format!("{error} {error:?} {credential:?}");
    for part in ["asks for a user name and a password", "`client_options`"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("planted"), "{told}");
    assert_eq!(proxy.seen(), [target(&machine)]);
}
