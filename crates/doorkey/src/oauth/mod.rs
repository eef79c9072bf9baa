//! One request, one reply: what is said to the authority. Never asks a person, never caches a
//! token.

mod error;

pub use error::OAuthError;
