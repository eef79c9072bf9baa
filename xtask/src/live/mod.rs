//! A maintainer's checklist against a real tenant: each line runs the real command, says what there is
//! to do, and `docs/live.md` keeps what came of it.

mod answers;
mod checks;
mod doorkey;
mod lines;
mod page;

use crate::{
    failure::{Failure, Result},
    place::Place,
};
use answers::Answers;
use checks::Expected;
use doorkey::{Built, Runner};
use lines::{LINES, Line, PASSWORD, Prints, Program, QUESTIONS, Step};
use page::{Page, Row};
use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

/// What was asked for on the command line.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Live {
    list: bool,
    /// All, where none is named.
    only: Vec<String>,
    authority: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    /// The kind of tenant, in the words of the page.
    kind: Option<String>,
    answers: Option<String>,
    page: Option<String>,
}

impl Live {
    pub(crate) fn parse(arguments: &[String]) -> std::result::Result<Self, String> {
        let mut live = Self::default();
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            let mut value = || {
                let value = arguments.next().filter(|value| !value.is_empty());
                value
                    .cloned()
                    .ok_or_else(|| format!("{option} needs a value"))
            };
            match option.as_str() {
                "--list" => live.list = true,
                "--only" => {
                    let name = value()?;
                    if !LINES.iter().any(|line| line.name == name) {
                        return Err(format!("there is no line {name:?}; --list prints them"));
                    }
                    live.only.push(name);
                }
                "--authority" => live.authority = Some(value()?),
                "--tenant" => live.tenant = Some(value()?),
                "--client-id" => live.client_id = Some(value()?),
                "--scope" => live.scope = Some(value()?),
                "--kind" => live.kind = Some(known_kind(&value()?)?),
                "--answers" => live.answers = Some(value()?),
                "--page" => live.page = Some(value()?),
                other => return Err(format!("live has no option {other}")),
            }
        }
        Ok(live)
    }

    /// Whether nothing failed.
    pub(crate) fn run(self, place: &Place) -> Result<bool> {
        let file = match &self.page {
            Some(page) => PathBuf::from(page),
            None => place.root.join(PAGE),
        };
        let mut page = match fs::read_to_string(&file) {
            Ok(text) => Page::parse(&text, LINES),
            Err(_) if self.page.is_some() => Page::default(),
            Err(error) => return Err(Failure::while_("reading docs/live.md")(error)),
        };
        if self.list {
            for line in LINES {
                println!(
                    "{:20} {:6} {}",
                    line.name,
                    page.result(line.name),
                    line.shows
                );
            }
            return Ok(true);
        }
        if self.page.is_none() && self.authority.as_deref().is_some_and(is_local) {
            return Err(Failure::new(
                "this is an authority on this machine, which is no proof of anything; give --page \
                 FILE to have the results written elsewhere than to docs/live.md",
            ));
        }
        let answers = Answers::from(self.answers.as_deref())?;
        let runner = Built::new(place)?;
        let mut keep = |page: &Page| {
            fs::write(&file, page.render(LINES))
                .map_err(Failure::while_(format!("writing {}", file.display())))
        };
        Checklist {
            live: self,
            answers,
            runner: &runner,
            known: HashMap::new(),
        }
        .go(&mut page, &mut keep)
    }
}

/// The lines, while they are gone through.
struct Checklist<'a> {
    live: Live,
    answers: Answers,
    runner: &'a dyn Runner,
    /// What was answered; asked once, whichever lines need it.
    known: HashMap<&'static str, String>,
}

/// What is done with a line.
enum Choice {
    Run,
    Skip,
    Quit,
}

impl Checklist<'_> {
    /// Whether nothing failed. `keep` is called after each line, so that an interruption loses nothing.
    fn go(mut self, page: &mut Page, keep: &mut dyn FnMut(&Page) -> Result<()>) -> Result<bool> {
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

fn known_kind(kind: &str) -> std::result::Result<String, String> {
    match KINDS.iter().find(|known| known.eq_ignore_ascii_case(kind)) {
        Some(known) => Ok((*known).to_owned()),
        None => Err(format!(
            "there is no kind {kind:?}, but {}",
            KINDS.join(", ")
        )),
    }
}

fn is_local(authority: &str) -> bool {
    authority.contains("://localhost") || authority.contains("://127.")
}

/// As `2026-11-26`, of UTC: the day by Howard Hinnant's [days from
/// civil](https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    day(now.unwrap_or_default().as_secs() / 86_400)
}

fn day(since_1970: u64) -> String {
    let days = since_1970 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

const PAGE: &str = "docs/live.md";

/// Apart from what the maintainer uses otherwise.
const CACHE: &str = "doorkey-live";

const SCOPE: &str = "https://management.azure.com/.default";

/// Recorded for every authority on this machine.
const EMULATOR: &str = "emulator";

const KINDS: [&str; 6] = [
    "workforce",
    "workforce, with Conditional Access",
    "External ID",
    "B2C",
    "AD FS",
    "consumers",
];

#[cfg(test)]
mod rehearsal;
#[cfg(test)]
mod tests;
