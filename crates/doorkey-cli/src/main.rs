//! The `doorkey` command: signs a person in to Microsoft Entra ID, and prints their tokens.

mod accounts;
mod arguments;
mod azure_cli;
mod broker;
mod broker_request;
mod cache;
mod client;
mod console;
#[cfg(feature = "emulator")]
mod demo;
#[cfg(feature = "emulator")]
mod emulator;
mod failure;
mod folders;
mod interruption;
mod logging;
mod login;
mod logout;
mod people;
#[cfg(feature = "emulator")]
mod person;
mod possession;
mod prompts;
mod proxy;
mod qr_code;
mod records;
mod sign_in;
mod store;
mod token;
mod trust;

use arguments::{Arguments, Command};
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::parse() {
        Ok(arguments) => arguments,
        Err(message) => return console::usage(&message),
    };
    let outcome = logging::start(arguments.verbose).and_then(|()| run(&arguments.command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(arguments.verbose > 0);
            failure.status().into()
        }
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    if let Command::Token(arguments) = command
        && let Some(outcome) = token::at_once(arguments)
    {
        return outcome;
    }
    // One thread is enough for one person.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Login(arguments) => interruption::ends(login::run(arguments)).await,
            Command::Token(arguments) => interruption::ends(token::run(arguments)).await,
            Command::Accounts(arguments) => interruption::ends(accounts::run(arguments)).await,
            Command::Logout(arguments) => interruption::ends(logout::run(arguments)).await,
            Command::BrokerRequest => interruption::ends(broker_request::run()).await,
            #[cfg(feature = "emulator")]
            Command::Demo(arguments) => interruption::ends(demo::run(arguments)).await,
            // Being interrupted is how this one is meant to end.
            #[cfg(feature = "emulator")]
            Command::Emulator(arguments) => emulator::run(arguments).await,
        }
    });
    // A name that is still being looked up must not hold up somebody who pressed Ctrl-C.
    runtime.shutdown_background();
    outcome
}
