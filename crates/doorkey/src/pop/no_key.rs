use super::public_key::PublicKey;
use crate::error::{Error, ErrorKind, Result};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// There is none without the feature `pop`.
pub(crate) struct Key(Infallible);

impl Key {
    pub(crate) fn generate() -> Result<Self> {
        Err(Error::new(
            ErrorKind::CredentialUnavailable,
            "this program was built without proof-of-possession; turn on the feature `pop` of the \
             crate `doorkey`, or ask for a bearer token",
        ))
    }

    pub(crate) fn read(_bytes: &[u8]) -> Option<Self> {
        None
    }

    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        match self.0 {}
    }

    pub(crate) fn public(&self) -> &PublicKey {
        match self.0 {}
    }

    pub(super) fn sign(&self, _message: &[u8]) -> Result<Vec<u8>> {
        match self.0 {}
    }
}
