//! Where the Azure Identity libraries of the other languages keep their caches.

use crate::{
    error::{Error, ErrorKind, Result},
    seams::Environment,
};
use std::path::PathBuf;

/// The folder of the caches, of the locks, and of the files that signal a change to who watches:
/// `~/.IdentityService`, on Windows `%LOCALAPPDATA%\.IdentityService`.
pub(super) fn folder(environment: &Environment) -> Result<PathBuf> {
    let variable = if cfg!(windows) {
        "LOCALAPPDATA"
    } else {
        "HOME"
    };
    match environment.get(variable)? {
        Some(home) => Ok(PathBuf::from(home).join(".IdentityService")),
        None => Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the environment variable {variable} is not set, so there is no place to keep \
                 tokens; set it, or sign in without `cache_persistence`"
            ),
        )),
    }
}
