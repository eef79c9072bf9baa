//! Stands in for the Keychain in tests: few machines have one, and none should be asked by a test.

use super::{ITEM_NOT_FOUND, failure};
use crate::error::Result;
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};
use zeroize::Zeroizing;

/// A generic password. Who holds its lock is a dialog that the person has not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Item(pub(super) Arc<Mutex<Stored>>);

#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) bytes: Option<Vec<u8>>,
    /// What the Keychain answers instead.
    pub(super) refusal: Option<i32>,
}

static ITEMS: LazyLock<Mutex<HashMap<String, Item>>> = LazyLock::new(Mutex::default);

impl Item {
    pub(super) fn of(service: &str, account: &str) -> Self {
        let mut items = ITEMS.lock().unwrap();
        items
            .entry(format!("{service} {account}"))
            .or_default()
            .clone()
    }

    pub(super) fn find(service: &str, account: &str) -> Result<Option<(Zeroizing<Vec<u8>>, Self)>> {
        let item = Self::of(service, account);
        let stored = item.0.lock().unwrap();
        match (stored.refusal, stored.bytes.clone()) {
            (None, Some(bytes)) => Ok(Some((Zeroizing::new(bytes), item.clone()))),
            (None | Some(ITEM_NOT_FOUND), _) => Ok(None),
            (Some(code), _) => Err(failure(code, "refused")),
        }
    }

    pub(super) fn add(service: &str, account: &str, bytes: &[u8]) -> Result<()> {
        Self::of(service, account).replace(bytes)
    }

    pub(super) fn replace(self, bytes: &[u8]) -> Result<()> {
        self.0.lock().unwrap().bytes = Some(bytes.to_vec());
        Ok(())
    }
}
