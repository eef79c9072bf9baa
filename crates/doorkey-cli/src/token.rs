//! `doorkey token`.

use crate::{
    azure_cli,
    broker::BrokerArgument,
    client::ClientArguments,
    console,
    failure::Failure,
    people::{self, AccountArgument},
    possession::PopArguments,
    prompts::{Listener, Warnings},
    records::Records,
    sign_in::{Question, SignInArguments},
};
use azure_core::{Uuid, time::to_rfc3339};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::{AccessTokenInfo, Account, AuthenticationRecord, ErrorKind, PublicClientOptions};
use futures_util::FutureExt as _;
use serde::Serialize;
use std::sync::Arc;

/// The options of `doorkey token`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct TokenArguments {
    /// What the token is for; repeat it for more
    #[arg(long, value_name = "SCOPE", required = true,
        value_parser = NonEmptyStringValueParser::new())]
    scope: Vec<String>,

    /// Fail with status 3 rather than ask a person
    #[arg(long)]
    silent: bool,

    #[command(flatten)]
    account: AccountArgument,

    /// What is printed on stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "token",
        env = "DOORKEY_OUTPUT",
        hide_env_values = true
    )]
    output: Output,

    #[command(flatten)]
    pop: PopArguments,

    #[command(flatten)]
    sign_in: SignInArguments,

    #[command(flatten)]
    client: ClientArguments,
}

/// How the token is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// the bare token
    Token,
    /// an object: accessToken, expiresOn, expires_on, tokenType, tenantId
    Json,
    /// lines for a POSIX shell's eval: AZURE_ACCESS_TOKEN, AZURE_ACCESS_TOKEN_EXPIRES_ON
    Env,
    /// an HTTP header
    Header,
}

/// A token, and of which tenant it is.
struct Answer {
    token: AccessTokenInfo,
    tenant_id: String,
    /// What whoever reads stderr should know.
    notice: Option<String>,
}

/// Prints a token that a store holds which needs nothing but reading: then there is no need for a
/// runtime, a socket or a certificate. `None` where more has to be done, or to be told.
pub(crate) fn at_once(arguments: &TokenArguments) -> Option<Result<(), Failure>> {
    if let Err(failure) = arguments.check_pop() {
        return Some(Err(failure));
    }
    let found = Records::of_this_user().read();
    if !found.is_whole() {
        return None;
    }
    let listener = Arc::new(Listener::default());
    let options = arguments
        .client
        .options_without_transport(Some(listener.clone()));
    let options = options.ok()?;
    let answer = async {
        let person = arguments.person(&found.records).await?;
        arguments.silently(options, person.as_ref()).await
    };
    // Whatever failed is tried again, with all that it can need.
    let answer = answer.now_or_never()?.ok()?;
    (!listener.heard()).then(|| arguments.print(&answer))
}

pub(crate) async fn run(arguments: &TokenArguments) -> Result<(), Failure> {
    let client = &arguments.client;
    let records = Records::of_this_user();
    let person = match arguments.person(&records.read().or_warn()).await {
        // Where nothing of our own can be read, there may be what az has.
        Err(failure) if failure.is_of_storage() => {
            let options = client.options(Arc::new(Warnings))?;
            return match arguments.by_azure_cli(options).await? {
                Some(answer) => arguments.print(&answer),
                None => Err(failure),
            };
        }
        outcome => outcome?,
    };
    let person = match person {
        None => arguments.person_of_broker().await?,
        known => known,
    };
    let mut claims = None;
    if arguments.silent || person.is_none() {
        let options = client.options(Arc::new(Warnings))?;
        match arguments.silently(options, person.as_ref()).await {
            Err(Failure::SignIn(error))
                if error.kind() == ErrorKind::AuthenticationRequired && !arguments.silent =>
            {
                claims = error.claims().map(str::to_owned);
            }
            outcome => return arguments.print(&outcome?),
        }
    }
    let wanted = arguments.pop.options();
    let question = Question {
        claims: claims.as_deref(),
        pop: wanted.pop.as_ref(),
        ..arguments.question(person.as_ref())
    };
    let signed_in = arguments.sign_in.ask(client, question).await?;
    if person.is_none() {
        records.keep(&signed_in.record);
        arguments.check(&signed_in.record)?;
    }
    let token = match signed_in.token {
        Some(token) => token,
        None => {
            let credential = signed_in.credential;
            let scopes = arguments.scopes();
            credential.get_token_info(&scopes, Some(wanted)).await?
        }
    };
    arguments.print(&Answer {
        token,
        tenant_id: arguments.tenant_of(Some(&signed_in.record))?,
        notice: None,
    })
}

impl TokenArguments {
    fn check_pop(&self) -> Result<(), Failure> {
        self.pop.check()?;
        match self.output {
            Output::Env if self.pop.are_given() => Err(Failure::Usage(
                "--output env does not go with --pop-method, --pop-url and --pop-nonce, as programs \
                 read the variable as a bearer token; use --output header or json"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Whose token is meant: of those who signed in by this command, else of those in the cache.
    async fn person(
        &self,
        records: &[AuthenticationRecord],
    ) -> Result<Option<AuthenticationRecord>, Failure> {
        let is_meant = |record: &&AuthenticationRecord| {
            self.client.is_of(record) && self.account.admits(record)
        };
        let records = records.iter().filter(is_meant).cloned().collect();
        if let Some(person) = self.account.choose(self.in_tenant(records)?)? {
            return Ok(Some(person));
        }
        let accounts = people::signed_in(&self.client).await?;
        self.account
            .choose(accounts.iter().map(Account::record).collect())
    }

    /// Whoever was named, and is known to the broker alone. Where nobody was named its window asks, as no
    /// account of the machine is used before somebody has said so.
    async fn person_of_broker(&self) -> Result<Option<AuthenticationRecord>, Failure> {
        let broker = BrokerArgument {
            broker: self.sign_in.names_the_broker() && self.account.given().is_some(),
        };
        match broker.people(&self.client).await {
            Ok(people) => self.account.choose(people),
            // Another way may do, and the broker is asked again if there is none.
            Err(Failure::NoBroker(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Those of the tenant that was asked for, if any are: the others can be silent there, too.
    fn in_tenant(
        &self,
        mut records: Vec<AuthenticationRecord>,
    ) -> Result<Vec<AuthenticationRecord>, Failure> {
        let Some(tenant) = self.client.tenant()? else {
            return Ok(records);
        };
        let is_there =
            |record: &AuthenticationRecord| record.tenant_id.eq_ignore_ascii_case(&tenant);
        if records.iter().any(is_there) {
            records.retain(is_there);
        }
        // What remains of one person differs in the tenant alone, and that was given.
        records.sort_by(|one, other| one.home_account_id.cmp(&other.home_account_id));
        records.dedup_by(|one, other| one.home_account_id == other.home_account_id);
        Ok(records)
    }

    async fn silently(
        &self,
        options: PublicClientOptions,
        person: Option<&AuthenticationRecord>,
    ) -> Result<Answer, Failure> {
        let question = self.question(person);
        let credential = self
            .sign_in
            .silent(&self.client, options.clone(), question)?;
        let wanted = Some(self.pop.options());
        let token = match credential.get_token_info(&self.scopes(), wanted).await {
            Err(error) if person.is_none() && error.kind() == ErrorKind::AuthenticationRequired => {
                let of_az = self.by_azure_cli(options).await?;
                return of_az.ok_or(Failure::SignIn(error));
            }
            outcome => outcome?,
        };
        let tenant_id = match person {
            Some(person) => self.tenant_of(Some(person))?,
            // Another application of its family knows them.
            None => self.tenant_of(self.only_person(&options).await?.as_ref())?,
        };
        Ok(Answer {
            token,
            tenant_id,
            notice: None,
        })
    }

    /// Nobody is signed in here: perhaps to `az`.
    async fn by_azure_cli(&self, options: PublicClientOptions) -> Result<Option<Answer>, Failure> {
        let scopes = self.scopes();
        let found = azure_cli::token(
            &self.client,
            &self.account,
            options,
            &scopes,
            self.pop.options(),
        )
        .await;
        let Some((token, person)) = found else {
            return Ok(None);
        };
        let tenant_id = match self.client.tenant()?.as_deref() {
            None | Some("organizations" | "common") => person.tenant_id.clone(),
            Some(_) => self.tenant_of(None)?,
        };
        Ok(Some(Answer {
            token,
            tenant_id,
            notice: Some(azure_cli::notice(&person)),
        }))
    }

    /// The only one who is known to any application.
    async fn only_person(
        &self,
        options: &PublicClientOptions,
    ) -> Result<Option<AuthenticationRecord>, Failure> {
        let accounts = doorkey::accounts(options).await?;
        let mut people: Vec<_> = accounts.iter().map(Account::record).collect();
        people.retain(|person| self.account.admits(person));
        let person = people.pop();
        let is_theirs = |other: &AuthenticationRecord| {
            person
                .as_ref()
                .is_some_and(|person| person.home_account_id == other.home_account_id)
        };
        Ok(person.clone().filter(|_| people.iter().all(is_theirs)))
    }

    fn question<'a>(&'a self, person: Option<&'a AuthenticationRecord>) -> Question<'a> {
        Question {
            scopes: &self.scope,
            claims: None,
            record: person,
            login_hint: self.account.given(),
            pop: None,
        }
    }

    fn scopes(&self) -> Vec<&str> {
        self.scope.iter().map(String::as_str).collect()
    }

    /// Where somebody was named whom nobody knew, whoever signed in must be them.
    fn check(&self, record: &AuthenticationRecord) -> Result<(), Failure> {
        match self.account.given() {
            Some(account) if !self.account.admits(record) => Err(Failure::OtherPerson(format!(
                "{} signed in, and a token of {account} was asked for, so none is printed; they \
                     stay signed in, so give their name to --account if they are meant",
                people::name(record)
            ))),
            _ => Ok(()),
        }
    }

    /// The tenant that a token of this person is of.
    fn tenant_of(&self, person: Option<&AuthenticationRecord>) -> Result<String, Failure> {
        let given = self.client.tenant()?;
        let home = person.and_then(|person| person.home_account_id.rsplit_once('.'));
        Ok(match (given.as_deref(), person) {
            (Some(id), _) if Uuid::try_parse(id).is_ok() => id.to_lowercase(),
            (Some("organizations" | "common"), _) if home.is_some() => home
                .map(|(_, tenant)| tenant)
                .unwrap_or_default()
                .to_owned(),
            (_, Some(person)) => person.tenant_id.clone(),
            (given, None) => given.unwrap_or("organizations").to_owned(),
        })
    }

    fn print(&self, answer: &Answer) -> Result<(), Failure> {
        if let Some(notice) = &answer.notice {
            console::tell(notice);
        }
        console::result(&self.output.render(answer)?)
    }
}

/// What programs read: these members, and no others.
#[derive(Serialize)]
struct TokenJson<'a> {
    #[serde(rename = "accessToken")]
    access_token: &'a str,
    /// RFC 3339, in UTC.
    #[serde(rename = "expiresOn")]
    expires_on: String,
    /// Unix seconds.
    #[serde(rename = "expires_on")]
    expires_on_seconds: i64,
    #[serde(rename = "tokenType")]
    token_type: &'a str,
    /// That of the sign-in which the token comes from: a token itself is its resource's to read.
    #[serde(rename = "tenantId")]
    tenant_id: &'a str,
}

impl Output {
    fn render(self, answer: &Answer) -> Result<String, Failure> {
        let Answer {
            token, tenant_id, ..
        } = answer;
        let seconds = token.expires_on.unix_timestamp();
        Ok(match self {
            Self::Token => token.token.secret().to_owned(),
            Self::Json => {
                let json = TokenJson {
                    access_token: token.token.secret(),
                    expires_on: to_rfc3339(&token.expires_on),
                    expires_on_seconds: seconds,
                    token_type: &token.token_type,
                    tenant_id,
                };
                serde_json::to_string(&json).map_err(|error| Failure::Output(error.into()))?
            }
            Self::Env => format!(
                "export AZURE_ACCESS_TOKEN={}\nexport AZURE_ACCESS_TOKEN_EXPIRES_ON={}",
                quoted(token.token.secret()),
                quoted(&seconds.to_string())
            ),
            Self::Header => {
                format!("Authorization: {}", token.authorization_header().secret())
            }
        })
    }
}

/// One word of a POSIX shell, whatever is in it
/// ([POSIX, 2.2.2](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02)).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

const AFTER_HELP: &str = "\
Whoever signed in before, by `doorkey login`, `az login` or in another program on this machine, is
not asked again unless they must be. Stdout holds the result alone, so it can be captured; people
are spoken to on stderr.

Examples:
  TOKEN=$(doorkey token --scope https://storage.azure.com/.default)
  doorkey token --scope https://graph.microsoft.com/User.Read --output header |
      curl --header @- https://graph.microsoft.com/v1.0/me
      keeps the token out of the list of processes
  doorkey token --broker --scope https://graph.microsoft.com/User.Read
      of whoever signed in by the operating system's broker, which renews it
  doorkey token --scope https://graph.microsoft.com/User.Read --output header \\
      --pop-method GET --pop-url https://graph.microsoft.com/v1.0/me --pop-nonce NONCE |
      curl --header @- https://graph.microsoft.com/v1.0/me
      is good for this one request: worth nothing to who finds it
  eval \"$(doorkey token --scope https://vault.azure.net/.default --output env)\"
      sets AZURE_ACCESS_TOKEN and AZURE_ACCESS_TOKEN_EXPIRES_ON (Unix seconds)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        assert_eq!(quoted("a.b-c"), "'a.b-c'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
