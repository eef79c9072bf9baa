//! Private files: readable by their owner alone, replaced in one step, never through a link.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one file that writes, and does so safely"
)]

use super::{CacheVersion, StoredCache, platform};
use crate::error::{Error, ErrorKind, Result};
use std::{
    fs::{self, DirBuilder, File, FileTimes, Metadata, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// The folder that the Azure Identity libraries share, and that is nobody else's business.
pub(super) const SHARED_FOLDER: &str = ".IdentityService";

/// No cache of tokens is as long; what is, is something else.
const LONGEST: u64 = 256 * 1024 * 1024;

/// How often a file is read again that changed meanwhile.
const READS: usize = 5;

/// How often it is tried to replace a file that somebody is reading.
const REPLACEMENTS: usize = 100;

/// For that long, the others have the file open.
const MOMENT: Duration = Duration::from_millis(10);

/// The other libraries look whether a file is newer than their last look, and take the time of that
/// look after they have read. A write in between is seen only if it seems to come from after it.
const AHEAD: Duration = Duration::from_secs(1);

/// A writer that was killed leaves its temporary file; after this time it is nobody's.
const ABANDONED: Duration = Duration::from_secs(60);

const TEMPORARY: &str = ".tmp";

/// What is in the file, and its version; empty where there is none. Refuses a link, what is no
/// file, and what is somebody else's. A small blocking read.
pub(super) fn read(path: &Path) -> Result<StoredCache> {
    let failed = |error| failure("read", path, error);
    let mut obstacle = io::Error::new(io::ErrorKind::ResourceBusy, "it changes all the time");
    for _ in 0..READS {
        let mut options = OpenOptions::new();
        options.read(true);
        let mut file = match platform::open(&mut options, path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(StoredCache::default());
            }
            Err(error) if platform::is_in_use(&error) => {
                obstacle = error;
                thread::sleep(MOMENT);
                continue;
            }
            Err(error) => return Err(failed(error)),
        };
        let before = file.metadata().map_err(failed)?;
        check(path, &before)?;
        if before.len() > LONGEST {
            let error = io::Error::new(io::ErrorKind::FileTooLarge, "it is no token cache");
            return Err(failed(error));
        }
        // One byte more than there is, so that it need not grow.
        let length = usize::try_from(before.len()).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
        let mut limited = (&mut file).take(before.len() + 1);
        limited.read_to_end(&mut bytes).map_err(failed)?;
        let after = file.metadata().map_err(failed)?;
        let version = version_of(&before);
        if version == version_of(&after) {
            // Somebody may write as much again within the same tick of the file system's clock: what
            // was written just now is read once more. Our own files are a second ahead, and of their own.
            let version = if is_settled(&before) {
                version
            } else {
                CacheVersion::from("just written")
            };
            return Ok(StoredCache::new(std::mem::take(&mut *bytes), version));
        }
    }
    Err(failed(obstacle))
}

/// The version of the file, without reading it.
pub(super) fn version(path: &Path) -> Result<CacheVersion> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(version_of(&metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CacheVersion::default()),
        Err(error) => Err(failure("read", path, error)),
    }
}

/// Makes the folder (0700 where it is new) and replaces the file (0600) in one durable step. Not to
/// be called on an async thread: it waits for the disk.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<CacheVersion> {
    let failed = |error| failure("write", path, error);
    let folder = folder_of(path)?;
    let old = existing(path)?;
    remove_abandoned(&folder, &temporary_prefix(path));
    let mut file = temporary(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    // Not before the disk has been waited for: it may take longer than that.
    let times = FileTimes::new().set_modified(seen_by_peers(old.as_ref()));
    file.as_file().set_times(times).map_err(failed)?;
    let file = persist(file, path).map_err(failed)?;
    platform::sync_folder(&folder).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok(version_of(&metadata))
}

/// Where a file that is being read cannot be replaced, the reader is waited for.
fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<File> {
    let mut attempts = 0;
    loop {
        match file.persist(path) {
            Ok(file) => return Ok(file),
            Err(error) if platform::is_in_use(&error.error) && attempts < REPLACEMENTS => {
                attempts += 1;
                file = error.file;
                thread::sleep(MOMENT);
            }
            Err(error) => return Err(error.error),
        }
    }
}

/// Keeps bytes beside `path`, under a new name that says when; gives that path.
pub(super) fn set_aside(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let failed = |error| failure("write", path, error);
    folder_of(path)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.unwrap_or_default().as_secs();
    let mut number = 0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{seconds}"));
        if number > 0 {
            name.push(format!("-{number}"));
        }
        let aside = PathBuf::from(name);
        match open_private(&aside, true) {
            Ok(mut file) => {
                file.write_all(bytes)
                    .and_then(|()| file.sync_all())
                    .map_err(failed)?;
                return Ok(aside);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1;
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

/// A private file beside `path`, which becomes it or goes.
pub(super) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(&temporary_prefix(path))
        .suffix(TEMPORARY)
        .tempfile_in(path.parent().unwrap_or(Path::new(".")))
}

/// Lets a file appear at a path where there is none; `AlreadyExists` where there is one.
pub(super) fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

/// Opens a file of ours for reading and writing.
pub(super) fn open_existing(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    platform::open(options.read(true).write(true), path)
}

/// The same, and makes it where there is none; only where there is none, if it is to be `new`.
pub(super) fn open_private(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(false);
    }
    platform::open(&mut options, path)
}

/// The folder of a file of ours, made where there is none.
pub(super) fn folder_of(path: &Path) -> Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error| failure("use the folder", folder, error);
    let metadata = match fs::symlink_metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            platform::make_private(&mut builder);
            match builder.create(folder) {
                // Somebody else may have been quicker.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed(error));
                }
                _ => fs::symlink_metadata(folder).map_err(failed)?,
            }
        }
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_dir() {
        let error = io::Error::new(io::ErrorKind::NotADirectory, "it is a link, or no folder");
        return Err(failed(error));
    }
    check_owner(folder, &metadata)?;
    if folder.file_name().is_some_and(|name| name == SHARED_FOLDER) {
        platform::close_to_others(folder, &metadata).map_err(failed)?;
    }
    Ok(folder.to_owned())
}

/// `what` is done to `path`, and failed.
pub(super) fn failure(what: &str, path: &Path, error: io::Error) -> Error {
    use io::ErrorKind as Io;
    let (kind, next) = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded => (
            ErrorKind::Cache,
            "make room on the disk; what was there before is still there",
        ),
        Io::PermissionDenied | Io::ReadOnlyFilesystem => (
            ErrorKind::CredentialUnavailable,
            "make its folder one that you can write to, set another HOME, or sign in without \
             `cache_persistence`",
        ),
        Io::NotADirectory | Io::NotFound => (
            ErrorKind::CredentialUnavailable,
            "each folder above it must be a folder of yours, and it must be no link; set another \
             HOME, or remove what is in its place",
        ),
        _ if platform::is_link(&error) => (
            ErrorKind::CredentialUnavailable,
            "it is a link, and none is followed; remove it",
        ),
        _ => (ErrorKind::Cache, "try again, or move the file away"),
    };
    let path = path.display();
    Error::new(kind, format!("cannot {what} {path} ({error}); {next}")).with_source(error)
}

/// What is at the path, if it is a file of ours.
pub(super) fn existing(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => {
            check(path, &metadata)?;
            Ok(Some(metadata))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure("write", path, error)),
    }
}

/// A link could lead to somebody else's file, and a pipe would be waited for.
pub(super) fn check(path: &Path, metadata: &Metadata) -> Result<()> {
    if !metadata.is_file() {
        return Err(Error::new(
            ErrorKind::CredentialUnavailable,
            format!(
                "{} is a link, or no file, so no tokens are kept there; remove what is in its place",
                path.display()
            ),
        ));
    }
    check_owner(path, metadata)
}

fn check_owner(path: &Path, metadata: &Metadata) -> Result<()> {
    if platform::is_ours(metadata) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "{} belongs to another user, so no tokens are kept there; is HOME that of somebody \
             else (sudo)?",
            path.display()
        ),
    ))
}

pub(super) fn version_of(metadata: &Metadata) -> CacheVersion {
    let mut version = platform::mark(metadata);
    version.extend(metadata.len().to_be_bytes());
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    version.extend(modified.unwrap_or_default().as_nanos().to_be_bytes());
    version.into()
}

pub(super) fn is_settled(metadata: &Metadata) -> bool {
    const SETTLED: Duration = Duration::from_secs(2);
    let modified = metadata.modified().ok();
    let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
    age.is_none_or(|age| age > SETTLED)
}

pub(super) fn seen_by_peers(old: Option<&Metadata>) -> SystemTime {
    let time = SystemTime::now() + AHEAD;
    match old.and_then(|old| old.modified().ok()) {
        // Whoever has read the old file must see that this one is newer, even after the system's
        // clock was set back.
        Some(old) => time.max(old + Duration::from_millis(1)),
        None => time,
    }
}

fn temporary_prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    format!(".{}.", name.to_string_lossy())
}

fn remove_abandoned(folder: &Path, prefix: &str) {
    let is_ours = |name: &str| name.starts_with(prefix) && name.ends_with(TEMPORARY);
    // Where it fails, there is a file too many and nothing is wrong.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_old = |metadata: Metadata| {
            let modified = metadata.modified().ok();
            let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
            age.is_some_and(|age| age > ABANDONED)
        };
        if is_ours(&entry.file_name().to_string_lossy()) && entry.metadata().is_ok_and(is_old) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
