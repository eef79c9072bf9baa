//! The command line.

#[cfg(feature = "emulator")]
use crate::{demo::DemoArguments, emulator::EmulatorArguments};
use crate::{login::LoginArguments, token::TokenArguments};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable};

/// Sign a person in to Microsoft Entra ID, and print their tokens.
#[derive(Debug, Parser)]
#[command(name = "doorkey", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say more about what went wrong
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// What the command does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a person in, and print who it was
    Login(LoginArguments),
    /// Print an access token
    Token(TokenArguments),
    /// Serve a local Entra ID, to try and test sign-ins against
    #[cfg(feature = "emulator")]
    Emulator(EmulatorArguments),
    /// See a person sign in, against a local Entra ID
    #[cfg(feature = "emulator")]
    Demo(DemoArguments),
}

impl Arguments {
    /// Reads the command line, and the environment where it says nothing.
    pub(crate) fn parse() -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Self::command());
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// An empty variable counts as unset: that is how people unset one for a single command.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let forget_empty = |argument: clap::Arg| {
        let is_empty = argument
            .get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if is_empty {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    };
    command
        .mut_args(forget_empty)
        .mut_subcommands(without_empty_variables)
}

const AFTER_HELP: &str = "\
Examples:
  doorkey demo
  doorkey login --scope https://management.azure.com/.default
  doorkey token --scope https://graph.microsoft.com/User.Read --device-code

Exit status:
  0 done, 1 failed, 2 wrong usage, 3 a person has to sign in, 4 not possible on this machine,
  130 interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
