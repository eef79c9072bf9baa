//! What CI and a contributor run: `cargo xtask …`.
//!
//! There are no dependencies, so that it builds in a second on a fresh clone. [`suites`] is the
//! table of what is run; [`needs`] installs what a suite cannot do without; [`run`] runs it and
//! says how it went.

#![expect(
    clippy::print_stdout,
    reason = "this is a command; its lines are its result"
)]

mod child;
mod debian;
mod failure;
mod live;
mod needs;
mod parity;
mod place;
mod platforms;
mod request;
mod run;
mod suites;
mod wine;

use std::process::ExitCode;

use crate::{place::Place, request::Request};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let request = match Request::parse(&arguments) {
        Ok(request) => request,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let outcome = match request {
        Request::Help => {
            println!("{}", request::usage());
            Ok(true)
        }
        Request::Test { suites, fail_fast } => {
            Place::find().map(|place| run::test(&place, &suites, fail_fast))
        }
        Request::Parity => Place::find().and_then(|place| parity::check(&place)),
        Request::Live(live) => Place::find().and_then(|place| live.run(&place)),
        Request::Bench { arguments } => {
            Place::find().and_then(|place| run::bench(&place, &arguments))
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}
