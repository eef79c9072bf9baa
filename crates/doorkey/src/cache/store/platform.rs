//! What the systems call a private file.

#[cfg(unix)]
pub(super) use unix::*;
#[cfg(windows)]
pub(super) use windows::*;

#[cfg(unix)]
mod unix {
    use rustix::{
        fs::OFlags,
        process::{Pid, geteuid, test_kill_process},
    };
    use std::{
        fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
        io,
        os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        path::Path,
    };

    /// Follows no link, waits for no pipe, and makes what is new private.
    pub(in super::super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        options.custom_flags(flags).mode(0o600).open(path)
    }

    /// Whether `open` refused a link.
    pub(in super::super) fn is_link(error: &io::Error) -> bool {
        error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }

    pub(in super::super) fn make_private(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "other libraries make this folder, and leave it open to others"
    )]
    pub(in super::super) fn close_to_others(folder: &Path, metadata: &Metadata) -> io::Result<()> {
        if metadata.mode() & 0o077 == 0 {
            return Ok(());
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))
    }

    pub(in super::super) fn is_open_to_others(metadata: &Metadata) -> bool {
        metadata.mode() & 0o077 != 0
    }

    pub(in super::super) fn is_ours(metadata: &Metadata) -> bool {
        metadata.uid() == geteuid().as_raw()
    }

    pub(in super::super) fn identity(metadata: &Metadata) -> Vec<u8> {
        let mut identity = Vec::with_capacity(40);
        identity.extend(metadata.dev().to_be_bytes());
        identity.extend(metadata.ino().to_be_bytes());
        identity
    }

    /// A new name in a folder is durable when the folder is.
    pub(in super::super) fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Whether there is surely no such process: known only where all processes of the machine have
    /// the numbers that we see.
    pub(in super::super) fn is_dead(process: i32) -> bool {
        let Some(process) = Pid::from_raw(process) else {
            return true;
        };
        sees_all_processes() && test_kill_process(process) == Err(rustix::io::Errno::SRCH)
    }

    fn sees_all_processes() -> bool {
        // The number of the first namespace is the same on every Linux.
        let is_first = |link: std::path::PathBuf| link.as_os_str() == "pid:[4026531836]";
        !cfg!(target_os = "linux") || fs::read_link("/proc/self/ns/pid").is_ok_and(is_first)
    }
}

#[cfg(windows)]
mod windows {
    use std::{
        fs::{DirBuilder, File, Metadata, OpenOptions},
        io,
        os::windows::fs::{MetadataExt, OpenOptionsExt},
        path::Path,
    };

    /// A link is opened as the link that it is, and then is no file.
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

    pub(in super::super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        options
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .open(path)
    }

    pub(in super::super) fn is_link(_: &io::Error) -> bool {
        false
    }

    /// What is in a person's profile is theirs alone.
    pub(in super::super) fn make_private(_: &mut DirBuilder) {}

    pub(in super::super) fn close_to_others(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn is_open_to_others(_: &Metadata) -> bool {
        false
    }

    pub(in super::super) fn is_ours(_: &Metadata) -> bool {
        true
    }

    pub(in super::super) fn identity(metadata: &Metadata) -> Vec<u8> {
        metadata.creation_time().to_be_bytes().to_vec()
    }

    /// A folder cannot be opened as a file.
    pub(in super::super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }

    /// It cannot be known here without calling the system.
    pub(in super::super) fn is_dead(_: i32) -> bool {
        false
    }
}
