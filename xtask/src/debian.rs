//! Debian packages: which are there, and installing the rest.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    child,
    failure::{Failure, Result},
};

/// Installs those of `packages` that are missing.
///
/// Only root may; anybody else is told the command, as a test runner should not ask for passwords.
pub(crate) fn install(packages: &[&str], root: &Path) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !has_apt() || !is_root() {
        return Err(Failure::new(refusal(&missing)));
    }
    // One look at the archive is enough for all suites of a run.
    static UPDATED: AtomicBool = AtomicBool::new(false);
    if !UPDATED.swap(true, Ordering::Relaxed) {
        apt_get(root, &["update", "-qq"])?;
    }
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&missing);
    apt_get(root, &arguments)
}

fn apt_get(root: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = child::command("apt-get", root);
    command
        // Another installation may be under way, and nobody is there to answer a question.
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    child::must_succeed(&mut command, &format!("apt-get {}", arguments.join(" ")))
}

fn is_installed(package: &str) -> bool {
    output("dpkg-query", &["-W", "-f", "${db:Status-Status}", package]).as_deref()
        == Some("installed")
}

fn is_root() -> bool {
    output("id", &["-u"]).as_deref() == Some("0")
}

fn has_apt() -> bool {
    output("apt-get", &["--version"]).is_some()
}

fn refusal(missing: &[&str]) -> String {
    format!(
        "missing here: {}\non Debian, install with\n  \
         sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        missing.join(", "),
        missing.join(" ")
    )
}

/// What a command prints, if it succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout)
        .ok()
        .map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_install_is_told_the_command() {
        let message = refusal(&["chromium", "chromium-driver"]);
        assert!(
            message.contains("install -y --no-install-recommends chromium chromium-driver"),
            "{message}"
        );
    }

    #[test]
    fn a_package_that_does_not_exist_is_not_installed() {
        assert!(!is_installed("doorkey-no-such-package"));
    }
}
