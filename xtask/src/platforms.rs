//! Type-checking the code of other systems from Linux.
//!
//! rustup's toolchain need not have the other systems' standard libraries. Debian has a second,
//! newer toolchain whose library sources are a package (`rust-web-src`), from which `-Zbuild-std`
//! checks the standard library for any target.

use std::{ffi::OsString, fs};

use crate::{
    failure::{Failure, Result},
    needs::Environment,
    place::Place,
};

/// Debian's own, not rustup's of the same name on PATH.
pub(crate) const CARGO: &str = "/usr/bin/cargo";

/// What Debian's toolchain must see…
pub(crate) const SET: [(&str, &str); 3] = [
    ("RUSTC", "/usr/bin/rustc"),
    ("RUSTDOC", "/usr/bin/rustdoc"),
    // `-Zbuild-std` is unstable, and this is a stable release.
    ("RUSTC_BOOTSTRAP", "1"),
];

/// …and what it must not: rustup's proxies set these for their own toolchain.
pub(crate) const REMOVED: [&str; 3] = ["CARGO", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"];

/// Where it builds: two toolchains in one folder would build everything over and over.
pub(crate) const TARGET: &str = "platforms";

/// Build scripts compile C even for `cargo check`: there is no C compiler for macOS here, and the
/// one for Windows takes minutes. Checking links nothing, so that a compiler is good enough which
/// makes empty files.
const STUB: &str = r#"#!/bin/sh
# Stands in for the C compiler and archiver of another system: makes the file it is asked for.
case "$(basename "$0")" in
ar)
    # `ar cq libx.a …`, `ar s libx.a`: the archive is the first argument that is no option.
    for argument in "$@"; do
        case "$argument" in *.a) : >>"$argument"; exit 0 ;; esac
    done
    ;;
cc)
    while [ $# -gt 0 ]; do
        if [ "$1" = -o ]; then : >"$2"; exit 0; fi
        shift
    done
    ;;
esac
exit 0
"#;

pub(crate) fn provide_stub_compiler(place: &Place) -> Result<Environment> {
    let folder = place.target.join(TARGET).join("stub");
    fs::create_dir_all(&folder).map_err(Failure::while_(format!("making {}", folder.display())))?;
    let mut environment = Environment::new();
    for (variable, name) in [
        ("CC_x86_64_pc_windows_gnu", "cc"),
        ("AR_x86_64_pc_windows_gnu", "ar"),
        ("CC_aarch64_apple_darwin", "cc"),
        ("AR_aarch64_apple_darwin", "ar"),
    ] {
        let path = folder.join(name);
        fs::write(&path, STUB).map_err(Failure::while_(format!("writing {}", path.display())))?;
        make_executable(&path)?;
        environment.push((variable, OsString::from(path)));
    }
    Ok(environment)
}

#[cfg(unix)]
fn make_executable(path: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Failure::while_(format!(
        "making {} executable",
        path.display()
    )))
}

#[cfg(not(unix))]
fn make_executable(_: &std::path::Path) -> Result<()> {
    Err(Failure::new("this suite runs on Debian only"))
}
