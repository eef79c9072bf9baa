//! Where tokens come from when the cache has none. A broker will be another source: it answers
//! silence, accounts and sign-out itself.

mod entra;

pub(crate) use crate::oauth::Patience;
pub(crate) use entra::{Entra, Wanted};
