//! `doorkey token`.

use crate::{client::ClientArguments, console, failure::Failure, sign_in::SignInArguments};
use azure_core::time::to_rfc3339;
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use doorkey::{AccessTokenInfo, AuthenticationRecord, ErrorKind};
use serde::Serialize;

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

pub(crate) async fn run(arguments: &TokenArguments) -> Result<(), Failure> {
    let TokenArguments {
        scope,
        sign_in,
        client,
        ..
    } = arguments;
    let scopes: Vec<&str> = scope.iter().map(String::as_str).collect();
    if arguments.silent {
        return match sign_in.silent(client)?.get_token_info(&scopes, None).await {
            Err(error) if error.kind() != ErrorKind::AuthenticationRequired => Err(error.into()),
            // A new credential knows nobody, so a token cannot be had here.
            _ => Err(Failure::NobodySignedIn),
        };
    }
    console::tell(ASKS_EACH_TIME);
    let signed_in = sign_in.ask(client, scope).await?;
    let token = signed_in.credential.get_token_info(&scopes, None).await?;
    console::result(&arguments.output.render(&token, &signed_in.record)?)
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
    fn render(
        self,
        token: &AccessTokenInfo,
        record: &AuthenticationRecord,
    ) -> Result<String, Failure> {
        let seconds = token.expires_on.unix_timestamp();
        Ok(match self {
            Self::Token => token.token.secret().to_owned(),
            Self::Json => {
                let json = TokenJson {
                    access_token: token.token.secret(),
                    expires_on: to_rfc3339(&token.expires_on),
                    expires_on_seconds: seconds,
                    token_type: &token.token_type,
                    tenant_id: &record.tenant_id,
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

const ASKS_EACH_TIME: &str = "No tokens are kept yet, so this asks each time.\n";

const AFTER_HELP: &str = "\
Stdout holds the result alone, so it can be captured; people are spoken to on stderr.

Examples:
  TOKEN=$(doorkey token --scope https://storage.azure.com/.default)
  doorkey token --scope https://graph.microsoft.com/User.Read --output header |
      curl --header @- https://graph.microsoft.com/v1.0/me
      keeps the token out of the list of processes
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
