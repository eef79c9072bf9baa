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
    sync::{Mutex, PoisonError},
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

/// Stands in our lock files, after the number of the process as with the others. No name of a program
/// ends so.
const OURS: &str = " doorkey (and the system's lock)";
const OURS_ALONE: &str = " doorkey (alone)";

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
    let has_runtime = Handle::try_current().is_ok();
    if has_runtime && was_just_released(&path) {
        // The others look now and then; who just had it must not be quicker each time.
        pause(20).await?;
    }
    let mut deadline = None;
    loop {
        let attempt = attempt(&path).map_err(|error| file::failure("lock", &path, error))?;
        let holder = match attempt {
            Attempt::Held(lock) => return Ok(lock),
            Attempt::Busy(holder) => holder,
        };
        if !has_runtime {
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
        pause(5).await?;
    }
}

/// For so many milliseconds and some more, so as not to be in step with the others who wait.
async fn pause(milliseconds: u64) -> Result<()> {
    let [random] = seams::random::<1>()?;
    sleep(Duration::from_millis(milliseconds + u64::from(random) / 8)).await;
    Ok(())
}

fn attempt(path: &Path) -> io::Result<Attempt> {
    match create(path) {
        Ok(lock) => return Ok(Attempt::Held(lock)),
        Err(error) if is_contended(&error) => {}
        Err(error) => return Err(error),
    }
    let file = match file::open_existing(path) {
        Ok(file) => file,
        // It has just been removed.
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_contended(&error) => {
            return Ok(Attempt::Busy(String::new()));
        }
        Err(error) => return Err(error),
    };
    // Read first: whoever has just made their file and locks it must not find us in their way.
    let text = text_of(&file);
    if !is_ours(&text) && !is_abandoned(&text, &file.metadata()?) {
        return Ok(Attempt::Busy(text));
    }
    let is_locked = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy(text)),
        // Some network file systems know no locks; there the lock file alone has to do.
        Err(TryLockError::Error(_)) => false,
    };
    let identity = platform::identity(&file)?;
    // It may have been removed, and even made anew, between opening and locking.
    if !platform::identity_at(path).is_ok_and(|at_path| at_path == identity) {
        return Ok(Attempt::Busy(String::new()));
    }
    let text = text_of(&file);
    let is_left_behind = (is_locked && is_ours(&text)) || is_abandoned(&text, &file.metadata()?);
    if !is_left_behind {
        return Ok(Attempt::Busy(text));
    }
    let lock = Lock {
        path: path.to_owned(),
        file,
    };
    lock.sign(is_locked)?;
    Ok(Attempt::Held(lock))
}

/// Makes the lock file, if there is none. It appears at its path signed and locked: there is no
/// moment at which another finds it without a holder, or at which a writer that is killed leaves it
/// without a sign.
fn create(path: &Path) -> io::Result<Lock> {
    // Most often somebody else has it, and then there is no need to make anything.
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let new = file::temporary(path)?;
    let lock = signed(path, new.reopen()?)?;
    match file::link(new.path(), path) {
        Ok(()) => Ok(lock),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems know no links; then there is such a moment.
        Err(_) => signed(path, file::open_private(path, true)?),
    }
}

fn signed(path: &Path, file: File) -> io::Result<Lock> {
    // Without locks of the system, the lock file alone has to do, and says so.
    let is_locked = file.try_lock().is_ok();
    let lock = Lock {
        path: path.to_owned(),
        file,
    };
    lock.sign(is_locked)?;
    Ok(lock)
}

/// Whether somebody else is just making, holding or removing the lock file.
fn is_contended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists || platform::is_in_use(error)
}

/// Whether its holder had the system's lock too: without that, the holder is dead.
fn is_ours(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    text.contains('\n') && line.ends_with(OURS)
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
    /// Says who holds it; in place, as the file that others wait for must stay the same. Written
    /// before what is left of an older text is cut off: at no moment is it nobody's.
    fn sign(&self, is_locked: bool) -> io::Result<()> {
        let mark = if is_locked { OURS } else { OURS_ALONE };
        let text = format!("{}{mark}\n", std::process::id());
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }
}

/// The lock that this process let go of last, and when.
static RELEASED: Mutex<Option<(PathBuf, Instant)>> = Mutex::new(None);

fn was_just_released(path: &Path) -> bool {
    const JUST: Duration = Duration::from_millis(50);
    let released = RELEASED.lock().unwrap_or_else(PoisonError::into_inner);
    let last = released.as_ref().filter(|(last, _)| last == path);
    last.is_some_and(|(_, when)| when.elapsed() < JUST)
}

impl Drop for Lock {
    fn drop(&mut self) {
        let is_same = || -> io::Result<bool> {
            Ok(platform::identity_at(&self.path)? == platform::identity(&self.file)?)
        };
        // Still under the system's lock, so that nobody else's new lock file is removed.
        if is_same().unwrap_or_default() {
            let _ = fs::remove_file(&self.path);
            let mut released = RELEASED.lock().unwrap_or_else(PoisonError::into_inner);
            *released = Some((self.path.clone(), Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests;
