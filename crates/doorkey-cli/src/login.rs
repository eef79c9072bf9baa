//! `doorkey login`.

use crate::{client::ClientArguments, console, failure::Failure, sign_in::SignInArguments};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::AuthenticationRecord;

/// The options of `doorkey login`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct LoginArguments {
    /// What the sign-in is for; repeat it for more [default: the management of the authority's
    /// cloud]
    #[arg(long, value_name = "SCOPE", value_parser = NonEmptyStringValueParser::new())]
    scope: Vec<String>,

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
    sign_in: SignInArguments,

    #[command(flatten)]
    client: ClientArguments,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// a sentence
    Text,
    /// the authentication record that the Azure Identity libraries share
    Json,
}

pub(crate) async fn run(arguments: &LoginArguments) -> Result<(), Failure> {
    let signed_in = arguments
        .sign_in
        .ask(&arguments.client, &arguments.scope)
        .await?;
    console::result(&match arguments.output {
        Output::Text => sentence(&signed_in.record),
        Output::Json => signed_in.record.serialize(),
    })?;
    console::tell(NOTHING_KEPT);
    Ok(())
}

fn sentence(record: &AuthenticationRecord) -> String {
    // A guest from outside may have no user name.
    let who = if record.username.is_empty() {
        &record.home_account_id
    } else {
        &record.username
    };
    format!(
        "Signed in as {} (tenant {}).",
        console::one_line(who),
        console::one_line(&record.tenant_id)
    )
}

const NOTHING_KEPT: &str = "No tokens are kept yet: the next command asks again.";

const AFTER_HELP: &str = "\
The browser's address is always printed on stderr. Options before environment variables, DOORKEY_
ones before Azure's own; an empty variable counts as unset.

Examples:
  doorkey login --tenant contoso.example
  doorkey login --browser --device-code
      tries the browser first, and says why it steps down
  BROWSER=none doorkey login
      opens nothing: copy the address
  doorkey login --output json > record.json
      keeps the record of who signed in; it holds no secret";
