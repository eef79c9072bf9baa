//! The ways to ask a person.

pub(crate) mod browser;
