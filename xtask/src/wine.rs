//! Running tests for Windows on Linux.

use std::{ffi::OsString, fs};

use crate::{
    child,
    failure::{Failure, Result},
    needs::Environment,
    place::Place,
};

pub(crate) const PACKAGES: [&str; 2] = ["wine64", "wine"];

/// Not `wine`, which wants to run 32-bit programs too.
const WINE: &str = "/usr/lib/wine/wine64";

/// A Windows of its own below the target folder, and what builds and runs programs for it: for
/// `x86_64-win7-windows-gnu`, as Debian's Wine lacks the random numbers of newer ones.
pub(crate) fn provide(place: &Place) -> Result<Environment> {
    let prefix = place.target.join("wine");
    let mut environment: Environment = [
        ("CARGO_TARGET_X86_64_WIN7_WINDOWS_GNU_RUNNER", WINE),
        // Build scripts do not know this target's.
        ("CC_x86_64_win7_windows_gnu", "x86_64-w64-mingw32-gcc"),
        ("AR_x86_64_win7_windows_gnu", "x86_64-w64-mingw32-ar"),
        ("WINEARCH", "win64"),
        ("WINEDEBUG", "-all"),
        // It would offer to download them.
        ("WINEDLLOVERRIDES", "mscoree=d;mshtml=d"),
    ]
    .map(|(name, value)| (name, OsString::from(value)))
    .into();
    environment.push(("WINEPREFIX", prefix.clone().into()));
    // Written last, so that one that was cut short is not taken for a whole one.
    let made = prefix.join("made.txt");
    if !made.exists() {
        let making = format!("making {}", prefix.display());
        fs::create_dir_all(&prefix).map_err(Failure::while_(making))?;
        let mut command = child::command(WINE, &place.root);
        command
            .args(["wineboot", "--init"])
            .envs(environment.iter().map(|(name, value)| (name, value)));
        child::must_succeed(&mut command, "setting up Wine")?;
        fs::write(&made, "").map_err(Failure::while_(format!("writing {}", made.display())))?;
    }
    Ok(environment)
}
