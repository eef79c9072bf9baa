//! Real clients of Azure's services on our credentials: the SDK's blob client against Azurite, and
//! the library's examples.

#![cfg(unix)]

mod azurite;
mod blobs;
mod examples;
mod net;
mod people;
#[path = "../../crates/doorkey-cli/src/person/mod.rs"]
#[expect(dead_code, reason = "nobody types a code on a page here")]
mod person;
mod services;
