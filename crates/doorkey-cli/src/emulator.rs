//! `doorkey emulator`.

use crate::{console, failure::Failure, folders, interruption};
use clap::Args;
use doorkey_emulator::{Directory, Emulator};
use serde::Serialize;
use std::{fs, net::SocketAddr, path::PathBuf};

/// The options of `doorkey emulator`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct EmulatorArguments {
    /// Where to listen: an address of this machine's loopback; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where certificate authority and keys are kept, so that they outlive a restart [default:
    /// see below]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Other tenants, applications and people than the built-in ones, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the built-in tenants, applications and people in the format of --config, and end
    #[arg(long)]
    print_config: bool,
}

pub(crate) async fn run(arguments: &EmulatorArguments) -> Result<(), Failure> {
    if arguments.print_config {
        return console::result(Directory::BUILT_IN.trim_end());
    }
    let asked_to_end = interruption::asked_to_end()?;
    let mut builder = Emulator::builder()
        .listen(arguments.listen)
        .state_folder(arguments.state_folder()?);
    if let Some(directory) = arguments.directory()? {
        builder = builder.directory(directory);
    }
    let emulator = builder.start().await?;
    console::result(&Ready::of(&emulator).to_json()?)?;
    console::tell(&format!(
        "Serving {} until interrupted.",
        emulator.authority()
    ));
    asked_to_end.await;
    Ok(())
}

impl EmulatorArguments {
    fn state_folder(&self) -> Result<PathBuf, Failure> {
        if let Some(folder) = &self.state {
            return Ok(folder.clone());
        }
        folders::state()
            .map(|folder| folder.join("emulator"))
            .ok_or_else(|| {
                Failure::Usage(
                "no folder is known to keep the emulator's keys in, as this account has no home; \
                 give --state"
                    .to_owned(),
            )
            })
    }

    fn directory(&self) -> Result<Option<Directory>, Failure> {
        let Some(file) = &self.config else {
            return Ok(None);
        };
        let refuse = |why: String| Failure::Usage(format!("--config {}: {why}", file.display()));
        let text =
            fs::read_to_string(file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let directory = Directory::from_toml(&text).map_err(|error| refuse(error.to_string()))?;
        Ok(Some(directory))
    }
}

/// What a program that started us has to know.
#[derive(Serialize)]
struct Ready<'a> {
    authority: &'a str,
    ca_certificate: String,
    tenant_id: &'a str,
    client_id: &'a str,
    users: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Person<'a> {
    username: &'a str,
    password: &'a str,
    note: &'a str,
}

impl<'a> Ready<'a> {
    fn of(emulator: &'a Emulator) -> Self {
        let users = emulator.users().iter().map(|user| Person {
            username: &user.username,
            password: &user.password,
            note: &user.note,
        });
        Self {
            authority: emulator.authority(),
            ca_certificate: emulator.ca_certificate().display().to_string(),
            tenant_id: emulator.tenant_id(),
            client_id: emulator.client_id(),
            users: users.collect(),
        }
    }

    fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::Output(error.into()))
    }
}

const AFTER_HELP: &str = "\
When it is ready it prints one line of JSON on stdout: authority, ca_certificate (a file to trust),
tenant_id, client_id, users (a list of username, password and note; the first one just signs in).
Passwords are published, so it listens on loopback only. Trust its certificate authority in the
programs that you test, and nowhere else.

State is kept in $XDG_STATE_HOME/doorkey/emulator (~/.local/state/doorkey/emulator), on macOS in
~/Library/Application Support/doorkey/emulator, on Windows in %LOCALAPPDATA%\\doorkey\\emulator.

Examples:
  doorkey emulator --listen 127.0.0.1:8443 --state ./emulator
  doorkey login --authority https://localhost:8443 --disable-instance-discovery \\
      --ca-certificate ./emulator/ca.pem --scope https://management.azure.com/.default
  doorkey emulator --print-config > people.toml
      to change, and give with --config people.toml";
