//! The lock of one cache between processes, honoured by the other languages' libraries.
//!
//! Theirs is of two kinds, and a holder of ours is one of both:
//!
//! - the lock file is there (msal-extensions for Python and for JavaScript: created exclusively,
//!   removed on release);
//! - the lock file is locked by the system (MSAL.NET, msal-extensions with `portalocker`).
//!
//! A lock of ours that its holder left behind is told by its text: without the system's lock, its
//! holder is dead.

use super::{file, platform};
use crate::{
    error::{Error, ErrorKind, Result},
    seams,
};
use std::{
    fs::{self, File, Metadata, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

/// How long the lock is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The others hold the lock for milliseconds; older ones were left behind, if their process is gone.
const ABANDONED: Duration = Duration::from_secs(60);

/// Stands in our lock files, after the number of the process as with the others.
const OURS: &str = "doorkey";

/// Held; let go of when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

/// What one try finds.
enum Attempt {
    Held(Lock),
    /// Somebody else has it: what their lock file says, as far as it can be read.
    Busy(String),
}

/// Waits for the lock `<path>.lockfile`, 10 seconds at most. Makes the folder (0700) where there is
/// none. Held around reading, merging and writing; never around the network or a person.
pub(super) async fn acquire(path: &Path) -> Result<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lockfile");
    let path = PathBuf::from(name);
    file::folder_of(&path)?;
    let mut created = None;
    let mut deadline = None;
    loop {
        let attempt = attempt(&path, &mut created);
        let holder = match attempt.map_err(|error| file::failure("lock", &path, error))? {
            Attempt::Held(lock) => return Ok(lock),
            Attempt::Busy(holder) => holder,
        };
        if Handle::try_current().is_err() {
            return Err(Error::new(
                ErrorKind::CredentialUnavailable,
                "the token cache is being written, and waiting for it needs a Tokio runtime; call \
                 from within one",
            ));
        }
        let deadline = *deadline.get_or_insert_with(|| Instant::now() + TIMEOUT);
        if Instant::now() >= deadline {
            return Err(busy(&path, &holder));
        }
        // Not in step with the others who wait.
        let [random] = seams::random::<1>()?;
        sleep(Duration::from_millis(5 + u64::from(random) / 8)).await;
    }
}

/// `created` is the lock file that an earlier try made and could not lock yet.
fn attempt(path: &Path, created: &mut Option<Metadata>) -> io::Result<Attempt> {
    let file = match file::open_private(path, true) {
        Ok(file) => {
            *created = Some(file.metadata()?);
            file
        }
        Err(error) if is_contended(&error) => match file::open_private(path, false) {
            Ok(file) => file,
            // On Windows, one that is just being removed.
            Err(error) if is_contended(&error) => return Ok(Attempt::Busy(String::new())),
            Err(error) => return Err(error),
        },
        Err(error) => return Err(error),
    };
    let is_locked = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy(text_of(&file))),
        // Some network file systems know no locks; there the lock file alone has to do.
        Err(TryLockError::Error(_)) => false,
    };
    let metadata = file.metadata()?;
    // It may have been removed, and even made anew, between opening and locking.
    let at_path = fs::symlink_metadata(path);
    if !at_path.is_ok_and(|at_path| file::is_same(&at_path, &metadata)) {
        return Ok(Attempt::Busy(String::new()));
    }
    let text = text_of(&file);
    let is_new = created
        .as_ref()
        .is_some_and(|created| text.is_empty() && file::is_same(created, &metadata));
    let is_left_behind = || (is_locked && is_ours(&text)) || is_abandoned(&text, &metadata);
    if !is_new && !is_left_behind() {
        return Ok(Attempt::Busy(text));
    }
    let lock = Lock {
        path: path.to_owned(),
        file,
    };
    lock.sign()?;
    Ok(Attempt::Held(lock))
}

/// Whether somebody else is just making, holding or removing the lock file.
fn is_contended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists
        || (cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied)
}

fn is_ours(text: &str) -> bool {
    text.split_whitespace().nth(1) == Some(OURS)
}

fn is_abandoned(text: &str, metadata: &Metadata) -> bool {
    let modified = metadata.modified().ok();
    let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
    if age.is_none_or(|age| age <= ABANDONED) {
        return false;
    }
    match text.split_whitespace().next() {
        Some(process) => process.parse().is_ok_and(platform::is_dead),
        // Each of the others writes at once who it is.
        None => true,
    }
}

fn text_of(mut file: &File) -> String {
    let mut text = Vec::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(4_096).read_to_end(&mut text));
    // What cannot be read is as good as nothing: it only helps to tell whose it is.
    read.map_or_else(
        |_| String::new(),
        |_| String::from_utf8_lossy(&text).into_owned(),
    )
}

fn busy(path: &Path, holder: &str) -> Error {
    let holder = match holder.trim() {
        "" => String::new(),
        // Another program's text: it must not steer a terminal.
        holder => format!(" by {:?}", holder.chars().take(100).collect::<String>()),
    };
    Error::new(
        ErrorKind::Cache,
        format!(
            "the token cache has been locked{holder} for {} seconds; if no such program is running, \
             delete {}",
            TIMEOUT.as_secs(),
            path.display()
        ),
    )
}

impl Lock {
    /// Says who holds it; in place, as the file that others wait for must stay the same.
    fn sign(&self) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(format!("{} {OURS}\n", std::process::id()).as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let is_same = || -> io::Result<bool> {
            let at_path = fs::symlink_metadata(&self.path)?;
            Ok(file::is_same(&at_path, &self.file.metadata()?))
        };
        // Still under the system's lock, so that nobody else's new lock file is removed.
        if is_same().unwrap_or_default() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
