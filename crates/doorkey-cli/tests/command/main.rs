//! The command as people and scripts see it: what it prints where, and how it ends.
//!
//! Each test runs the real binary in a home of its own, with nothing of this machine's environment
//! but `PATH`. The authority is `doorkey emulator` in another process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

mod authority;
mod browser;
mod demo;
mod emulator;
mod login;
#[path = "../../src/person/mod.rs"]
mod person;
mod process;
mod token;
mod usage;

/// No test: what the command starts as its browser. It stands here because `BROWSER` cannot name
/// what has a colon in it.
#[test]
#[ignore = "is run as the browser of other tests"]
fn browser_signs_in() {
    browser::sign_in();
}
