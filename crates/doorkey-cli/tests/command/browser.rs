//! What `BROWSER` names: this test program again, which signs in as a person would.

use crate::{
    authority::{Authority, wait},
    person::Person,
    process::Doorkey,
};
use std::{env, ffi::OsStr, fs, os::unix::fs::symlink};

/// The command with our browser, in which the first of the authority's people signs in.
pub(crate) fn with_browser(doorkey: Doorkey, authority: &Authority) -> Doorkey {
    let (username, password) = (authority.user("username"), authority.user("password"));
    with_browser_of(
        doorkey,
        authority.text("ca_certificate"),
        username,
        password,
    )
}

/// Sets the variables by which the command opens our browser.
pub(crate) fn with_browser_of(
    doorkey: Doorkey,
    pem: impl AsRef<OsStr>,
    username: &str,
    password: &str,
) -> Doorkey {
    // By names without what `BROWSER` is divided by.
    let program = doorkey.home().join("browser");
    if !program.exists() {
        symlink(env::current_exe().unwrap(), &program).unwrap();
    }
    let line = format!(
        "{} --exact the_browser_that_is_named_signs_in %s",
        program.display()
    );
    doorkey
        .env("BROWSER", line)
        .env("TEST_PEM", pem)
        .env("TEST_USERNAME", username)
        .env("TEST_PASSWORD", password)
}

/// What the browser does, with the address as its last argument; `false` where this process is no
/// browser.
pub(crate) fn signed_in_as_the_child() -> bool {
    let Ok(pem) = env::var("TEST_PEM") else {
        return false;
    };
    let pem = fs::read_to_string(pem).unwrap();
    let username = env::var("TEST_USERNAME").unwrap();
    let password = env::var("TEST_PASSWORD").unwrap();
    let url = env::args().next_back().unwrap();
    let mut person = Person::new(&username, &password, &pem).unwrap();
    wait(person.sign_in(&url)).unwrap();
    true
}
