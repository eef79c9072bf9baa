//! The file beside a keyring's item, by which every writer tells the others of a change.

use super::{
    CacheVersion,
    file::{check, existing, failure, folder_of, open_private, seen_by_peers, version_of},
    platform,
};
use crate::error::Result;
use std::{
    fs::{FileTimes, OpenOptions},
    path::Path,
};

/// Makes the file if there is none, and gives it a modification time that who watches it sees.
pub(super) fn touch(path: &Path) -> Result<CacheVersion> {
    let failed = |error| failure("write", path, error);
    folder_of(path)?;
    let old = existing(path)?;
    let file = open_private(path, false).map_err(failed)?;
    let times = FileTimes::new().set_modified(seen_by_peers(old.as_ref()));
    file.set_times(times).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok(version_of(&metadata))
}

#[cfg_attr(
    all(target_os = "macos", not(test)),
    expect(
        dead_code,
        reason = "only Linux has caches of a time before the keyring"
    )
)]
#[expect(
    clippy::disallowed_methods,
    reason = "it follows no link, and makes nothing"
)]
/// Empties the file in place, unless somebody has written it since it had `expected`; says whether
/// it did.
pub(super) fn truncate(path: &Path, expected: &CacheVersion) -> Result<bool> {
    let failed = |error| failure("write", path, error);
    let mut options = OpenOptions::new();
    options.write(true);
    let file = platform::open(&mut options, path).map_err(failed)?;
    let old = file.metadata().map_err(failed)?;
    check(path, &old)?;
    if version_of(&old) != *expected {
        return Ok(false);
    }
    file.set_len(0).map_err(failed)?;
    let times = FileTimes::new().set_modified(seen_by_peers(Some(&old)));
    file.set_times(times).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::store::file::{read, replace};
    use std::{fs, os::unix::fs::symlink, time::SystemTime};

    #[test]
    fn truncating_spares_what_was_written_meanwhile() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("cache");
        let old = replace(&path, b"one").unwrap();
        let new = replace(&path, b"two").unwrap();
        assert!(!truncate(&path, &old).unwrap());
        assert_eq!(read(&path).unwrap().bytes, b"two");
        assert!(truncate(&path, &new).unwrap());
        assert_eq!(read(&path).unwrap().bytes, b"");
    }

    #[test]
    fn a_touch_is_seen_and_makes_the_file_and_follows_no_link() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("cache");
        for _ in 0..2 {
            let looked = SystemTime::now();
            touch(&path).unwrap();
            assert!(fs::metadata(&path).unwrap().modified().unwrap() > looked);
        }
        let link = home.path().join("link");
        symlink(&path, &link).unwrap();
        touch(&link).unwrap_err();
        truncate(&link, &CacheVersion::default()).unwrap_err();
    }
}
