//! Programs in the place of `doorkey.exe`.

use super::{
    super::{WslBroker, program},
    *,
};
use doorkey::{Broker, Error, ErrorKind};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

const TOKEN: &str = r#"{"version":1,"token":{"accessToken":"secret","expiresOn":4102444800}}"#;

struct Windows {
    folder: TempDir,
}

impl Windows {
    /// Where `doorkey.exe` is this script.
    fn new(script: &str) -> Self {
        Self::of(format!("#!/bin/sh\n{script}\n").as_bytes(), 0o755)
    }

    fn of(content: &[u8], mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let windows = Self { folder };
        let program = windows.path("doorkey.exe");
        let text = windows.path("text");
        fs::write(&text, content).unwrap();
        // By another process: one that forks meanwhile would have this file open, and what is open for
        // writing is not started.
        let copied = Command::new("cp").arg(text).arg(&program).status();
        assert!(copied.unwrap().success());
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        windows
    }

    fn broker(&self) -> WslBroker {
        WslBroker::at(self.path("doorkey.exe"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

/// A reply, after the request has been read.
fn answering(reply: &str) -> String {
    format!("cat > request; printf '%s' '{reply}'")
}

async fn failure(script: &str) -> Error {
    let broker = Windows::new(script);
    broker
        .broker()
        .acquire_silently(&silent())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn one_json_goes_in_and_one_comes_out_and_nothing_is_on_the_command_line() {
    let script = r#"tr '\0' '|' < /proc/$$/cmdline > arguments; env > environment"#;
    let windows = Windows::new(&format!("{script}; {}", answering(TOKEN)));
    let token = windows.broker().acquire_silently(&silent()).await.unwrap();
    assert_eq!(token.access_token.secret(), "secret");
    let request: serde_json::Value = serde_json::from_str(&windows.text("request")).unwrap();
    assert_eq!(request["version"], 1);
    assert_eq!(request["operation"], "acquireSilently");
    assert_eq!(request["account"]["homeAccountId"], "object.tenant");
    let arguments = windows.text("arguments");
    assert!(
        arguments.ends_with("doorkey.exe|broker-request|"),
        "{arguments}"
    );
    assert!(!windows.text("environment").contains("object.tenant"));
}

#[tokio::test]
async fn every_operation_has_its_own_answer() {
    let accounts = r#"{"version":1,"accounts":[{"homeAccountId":"a.t","username":"ada"}]}"#;
    let windows = Windows::new(&answering(accounts));
    let people = windows.broker().accounts(&everybody()).await.unwrap();
    assert_eq!(people[0].username, "ada");
    let windows = Windows::new(&answering(r#"{"version":1,"done":true}"#));
    windows.broker().sign_out(&sign_out()).await.unwrap();
    let windows = Windows::new(&answering(TOKEN));
    windows
        .broker()
        .acquire_interactively(&interactive())
        .await
        .unwrap();
}

#[tokio::test]
async fn windows_line_ends_and_what_it_tells_people_do_no_harm() {
    let talk =
        r#"echo "doorkey: warning: well" >&2; cat > /dev/null; printf '  \357\273\277%s\r\n' "#;
    let windows = Windows::new(&format!("{talk} '{TOKEN}'"));
    windows.broker().acquire_silently(&silent()).await.unwrap();
    // More than a pipe holds.
    let flood = "yes well | head -c 1000000 >&2";
    let windows = Windows::new(&format!("{flood}; {}", answering(TOKEN)));
    windows.broker().acquire_silently(&silent()).await.unwrap();
    // It does not read what it is asked.
    let windows = Windows::new(&format!("exec 0<&-; printf '%s' '{TOKEN}'"));
    windows.broker().acquire_silently(&silent()).await.unwrap();
}

#[tokio::test]
async fn one_that_cannot_be_started_says_so() {
    let nowhere = WslBroker::at("/nowhere/doorkey.exe");
    let plain = Windows::of(b"#!/bin/sh\n", 0o644);
    // A program of Windows, on a Linux that does not know what to do with it.
    let foreign = Windows::of(b"MZ\x90\x00\x03\x00\x00\x00", 0o755);
    for (broker, words) in [
        (nowhere, "No such file"),
        (plain.broker(), "Permission denied"),
        (foreign.broker(), "Exec format error"),
    ] {
        for error in [
            broker.accounts(&everybody()).await.unwrap_err(),
            broker.acquire_silently(&silent()).await.unwrap_err(),
            broker
                .acquire_interactively(&interactive())
                .await
                .unwrap_err(),
            broker.sign_out(&sign_out()).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            let text = error.to_string();
            assert!(text.contains("could not be started"), "{text}");
            assert!(text.contains(words), "{text}");
        }
    }
}

#[tokio::test]
async fn each_way_to_fail_has_its_kind_and_says_what_to_do() {
    use ErrorKind::{CredentialUnavailable, Protocol};
    for (script, kind, words) in [
        (
            "echo \"error: unrecognized subcommand 'broker-request'\" >&2; exit 2",
            CredentialUnavailable,
            "does not know `broker-request` (it said: “error: unrecognized subcommand \
             'broker-request'”); update it on Windows",
        ),
        (
            "printf 'a\\033[2Jb\\r\\n\\tc' >&2; exit 53",
            CredentialUnavailable,
            "ended without an answer (exit status: 53) and said: “a [2Jb c”",
        ),
        (
            "exit 1",
            CredentialUnavailable,
            "(exit status: 1) and said nothing",
        ),
        (
            "kill -9 $$",
            CredentialUnavailable,
            "ended without an answer (signal: 9",
        ),
        (
            "yes well | head -c 100000 >&2; exit 1",
            CredentialUnavailable,
            "well well",
        ),
        (
            "cat > /dev/null; echo 'relay: gone' >&2; printf '  \\r\\n'",
            CredentialUnavailable,
            "ended without an answer (exit status: 0) and said: “relay: gone”",
        ),
        (
            "cat > /dev/null",
            CredentialUnavailable,
            "ended without an answer (exit status: 0) and said nothing",
        ),
        ("echo certainly", Protocol, "not one JSON object alone"),
        ("cat", Protocol, "no member `token`"),
        ("yes certainly", Protocol, "more than 1048576 bytes"),
    ] {
        let error = failure(script).await;
        assert_eq!(error.kind(), kind, "{script}: {error}");
        let text = error.to_string();
        assert!(text.contains(words), "{script}: {text}");
        assert!(text.ends_with("sign in by the browser"), "{text}");
        assert!(text.chars().count() < 700, "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }
    // A reply beside a failure is none, and is not shown.
    let error = failure(&format!("{}; exit 1", answering(TOKEN))).await;
    assert_eq!(error.kind(), CredentialUnavailable);
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn one_that_is_slow_is_given_up_each_in_its_time() {
    use ErrorKind::{CredentialUnavailable, TimedOut};
    let (silence, signs) = ("", "printf ' ';");
    let no_sign = "no sign of life within 15 seconds";
    for (sign, for_person, kind, seconds, words) in [
        (silence, false, CredentialUnavailable, 15, no_sign),
        (silence, true, CredentialUnavailable, 15, no_sign),
        (signs, false, TimedOut, 40, "within 40 seconds"),
        (signs, true, TimedOut, 900, "begin it again"),
    ] {
        let windows = Windows::new(&format!("{sign} touch started; exec sleep 1000"));
        let (broker, file) = (windows.broker(), windows.path("started"));
        let began = Instant::now();
        let asking = async {
            match for_person {
                true => broker.acquire_interactively(&interactive()).await,
                false => broker.acquire_silently(&silent()).await,
            }
        };
        tokio::pin!(asking);
        tokio::select! {
            answer = &mut asking => panic!("{answer:?}"),
            _ = appears(&file) => {}
        }
        // Nothing is left to do but to wait, so that the clock jumps to the limit.
        tokio::time::pause();
        let error = asking.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{sign}: {error}");
        assert!(error.to_string().contains(words), "{sign}: {error}");
        let took = began.elapsed().as_secs();
        assert!((seconds..seconds + 10).contains(&took), "{sign}: {took}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_question_that_is_dropped_ends_the_program() {
    let windows = Windows::new("echo $$ > unfinished; mv unfinished pid; exec sleep 1000");
    let broker = windows.broker();
    let (question, file) = (interactive(), windows.path("pid"));
    let id = tokio::select! {
        answer = broker.acquire_interactively(&question) => panic!("{answer:?}"),
        id = appears(&file) => id,
    };
    let process = PathBuf::from("/proc").join(id.trim());
    for _ in 0..1_000 {
        let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it still runs");
}

async fn appears(path: &Path) -> String {
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// As one that Windows looks at for viruses first.
#[test]
fn a_start_that_hangs_holds_up_neither_who_waits_nor_the_programs_end() {
    let (answer, seconds) = apart(|never| async move {
        let start = move |_: &Path| {
            let _ = never.recv();
            Ok(())
        };
        program::started(Path::new("/doorkey.exe"), start).await
    });
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("no sign of life"), "{error}");
    assert_eq!(seconds, 15);
}

#[tokio::test]
async fn two_questions_at_once_have_a_program_each() {
    // Each waits for the other.
    let script = "touch $$; while [ $(ls | grep -c '^[0-9]*$') -lt 2 ]; do sleep 0.01; done";
    let windows = Windows::new(&format!("{script}; cat > /dev/null; printf '%s' '{TOKEN}'"));
    let (first, second) = (windows.broker(), windows.broker());
    let (silent, interactive) = (silent(), interactive());
    let (first, second) = tokio::join!(
        first.acquire_silently(&silent),
        second.acquire_interactively(&interactive)
    );
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_linux_without_windows_says_so() {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let is_wsl = kernel.to_lowercase().contains("microsoft");
    match WslBroker::new().accounts(&everybody()).await {
        Err(error) if !is_wsl => {
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            assert!(error.to_string().contains("(WSL)"), "{error}");
        }
        answer => assert!(is_wsl, "{answer:?}"),
    }
}

#[test]
fn without_a_runtime_an_error_names_the_cure() {
    let broker = WslBroker::at("/nowhere");
    let question = everybody();
    let mut asking = broker.accounts(&question);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = asking.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}
