//! `doorkey logout`.

use crate::{
    broker::BrokerArgument,
    client::ClientArguments,
    console,
    failure::Failure,
    people::{self, AccountArgument},
    prompts::Warnings,
    records::Records,
};
use clap::Args;
use doorkey::{Account, AuthenticationRecord};
use std::sync::Arc;

/// The options of `doorkey logout`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct LogoutArguments {
    #[command(flatten)]
    account: AccountArgument,

    /// Sign everybody out of this application at this authority
    #[arg(long, conflicts_with = "account")]
    all: bool,

    #[command(flatten)]
    broker: BrokerArgument,

    #[command(flatten)]
    client: ClientArguments,
}

pub(crate) async fn run(arguments: &LogoutArguments) -> Result<(), Failure> {
    let client = &arguments.client;
    let records = Records::of_this_user();
    let accounts = people::signed_in(client).await?;
    let signed_in: Vec<_> = accounts.iter().map(Account::record).collect();
    let mut known = records.read().or_warn();
    known.extend(arguments.broker.people(client).await?);
    known.retain(|record| {
        let is_signed_in = signed_in.iter().any(|person| person.is_same_person(record));
        client.is_of(record) && !is_signed_in
    });
    known.sort_unstable_by(|one, other| one.home_account_id.cmp(&other.home_account_id));
    known.dedup_by(|one, other| one.is_same_person(other));
    let leaving = arguments.leaving(&signed_in, known)?;
    if leaving.is_empty() {
        return arguments.tell_of_nobody(&signed_in);
    }
    let options = client.options_without_transport(Some(Arc::new(Warnings)))?;
    leave_other_places(client, &leaving).await?;
    let mut staying = Ok(());
    for person in &leaving {
        let is_theirs = |account: &&Account| account.record().is_same_person(person);
        if let Some(account) = accounts.iter().find(is_theirs) {
            doorkey::sign_out(&options, account).await?;
        }
        records.forget(person);
        // Whoever is still known there has not left, and the others can.
        match arguments.broker.forget(client, person).await {
            Ok(()) => console::result(&format!("Signed out: {}.", people::name(person)))?,
            Err(failure) => staying = staying.and(Err(failure)),
        }
    }
    staying?;
    console::tell(LOCAL);
    Ok(())
}

/// Tokens that an earlier run kept elsewhere, as without a keyring.
async fn leave_other_places(
    client: &ClientArguments,
    leaving: &[AuthenticationRecord],
) -> Result<(), Failure> {
    for options in client.options_of_other_places()? {
        // One that cannot be read here holds nothing that could be used here.
        let accounts = doorkey::accounts(&options).await.unwrap_or_default();
        for account in accounts {
            if leaving
                .iter()
                .any(|person| person.is_same_person(&account.record()))
            {
                doorkey::sign_out(&options, &account).await?;
            }
        }
    }
    Ok(())
}

impl LogoutArguments {
    /// Who is meant: first of those who are signed in, then of those whose tokens are gone.
    fn leaving(
        &self,
        signed_in: &[AuthenticationRecord],
        known: Vec<AuthenticationRecord>,
    ) -> Result<Vec<AuthenticationRecord>, Failure> {
        if self.all {
            return Ok([signed_in, &known].concat());
        }
        let chosen = match self.account.choose(signed_in.to_vec()) {
            Ok(None) => self.account.choose(known),
            chosen => chosen,
        };
        match chosen {
            Ok(person) => Ok(person.into_iter().collect()),
            Err(Failure::SeveralPeople(text)) => {
                Err(Failure::SeveralPeople(format!("{text}, or give --all")))
            }
            Err(failure) => Err(failure),
        }
    }

    fn tell_of_nobody(&self, signed_in: &[AuthenticationRecord]) -> Result<(), Failure> {
        match self.account.given() {
            Some(account) if !signed_in.is_empty() => Err(Failure::Usage(format!(
                "--account {account} is nobody who is signed in; `doorkey accounts` lists them"
            ))),
            _ => {
                console::tell("Nobody is signed in.");
                Ok(())
            }
        }
    }
}

const LOCAL: &str = "\
This is local: their tokens are gone from this machine's cache. The browser and the authority still
know them; sign out there, too, where that matters.";

const AFTER_HELP: &str = "\
Removes the tokens of this application, and of those that share them with it, from the keyring and
from the files that are used where there is none. Sends nothing: the browser and the authority still
know the person. With --broker, the broker of the operating system is asked to forget them, too.

Examples:
  doorkey logout
  doorkey logout --account someone@contoso.example
  doorkey logout --all
  doorkey logout --broker";
