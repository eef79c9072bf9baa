//! Looks for the secrets of each run in what the command prints at its most verbose, in what it
//! gives to the browser, and in its files.

use crate::{
    authority::{SCOPE, wait},
    azure_cli::machine_with_az,
    machine::{ALLOW, CACHE, Machine},
    password,
    person::Person,
    process::{Doorkey, Finished},
    search::{Exception, Secrets},
};
use doorkey_emulator::{DeviceDecision, Endpoint};
use serde_json::Value;
use std::{fs, path::Path};

/// Where a secret may be, and why.
const ALLOWED: &[Exception] = &[
    Exception {
        place: "stdout of token",
        secrets: &["access token"],
        why: "it is the result",
    },
    Exception {
        place: "stderr of login by the browser",
        secrets: &["state", "nonce"],
        why: "the page's address is shown to the person, who opens it where no browser does",
    },
    Exception {
        place: "command line and environment of the browser",
        secrets: &["state", "nonce"],
        why: "the page's address is given to it; see crates/doorkey/tests/secrets",
    },
    Exception {
        place: "stderr of login by a device code",
        secrets: &["user code"],
        why: "the person types it",
    },
    Exception {
        place: "file msal.cache.nocae",
        secrets: &["access token", "refresh token", "id token"],
        why: "it is the token cache, unencrypted as was asked for",
    },
    Exception {
        place: "stdout of token for one request",
        secrets: &["signed request", "access token"],
        why: "it is the result, and the other is in it",
    },
    Exception {
        place: "file msal.cache.pop",
        secrets: &["private key"],
        why: "it is where the key is kept, unencrypted as was asked for",
    },
];

/// Everything of every crate.
const EVERYTHING: &str = "trace,typespec_client_core=trace,azure_core=trace";

struct Runs {
    machine: Machine,
    secrets: Secrets,
    said: Vec<(String, String)>,
}

impl Runs {
    fn doorkey(&self, arguments: &[&str]) -> Doorkey {
        let arguments = [arguments, &["-vv"]].concat();
        self.machine.doorkey(&arguments).env("RUST_LOG", EVERYTHING)
    }

    fn ended(&mut self, name: &str, finished: Finished) {
        self.said
            .push((format!("stdout of {name}"), finished.stdout));
        self.said
            .push((format!("stderr of {name}"), finished.stderr));
        self.collect();
    }

    fn runs(&mut self, name: &str, status: i32, arguments: &[&str]) {
        let finished = self.doorkey(arguments).run();
        finished.assert_status(status);
        self.ended(name, finished);
    }

    fn person(&self) -> Person {
        let adele = self.machine.user("adele");
        let pem = self.machine.authority.ca_certificate_pem();
        Person::new(&adele.username, &adele.password, pem).unwrap()
    }

    /// What the authority was sent, and what the cache holds.
    fn collect(&mut self) {
        for request in self.machine.authority.requests() {
            for (name, what) in [
                ("code_verifier", "PKCE verifier"),
                ("refresh_token", "refresh token"),
                ("device_code", "device code"),
                ("password", "password"),
                ("assertion", "assertion"),
            ] {
                if let Some(secret) = request.form_value(name) {
                    self.secrets.add(what, secret);
                }
            }
            if request.endpoint == Some(Endpoint::Token)
                && let Some(code) = request.form_value("code")
            {
                self.secrets.add("authorization code", code);
            }
            for name in ["state", "nonce"] {
                if let Some(secret) = request.query_value(name) {
                    self.secrets.add(name, secret);
                }
            }
        }
        self.machine.authority.clear_requests();
        for cache in [CACHE, ".azure/msal_token_cache.json"] {
            self.collect_from(&self.machine.path(cache));
        }
    }

    fn collect_from(&mut self, cache: &Path) {
        let cache = fs::read_to_string(cache).unwrap_or_default();
        let cache: Value = serde_json::from_str(&cache).unwrap_or_default();
        for (section, what) in [
            ("AccessToken", "access token"),
            ("DoorkeyPopAccessToken", "access token"),
            ("RefreshToken", "refresh token"),
            ("IdToken", "id token"),
        ] {
            for entry in cache[section]
                .as_object()
                .into_iter()
                .flat_map(|all| all.values())
            {
                self.secrets.add(what, entry["secret"].as_str().unwrap());
            }
        }
    }

    fn files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(&path);
            } else {
                let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                let name = path.file_name().unwrap().to_string_lossy();
                self.said.push((
                    format!("file {name}"),
                    format!("{}\n{content}", path.display()),
                ));
            }
        }
    }
}

fn by_the_browser(runs: &mut Runs) {
    // Once it is there, it is whole.
    let script = r#"{ tr '\0' '\n' < /proc/$$/cmdline; env; } > "$0.part"; mv "$0.part" "$0.seen""#;
    let program = runs.machine.path("browser.sh");
    fs::write(&program, script).unwrap();
    let browser = format!("sh {} %s", program.display());
    let arguments = ["login", "--scope", SCOPE];
    let mut running = runs.doorkey(&arguments).env("BROWSER", browser).start();
    let authority = runs.machine.authority.authority().to_owned();
    let url = authority.clone() + &running.told(&authority);
    wait(runs.person().sign_in(&url)).unwrap();
    let finished = running.wait();
    finished.assert_status(0);
    runs.ended("login by the browser", finished);
    let file = runs.machine.path("browser.sh.seen");
    let seen = fs::read_to_string(&file).unwrap();
    fs::remove_file(file).unwrap();
    assert!(seen.contains(&url), "{seen}");
    let place = "command line and environment of the browser";
    runs.said.push((place.to_owned(), seen));
}

fn by_a_device_code(runs: &mut Runs, decision: DeviceDecision, status: i32) {
    let arguments = ["login", "--scope", SCOPE, "--device-code"];
    let mut running = runs.doorkey(&arguments).start();
    let code = running.told("Code: ");
    runs.secrets.add("user code", &code);
    runs.machine
        .authority
        .decide_device_code(&code, decision)
        .unwrap();
    let finished = running.wait();
    finished.assert_status(status);
    runs.ended("login by a device code", finished);
}

/// At the authority, and at a server of the person's organization.
fn by_a_password(runs: &mut Runs) {
    for (name, wrong) in [
        ("adele", ""),
        ("avery", ""),
        ("adele", " not"),
        ("avery", " not"),
    ] {
        let user = runs.machine.user(name);
        let (username, password) = (user.username.clone(), format!("{}{wrong}", user.password));
        let arguments = ["--scope", SCOPE, "-vv"];
        let doorkey = password::login(&runs.machine, &username, &password, &arguments);
        let finished = doorkey.env("RUST_LOG", EVERYTHING).run();
        finished.assert_status(i32::from(!wrong.is_empty()));
        runs.secrets.add("password", &password);
        runs.ended("login by a password", finished);
        // The test's own.
        fs::remove_file(runs.machine.path("password")).unwrap();
    }
}

/// Bound to a key, which is kept.
fn for_one_request(runs: &mut Runs) {
    let url = "https://management.azure.com/subscriptions";
    let mut arguments = vec!["token", "--scope", SCOPE, "--pop-nonce", "n"];
    arguments.extend(["--pop-method", "GET", "--pop-url", url]);
    for status in [0, 2] {
        let finished = runs.doorkey(&arguments).run();
        finished.assert_status(status);
        if status == 0 {
            runs.secrets
                .add("signed request", finished.stdout.trim_end());
        }
        runs.ended("token for one request", finished);
        arguments[4] = " ";
    }
    let key = fs::read_to_string(runs.machine.path(".IdentityService/msal.cache.pop")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    let key = key["DoorkeyPopKey"]["private_key"].as_str().unwrap();
    runs.secrets.add("private key", key);
}

fn in_vain(runs: &mut Runs) {
    let username = runs.machine.user("adele").username.clone();
    runs.machine.authority.revoke_refresh_tokens(&username);
    let graph = "https://graph.microsoft.com/.default";
    let arguments = [
        "token",
        "--silent",
        "--account",
        &username,
        "--scope",
        graph,
    ];
    runs.runs("token in vain", 3, &arguments);
    let (_, told) = runs.said.last().unwrap();
    assert!(told.contains("AADSTS50173"), "{told}");
    let arguments = ["login", "--timeout", "1", "--scope", SCOPE];
    runs.runs("login by the browser, too late", 1, &arguments);
    let arguments = ["login", "--scope", "openid"];
    runs.runs("login with a wrong scope", 2, &arguments);
}

#[test]
fn no_secret_is_printed_or_left_where_it_should_not_be() {
    let mut runs = Runs {
        machine: Machine::new(),
        secrets: Secrets::default(),
        said: Vec::new(),
    };
    by_the_browser(&mut runs);
    for output in ["token", "json", "header", "env"] {
        let arguments = ["token", "--scope", SCOPE, "--output", output];
        runs.runs("token", 0, &arguments);
    }
    let other = "https://vault.azure.net/.default";
    runs.runs("token", 0, &["token", "--silent", "--scope", other]);
    for_one_request(&mut runs);
    runs.runs("accounts", 0, &["accounts", "--output", "json"]);
    by_a_device_code(&mut runs, DeviceDecision::Decline, 1);
    let username = runs.machine.user("adele").username.clone();
    by_a_device_code(&mut runs, DeviceDecision::Approve { username }, 0);
    by_a_password(&mut runs);
    in_vain(&mut runs);
    let home = runs.machine.path("");
    runs.files(&home);
    runs.runs("logout", 0, &["logout", "--all"]);
    let unusable = runs.doorkey(&["login", "--device-code", "--scope", SCOPE]);
    let finished = unusable.without_env(ALLOW).env("HOME", "/dev/null").run();
    finished.assert_status(4);
    runs.ended("login without a place for tokens", finished);
    runs.machine = machine_with_az("adele");
    for scope in [SCOPE, other] {
        runs.runs("token", 0, &["token", "--silent", "--scope", scope]);
    }

    let kinds: Vec<_> = runs.secrets.kinds().into_iter().collect();
    assert_eq!(
        kinds,
        [
            "PKCE verifier",
            "access token",
            "assertion",
            "authorization code",
            "device code",
            "id token",
            "nonce",
            "password",
            "private key",
            "refresh token",
            "signed request",
            "state",
            "user code",
        ]
    );
    let mut search = runs.secrets.search(ALLOWED);
    for (place, text) in &runs.said {
        search.look(place, text);
    }
    search.assert_clean();
    let logged = runs
        .said
        .iter()
        .filter(|(_, text)| text.contains(": typespec_client_core::"));
    assert!(logged.count() > 4, "{:#?}", runs.said);
}
