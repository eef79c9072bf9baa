//! The calls to macOS: those of the older API (`SecKeychainFindGenericPassword` and its like), as
//! the other languages' libraries make them, since the newer one has items of its own.

use super::{ITEM_NOT_FOUND, failure};
use crate::error::{Error, Result};
use security_framework::os::macos::{keychain::SecKeychain, keychain_item::SecKeychainItem};
use zeroize::Zeroizing;

/// A generic password.
#[derive(Debug)]
pub(super) struct Item(SecKeychainItem);

impl Item {
    pub(super) fn find(service: &str, account: &str) -> Result<Option<(Zeroizing<Vec<u8>>, Self)>> {
        let keychain = SecKeychain::default().map_err(failed)?;
        match keychain.find_generic_password(service, account) {
            Ok((password, item)) => Ok(Some((Zeroizing::new(password.to_vec()), Self(item)))),
            Err(error) if error.code() == ITEM_NOT_FOUND => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) fn add(service: &str, account: &str, bytes: &[u8]) -> Result<()> {
        let keychain = SecKeychain::default().map_err(failed)?;
        let added = keychain.add_generic_password(service, account, bytes);
        added.map_err(failed)
    }

    pub(super) fn replace(mut self, bytes: &[u8]) -> Result<()> {
        self.0.set_password(bytes).map_err(failed)
    }
}

fn failed(error: security_framework::base::Error) -> Error {
    failure(error.code(), &error.to_string()).with_source(error)
}
