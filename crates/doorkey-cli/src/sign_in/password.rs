//! `--username` and `--password-stdin`: nobody is asked.

use super::SignInArguments;
use crate::{client::ClientArguments, failure::Failure, prompts};
use azure_core::credentials::Secret;
use clap::{Args, builder::NonEmptyStringValueParser};
use doorkey::{
    InteractiveCredential, UsernamePasswordCredential, UsernamePasswordCredentialOptions,
};
use std::{
    io::{self, IsTerminal as _, Read as _},
    sync::Arc,
};
use zeroize::Zeroizing;

/// Signing in without a person.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How to sign in")]
pub(crate) struct PasswordArguments {
    /// Sign in with this user name and a password: for test accounts in pipelines only
    #[arg(long, value_name = "NAME", requires = "password_stdin",
        value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,

    /// Read the password from stdin; a line break at its end is none of it
    #[arg(long, requires = "username")]
    password_stdin: bool,
}

/// More than any password.
const LONGEST: u64 = 4_096;

impl PasswordArguments {
    /// The credential of the user name and the password, where they are given.
    pub(crate) fn credential(
        &self,
        client: &ClientArguments,
        sign_in: &SignInArguments,
    ) -> Result<Option<Arc<dyn InteractiveCredential>>, Failure> {
        let Some(username) = &self.username else {
            return Ok(None);
        };
        if let Some(option) = sign_in.for_a_person() {
            return Err(Failure::Usage(format!(
                "{option} has no meaning with --username: nobody is asked; leave one of them out"
            )));
        }
        let options = UsernamePasswordCredentialOptions {
            client: client.options(Arc::new(prompts::Warnings))?,
        };
        let credential = UsernamePasswordCredential::new(
            client.client_id().to_owned(),
            username.clone(),
            password()?,
            Some(options),
        )?;
        Ok(Some(credential))
    }
}

fn password() -> Result<Secret, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::Usage(
            "--password-stdin reads from a pipe or a file, and stdin is a terminal, which would show \
             the password: doorkey login --username NAME --password-stdin < FILE"
                .to_owned(),
        ));
    }
    let unreadable = |why: &str| {
        Failure::Usage(format!(
            "--password-stdin found no password on stdin: {why}; give the password and nothing else"
        ))
    };
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    stdin
        .lock()
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error.to_string()))?;
    // Windows' editors and shells put a byte-order mark before UTF-8.
    let password = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let password = password.strip_suffix('\n').unwrap_or(password);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(unreadable("it is empty"));
    }
    if password.len() as u64 > LONGEST || password.contains('\n') {
        return Err(unreadable("there is more than one line"));
    }
    Ok(Secret::new(password.to_owned()))
}
