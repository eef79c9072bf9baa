//! One user of one machine: all of their runs share a home. The authority is in this process, so
//! that its requests are seen.

use crate::{
    authority::{SCOPE, wait},
    browser::with_browser_of,
    process::{Doorkey, Finished},
};
use doorkey_emulator::{DeviceDecision, Emulator, Endpoint, RecordedRequest, User};
use std::{
    fs, future,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tempfile::TempDir;

pub(crate) struct Machine {
    pub(crate) authority: Emulator,
    home: Arc<TempDir>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let (give, take) = mpsc::channel();
        // It serves for as long as the tests run.
        thread::spawn(move || {
            wait(async {
                // Nobody waits for a poll longer than the program has to.
                let interval = Duration::from_secs(1);
                let builder = Emulator::builder().device_code_interval(interval);
                give.send(builder.start().await.unwrap()).unwrap();
                future::pending::<()>().await;
            });
        });
        Self {
            authority: take.recv().unwrap(),
            home: Arc::new(tempfile::tempdir().unwrap()),
        }
    }

    /// With somebody signed in.
    pub(crate) fn of_adele() -> Self {
        let machine = Self::new();
        machine.login("adele", &[]);
        machine
    }

    pub(crate) fn doorkey(&self, arguments: &[&str]) -> Doorkey {
        Doorkey::at(&self.home, arguments)
            .env("DOORKEY_AUTHORITY", self.authority.authority())
            .env("DOORKEY_CA_CERTIFICATE", self.authority.ca_certificate())
            .env("DOORKEY_DISABLE_INSTANCE_DISCOVERY", "1")
            .env("BROWSER", "none")
    }

    /// The command with a browser in which this person signs in.
    pub(crate) fn doorkey_by(&self, name: &str, arguments: &[&str]) -> Doorkey {
        let user = self.user(name);
        let doorkey = self.doorkey(arguments);
        let pem = self.authority.ca_certificate();
        with_browser_of(doorkey, pem, &user.username, &user.password)
    }

    #[track_caller]
    pub(crate) fn login(&self, name: &str, arguments: &[&str]) -> Finished {
        let arguments = [&["login", "--scope", SCOPE], arguments].concat();
        let finished = self.doorkey_by(name, &arguments).run();
        finished.assert_status(0);
        finished
    }

    /// The command, asking by a device code, which this person types.
    pub(crate) fn run_by_code(&self, name: &str, arguments: &[&str]) -> Finished {
        let mut running = self
            .doorkey(&[arguments, &["--device-code"]].concat())
            .start();
        let username = self.user(name).username.clone();
        let decision = DeviceDecision::Approve { username };
        let code = running.told("Code: ");
        self.authority.decide_device_code(&code, decision).unwrap();
        running.wait()
    }

    /// `token --silent`, and what the authority was asked meanwhile.
    pub(crate) fn silent_token(&self, arguments: &[&str]) -> (Finished, Vec<Endpoint>) {
        self.authority.clear_requests();
        let arguments = [&["token", "--silent", "--scope", SCOPE], arguments].concat();
        let finished = self.doorkey(&arguments).run();
        (finished, self.endpoints())
    }

    /// The endpoints that were asked since the log was cleared; pages are `Authorize`, too.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let requests = self.authority.requests();
        let endpoint = |request: &RecordedRequest| request.endpoint;
        requests.iter().filter_map(endpoint).collect()
    }

    /// The person whose user name begins so.
    pub(crate) fn user(&self, name: &str) -> &User {
        let mut users = self.authority.users().iter();
        users.find(|user| user.username.starts_with(name)).unwrap()
    }

    pub(crate) fn home_account_id(&self, name: &str) -> String {
        let user = self.user(name);
        format!("{}.{}", user.object_id, user.tenant_id)
    }

    pub(crate) fn path(&self, below_home: &str) -> PathBuf {
        self.home.path().join(below_home)
    }

    pub(crate) fn records(&self) -> Vec<PathBuf> {
        files(&self.path(RECORDS))
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Empty where there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

/// Below the home, where the environment names no other place.
pub(crate) const RECORDS: &str = if cfg!(target_os = "macos") {
    "Library/Application Support/doorkey/records"
} else {
    ".config/doorkey/records"
};

pub(crate) const CACHE: &str = ".IdentityService/msal.cache.nocae";

/// Set for every command, as there is no keyring.
pub(crate) const ALLOW: &str = "DOORKEY_ALLOW_UNENCRYPTED_STORAGE";
