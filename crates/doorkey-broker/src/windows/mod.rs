//! Windows: the Web Account Manager, by its public WinRT interface.
//!
//! All but `winrt` is pure and tested on every system: what is asked and what an answer means. The
//! seam between is [`system::System`], one method for each call to Windows.

mod accounts;
mod apart;
#[cfg(windows)]
mod broker;
mod messages;
mod numbers;
#[cfg(windows)]
mod operation;
mod person;
mod refusal;
mod reply;
mod request;
mod system;
#[cfg(test)]
mod tests;
mod wam;
#[cfg(windows)]
mod winrt;

#[cfg(windows)]
pub use broker::WindowsBroker;
#[cfg(windows)]
pub(crate) use winrt::window_in_front;
