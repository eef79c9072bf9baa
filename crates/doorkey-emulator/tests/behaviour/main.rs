//! The emulator as its clients meet it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adfs;
mod authorize;
mod b2c;
mod client;
mod controls;
mod device_code;
mod directory;
mod discovery;
mod federation;
mod pages;
mod password;
mod person;
mod possession;
mod refresh;
mod resource;
mod sockets;
mod token;
mod transport;
