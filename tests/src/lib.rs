//! What stands in the README is compiled here, as a user's program would be.

#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
#[derive(Debug)]
pub struct Readme;
