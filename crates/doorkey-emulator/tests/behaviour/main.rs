//! The emulator as its clients meet it.

mod client;
mod person;
mod token;
