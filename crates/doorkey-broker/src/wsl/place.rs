//! Whether this is WSL, and where `doorkey.exe` is.

use super::apart::apart;
use doorkey::{Error, ErrorKind, Result};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

const PROGRAM: &str = "doorkey.exe";

/// Whether this Linux runs within Windows; a container there does, too.
pub(crate) fn is_here() -> bool {
    Machine::this().is_wsl()
}

/// The `doorkey.exe` of Windows, if there is one.
pub(super) fn find() -> Result<PathBuf> {
    Machine::this().program()
}

/// How long it is looked for.
const SEARCH_LIMIT: Duration = Duration::from_secs(15);

/// What `search` finds. Each of Windows' folders takes its time, and one of a drive that is away may take
/// minutes.
pub(super) async fn found(
    search: impl FnOnce() -> Result<PathBuf> + Send + 'static,
) -> Result<PathBuf> {
    apart(SEARCH_LIMIT, search).await?.unwrap_or_else(|| {
        Err(unavailable(
            "looking for `doorkey.exe` in the folders of PATH took too long; take those out that are on a \
             drive which is away, or sign in by the browser",
        ))
    })
}

/// What is known of the machine.
pub(super) struct Machine<'a> {
    /// Its release.
    pub(super) kernel: String,
    /// Whether WSL has left its marks, which a container within it does not see.
    pub(super) is_marked: bool,
    pub(super) has_interop: bool,
    pub(super) search_path: OsString,
    pub(super) is_file: &'a dyn Fn(&Path) -> bool,
}

impl Machine<'_> {
    fn this() -> Self {
        Self {
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default(),
            is_marked: is_marked(),
            has_interop: has_interop(),
            search_path: env::var_os("PATH").unwrap_or_default(),
            is_file: &Path::is_file,
        }
    }

    pub(super) fn is_wsl(&self) -> bool {
        let kernel = self.kernel.to_ascii_lowercase();
        self.is_marked || kernel.contains("microsoft") || kernel.contains("wsl")
    }

    pub(super) fn program(&self) -> Result<PathBuf> {
        if !self.is_wsl() {
            return Err(unavailable(
                "this Linux does not run within Windows (WSL), so there is no broker of Windows to be \
                 asked; ask `doorkey_broker::system()`, or sign in by the browser",
            ));
        }
        if !self.has_interop {
            return Err(unavailable(
                "this WSL may start no programs of Windows, so Windows' broker cannot be asked; turn \
                 interop on (`[interop]`, `enabled=true` in /etc/wsl.conf, then `wsl --shutdown` on \
                 Windows), or sign in by the browser",
            ));
        }
        // Whoever may write to the folder in which we were started may not choose what is asked.
        let folders = env::split_paths(&self.search_path).filter(|folder| folder.is_absolute());
        let mut programs = folders.map(|folder| folder.join(PROGRAM));
        programs
            .find(|program| (self.is_file)(program))
            .ok_or_else(|| {
                unavailable(
                    "there is no `doorkey.exe` in PATH, by which WSL asks Windows' broker; install the \
                     command on Windows, in a folder of Windows' PATH (which WSL takes over unless \
                     /etc/wsl.conf says `appendWindowsPath=false`), or sign in by the browser",
                )
            })
    }
}

fn has_interop() -> bool {
    let is_registered = |name: &&str| {
        let entry = Path::new("/proc/sys/fs/binfmt_misc").join(name);
        fs::read_to_string(entry).is_ok_and(|state| state.starts_with("enabled"))
    };
    env::var_os("WSL_INTEROP").is_some_and(|socket| !socket.is_empty())
        || ["WSLInterop", "WSLInterop-late"].iter().any(is_registered)
}

fn unavailable(message: &str) -> Error {
    Error::new(ErrorKind::CredentialUnavailable, message)
}

fn is_marked() -> bool {
    env::var_os("WSL_DISTRO_NAME").is_some_and(|name| !name.is_empty())
        || Path::new("/run/WSL").is_dir()
}
