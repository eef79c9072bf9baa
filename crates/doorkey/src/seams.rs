//! Where time, the environment and chance come in, each once, so that tests turn the clock instead
//! of sleeping.

use crate::error::{Error, ErrorKind, Result};
use std::{
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
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Option<Arc<std::collections::HashMap<String, String>>>);

impl Environment {
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Self(Some(Arc::new(variables.collect())))
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
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
