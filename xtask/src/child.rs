//! The programs that we start: what they inherit, and what they do not.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
};

use crate::failure::{Failure, Result};

/// A command in `folder` whose environment says nothing about the person who runs it.
///
/// The credentials read all of these, so a machine that is set up for Azure would otherwise test
/// something else than CI does. Proxies and CA files are left: cargo and pip need them, and a test
/// that minds sets its own.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if is_scrubbed(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end, with our own standard streams; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    let status = command.status().map_err(Failure::while_(format!(
        "starting {}",
        command.get_program().display()
    )))?;
    Ok(status.success())
}

/// Runs a command whose failure ends what we are doing.
pub(crate) fn must_succeed(command: &mut Command, doing: &str) -> Result<()> {
    if succeeds(command)? {
        Ok(())
    } else {
        Err(Failure::new(format!("{doing} failed: see above")))
    }
}

/// The cargo that started us, so that `cargo +toolchain xtask` means what it says.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

fn is_scrubbed(name: &OsStr) -> bool {
    const PREFIXES: [&str; 5] = ["AZURE_", "DOORKEY_", "IDENTITY_", "MSAL_", "MSI_"];
    const NAMES: [&str; 2] = ["BROWSER", "RUST_LOG"];
    let name = name.to_string_lossy();
    NAMES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_sign_in_is_not_inherited() {
        for (name, scrubbed) in [
            ("AZURE_TENANT_ID", true),
            ("AZURE_AUTHORITY_HOST", true),
            ("DOORKEY_SCOPE", true),
            ("IDENTITY_ENDPOINT", true),
            ("MSI_SECRET", true),
            ("BROWSER", true),
            ("BROWSERS", false),
            ("PATH", false),
            ("HTTPS_PROXY", false),
            ("SSL_CERT_FILE", false),
            ("CARGO_TARGET_DIR", false),
        ] {
            assert_eq!(is_scrubbed(OsStr::new(name)), scrubbed, "{name}");
        }
    }
}
