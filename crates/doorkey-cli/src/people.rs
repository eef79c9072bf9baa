//! Which of the people who are signed in is meant.

use crate::{client::ClientArguments, console, failure::Failure, prompts::Warnings};
use clap::{Args, builder::NonEmptyStringValueParser};
use doorkey::{Account, AuthenticationRecord};
use std::sync::Arc;

/// Who is meant, where several people are signed in.
#[derive(Args, Clone, Debug)]
pub(crate) struct AccountArgument {
    /// The person, by user name or home account id, where several are signed in
    #[arg(long, value_name = "USER", env = "DOORKEY_ACCOUNT", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    account: Option<String>,
}

impl AccountArgument {
    pub(crate) fn given(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Whether the person is meant, or nobody in particular is.
    pub(crate) fn admits(&self, person: &AuthenticationRecord) -> bool {
        self.given().is_none_or(|account| {
            let account = account.to_lowercase();
            person.username.to_lowercase() == account
                || person.home_account_id.to_lowercase() == account
        })
    }

    /// The one who is meant; `None` where nobody is there who could be.
    pub(crate) fn choose(
        &self,
        mut people: Vec<AuthenticationRecord>,
    ) -> Result<Option<AuthenticationRecord>, Failure> {
        people.retain(|person| self.admits(person));
        if people.len() > 1 {
            return Err(Failure::SeveralPeople(self.which_of(&people)));
        }
        Ok(people.pop())
    }

    fn which_of(&self, people: &[AuthenticationRecord]) -> String {
        let is_one_person = people
            .iter()
            .all(|person| person.home_account_id == people[0].home_account_id);
        let (names, option) = if is_one_person {
            (listed(people, name), "--tenant")
        } else if self.given().is_some() {
            let ids = listed(people, |person| person.home_account_id.clone());
            (ids, "--account and one of these ids")
        } else {
            (listed(people, name), "--account")
        };
        format!("{names} are signed in; say which is meant with {option}")
    }
}

/// Who is signed in to the application, according to the cache. Sends nothing.
pub(crate) async fn signed_in(client: &ClientArguments) -> Result<Vec<Account>, Failure> {
    let options = client.options_without_transport(Some(Arc::new(Warnings)))?;
    let mut accounts = doorkey::accounts(&options).await?;
    accounts.retain(|account| client.is_of(&account.record()));
    Ok(accounts)
}

/// A person as people call them.
pub(crate) fn name(person: &AuthenticationRecord) -> String {
    // A guest from outside may have no user name.
    let username = if person.username.is_empty() {
        &person.home_account_id
    } else {
        &person.username
    };
    format!(
        "{} (tenant {})",
        console::one_line(username),
        console::one_line(&person.tenant_id)
    )
}

fn listed(
    people: &[AuthenticationRecord],
    name: impl Fn(&AuthenticationRecord) -> String,
) -> String {
    let mut names: Vec<String> = people.iter().map(name).collect();
    names.sort_unstable();
    let others = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    let names = names.join(", ");
    match others {
        0 => names,
        _ => format!("{names} and {others} more"),
    }
}

/// How many people an error names.
const MOST_NAMED: usize = 10;
