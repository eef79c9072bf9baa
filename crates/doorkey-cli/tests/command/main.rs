//! The command as people and scripts see it: what it prints where, and how it ends.
//!
//! Each test runs the real binary in a home of its own, with nothing of this machine's environment
//! but `PATH`. The authority is `doorkey emulator` in another process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

mod accounts;
mod adfs;
mod authority;
mod azure_cli;
mod b2c;
mod broker;
mod broker_request;
mod browser;
mod demo;
mod emulator;
#[cfg(target_os = "linux")]
mod headless;
mod logging;
mod login;
mod logout;
mod machine;
mod one_host;
mod password;
#[path = "../../src/person/mod.rs"]
mod person;
mod possession;
mod process;
mod proxy;
mod proxy_server;
mod records;
#[path = "../../../doorkey/tests/secrets/search.rs"]
mod search;
mod secrets;
mod silence;
mod storage;
mod token;
mod usage;

/// A test, and in the child process that the command starts, the browser of all tests. It stands
/// here because `BROWSER` cannot name what has a colon in it.
#[test]
fn the_browser_that_is_named_signs_in() {
    if !browser::signed_in_as_the_child() {
        login::by_the_browser_that_is_named();
    }
}
