//! What can go wrong before the emulator serves, and in a test's commands to it.

use std::{error, fmt, io, net::SocketAddr, path::PathBuf};

/// Why an emulator could not start, or could not carry out a test's command.
///
/// What it refuses over HTTP is no error of this type: it is answered as Entra ID answers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The directory of tenants, applications and people cannot be used as written.
    Directory {
        /// What is wrong and where, with the line of a TOML file where there is one.
        message: String,
    },
    /// A file of the state folder cannot be read or written.
    StateFolder {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the state folder does not hold what it should.
    StateFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The address is not one of this machine's loopback addresses.
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// A certificate or key could not be made.
    Cryptography {
        /// What was being made.
        message: String,
    },
    /// No device sign-in with this code is waiting.
    UnknownUserCode,
    /// Nobody of this name is in the directory.
    UnknownUser {
        /// The name that was given.
        username: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { message } => {
                write!(f, "the emulator's directory is not usable: {message}")
            }
            Self::StateFolder { path, source } => write!(
                f,
                "the emulator cannot use {} in its state folder: {source}; \
                 give another folder or make it readable and writable",
                path.display()
            ),
            Self::StateFile { path, message } => write!(
                f,
                "{} in the emulator's state folder is damaged ({message}); \
                 remove it and a new one is made",
                path.display()
            ),
            Self::NotLoopback { address } => write!(
                f,
                "the emulator listens on loopback only, because its passwords are published: \
                 give 127.0.0.1 or [::1] instead of {address}"
            ),
            Self::Listen { address, source } => write!(
                f,
                "the emulator cannot listen on {address}: {source}; port 0 takes any free port"
            ),
            Self::Cryptography { message } => write!(f, "the emulator could not make {message}"),
            Self::UnknownUserCode => f.write_str(
                "no device sign-in is waiting with this user code; it may have expired or been decided",
            ),
            Self::UnknownUser { username } => {
                write!(f, "nobody is called {username} in the emulator's directory")
            }
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::StateFolder { source, .. } | Self::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}
