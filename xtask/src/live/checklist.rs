//! The lines, gone through with the maintainer.

use super::{
    KINDS, Live,
    answers::Answers,
    calendar::today,
    checks::{self, Expected},
    doorkey::Runner,
    is_local, known_kind,
    lines::{LINES, Line, PASSWORD, Prints, Program, QUESTIONS, Step},
    page::{self, Page, Row},
};
use crate::failure::Result;
use std::collections::HashMap;

/// The lines, while they are gone through.
pub(super) struct Checklist<'a> {
    pub(super) live: Live,
    pub(super) answers: Answers,
    pub(super) runner: &'a dyn Runner,
    /// What was answered; asked once, whichever lines need it.
    pub(super) known: HashMap<&'static str, String>,
}

/// What is done with a line.
enum Choice {
    Run,
    Skip,
    Quit,
}

impl Checklist<'_> {
    /// Whether nothing failed. `keep` is called after each line, so that an interruption loses nothing.
    pub(super) fn go(
        mut self,
        page: &mut Page,
        keep: &mut dyn FnMut(&Page) -> Result<()>,
    ) -> Result<bool> {
        let version = self.runner.version()?;
        // With the lines of this version, whatever comes of them.
        keep(page)?;
        let Some(kind) = self.kind()? else {
            return Ok(true);
        };
        let mut passed = true;
        for line in LINES {
            if line.steps.is_empty() || !self.is_wanted(line) {
                continue;
            }
            println!("\n{}: {}", line.name, line.shows);
            match line.person {
                "" => {}
                person => println!("{person}"),
            }
            match self.choice()? {
                Choice::Run => {}
                Choice::Skip => continue,
                Choice::Quit => break,
            }
            if !self.ask(line)? {
                continue;
            }
            let is_good = self.steps(line)?;
            let Some(result) = self.verdict(is_good)? else {
                continue;
            };
            passed &= result == "pass";
            let note = self.note()?;
            let kind = match kind.as_str() {
                EMULATOR => EMULATOR,
                kind => line.tenant.unwrap_or(kind),
            };
            if self.live.page.is_none() && self.known.values().any(|answer| is_local(answer)) {
                println!("not written down: that authority is on this machine");
                continue;
            }
            page.record(
                line.name,
                Row::of([result, &today(), &version, kind, &note]),
            );
            keep(page)?;
        }
        Ok(passed)
    }

    fn is_wanted(&self, line: &Line) -> bool {
        self.live.only.is_empty() || self.live.only.iter().any(|name| name == line.name)
    }

    /// What kind of tenant it is; `None` where nobody answers.
    fn kind(&mut self) -> Result<Option<String>> {
        if self.live.authority.as_deref().is_some_and(is_local) {
            return Ok(Some(EMULATOR.to_owned()));
        }
        let mut kind = self.live.kind.take();
        while kind.is_none() {
            let question = format!("Which kind of tenant is it, of {}", KINDS.join("; "));
            let Some(answer) = self.answers.ask(&question)? else {
                return Ok(None);
            };
            kind = known_kind(&answer).ok();
        }
        Ok(kind)
    }

    fn choice(&mut self) -> Result<Choice> {
        loop {
            let answer = self.answers.ask("run, skip or quit [run]")?;
            match answer.as_deref() {
                Some("" | "run" | "r") => return Ok(Choice::Run),
                Some("skip" | "s") => return Ok(Choice::Skip),
                None | Some("quit" | "q") => return Ok(Choice::Quit),
                Some(_) => {}
            }
        }
    }

    /// Whether all that the line needs is known. An empty answer is a line that is skipped.
    fn ask(&mut self, line: &Line) -> Result<bool> {
        for (name, question) in QUESTIONS {
            // A password is of one line, and is not kept for the next.
            if !line.asks.contains(name) || (*name != PASSWORD && self.known.contains_key(name)) {
                continue;
            }
            let answer = match *name {
                PASSWORD => self.answers.ask_secretly(question)?,
                _ => self.answers.ask(question)?,
            };
            match answer.filter(|answer| !answer.is_empty()) {
                Some(answer) => self.known.insert(name, answer),
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// Runs what the line runs, as far as it goes well; whether it did.
    fn steps(&self, line: &Line) -> Result<bool> {
        if let Some(step) = line.steps.first()
            && step.prints == Prints::Record
        {
            self.sign_out_before(step)?;
        }
        for step in line.steps {
            let arguments = self.arguments(step);
            // Without what was answered, which may be a name.
            let shown = [step.program.name(), step.command, step.arguments];
            let shown = shown.into_iter().filter(|part| !part.is_empty());
            println!("  {}", shown.collect::<Vec<_>>().join(" "));
            let input = step.input.and_then(|name| self.known.get(name));
            let outcome = self
                .runner
                .run(step.program, &arguments, input.map(String::as_str))?;
            let tenant = match step.prints {
                Prints::TokenOf(name) => self.known.get(name).map(String::as_str),
                _ => None,
            };
            let expected = Expected {
                authority: value_of(&arguments, "--authority"),
                tenant,
            };
            let faults = checks::faults(step, &outcome, expected);
            for fault in &faults {
                println!("  FAULT: {fault}");
            }
            if !faults.is_empty() {
                return Ok(false);
            }
            println!("  ok");
        }
        Ok(true)
    }

    /// Of who signed in before, or what follows a sign-in would have to say whom it means.
    fn sign_out_before(&self, step: &Step) -> Result<()> {
        let of_step = self.arguments(step);
        let mut arguments = ["logout", "--all", "--cache-name", CACHE].to_vec();
        for option in ["--authority", "--client-id"] {
            if let Some(value) = value_of(&of_step, option) {
                arguments.extend([option, value]);
            }
        }
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        println!("  doorkey logout --all");
        self.runner
            .run(Program::Doorkey, &arguments, None)
            .map(drop)
    }

    fn arguments(&self, step: &Step) -> Vec<String> {
        let words = step.command.split_whitespace();
        let words = words.chain(step.arguments.split_whitespace());
        let mut arguments: Vec<_> = words.map(|word| self.filled(word)).collect();
        if step.program != Program::Doorkey {
            return arguments;
        }
        let live = &self.live;
        // What a line says itself is of that line, and another authority has tenants of its own.
        let is_given: Vec<_> = arguments.iter().map(String::as_str).collect();
        let has_authority = is_given.contains(&"--authority");
        let mut more = vec![("--cache-name", CACHE)];
        for (option, value) in [
            ("--authority", &live.authority),
            ("--tenant", &live.tenant),
            ("--client-id", &live.client_id),
        ] {
            let is_of_line = is_given.contains(&option) || option == "--tenant" && has_authority;
            if let Some(value) = value
                && !is_of_line
            {
                more.push((option, value));
            }
        }
        let more = more.into_iter().flat_map(|(option, value)| [option, value]);
        let more: Vec<_> = more.map(str::to_owned).collect();
        arguments.extend(more);
        arguments
    }

    fn filled(&self, word: &str) -> String {
        let scope = self.live.scope.as_deref().unwrap_or(SCOPE);
        let filled = word.replace("{scope}", scope);
        self.known.iter().fold(filled, |filled, (name, answer)| {
            filled.replace(&format!("{{{name}}}"), answer)
        })
    }

    /// `None` where it is to be as if the line had not been run.
    fn verdict(&mut self, is_good: bool) -> Result<Option<&'static str>> {
        let question = match is_good {
            true => "pass, fail or skip [pass]",
            false => "fail or skip [fail]",
        };
        loop {
            match self.answers.ask(question)?.as_deref() {
                Some("" | "pass" | "p") if is_good => return Ok(Some("pass")),
                Some("" | "fail" | "f") => return Ok(Some("fail")),
                None | Some("skip" | "s") => return Ok(None),
                Some(_) => {}
            }
        }
    }

    fn note(&mut self) -> Result<String> {
        loop {
            let question = "a note, with no name, id or token in it [none]";
            let note = self.answers.ask(question)?.unwrap_or_default();
            let live = &self.live;
            let given = [&live.authority, &live.tenant, &live.client_id];
            let given = given.into_iter().flatten();
            let answers: Vec<_> = given
                .chain(self.known.values())
                .map(String::as_str)
                .collect();
            match page::objection(&note, &answers) {
                None => return Ok(note),
                Some(objection) => println!("that cannot be written down: {objection}"),
            }
        }
    }
}

fn value_of<'a>(arguments: &'a [String], option: &str) -> Option<&'a str> {
    let index = arguments.iter().position(|argument| argument == option)?;
    arguments.get(index + 1).map(String::as_str)
}

/// Apart from what the maintainer uses otherwise.
const CACHE: &str = "doorkey-live";

const SCOPE: &str = "https://management.azure.com/.default";

/// Recorded for every authority on this machine.
const EMULATOR: &str = "emulator";

#[cfg(test)]
mod rehearsal;
#[cfg(test)]
mod tests;
