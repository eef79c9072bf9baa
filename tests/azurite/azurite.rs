//! Azurite, the storage emulator of Azure's own team, as a child that ends with its test.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// The account that it knows.
pub(crate) const ACCOUNT: &str = "devstoreaccount1";

#[derive(Debug)]
pub(crate) struct Azurite {
    child: Mutex<Child>,
    port: u16,
    _folder: TempDir,
}

impl Azurite {
    /// By HTTPS, and taking tokens of Entra ID, whose signature it does not check.
    pub(crate) fn start(certificate_pem: &str, key_pem: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let certificate = file("certificate.pem", certificate_pem);
        let key = file("key.pem", key_pem);
        let mut child = Command::new(variable("DOORKEY_NODE"))
            .arg(variable("DOORKEY_AZURITE").join("node_modules/azurite/dist/src/blob/main.js"))
            .args(["--blobHost", "127.0.0.1", "--blobPort", "0"])
            .args([
                "--oauth",
                "basic",
                "--disableTelemetry",
                "--skipApiVersionCheck",
            ])
            .arg("--location")
            .arg(folder.path())
            .arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Azurite starts");
        let stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let (said, heard) = mpsc::channel();
        // It is read to its end, so that Azurite never blocks.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let port = loop {
            let line = heard
                .recv_timeout(Duration::from_secs(60))
                .expect("Azurite says where it listens");
            if let Some(address) = line.split("listens on ").nth(1) {
                let port = address.trim().rsplit(':').next();
                break port.and_then(|port| port.parse().ok()).expect("a port");
            }
        };
        Self {
            child: Mutex::new(child),
            port,
            _folder: folder,
        }
    }

    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn variable(name: &str) -> PathBuf {
    let value = env::var_os(name);
    let value = value.unwrap_or_else(|| {
        panic!("{name} is not set: run `cargo xtask test azurite`, which provides it")
    });
    Path::new(&value).to_owned()
}
