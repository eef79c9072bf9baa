//! The window, twice: by what a screen reader would say of it, and as a real one on a real (virtual)
//! screen.

#![cfg(target_os = "linux")]

#[path = "../../../../crates/doorkey-cli/src/person/mod.rs"]
#[expect(dead_code, reason = "nobody types a code on a page here")]
mod person;
mod screen;
mod widgets;

use doorkey_emulator::{Emulator, User};
use person::Person;

async fn authority() -> Emulator {
    let emulator = Emulator::builder().start().await;
    emulator.expect("the emulator starts")
}

/// What the person does in their browser.
async fn sign_in(emulator: &Emulator, url: &str, user: &User) {
    let pem = emulator.ca_certificate_pem();
    let mut person = Person::new(&user.username, &user.password, pem).expect("a person");
    person.sign_in(url).await.expect("they sign in");
}
