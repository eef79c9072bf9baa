//! macOS: Company Portal's single sign-on extension, by the system's public interface.
//!
//! All of it is pure and tested on every system: what is asked, what an answer
//! means, and how it is waited for. The seam between is [`system::System`].
//!
//! What stands in the messages is known from Microsoft's library for Apple's systems
//! (`microsoft-authentication-library-common-for-objc`, MIT), and is written down here in our own words.

mod call;
mod error_code;
mod extension;
mod messages;
mod person;
mod refusal;
mod reply;
mod request;
mod system;
#[cfg(test)]
mod tests;
