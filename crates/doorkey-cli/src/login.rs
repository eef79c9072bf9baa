//! `doorkey login`.

use crate::{
    client::ClientArguments,
    console,
    failure::Failure,
    people,
    records::Records,
    sign_in::{PasswordArguments, Question, SignInArguments},
};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::Challenge;

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

    /// What the sign-in has to satisfy: the claims of a challenge, as JSON or base64
    #[arg(long, value_name = "CLAIMS", value_parser = NonEmptyStringValueParser::new())]
    claims_challenge: Option<String>,

    #[command(flatten)]
    password: PasswordArguments,

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
    let claims = arguments.claims_challenge.as_deref();
    let claims = claims.map(Challenge::decode_claims).transpose()?;
    let question = Question {
        scopes: &arguments.scope,
        claims: claims.as_deref(),
        ..Default::default()
    };
    let client = &arguments.client;
    let signed_in = match arguments.password.credential(client, &arguments.sign_in)? {
        Some(credential) => question.answered_by(credential).await?,
        None => arguments.sign_in.ask(client, question).await?,
    };
    Records::of_this_user().keep(&signed_in.record);
    console::result(&match arguments.output {
        Output::Text => format!("Signed in as {}.", people::name(&signed_in.record)),
        Output::Json => signed_in.record.serialize(),
    })
}

const AFTER_HELP: &str = "\
Always asks, whoever is signed in already; several people can be side by side. Later runs, and the
other programs on this machine that use the same cache, need not ask again.

The browser's address is always printed on stderr. Options before environment variables, DOORKEY_
ones before Azure's own; an empty variable counts as unset.

Examples:
  doorkey login --tenant contoso.example
  doorkey login --browser --device-code
      tries the browser first, and says why it steps down
  doorkey login --broker --browser --device-code
      the broker of the operating system; where there is none the browser; else a code
  BROWSER=none doorkey login
      opens nothing: copy the address
  doorkey login --username tester@contoso.example --password-stdin < password.txt
      for test accounts in pipelines; a person had better sign in by themselves
  doorkey login --output json > record.json
      keeps the record of who signed in; it holds no secret";
