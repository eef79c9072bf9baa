//! `doorkey emulator` in a process of its own, and the person who signs in there.

use crate::{
    person::Person,
    process::{Doorkey, Running},
};
use serde_json::Value;
use std::{fs, future::Future};

pub(crate) const SCOPE: &str = "https://management.azure.com/.default";

/// The local authority, for as long as the test runs.
pub(crate) struct Authority {
    pub(crate) ready: Value,
    _emulator: Running,
}

impl Authority {
    pub(crate) fn start() -> Self {
        let mut emulator = Doorkey::new(["emulator"]).start();
        Self {
            ready: serde_json::from_str(&emulator.result()).unwrap(),
            _emulator: emulator,
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    pub(crate) fn user(&self, name: &str) -> &str {
        self.ready["users"][0][name].as_str().unwrap()
    }

    /// The command, told to use this authority.
    pub(crate) fn doorkey(&self, arguments: &[&str]) -> Doorkey {
        Doorkey::new(arguments)
            .env("DOORKEY_AUTHORITY", self.text("authority"))
            .env("DOORKEY_CA_CERTIFICATE", self.text("ca_certificate"))
            .env("DOORKEY_DISABLE_INSTANCE_DISCOVERY", "1")
    }

    /// The first of its people, who just signs in.
    pub(crate) fn person(&self) -> Person {
        let pem = fs::read_to_string(self.text("ca_certificate")).unwrap();
        Person::new(self.user("username"), self.user("password"), &pem).unwrap()
    }
}

/// Reads page and code as a person does, and types the code.
pub(crate) fn type_code(authority: &Authority, running: &mut Running) {
    let page = running.told("Page: ");
    let code = running.told("Code: ");
    wait(authority.person().type_code(&page, &code)).unwrap();
}

pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}
