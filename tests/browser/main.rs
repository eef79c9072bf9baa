//! A person signs in with a real Chromium, through the credentials, at the emulator.
//!
//! Nothing is faked between them: the credential speaks HTTPS to the emulator, the browser gets the
//! pages from it and comes back to the listener. Screenshots of all pages are left in
//! `target/screenshots`.

mod chromium;
mod device_code;
mod devtools;
mod driver;
mod ends;
mod hostile;
mod keyboard;
mod manners;
mod people;
mod person;
mod scene;
mod screenshots;
mod strays;
