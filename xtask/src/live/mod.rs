//! A maintainer's checklist against a real tenant: each line runs the real command, says what there is
//! to do, and `docs/live.md` keeps what came of it.

mod answers;
mod calendar;
mod checklist;
mod checks;
mod doorkey;
mod lines;
mod page;

use crate::{
    failure::{Failure, Result},
    place::Place,
};
use answers::Answers;
use checklist::Checklist;
use doorkey::Built;
use lines::LINES;
use page::Page;
use std::{collections::HashMap, fs, path::PathBuf};

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

fn known_kind(kind: &str) -> std::result::Result<String, String> {
    match KINDS.iter().find(|known| known.eq_ignore_ascii_case(kind)) {
        Some(known) => Ok((*known).to_owned()),
        None => Err(format!(
            "there is no kind {kind:?}, but {}",
            KINDS.join("; ")
        )),
    }
}

fn is_local(authority: &str) -> bool {
    let host = authority
        .split_once("://")
        .map_or(authority, |(_, host)| host);
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

const PAGE: &str = "docs/live.md";

const KINDS: [&str; 6] = [
    "workforce",
    "workforce, with Conditional Access",
    "External ID",
    "B2C",
    "AD FS",
    "consumers",
];
