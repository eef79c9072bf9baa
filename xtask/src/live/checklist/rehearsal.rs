//! The lines that need no page, by the real command, against the emulator.

use super::*;
use crate::{live::doorkey::Built, place::Place};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// `doorkey emulator`, for as long as the test runs.
struct Emulator {
    child: Child,
    /// What it says when it is ready.
    ready: String,
}

impl Emulator {
    fn start(doorkey: &Path, state: &Path) -> Self {
        let mut child = Command::new(doorkey)
            .args(["emulator", "--state"])
            .arg(state)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("a line");
        Self { child, ready }
    }

    fn text(&self, name: &str) -> &str {
        checks::text_of(&self.ready, name).expect("a member")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_real_command_passes_what_needs_no_page() {
    let place = Place::find().expect("the workspace");
    let home = place.target.join("tmp/live");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).expect("a home");
    let mut runner = Built::new(&place).expect("the command");
    let emulator = Emulator::start(&runner.doorkey, &home.join("state"));
    runner.environment = vec![
        ("HOME", home.clone()),
        ("XDG_CONFIG_HOME", home.join("config")),
        (
            "DOORKEY_CA_CERTIFICATE",
            emulator.text("ca_certificate").into(),
        ),
        ("DOORKEY_DISABLE_INSTANCE_DISCOVERY", "1".into()),
        ("DOORKEY_ALLOW_UNENCRYPTED_STORAGE", "1".into()),
        ("DOORKEY_PROXY", "none".into()),
    ];
    let (user, password) = (emulator.text("username"), emulator.text("password"));
    let lines = [
        ("silent", String::new()),
        ("password-managed", format!("{user}\n{password}\n")),
        ("password-wrong", "wrong\n".to_owned()),
        ("no-tenant", String::new()),
        ("no-resource", String::new()),
        ("sign-out", String::new()),
    ];
    let mut options = vec![
        "--authority".to_owned(),
        emulator.text("authority").to_owned(),
    ];
    let mut answers = String::new();
    for (name, asked) in &lines {
        options.extend(["--only".to_owned(), (*name).to_owned()]);
        // That comes first, and nobody has signed in yet.
        let verdict = if *name == "silent" { "fail" } else { "pass" };
        answers += &format!("run\n{asked}{verdict}\n\n");
    }
    let mut page = Page::default();
    let passed = Checklist {
        live: Live::parse(&options).expect("known options"),
        answers: Answers::of(&answers),
        runner: &runner,
        known: HashMap::new(),
    }
    .go(&mut page, &mut |_| Ok(()));
    assert!(!passed.expect("a page"));
    let text = page.render(LINES);
    for (name, _) in &lines {
        let expected = if *name == "silent" { "fail" } else { "pass" };
        assert_eq!(page.result(name), expected, "{name}: {text}");
    }
    for secret in [user, password, emulator.text("tenant_id"), "eyJ"] {
        assert!(!text.contains(secret), "{text}");
    }
}
