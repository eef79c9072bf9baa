//! Where the Azure Identity libraries of the other languages keep their caches.

use super::{Partition, file::SHARED_FOLDER};
use crate::{
    error::{Error, ErrorKind, Result},
    seams::Environment,
};
use std::path::{Path, PathBuf};

/// Where a store has its files.
#[derive(Clone, Debug)]
pub(super) enum Folder {
    /// That of the Azure Identity libraries.
    Shared(Environment),
    Own(PathBuf),
}

impl Folder {
    /// The file of a partition, under its name and an ending of the store's own.
    pub(super) fn file(&self, partition: &Partition, ending: &str) -> Result<PathBuf> {
        let folder = match self {
            Self::Shared(environment) => folder(environment)?,
            Self::Own(folder) => folder.clone(),
        };
        Ok(folder.join(format!("{}{ending}", partition.file_name())))
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::Shared(Environment::default())
    }
}

/// The folder of the caches, of the locks, and of the files that signal a change to who watches:
/// `~/.IdentityService`, on Windows `%LOCALAPPDATA%\.IdentityService`.
fn folder(environment: &Environment) -> Result<PathBuf> {
    let variable = if cfg!(windows) {
        "LOCALAPPDATA"
    } else {
        "HOME"
    };
    match environment.get(variable)? {
        Some(home) if Path::new(&home).is_absolute() => Ok(PathBuf::from(home).join(SHARED_FOLDER)),
        Some(home) => Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the environment variable {variable} is {home:?}, which is not an absolute path, so \
                 there is no place to keep tokens; set it anew"
            ),
        )),
        None => Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "the environment variable {variable} is not set, so there is no place to keep \
                 tokens; set it, or sign in without `cache_persistence`"
            ),
        )),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_an_absolute_path() {
        let home = |value: &str| folder(&Environment::of(&[("HOME", value)]));
        assert_eq!(
            home("/home/a").unwrap(),
            Path::new("/home/a/.IdentityService")
        );
        for none in ["", ".", "home"] {
            let error = home(none).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{none:?}");
            assert!(error.to_string().contains("HOME"), "{error}");
        }
    }
}
