//! A desktop session, and a gnome-keyring in it if one is wanted.

use doorkey_tests::Running;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

#[derive(Debug)]
pub(crate) struct Session {
    keyring: Option<Running>,
    desktop: doorkey_tests::Session,
}

impl Session {
    pub(crate) fn without_bus() -> Self {
        Self {
            keyring: None,
            desktop: doorkey_tests::Session::without_bus(),
        }
    }

    pub(crate) fn without_keyring() -> Self {
        Self {
            keyring: None,
            desktop: doorkey_tests::Session::with_bus(),
        }
    }

    /// gnome-keyring with its default collection open.
    pub(crate) fn unlocked() -> Self {
        Self::with_keyring(Some("not-a-secret\n"))
    }

    pub(crate) fn without_collection() -> Self {
        Self::with_keyring(None)
    }

    /// The same collection, in a session that nobody has unlocked.
    pub(crate) fn locked() -> Self {
        let mut session = Self::unlocked();
        session.program(&["put", "kept"]);
        session.keyring = None;
        session.wait_for_keyring(false);
        session.start_keyring(None);
        session
    }

    fn with_keyring(password: Option<&str>) -> Self {
        let mut session = Self::without_keyring();
        session.start_keyring(password);
        session
    }

    fn start_keyring(&mut self, password: Option<&str>) {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        command.args(password.map(|_| "--unlock"));
        let mut keyring = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring starts: `cargo xtask test keyring` installs it");
        let mut stdin = keyring.stdin.take().expect("it is piped");
        let password = password.unwrap_or_default();
        stdin.write_all(password.as_bytes()).expect("it reads");
        drop(stdin);
        self.keyring = Some(Running::new(keyring));
        self.wait_for_keyring(true);
    }

    fn wait_for_keyring(&self, wanted: bool) {
        self.desktop
            .wait_for_name("org.freedesktop.secrets", wanted);
    }

    /// It keeps its name on the bus, and answers nothing any more.
    pub(crate) fn mute_keyring(&self) {
        self.keyring.as_ref().expect("a keyring").freeze();
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.desktop.command(program)
    }

    pub(crate) fn bus_address(&self) -> &str {
        self.desktop.bus_address()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.desktop.home()
    }

    /// The file that tells everybody of a change, and holds the plain cache where there is one.
    pub(crate) fn signal_file(&self) -> PathBuf {
        self.home().join(".IdentityService/msal.cache.nocae")
    }

    pub(crate) fn leave_plain_cache(&self, text: &str) {
        let path = self.signal_file();
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Runs our program; what it prints, and how it ended.
    pub(crate) fn program(&self, arguments: &[&str]) -> (bool, String) {
        ended(
            &self
                .program_command()
                .args(arguments)
                .output()
                .expect("it starts"),
        )
    }

    pub(crate) fn program_allowing_plain(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.program_command();
        command.env("ALLOW_UNENCRYPTED_STORAGE", "1");
        ended(&command.args(arguments).output().expect("it starts"))
    }

    pub(crate) fn program_command(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_program"))
    }

    /// What `secret-tool` finds of our partition's item.
    pub(crate) fn secret_tool(&self) -> String {
        let output = self
            .command("secret-tool")
            .args([
                "search",
                "--all",
                "MsalClientID",
                "Microsoft.Developer.IdentityService",
            ])
            .output()
            .expect("secret-tool starts");
        // It prints attributes on stderr.
        let (out, err) = (output.stdout, output.stderr);
        format!(
            "{}{}",
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&err)
        )
    }

    /// Puts an item there as another program does.
    pub(crate) fn store(&self, label: &str, attributes: &[&str], secret: &str) {
        let mut tool = self
            .command("secret-tool")
            .args(["store", "--label", label])
            .args(attributes)
            .stdin(Stdio::piped())
            .spawn()
            .expect("secret-tool starts");
        let mut stdin = tool.stdin.take().expect("it is piped");
        stdin.write_all(secret.as_bytes()).expect("it reads");
        drop(stdin);
        assert!(tool.wait().expect("it ends").success());
    }
}

fn ended(output: &Output) -> (bool, String) {
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}");
    (output.status.success(), text)
}
