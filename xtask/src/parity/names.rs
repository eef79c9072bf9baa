//! The second part of the page: what the peers' documentation names, and what it is called here.

use super::cells;
use crate::failure::{Failure, Result};
use std::{collections::HashSet, fs, path::Path};

pub(super) const HEADING: &str = "\n# Names\n";
pub(super) const SOURCE: &str = "crates/doorkey/src";

/// A row's answer begins with our names, or is the reason for none.
pub(super) fn faults(page: &str, words: &HashSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for (theirs, ours) in page.lines().filter_map(cells) {
        if !theirs.starts_with('`') {
            continue;
        }
        if ours.is_empty() {
            faults.push(format!("{theirs} has neither a name here nor a reason"));
        }
        if !ours.starts_with('`') {
            continue;
        }
        for name in ours.split('`').skip(1).step_by(2) {
            let unknown = words_of(name).find(|word| !words.contains(*word));
            if let Some(word) = unknown {
                faults.push(format!("{theirs}: {SOURCE} has no `{word}` of `{name}`"));
            }
        }
    }
    faults
}

/// Every word of the Rust files below `folder`.
pub(super) fn words_below(folder: &Path) -> Result<HashSet<String>> {
    let reading = |error| Failure::while_(format!("reading {}", folder.display()))(error);
    let mut words = HashSet::new();
    for entry in fs::read_dir(folder).map_err(reading)? {
        let path = entry.map_err(reading)?.path();
        if path.is_dir() {
            words.extend(words_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).map_err(reading)?;
            words.extend(words_of(&source).map(str::to_owned));
        }
    }
    Ok(words)
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told() {
        let words = words_of("pub struct Known { pub member: u8 }")
            .map(str::to_owned)
            .collect();
        for (ours, said) in [
            ("`Known::member`", None),
            ("`Known`, `member`", None),
            ("Nothing is `unknown` here.", None),
            (
                "`Known::unknown()`",
                Some("no `unknown` of `Known::unknown()`"),
            ),
            ("`Known`, or `other`", Some("no `other`")),
            ("", Some("`theirs` has neither")),
        ] {
            let page = format!("## A\n| theirs | ours |\n|---|---|\n| `theirs` | {ours} |");
            let told = faults(&page, &words);
            assert_eq!(told.len(), usize::from(said.is_some()), "{ours}: {told:?}");
            assert!(said.is_none_or(|said| told[0].contains(said)), "{told:?}");
        }
    }
}
