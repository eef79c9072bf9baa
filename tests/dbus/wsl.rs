//! What WSL's exchange says: the real command as `doorkey.exe`, with this session's broker in the place
//! of Windows'.

use crate::{
    command::built,
    dialects::{TENANT, himmelblau, home, microsofts_2, microsofts_3},
    faults::refusals,
    scene::{Scene, ended},
};
use azure_core::http::Transport;
use doorkey::{
    BrowserLauncher, ErrorKind, InteractiveBrowserBrokerCredential,
    InteractiveBrowserBrokerCredentialOptions, InteractiveCredential as _, PublicClientOptions,
};
use doorkey_broker::WslBroker;
use doorkey_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const SCOPE: &str = "https://management.azure.com/.default";

/// The command, where Windows would have it.
fn windows(scene: &Scene) -> PathBuf {
    let program = scene.file("doorkey.exe");
    if !program.exists() {
        symlink(built(), &program).expect("a link");
    }
    program
}

/// The command behind something that hands on what both sides write, as WSL's bridge does. It knows
/// the session of `scene` by itself.
pub(crate) fn bridge(scene: &Scene) -> PathBuf {
    let folder = scene.file("bridge");
    fs::create_dir(&folder).expect("a folder");
    let script = format!(
        "#!/bin/sh\nexport DBUS_SESSION_BUS_ADDRESS='{}'\n'{}' \"$@\" | cat\n",
        scene.desktop.bus_address(),
        windows(scene).display(),
    );
    let (text, program) = (folder.join("text"), folder.join("doorkey.exe"));
    fs::write(&text, script).expect("a script");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).expect("a program");
    // By another process, as what is open for writing is not started.
    let copied = Command::new("cp").arg(text).arg(&program).status();
    assert!(copied.expect("cp starts").success());
    program
}

fn program(scene: &Scene, arguments: &[&str]) -> Command {
    let mut program = scene.program(arguments);
    program.env("WINDOWS", windows(scene));
    program
}

fn ask(scene: &Scene, arguments: &[&str]) -> Value {
    let (succeeded, text) = ended(&program(scene, arguments).output().expect("it starts"));
    assert!(succeeded, "{arguments:?}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn fail(scene: &Scene, arguments: &[&str]) -> String {
    let (succeeded, text) = ended(&program(scene, arguments).output().expect("it starts"));
    assert!(!succeeded, "{arguments:?}: {text}");
    text
}

/// Command lines and environments of the programs that were started by a path in `folder`.
fn running(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let read = |path: PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', "\n")
    };
    let shown = processes.map(|process| {
        let command_line = read(process.path().join("cmdline"));
        (command_line, read(process.path().join("environ")))
    });
    let folder = folder.to_string_lossy().into_owned();
    shown
        .filter(|(command_line, _)| {
            command_line.contains(&folder) && command_line.contains("broker-request")
        })
        .map(|(command_line, environment)| command_line + &environment)
        .collect()
}

#[test]
fn what_every_broker_says_arrives_whole() {
    for scene in [microsofts_2(), microsofts_3(), himmelblau()] {
        let id = home();
        for arguments in [
            &["accounts"][..],
            &["accounts", "default"],
            &["silent", &id],
            &["interactive"],
            &["interactive", &id],
        ] {
            let direct = scene.ask(arguments);
            assert_eq!(ask(&scene, arguments), direct, "{arguments:?}");
        }
    }
    let scene = microsofts_2();
    assert_eq!(ask(&scene, &["sign-out", &home()]), Value::Null);
    assert!(scene.methods().contains(&"removeAccount".to_owned()));
}

#[test]
fn the_broker_is_asked_for_what_the_program_wants() {
    let scene = microsofts_2();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let output = program(&scene, &["silent", &home()])
        .env("CLAIMS", claims)
        .output();
    assert!(ended(&output.expect("it starts")).0);
    let calls = scene.calls();
    let parameters = &calls[1]["message"]["authParameters"];
    assert_eq!(parameters["decodedClaims"], claims);
    assert_eq!(parameters["requestedScopes"], json!(["scope"]));
    assert_eq!(parameters["account"]["realm"], TENANT);
}

#[test]
fn every_no_arrives_as_it_was_said() {
    let scene = microsofts_2();
    for (script, kind, _) in refusals() {
        scene.script("acquireTokenSilently", &script);
        let direct = scene.fail(&["silent", &home()]);
        assert!(direct.starts_with(kind), "{script}: {direct}");
        assert_eq!(fail(&scene, &["silent", &home()]), direct, "{script}");
    }
    for arguments in [
        &["silent", "nobody"][..],
        &["accounts"],
        &["sign-out", &home()],
    ] {
        scene.reply("getAccounts", &json!({ "error": "NoNetwork" }));
        let direct = scene.fail(arguments);
        assert_eq!(fail(&scene, arguments), direct, "{arguments:?}");
    }
}

#[test]
fn programs_that_ask_at_once_are_all_answered() {
    let scene = microsofts_2();
    windows(&scene);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(ask(&scene, &["silent", &home()])["token"], "secret"));
        }
    });
    assert_eq!(scene.calls().len(), 8);
}

#[test]
fn nothing_of_a_question_is_where_other_people_can_read_it() {
    let scene = microsofts_2();
    let script = json!({ "waits_for": "signed-in", "reply": { "error": "UserCanceled" } });
    scene.script("acquireTokenSilently", &script);
    let mut asking = program(&scene, &["silent", &home()]);
    let claims = r#"{"access_token":{"nonsense":null}}"#;
    asking.env("CLAIMS", claims).stdout(Stdio::piped());
    let asking = asking.spawn().expect("it starts");
    scene.wait_for_call("acquireTokenSilently");
    let folder = scene.file("");
    let seen = running(&folder);
    assert_eq!(seen.len(), 1, "{seen:?}");
    // The test itself gave the claims by the environment.
    let seen = seen[0].replace(claims, "");
    for secret in [&*home(), "nonsense", "client", "scope"] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
    scene.make("signed-in");
    asking.wait_with_output().expect("it ends");
    assert_eq!(running(&folder), [""; 0], "and nothing is left");
}

#[test]
fn a_token_is_in_the_answer_and_in_no_log() {
    let scene = microsofts_2();
    let question = json!({
        "version": 1,
        "operation": "acquireSilently",
        "application": {
            "clientId": "client",
            "authority": "https://login.microsoftonline.com/organizations",
            "correlationId": "01234567-89ab-cdef-0123-456789abcdef",
        },
        "account": { "homeAccountId": home() },
        "scopes": ["scope"],
    });
    let file = scene.file("question");
    fs::write(&file, question.to_string()).expect("a file");
    let output = scene
        .desktop
        .command(built())
        .args(["broker-request", "-vv"])
        .env("RUST_LOG", "trace")
        .stdin(fs::File::open(file).expect("a file"))
        .output()
        .expect("it starts");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one JSON");
    assert_eq!(answer["token"]["accessToken"], "secret");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("doorkey: "), "something is logged: {log}");
    for secret in ["secret", "aGVhZA.Ym9keQ", "ada@", &*home()] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_caller_who_leaves_closes_the_window_of_the_other_side() {
    let scene = microsofts_2();
    let script = json!({ "waits_for": "signed-in", "reply": { "error": "UserCanceled" } });
    scene.script("acquireTokenInteractively", &script);
    let mut program = scene.program(&["interactive"]);
    program
        .env("WINDOWS", bridge(&scene))
        .env("METHOD", "acquireTokenInteractively")
        .env("THEN", "leave")
        .env("LEFT", scene.file("left"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let program = program.spawn().expect("it starts");
    wait_until(|| scene.file("left").exists());
    wait_until(|| running(&scene.file("")).is_empty());
    // This broker hears the next only when it is through with the last.
    scene.make("signed-in");
    let (_, text) = ended(&program.wait_with_output().expect("it ends"));
    assert_eq!(text, "Declined: left");
    let calls = scene.calls();
    let [.., asked, cancelled] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(cancelled["method"], "cancelInteractiveFlow");
    assert_eq!(cancelled["correlationId"], asked["correlationId"]);
}

fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it never was so");
}

/// A credential by this broker, in whose browser nobody signs in, and the tabs that opened.
fn credential(
    broker: WslBroker,
    emulator: &Emulator,
) -> (Arc<InteractiveBrowserBrokerCredential>, Arc<AtomicUsize>) {
    let tabs = Arc::<AtomicUsize>::default();
    let opened = Arc::clone(&tabs);
    let mut client = PublicClientOptions::default();
    client.client_options.transport = Some(Transport::new(emulator.transport()));
    let options = InteractiveBrowserBrokerCredentialOptions {
        browser: BrowserLauncher::Callback(Arc::new(move |_| {
            opened.fetch_add(1, Ordering::Relaxed);
            Err(io::Error::other("there is no display"))
        })),
        client,
        ..Default::default()
    };
    let credential = InteractiveBrowserBrokerCredential::new(Arc::new(broker), Some(options));
    (credential.expect("a credential"), tabs)
}

#[tokio::test]
async fn a_credential_signs_in_is_silent_and_signs_out_by_it() {
    let scene = microsofts_2();
    let emulator = Emulator::builder().start().await.expect("an authority");
    let (credential, tabs) = credential(WslBroker::at(bridge(&scene)), &emulator);
    let people = credential.accounts().await.expect("people");
    assert_eq!(people[0].username, "ada@contoso.example");
    let token = credential.get_token_info(&[SCOPE], None).await;
    assert_eq!(token.expect("a token").token.secret(), "secret");
    let token = credential.get_token_info(&["https://graph.microsoft.com/.default"], None);
    assert_eq!(token.await.expect("a token").token.secret(), "secret");
    credential.sign_out().await.expect("signed out");
    let methods = scene.methods();
    let asked = |method: &str| methods.iter().filter(|called| *called == method).count();
    assert_eq!(asked("acquireTokenInteractively"), 1, "{methods:?}");
    assert_eq!(asked("acquireTokenSilently"), 1, "{methods:?}");
    assert_eq!(asked("removeAccount"), 1, "{methods:?}");
    assert_eq!(tabs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_one_a_single_tab_of_the_browser_opens() {
    let emulator = Emulator::builder().start().await.expect("an authority");
    let (credential, tabs) = credential(WslBroker::at("/nowhere/doorkey.exe"), &emulator);
    let error = credential
        .get_token_info(&[SCOPE], None)
        .await
        .expect_err("nobody signs in");
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    let text = error.to_string();
    assert!(text.contains("there is no display"), "{text}");
    assert!(
        text.contains("/nowhere/doorkey.exe could not be started"),
        "{text}"
    );
    assert_eq!(tabs.load(Ordering::Relaxed), 1);
}
