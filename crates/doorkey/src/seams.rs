//! Where time, the environment and chance come in, each once, so that tests turn the clock instead
//! of sleeping.

use crate::error::{Error, ErrorKind, Result};
use std::{
    collections::HashMap,
    ffi::OsString,
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a credential takes from the machine it runs on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seams {
    pub(crate) clock: Clock,
    pub(crate) environment: Environment,
}

/// The time of day, in Unix seconds.
#[derive(Clone, Default)]
pub(crate) struct Clock(Option<Arc<dyn Fn() -> i64 + Send + Sync>>);

impl Clock {
    #[cfg(test)]
    pub(crate) fn turned_by(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    pub(crate) fn now(&self) -> i64 {
        match &self.0 {
            Some(clock) => clock(),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
                }),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

/// Environment variables. An empty one counts as unset: that is how people unset them.
#[derive(Clone, Default)]
pub(crate) struct Environment(Option<Arc<HashMap<String, OsString>>>);

impl Environment {
    #[cfg(test)]
    pub(crate) fn of<V: AsRef<std::ffi::OsStr>>(variables: &[(&str, V)]) -> Self {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), value.into()));
        Self(Some(Arc::new(variables.collect())))
    }

    /// What cannot be read is an error: somebody meant something by it, and the default is
    /// something else.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        let value = match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var_os(name),
        };
        let text = value.map(OsString::into_string).transpose();
        // The value is not shown: it may be a password.
        let text = text.map_err(|_| {
            Error::invalid_argument(format!(
                "the environment variable {name} is not UTF-8; set it anew, or unset it"
            ))
        })?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }
}

impl fmt::Debug for Environment {
    // Some of them are secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(
            ErrorKind::CredentialUnavailable,
            "the system has no random numbers, and without them no sign-in is safe",
        )
        .with_source(error.to_string())
    })?;
    Ok(bytes)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    #[test]
    fn a_variable_that_cannot_be_read_is_not_taken_for_unset() {
        let environment = Environment::of(&[
            ("TEXT", OsStr::new("a b")),
            ("EMPTY", OsStr::new(" ")),
            ("BYTES", OsStr::from_bytes(b"https://\xff")),
        ]);
        assert_eq!(environment.get("TEXT").unwrap().as_deref(), Some("a b"));
        assert_eq!(environment.get("EMPTY").unwrap(), None);
        assert_eq!(environment.get("UNSET").unwrap(), None);
        let error = environment.get("BYTES").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("BYTES"), "{error}");
        // It may be a password.
        assert!(!format!("{error:?}").contains("https"), "{error:?}");
    }
}
