//! The folder in which the emulator keeps its keys, readable by its owner alone.

use crate::Error;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The state folder: one that was given, or a private one that goes with the emulator.
#[derive(Debug)]
pub(crate) struct StateFolder {
    path: PathBuf,
    /// Removes the private folder when the emulator is dropped.
    _private: Option<TempDir>,
}

impl StateFolder {
    /// Opens `path`, making it where it does not exist.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        create_folder(&path).map_err(|source| Error::StateFolder {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            _private: None,
        })
    }

    /// A new folder that is removed on drop.
    pub(crate) fn private() -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("doorkey-emulator-")
            .tempdir()
            .map_err(|source| Error::StateFolder {
                path: std::env::temp_dir(),
                source,
            })?;
        Ok(Self {
            path: folder.path().to_path_buf(),
            _private: Some(folder),
        })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The content of a file, or nothing where there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::StateFolder { path, source }),
        }
    }

    /// Writes a file that its owner alone can read, whole or not at all.
    pub(crate) fn write_secret(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.replace(name, content, 0o600)
    }

    /// Writes a file that everybody who can enter the folder may read, whole or not at all.
    pub(crate) fn write_public(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.replace(name, content, 0o644)
    }

    fn replace(&self, name: &str, content: &[u8], mode: u32) -> Result<(), Error> {
        let path = self.file(name);
        write_new(&self.path, &path, content, mode)
            .map_err(|source| Error::StateFolder { path, source })
    }
}

fn write_new(folder: &Path, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // Another name first: a reader never sees half a key, and a link laid at `path` is replaced
    // instead of followed.
    let unfinished = folder.join(format!(".{}", crate::random::uuid()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(&unfinished)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
