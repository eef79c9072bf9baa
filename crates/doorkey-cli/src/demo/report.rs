//! How the demonstration is laid out: numbered steps, and below each a few aligned rows.

use crate::{console, failure::Failure};

/// The demonstration as it is printed.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: usize,
}

impl Report {
    pub(super) fn begin(introduction: &str) -> Result<Self, Failure> {
        console::result(introduction)?;
        Ok(Self::default())
    }

    pub(super) fn step(&mut self, title: &str) -> Result<(), Failure> {
        self.steps += 1;
        console::result(&format!("\n{}. {title}", self.steps))
    }

    /// A paragraph, whose lines are broken by whoever writes it.
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        for line in text.split('\n') {
            console::result(format!("   {line}").trim_end())?;
        }
        Ok(())
    }

    /// Names on the left, in one column all the way down.
    pub(super) fn rows(&self, rows: &[(&str, String)]) -> Result<(), Failure> {
        for (name, value) in rows {
            let value = console::one_line(value);
            console::result(&format!("   {name:<NAMES$}  {value}"))?;
        }
        Ok(())
    }

    pub(super) fn end(self, text: &str) -> Result<(), Failure> {
        console::result(&format!("\n{text}"))
    }
}

/// As wide as the longest name of a row: `unique_name`.
const NAMES: usize = 11;
