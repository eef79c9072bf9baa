//! `doorkey accounts`.

use crate::{
    broker::BrokerArgument, client::ClientArguments, console, failure::Failure, prompts::Warnings,
    records::Records,
};
use clap::{Args, ValueEnum};
use doorkey::{Account, AuthenticationRecord};
use serde::Serialize;
use std::sync::Arc;

/// The options of `doorkey accounts`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct AccountsArguments {
    /// What is printed on stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        env = "DOORKEY_OUTPUT",
        hide_env_values = true
    )]
    output: Output,

    #[command(flatten)]
    broker: BrokerArgument,

    #[command(flatten)]
    client: ClientArguments,
}

/// How the people are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// a line each: user name, tenant, application; between them a tab
    Text,
    /// an array of objects: username, tenantId, homeAccountId, clientId, authority
    Json,
}

pub(crate) async fn run(arguments: &AccountsArguments) -> Result<(), Failure> {
    let client = &arguments.client;
    let options = client.options_without_transport(Some(Arc::new(Warnings)))?;
    let accounts = doorkey::accounts(&options).await?;
    let mut people: Vec<_> = accounts.iter().map(Account::record).collect();
    for person in arguments.broker.people(client).await? {
        if !people.iter().any(|other| other.is_same_person(&person)) {
            people.push(person);
        }
    }
    // The cache knows each person once, and the records the tenants that they signed in to.
    for record in Records::of_this_user().read().or_warn() {
        let is_listed = |person: &AuthenticationRecord| person.tenant_id == record.tenant_id;
        let mut same = people
            .iter()
            .filter(|person| person.is_same_person(&record));
        if same.next().is_some_and(|first| !is_listed(first)) && !same.any(is_listed) {
            people.push(record);
        }
    }
    if let Some(client_id) = client.given_client_id() {
        people.retain(|person| person.client_id.eq_ignore_ascii_case(client_id));
    }
    people.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
    arguments.output.print(&people)
}

/// What programs read: these members, and no others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PersonJson<'a> {
    username: &'a str,
    tenant_id: &'a str,
    home_account_id: &'a str,
    client_id: &'a str,
    authority: &'a str,
}

impl Output {
    fn print(self, people: &[AuthenticationRecord]) -> Result<(), Failure> {
        match self {
            Self::Json => {
                let people: Vec<_> = people.iter().map(PersonJson::of).collect();
                let text = serde_json::to_string(&people)
                    .map_err(|error| Failure::Output(error.into()))?;
                console::result(&text)
            }
            Self::Text if people.is_empty() => {
                console::tell("Nobody is signed in.");
                Ok(())
            }
            Self::Text => {
                let lines: Vec<String> = people.iter().map(line).collect();
                console::result(&lines.join("\n"))
            }
        }
    }
}

impl<'a> PersonJson<'a> {
    fn of(person: &'a AuthenticationRecord) -> Self {
        Self {
            username: &person.username,
            tenant_id: &person.tenant_id,
            home_account_id: &person.home_account_id,
            client_id: &person.client_id,
            authority: &person.authority,
        }
    }
}

fn line(person: &AuthenticationRecord) -> String {
    // A guest from outside may have no user name.
    let username = match person.username.as_str() {
        "" => &person.home_account_id,
        username => username,
    };
    [username, &person.tenant_id, &person.client_id]
        .map(console::one_line)
        .join("\t")
}

fn key(person: &AuthenticationRecord) -> [&str; 4] {
    [
        &person.username,
        &person.home_account_id,
        &person.tenant_id,
        &person.client_id,
    ]
}

const AFTER_HELP: &str = "\
Lists whoever the cache holds tokens of, at this authority; with --client-id of that application
alone. Sends nothing. With --broker also whoever that knows and may use the application.

Examples:
  doorkey accounts | cut -f1
  doorkey accounts --output json
  doorkey accounts --broker";
