//! The program itself, in a window on a virtual screen.

use crate::{authority, sign_in};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

struct Screen {
    display: String,
    _server: Child,
}

impl Screen {
    async fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x560x24",
                "-nolisten",
                "tcp",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Xvfb: run `cargo xtask test desktop`, which installs it");
        let mut line = String::new();
        let mut stdout = BufReader::new(server.stdout.take().expect("its stdout"));
        stdout.read_line(&mut line).await.expect("its display");
        Self {
            display: format!(":{}", line.trim()),
            _server: server,
        }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn xdotool(&self, arguments: &[&str]) -> String {
        let output = self.command("xdotool").args(arguments).output();
        let output = timeout(Duration::from_secs(60), output)
            .await
            .expect("in time");
        String::from_utf8_lossy(&output.expect("it runs").stdout)
            .trim()
            .to_owned()
    }

    /// Waits for a window that is called so.
    async fn window(&self, title: &str) -> String {
        let found = self
            .xdotool(&["search", "--sync", "--onlyvisible", "--name", title])
            .await;
        found.lines().next().expect("a window").to_owned()
    }

    async fn screenshot(&self, name: &str) -> u64 {
        let folder = screenshots();
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("desktop-{name}.png"));
        let taken = self
            .command("scrot")
            .arg("--overwrite")
            .arg(&file)
            .status()
            .await;
        assert!(taken.expect("it runs").success());
        file.metadata().expect("a picture").len()
    }
}

/// Beside those of the browser's suite.
fn screenshots() -> PathBuf {
    let test = env::current_exe().expect("our own path");
    let target = test.ancestors().nth(3).expect("the target folder");
    target.join("screenshots")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_the_keyboard_in_a_real_window() {
    let emulator = authority().await;
    let screen = Screen::new().await;
    let blank = screen.screenshot("blank").await;
    let home = tempfile::tempdir().expect("a home");
    let (browser, opened) = (home.path().join("browser"), home.path().join("url"));
    let script = format!(
        "#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n",
        opened.display()
    );
    fs::write(&browser, script).expect("a browser");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("a program");
    let _program = screen
        .command(env!("CARGO_BIN_EXE_desktop"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("WAYLAND_DISPLAY")
        .env("HOME", home.path())
        .env("BROWSER", &browser)
        .env("AZURE_AUTHORITY_HOST", emulator.authority())
        .env("SSL_CERT_FILE", emulator.ca_certificate())
        .env("NO_PROXY", "localhost")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .spawn()
        .expect("it starts");
    let window = screen.window("^Doorkey$").await;
    let user = &emulator.users()[0];
    let mut url = None;
    for _ in 0..60 {
        // The first Tab goes to the button; a key that comes before the first frame is lost.
        screen
            .xdotool(&["windowfocus", &window, "key", "Tab"])
            .await;
        sleep(Duration::from_millis(300)).await;
        screen.xdotool(&["key", "space"]).await;
        sleep(Duration::from_millis(700)).await;
        url = fs::read_to_string(&opened).ok();
        if url.is_some() {
            break;
        }
    }
    let url = url.expect("the browser opens");
    screen.screenshot("signing-in").await;
    sign_in(&emulator, &url, user).await;
    screen
        .window(&format!("^Doorkey: {}$", user.username))
        .await;
    let shown = screen.screenshot("signed-in").await;
    assert!(
        shown > 2 * blank,
        "{shown} bytes, where a blank screen has {blank}"
    );
}
