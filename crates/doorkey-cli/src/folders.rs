//! Where each system wants what a program keeps for itself.

use std::{env, path::PathBuf};

/// For what a person may edit, carry elsewhere or delete: settings, and who signed in.
pub(crate) fn config() -> Option<PathBuf> {
    base("APPDATA", "XDG_CONFIG_HOME", ".config")
}

/// For what is of this machine alone.
#[cfg(feature = "emulator")]
pub(crate) fn state() -> Option<PathBuf> {
    base("LOCALAPPDATA", "XDG_STATE_HOME", ".local/state")
}

fn base(windows: &str, xdg: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let folder = PathBuf::from(env::var_os(name)?);
        // The XDG Base Directory Specification: a relative one is invalid, and ignored.
        folder.is_absolute().then_some(folder)
    };
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let base = if cfg!(windows) {
        absolute(windows)?
    } else if cfg!(target_os = "macos") {
        home()?.join("Library/Application Support")
    } else {
        match absolute(xdg) {
            Some(folder) => folder,
            None => home()?.join(below_home),
        }
    };
    Some(base.join("doorkey"))
}
