//! macOS: Company Portal's single sign-on extension, by the system's public interface.
//!
//! All but `authentication_services`, `delegate` and `application` is pure and tested on every system:
//! what is asked, what an answer means, and how it is waited for. The seam between is
//! [`system::System`].
//!
//! What stands in the messages is known from Microsoft's library for Apple's systems
//! (`microsoft-authentication-library-common-for-objc`, MIT), and is written down here in our own words.

#[cfg(target_os = "macos")]
mod application;
#[cfg(target_os = "macos")]
mod authentication_services;
#[cfg(target_os = "macos")]
mod broker;
mod call;
#[cfg(target_os = "macos")]
mod delegate;
mod error_code;
mod extension;
mod messages;
mod msal;
mod person;
mod refusal;
mod reply;
mod request;
mod system;
#[cfg(test)]
mod tests;

#[cfg(target_os = "macos")]
pub use broker::MacosBroker;
