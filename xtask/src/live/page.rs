//! `docs/live.md`: what passed on which day, with which version, against which kind of tenant.

use super::lines::Line;
use std::collections::HashMap;

/// What came of one line, in the words of the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    pub(crate) result: String,
    pub(crate) day: String,
    pub(crate) version: String,
    pub(crate) tenant: String,
    pub(crate) note: String,
}

/// The whole page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    rows: HashMap<String, Row>,
    /// Of lines that this version does not know, as they were written.
    others: Vec<String>,
}

impl Page {
    /// Reads what [`render`](Self::render) wrote. What is no row of the table is left out.
    pub(crate) fn parse(text: &str, lines: &[Line]) -> Self {
        let mut page = Self::default();
        for line in text.lines() {
            let Some(cells) = line
                .strip_prefix("| `")
                .and_then(|line| line.strip_suffix('|'))
            else {
                continue;
            };
            let cells: Vec<_> = cells.split('|').map(str::trim).collect();
            let name = cells[0].trim_end_matches('`');
            if !lines.iter().any(|line| line.name == name) {
                page.others.push(line.to_owned());
            } else if let [_, _, result, day, version, tenant, note] = cells[..]
                && result != NEVER
            {
                page.record(name, Row::of([result, day, version, tenant, note]));
            }
        }
        page
    }

    /// In place of what the line had.
    pub(crate) fn record(&mut self, name: &str, row: Row) {
        self.rows.insert(name.to_owned(), row);
    }

    pub(crate) fn result(&self, name: &str) -> &str {
        self.rows.get(name).map_or(NEVER, |row| &row.result)
    }

    pub(crate) fn render(&self, lines: &[Line]) -> String {
        let mut text = String::from(HEAD);
        let never = Row::of([NEVER, "", "", "", ""]);
        for line in lines {
            let row = self.rows.get(line.name).unwrap_or(&never);
            let cells = [
                &format!("`{}`", line.name),
                line.shows,
                &row.result,
                &row.day,
                &row.version,
                &row.tenant,
                &row.note,
            ];
            text.push('|');
            for cell in cells {
                match cell {
                    "" => text.push_str(" |"),
                    cell => text.push_str(&format!(" {cell} |")),
                }
            }
            text.push('\n');
        }
        for other in &self.others {
            text.push_str(other);
            text.push('\n');
        }
        text
    }
}

impl Row {
    pub(crate) fn of([result, day, version, tenant, note]: [&str; 5]) -> Self {
        Self {
            result: result.to_owned(),
            day: day.to_owned(),
            version: version.to_owned(),
            tenant: tenant.to_owned(),
            note: note.to_owned(),
        }
    }
}

/// Why a note may not stand on the page, if it may not: who reads the page is not to learn who ran it
/// against whose tenant. `answers` is what was asked for and typed.
pub(crate) fn objection(note: &str, answers: &[&str]) -> Option<&'static str> {
    let lower = note.to_lowercase();
    let has = |answer: &&str| answer.len() > 3 && lower.contains(&answer.to_lowercase());
    let is_id = |word: &str| {
        let parts: Vec<_> = word.split('-').map(str::len).collect();
        parts == [8, 4, 4, 4, 12]
    };
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    if note.contains(['|', '\n', '`']) {
        Some("it holds a character that breaks the table")
    } else if note.contains('@') || answers.iter().any(has) {
        Some("it holds a name")
    } else if words.any(is_id) {
        Some("it holds an id")
    } else if lower.contains("onmicrosoft") || note.contains("://") {
        Some("it holds an address")
    } else if note.contains("eyJ") {
        Some("it holds a token")
    } else if note.len() > 200 {
        Some("it is longer than 200 characters")
    } else {
        None
    }
}

const NEVER: &str = "never";

const HEAD: &str = "\
# Against the real thing

What was run against Entra ID itself, by whom has a tenant of the kind: `cargo xtask live` goes through
these lines, runs the real command for each, says what to do, and writes here what came of it. Of each
line the last result stands here. No token, no user name, no tenant is written down.

**never** means that nobody has run the line yet: that flow is shown against the emulator only, which cannot
prove what Entra ID answers.

| line | what a pass shows | result | day | version | tenant | note |
|---|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::lines::LINES;

    fn row(result: &str) -> Row {
        Row::of([result, "2026-11-26", "0.1.0 (abc1234)", "workforce", "slow"])
    }

    #[test]
    fn a_page_that_is_read_and_written_is_the_same() {
        let mut page = Page::default();
        page.record("browser", row("pass"));
        page.record("adfs", row("fail"));
        let text = page.render(LINES);
        let again = Page::parse(&text, LINES);
        assert_eq!(again.result("browser"), "pass");
        assert_eq!(again.result("silent"), NEVER);
        assert_eq!(again.render(LINES), text);
    }

    #[test]
    fn what_was_not_run_keeps_its_row() {
        let mut page = Page::default();
        page.record("browser", row("pass"));
        let old = "| `of-old` | what nobody shows any more | pass | 2020-01-01 | 0.0.1 | | |";
        let text = format!("{}{old}\n", page.render(LINES));
        let mut page = Page::parse(&text, LINES);
        page.record("silent", row("fail"));
        page.record("silent", row("pass"));
        let text = page.render(LINES);
        let result = |name: &str| {
            let start = format!("| `{name}` |");
            let row = text.lines().find(|line| line.starts_with(&start));
            row.expect("a row").to_owned()
        };
        for name in ["browser", "silent"] {
            let end = "| pass | 2026-11-26 | 0.1.0 (abc1234) | workforce | slow |";
            assert!(result(name).ends_with(end), "{text}");
        }
        assert!(result("guest").ends_with("| never | | | | |"), "{text}");
        assert!(text.ends_with(&format!("{old}\n")), "{text}");
    }

    /// Whoever adds a line has the page written anew: `cargo xtask live`, and `quit` at once.
    #[test]
    fn the_page_of_this_project_has_every_line() {
        let text = include_str!("../../../docs/live.md");
        assert_eq!(Page::parse(text, LINES).render(LINES), text);
    }

    #[test]
    fn a_note_says_nothing_about_anybody() {
        let answers = ["contoso", "no", ""];
        for note in [
            "as adele@contoso.example",
            "at Contoso's",
            "tenant 00000000-0000-4000-8000-000000000000.",
            "eyJhbGciOi",
            "https://login.example",
            "fabrikam.onmicrosoft.com",
            "a | b",
            &"long ".repeat(60),
        ] {
            assert!(objection(note, &answers).is_some(), "{note}");
        }
        for note in ["", "no second factor", "AADSTS50126 as documented; 3 s"] {
            assert_eq!(objection(note, &answers), None, "{note}");
        }
    }
}
