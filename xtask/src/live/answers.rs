//! What the maintainer answers: at a terminal, or from a file that was written before.

use crate::failure::{Failure, Result};
use std::{
    collections::VecDeque,
    fs,
    io::{self, IsTerminal as _, Write as _},
    process::Command,
};

#[derive(Debug)]
pub(crate) enum Answers {
    Terminal,
    Written(VecDeque<String>),
}

impl Answers {
    /// From `file`, where `-` is standard input; else from the terminal that there must be.
    pub(crate) fn from(file: Option<&str>) -> Result<Self> {
        let text = match file {
            None if io::stdin().is_terminal() => return Ok(Self::Terminal),
            None => {
                return Err(Failure::new(
                    "this asks a person, and here is no terminal: run it in one, or give \
                     --answers FILE, with a line for each answer (- is standard input)",
                ));
            }
            Some("-") => io::read_to_string(io::stdin()),
            Some(file) => fs::read_to_string(file),
        };
        let text = text.map_err(Failure::while_("reading the answers"))?;
        Ok(Self::of(&text))
    }

    pub(crate) fn of(text: &str) -> Self {
        Self::Written(text.lines().map(str::to_owned).collect())
    }

    /// `None` where there will be no more.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Option<String>> {
        print!("{question}: ");
        let answer = match self {
            Self::Terminal => read_line()?,
            Self::Written(answers) => {
                let answer = answers.pop_front();
                println!("{}", answer.as_deref().unwrap_or_default());
                answer
            }
        };
        Ok(answer.map(|answer| answer.trim().to_owned()))
    }

    /// The same, for what nobody is to see. Blanks at its ends are its own.
    pub(crate) fn ask_secretly(&mut self, question: &str) -> Result<Option<String>> {
        match self {
            Self::Terminal => {
                print!("{question} (not shown): ");
                echo(false);
                let answer = read_line();
                echo(true);
                println!();
                answer
            }
            Self::Written(answers) => Ok(answers.pop_front()),
        }
    }
}

fn read_line() -> Result<Option<String>> {
    let fail = || Failure::while_::<io::Error>("asking");
    io::stdout().flush().map_err(fail())?;
    let mut line = String::new();
    let length = io::stdin().read_line(&mut line).map_err(fail())?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Where there is no `stty`, what is typed is seen.
fn echo(on: bool) {
    let argument = if on { "echo" } else { "-echo" };
    let _ = Command::new("stty").arg(argument).status();
}
