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

    /// Somebody else has the file open: that hinders nobody here.
    pub(in super::super) fn is_in_use(_: &io::Error) -> bool {
        false
    }

    /// What tells a file from each other one, for as long as it is open.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(in super::super) struct Identity {
        device: u64,
        number: u64,
    }

    pub(in super::super) fn identity(file: &File) -> io::Result<Identity> {
        Ok(identity_of(&file.metadata()?))
    }

    pub(in super::super) fn identity_at(path: &Path) -> io::Result<Identity> {
        Ok(identity_of(&fs::symlink_metadata(path)?))
    }

    fn identity_of(metadata: &Metadata) -> Identity {
        Identity {
            device: metadata.dev(),
            number: metadata.ino(),
        }
    }

    /// What tells a file from one that took its place, besides its length and time.
    pub(in super::super) fn mark(metadata: &Metadata) -> Vec<u8> {
        let Identity { device, number } = identity_of(metadata);
        let mut mark = Vec::with_capacity(40);
        mark.extend(device.to_be_bytes());
        mark.extend(number.to_be_bytes());
        mark
    }

    /// A new name in a folder is durable when the folder is. Some file systems, of network shares
    /// above all, know no such thing of a folder.
    pub(in super::super) fn sync_folder(folder: &Path) -> io::Result<()> {
        match File::open(folder)?.sync_all() {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
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
        os::windows::{
            fs::{MetadataExt, OpenOptionsExt},
            io::AsRawHandle,
        },
        path::Path,
    };
    use windows_sys::Win32::{
        Foundation::{
            CloseHandle, ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, ERROR_SHARING_VIOLATION,
        },
        Storage::FileSystem::{
            BY_HANDLE_FILE_INFORMATION, FILE_FLAG_OPEN_REPARSE_POINT, GetFileInformationByHandle,
        },
        System::Threading::{OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION},
    };

    /// A link is opened as the link that it is, and then is no file.
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

    /// Whether somebody else has the file open and does not share it, or is just removing it.
    pub(in super::super) fn is_in_use(error: &io::Error) -> bool {
        let code = error.raw_os_error().map(i32::cast_unsigned);
        matches!(code, Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION))
    }

    /// What tells a file from each other one, for as long as it is open. The time of creation does
    /// not: a new file gets that of an old one of its name which was removed just before.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(in super::super) struct Identity {
        volume: u32,
        number: (u32, u32),
    }

    pub(in super::super) fn identity(file: &File) -> io::Result<Identity> {
        let mut information = BY_HANDLE_FILE_INFORMATION::default();
        #[expect(unsafe_code, reason = "a call to the system")]
        // SAFETY: the handle is open for as long as `file` is, and `information` is written.
        let done =
            unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut information) };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Identity {
            volume: information.dwVolumeSerialNumber,
            number: (information.nFileIndexHigh, information.nFileIndexLow),
        })
    }

    pub(in super::super) fn identity_at(path: &Path) -> io::Result<Identity> {
        identity(&open(OpenOptions::new().read(true), path)?)
    }

    /// What tells a file from one that took its place, besides its length and time.
    pub(in super::super) fn mark(metadata: &Metadata) -> Vec<u8> {
        metadata.creation_time().to_be_bytes().to_vec()
    }

    /// A folder cannot be opened as a file.
    pub(in super::super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Whether there is surely no such process.
    pub(in super::super) fn is_dead(process: i32) -> bool {
        let number = process.cast_unsigned();
        #[expect(unsafe_code, reason = "a call to the system")]
        // SAFETY: it takes no pointer.
        let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, number) };
        if handle.is_null() {
            let code = io::Error::last_os_error().raw_os_error();
            return code.map(i32::cast_unsigned) == Some(ERROR_INVALID_PARAMETER);
        }
        #[expect(unsafe_code, reason = "a call to the system")]
        // SAFETY: the handle is ours, and closed once.
        unsafe {
            CloseHandle(handle);
        }
        false
    }
}
