use serde::{Deserialize, Deserializer};
use std::fmt;
use zeroize::Zeroizing;

/// A token, code or verifier of ours: wiped when dropped, and never printed.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Sensitive(Zeroizing<String>);

impl Sensitive {
    pub(crate) fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sensitive")
    }
}
