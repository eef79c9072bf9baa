//! Who signed in by this command: by their records, later runs know whose token is meant. They hold
//! no secret.

use crate::{console, folders};
use doorkey::AuthenticationRecord;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The folder of the records.
#[derive(Debug)]
pub(crate) struct Records {
    folder: Option<PathBuf>,
}

/// What is in the folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) records: Vec<AuthenticationRecord>,
    /// What could not be read, and why.
    unreadable: Vec<String>,
}

impl Records {
    pub(crate) fn of_this_user() -> Self {
        Self {
            folder: folders::config().map(|folder| folder.join("records")),
        }
    }

    pub(crate) fn read(&self) -> Found {
        let mut found = Found::default();
        let Some(folder) = &self.folder else {
            return found;
        };
        match files(folder) {
            Ok(files) => {
                for file in files {
                    match read(&file) {
                        Ok(record) => found.records.push(record),
                        Err(why) => found.pass_by(&file, &why),
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => found.pass_by(folder, &error.to_string()),
        }
        found
    }

    /// Keeps a record. Where that fails the person is told, as they are signed in all the same.
    pub(crate) fn keep(&self, record: &AuthenticationRecord) {
        let kept = match &self.folder {
            Some(folder) => write(folder, record)
                .map_err(|error| format!("{} cannot be written to: {error}", folder.display())),
            None => Err("this user has no home folder".to_owned()),
        };
        if let Err(why) = kept {
            console::warn(&format!(
                "who signed in could not be kept, so where several people did, later runs ask for \
                 --account: {why}"
            ));
        }
    }

    /// Forgets a person, in whichever tenants they signed in to the record's application.
    pub(crate) fn forget(&self, person: &AuthenticationRecord) {
        let files = self.folder.as_deref().map(files);
        for file in files.and_then(Result::ok).unwrap_or_default() {
            if read(&file).is_ok_and(|record| record.is_same_person(person))
                && let Err(error) = fs::remove_file(&file)
            {
                console::warn(&format!(
                    "{} cannot be removed: {error}; remove it yourself",
                    file.display()
                ));
            }
        }
    }
}

impl Found {
    /// Whether there is something to tell the person.
    pub(crate) fn is_whole(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// The records, after the person was told of those that cannot be used.
    pub(crate) fn or_warn(self) -> Vec<AuthenticationRecord> {
        for text in &self.unreadable {
            console::warn(text);
        }
        self.records
    }

    fn pass_by(&mut self, path: &Path, why: &str) {
        self.unreadable.push(format!(
            "{} is passed by: {why}; mend it, or remove it and sign in again",
            path.display()
        ));
    }
}

/// The files that are named as ours are, in an order that does not change.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let digest = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        if digest.is_some_and(|digest| {
            digest.len() == 2 * DIGEST_LENGTH && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        }) {
            files.push(entry.path());
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn read(file: &Path) -> Result<AuthenticationRecord, String> {
    let metadata = fs::symlink_metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no plain file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err("it is too large for a record".to_owned());
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    AuthenticationRecord::deserialize(&text).map_err(|error| error.to_string())
}

/// In one step, so that nobody reads half a record; what stood there is replaced, not followed.
fn write(folder: &Path, record: &AuthenticationRecord) -> io::Result<()> {
    make_private(folder)?;
    // Readable by its owner alone.
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", record.serialize())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(file_name(record)))?;
    Ok(())
}

/// One file for each person, application, authority and tenant. Their names come from outside, and
/// so are no part of the file's.
fn file_name(record: &AuthenticationRecord) -> String {
    let mut digest = Sha256::new();
    for part in [
        &record.authority,
        &record.client_id,
        &record.home_account_id,
        &record.tenant_id,
    ] {
        digest.update(part.to_lowercase());
        digest.update([0]);
    }
    let digest = digest.finalize();
    let mut name = String::new();
    for byte in &digest[..DIGEST_LENGTH] {
        name.push_str(&format!("{byte:02x}"));
    }
    name + SUFFIX
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Below `%APPDATA%`, which is the user's alone.
#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

const SUFFIX: &str = ".json";

/// In bytes: enough that no two records meet.
const DIGEST_LENGTH: usize = 16;

/// In bytes, and far more than any record has.
const LARGEST: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(authority: &str, tenant: &str) -> AuthenticationRecord {
        AuthenticationRecord::deserialize(&format!(
            r#"{{"authority": "{authority}", "clientId": "Client", "homeAccountId": "o.t",
                "tenantId": "{tenant}", "username": "a/../b", "version": "1.0"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_name_is_stable_and_of_one_record_alone() {
        let name = file_name(&record("login.example", "t"));
        assert_eq!(name, file_name(&record("LOGIN.example", "T")));
        assert_eq!(name, "106ad8482ed75fd598c7ceedb9f2101f.json");
        assert_ne!(name, file_name(&record("login.example", "u")));
        assert_ne!(name, file_name(&record("login.example:8443", "t")));
    }
}
