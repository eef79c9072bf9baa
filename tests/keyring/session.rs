//! A desktop session of its own: a D-Bus, a home, and a gnome-keyring if one is wanted.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Session {
    folder: TempDir,
    bus: Option<(Running, String)>,
    keyring: Option<Running>,
}

/// Ends with the test.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Session {
    /// A session by SSH, or in a container: no bus at all.
    pub(crate) fn without_bus() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["home", "runtime"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a private one");
        }
        Self {
            folder,
            bus: None,
            keyring: None,
        }
    }

    pub(crate) fn without_keyring() -> Self {
        let mut session = Self::without_bus();
        // Without folders of services: nothing is started because somebody asks for it.
        let configuration = session.folder.path().join("bus.conf");
        let socket = session.folder.path().join("bus");
        fs::write(
            &configuration,
            format!(
                r#"<busconfig>
                    <type>session</type>
                    <listen>unix:path={}</listen>
                    <policy context="default">
                        <allow send_destination="*" eavesdrop="true"/>
                        <allow eavesdrop="true"/>
                        <allow own="*"/>
                    </policy>
                </busconfig>"#,
                socket.display()
            ),
        )
        .expect("the configuration is written");
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address=1", "--config-file"])
            .arg(configuration)
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon starts: `cargo xtask test keyring` installs it");
        let stdout = bus.stdout.take().expect("it is piped");
        let bus = Running(bus);
        let mut address = String::new();
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("the bus says where it is");
        session.bus = Some((bus, address.trim().to_owned()));
        session
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
        self.keyring = Some(Running(keyring));
        self.wait_for_keyring(true);
    }

    fn wait_for_keyring(&self, wanted: bool) {
        for _ in 0..200 {
            let output = self
                .command("dbus-send")
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/",
                ])
                .args([
                    "org.freedesktop.DBus.NameHasOwner",
                    "string:org.freedesktop.secrets",
                ])
                .output()
                .expect("dbus-send starts");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text.contains(&format!("boolean {wanted}")) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the keyring is not there ({wanted})");
    }

    /// It keeps its name on the bus, and answers nothing any more.
    pub(crate) fn mute_keyring(&self) {
        let keyring = self.keyring.as_ref().expect("a keyring");
        let stopped = Command::new("kill")
            .args(["-STOP", &keyring.0.id().to_string()])
            .status();
        assert!(stopped.expect("kill starts").success());
    }

    /// A program of this session, and of nothing else of this machine.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.folder.path().join("runtime"))
            .env("XDG_DATA_HOME", self.home().join("data"));
        if let Some((_, address)) = &self.bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", address);
        }
        command
    }

    pub(crate) fn bus_address(&self) -> &str {
        self.bus.as_ref().map_or("", |(_, address)| address)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
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
