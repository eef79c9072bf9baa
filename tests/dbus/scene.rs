//! A desktop session with a broker that answers as a test says.

use doorkey_tests::{Running, Session};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const NAME: &str = "com.microsoft.identity.broker1";
pub(crate) const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in-broker");

pub(crate) struct Scene {
    broker: Option<Running>,
    pub(crate) desktop: Session,
    folder: TempDir,
}

impl Scene {
    /// With a broker that has implemented nothing yet.
    pub(crate) fn new() -> Self {
        let mut scene = Self::without_broker(Session::with_bus());
        scene.start_broker();
        scene
    }

    pub(crate) fn without_broker(desktop: Session) -> Self {
        Self {
            broker: None,
            desktop,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// With one that the bus starts.
    pub(crate) fn installed() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = format!("{STAND_IN} {}", folder.path().display());
        Self {
            broker: None,
            desktop: Session::starting(&[(NAME, &program)]),
            folder,
        }
    }

    pub(crate) fn start_broker(&mut self) {
        let broker = self
            .desktop
            .command(STAND_IN)
            .arg(self.folder.path())
            .spawn()
            .expect("the broker starts");
        self.broker = Some(Running::new(broker));
        self.desktop.wait_for_name(NAME, true);
    }

    pub(crate) fn stop_broker(&mut self) {
        self.broker = None;
        self.desktop.wait_for_name(NAME, false);
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn make(&self, name: &str) {
        fs::write(self.file(name), "").expect("a file");
    }

    /// From now on: see `broker.rs`.
    pub(crate) fn script(&self, method: &str, script: &Value) {
        let path = self.file(&format!("{method}.json"));
        fs::write(path, script.to_string()).expect("a script");
    }

    pub(crate) fn read(&self, method: &str) -> Value {
        let script = fs::read(self.file(&format!("{method}.json"))).expect("a script");
        serde_json::from_slice(&script).expect("JSON")
    }

    pub(crate) fn reply(&self, method: &str, reply: &Value) {
        self.script(method, &json!({ "reply": reply }));
    }

    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = self.desktop.command(env!("CARGO_BIN_EXE_dbus-program"));
        command.args(arguments).env("UNTIL", self.file("calls"));
        command
    }

    /// What the broker's answer is for a program.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Value {
        answer(&mut self.program(arguments))
    }

    /// The error's kind and text.
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        error(&mut self.program(arguments))
    }

    /// What the broker was asked.
    pub(crate) fn calls(&self) -> Vec<Value> {
        let calls = fs::read_to_string(self.file("calls")).unwrap_or_default();
        let calls = calls.lines().map(serde_json::from_str);
        calls.collect::<Result<_, _>>().expect("lines of JSON")
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        let calls = self.calls();
        let methods = calls.iter().filter_map(|call| call["method"].as_str());
        methods.map(str::to_owned).collect()
    }

    pub(crate) fn wait_for_call(&self, method: &str) {
        for _ in 0..1_000 {
            if self.methods().iter().any(|called| called == method) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("nobody called {method}");
    }
}

/// What a program prints that succeeds.
pub(crate) fn answer(program: &mut Command) -> Value {
    let (succeeded, text) = ended(&program.output().expect("it starts"));
    assert!(succeeded, "{program:?}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// What one prints that fails.
pub(crate) fn error(program: &mut Command) -> String {
    let (succeeded, text) = ended(&program.output().expect("it starts"));
    assert!(!succeeded, "{program:?}: {text}");
    text
}

pub(crate) fn ended(output: &Output) -> (bool, String) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success(), text)
}
