//! A desktop session of its own: a home, and a D-Bus if one is wanted.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// A session that ends with the test.
#[derive(Debug)]
pub struct Session {
    // Dropped first, so that nothing is written into a folder that is gone.
    bus: Option<(Running, String)>,
    folder: TempDir,
}

/// A program that ends with the test.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// What has just been started.
    #[must_use]
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// It keeps its place, and does nothing any more.
    ///
    /// # Panics
    ///
    /// Where it cannot be stopped.
    pub fn freeze(&self) {
        let stopped = Command::new("kill")
            .args(["-STOP", &self.0.id().to_string()])
            .status();
        assert!(stopped.expect("kill starts").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Session {
    /// By SSH, or in a container: no bus at all.
    ///
    /// # Panics
    ///
    /// Where its folders cannot be made.
    #[must_use]
    pub fn without_bus() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["home", "runtime"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            make_private(&path);
        }
        Self { bus: None, folder }
    }

    /// With a bus of its own, on which nothing is started because somebody asks for it.
    ///
    /// # Panics
    ///
    /// Where there is no `dbus-daemon`.
    #[must_use]
    pub fn with_bus() -> Self {
        Self::starting(&[])
    }

    /// With a bus that starts the program of each of these names when somebody asks for it.
    ///
    /// # Panics
    ///
    /// As [`with_bus`](Self::with_bus).
    #[must_use]
    pub fn starting(services: &[(&str, &str)]) -> Self {
        let mut session = Self::without_bus();
        let services_folder = session.folder.path().join("services");
        fs::create_dir(&services_folder).expect("a folder");
        for (name, program) in services {
            let service = format!("[D-BUS Service]\nName={name}\nExec={program}\n");
            fs::write(services_folder.join(format!("{name}.service")), service)
                .expect("the service is written");
        }
        let configuration = session.folder.path().join("bus.conf");
        let socket = session.folder.path().join("bus");
        fs::write(
            &configuration,
            format!(
                r#"<busconfig>
                    <type>session</type>
                    <listen>unix:path={}</listen>
                    <servicedir>{}</servicedir>
                    <policy context="default">
                        <allow send_destination="*" eavesdrop="true"/>
                        <allow eavesdrop="true"/>
                        <allow own="*"/>
                    </policy>
                </busconfig>"#,
                socket.display(),
                services_folder.display(),
            ),
        )
        .expect("the configuration is written");
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address=1", "--config-file"])
            .arg(configuration)
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon starts: `cargo xtask test keyring dbus` installs it");
        let stdout = bus.stdout.take().expect("it is piped");
        let bus = Running(bus);
        let mut address = String::new();
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("the bus says where it is");
        session.bus = Some((bus, address.trim().to_owned()));
        session
    }

    /// Waits until a name is there, or is gone.
    ///
    /// # Panics
    ///
    /// After ten seconds.
    pub fn wait_for_name(&self, name: &str, wanted: bool) {
        for _ in 0..200 {
            let output = self
                .command("dbus-send")
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/",
                    "org.freedesktop.DBus.NameHasOwner",
                    &format!("string:{name}"),
                ])
                .output()
                .expect("dbus-send starts");
            let text = String::from_utf8_lossy(&output.stdout);
            if text.contains(&format!("boolean {wanted}")) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{name} is not there ({wanted})");
    }

    /// A program of this session, and of nothing else of this machine.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
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

    /// Where its bus is; empty where it has none.
    #[must_use]
    pub fn bus_address(&self) -> &str {
        self.bus.as_ref().map_or("", |(_, address)| address)
    }

    /// Its bus itself.
    #[must_use]
    pub fn bus(&self) -> Option<&Running> {
        self.bus.as_ref().map(|(running, _)| running)
    }

    /// The person's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("a private folder");
}
