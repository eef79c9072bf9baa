//! The command line.

use crate::{
    accounts::AccountsArguments, login::LoginArguments, logout::LogoutArguments,
    token::TokenArguments,
};
#[cfg(feature = "emulator")]
use crate::{demo::DemoArguments, emulator::EmulatorArguments};
use clap::{
    ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{PossibleValue, Resettable},
};
use std::ffi::{OsStr, OsString};

/// Sign a person in to Microsoft Entra ID, and print their tokens.
#[derive(Debug, Parser)]
#[command(name = "doorkey", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say what happens meanwhile, or what of it RUST_LOG selects, and more about what went wrong;
    /// twice says even more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What the command does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a person in, for the runs to come, and print who it was
    Login(LoginArguments),
    /// Print an access token
    Token(TokenArguments),
    /// Say who is signed in
    Accounts(AccountsArguments),
    /// Sign a person out, on this machine
    Logout(LogoutArguments),
    /// Ask the broker of the operating system for a program in WSL: one JSON on stdin, one on stdout
    #[command(hide = true)]
    BrokerRequest,
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
        let command = Self::command();
        let known = choices(&command);
        let mut command = without_meaningless_variables(command, &known);
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// The values that an option of some subcommand has to be one of, each with the variable that the
/// option is read from.
type Choices = Vec<(OsString, PossibleValue)>;

fn choices(command: &clap::Command) -> Choices {
    let arguments = command
        .get_subcommands()
        .flat_map(clap::Command::get_arguments);
    let of_argument = |argument: &clap::Arg| {
        let variable = argument.get_env().map(OsStr::to_owned);
        let values = argument.get_possible_values();
        variable.into_iter().flat_map(move |variable| {
            let values = values.clone().into_iter();
            values.map(move |value| (variable.clone(), value))
        })
    };
    arguments.flat_map(of_argument).collect()
}

/// Forgets the variables that say nothing to an option, so that its default is heeded:
///
/// - An empty one counts as unset: that is how people unset one for a single command.
/// - One that is shared by several subcommands may have a value for another of them.
fn without_meaningless_variables(command: clap::Command, known: &Choices) -> clap::Command {
    let forget = |argument: clap::Arg| {
        let is_meaningless = argument.get_env().is_some_and(|variable| {
            std::env::var_os(variable).is_some_and(|value| {
                let value = value.to_string_lossy();
                value.trim().is_empty() || is_for_another(&argument, variable, &value, known)
            })
        });
        if is_meaningless {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    };
    command
        .mut_args(forget)
        .mut_subcommands(|subcommand| without_meaningless_variables(subcommand, known))
}

fn is_for_another(argument: &clap::Arg, variable: &OsStr, value: &str, known: &Choices) -> bool {
    let own = argument.get_possible_values();
    let mut others = known.iter().filter(|(of, _)| of == variable);
    // What takes any value has none of its own.
    !own.is_empty()
        && !own.iter().any(|choice| choice.matches(value, false))
        && others.any(|(_, choice)| choice.matches(value, false))
}

const AFTER_HELP: &str = "\
Examples:
  doorkey demo
  doorkey login --scope https://management.azure.com/.default
  doorkey token --scope https://graph.microsoft.com/User.Read --silent
  doorkey logout

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

    /// Longer lines would be broken again, in the middle of a paragraph.
    #[test]
    fn what_follows_the_options_is_as_wide_as_they_are() {
        let command = Arguments::command();
        let commands = command.get_subcommands().chain([&command]);
        let texts: Vec<_> = commands
            .filter_map(clap::Command::get_after_help)
            .map(ToString::to_string)
            .collect();
        assert!(texts.len() >= 5, "{texts:?}");
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
