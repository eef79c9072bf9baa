//! Tokens that are bound to a key: whoever holds the token alone cannot use it. Pure: nothing here
//! waits, asks the clock or keeps anything.

mod confirmation;
mod foreign;
#[cfg(feature = "pop")]
mod key;
#[cfg(not(feature = "pop"))]
#[path = "no_key.rs"]
mod key;
mod public_key;
mod query;
mod signed_parts;
mod signed_request;

pub(crate) use confirmation::{names_key, req_cnf};
pub(crate) use foreign::check_foreign;
pub(crate) use key::Key;
pub(crate) use signed_parts::SignedParts;
pub(crate) use signed_request::{ResourceRequest, without_secrets};
