//! Where the Azure CLI keeps its files, and what it was told in them.

use crate::{
    error::{Error, Result},
    seams::Environment,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// `AZURE_CONFIG_DIR`, else `~/.azure`.
pub(super) fn folder(environment: &Environment) -> Result<PathBuf> {
    if let Some(folder) = environment.get("AZURE_CONFIG_DIR")? {
        return Ok(folder.into());
    }
    let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    match environment.get(home)? {
        Some(home) => Ok(PathBuf::from(home).join(".azure")),
        None => Err(Error::unavailable(format!(
            "the environment variable {home} is not set, so the Azure CLI has no folder; set it, or \
             AZURE_CONFIG_DIR"
        ))),
    }
}

/// A file's text; `None` where there is none. The Azure CLI writes a byte-order mark before it.
pub(super) fn text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_start_matches('\u{feff}').to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::unavailable(format!(
            "the Azure CLI's file {} cannot be read: {error}",
            path.display()
        ))
        .with_source(error)),
    }
}

/// Tells one state of some files from another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stamp(Vec<Option<(SystemTime, u64)>>);

impl Stamp {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self(paths.iter().map(stamp).collect())
    }

    /// Whether all of it was written long enough ago that a later write has another time.
    pub(super) fn is_settled(&self) -> bool {
        let is_old =
            |(time, _): &(SystemTime, u64)| time.elapsed().is_ok_and(|age| age.as_secs() >= 2);
        self.0.iter().flatten().all(is_old)
    }
}

/// Its file `config`, and the variables that beat it.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) text: &'a str,
    pub(super) environment: &'a Environment,
}

impl Settings<'_> {
    pub(super) fn get(&self, section: &str, option: &str) -> Result<Option<String>> {
        let variable = format!("AZURE_{section}_{option}").to_uppercase();
        match self.environment.get(&variable)? {
            Some(value) => Ok(Some(value)),
            None => Ok(value_in(self.text, section, option)),
        }
    }

    pub(super) fn switch(&self, section: &str, option: &str) -> Result<Option<bool>> {
        let value = self.get(section, option)?;
        Ok(
            value.and_then(|value| match value.to_ascii_lowercase().as_str() {
                "1" | "yes" | "true" | "on" => Some(true),
                "0" | "no" | "false" | "off" => Some(false),
                _ => None,
            }),
        )
    }
}

/// One value of a file as Python's `configparser` writes it.
pub(super) fn value_in(text: &str, section: &str, option: &str) -> Option<String> {
    let mut is_here = false;
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            is_here = name == section;
        } else if is_here
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once(['=', ':'])
            && name.trim().eq_ignore_ascii_case(option)
        {
            found = Some(value.trim().to_owned());
        }
    }
    found.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_as_the_azure_cli_writes_them() {
        let text =
            "[core]\noutput = table\n# name = no\n\n[cloud]\nname = Mine\nName=Yours\n[x]\nname=\n";
        assert_eq!(value_in(text, "cloud", "name").as_deref(), Some("Yours"));
        assert_eq!(value_in(text, "core", "name"), None);
        assert_eq!(value_in(text, "x", "name"), None);
        let url = "[Mine]\nendpoint_active_directory = https://localhost:8080\n";
        assert_eq!(
            value_in(url, "Mine", "endpoint_active_directory").as_deref(),
            Some("https://localhost:8080")
        );
        let environment = Environment::of(&[("AZURE_CLOUD_NAME", "Theirs")]);
        let settings = Settings {
            text,
            environment: &environment,
        };
        assert_eq!(
            settings.get("cloud", "name").unwrap().as_deref(),
            Some("Theirs")
        );
        assert_eq!(settings.switch("core", "output").unwrap(), None);
    }
}
