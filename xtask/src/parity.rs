//! Whether `docs/parity.md` accounts for every case of the peers' tests, by tests that exist, and
//! names only what exists.

mod names;

use crate::{
    failure::{Failure, Result},
    place::Place,
};
use std::{collections::HashMap, fs, path::Path};

const PAGE: &str = "docs/parity.md";
const CASES: &str = include_str!("parity/cases.txt");

/// Prints every fault; whether there was none.
pub(crate) fn check(place: &Place) -> Result<bool> {
    let page = place.root.join(PAGE);
    let page = fs::read_to_string(&page)
        .map_err(Failure::while_(format!("reading {}", page.display())))?;
    let (cases, names) = page.split_once(names::HEADING).unwrap_or((&page, ""));
    let mut faults = faults(CASES, cases, &|path| {
        fs::read_to_string(place.root.join(path)).ok()
    });
    let words = names::words_below(&place.root.join(names::SOURCE))?;
    faults.extend(names::faults(names, &words));
    for fault in &faults {
        println!("{PAGE}: {fault}");
    }
    if faults.is_empty() {
        println!("{PAGE} accounts for {} cases", parse_cases(CASES).count());
    }
    Ok(faults.is_empty())
}

/// A case: the file that it is in, and its name.
type Case<'a> = (&'a str, &'a str);

struct Row<'a> {
    line: usize,
    case: Case<'a>,
    answer: &'a str,
}

fn faults(cases: &str, page: &str, read: &dyn Fn(&Path) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = rows(page);
    let mut counts: HashMap<Case<'_>, usize> = HashMap::new();
    for row in &rows {
        *counts.entry(row.case).or_default() += 1;
    }
    for (file, name) in parse_cases(cases) {
        match counts.remove(&(file, name)) {
            Some(1) => {}
            Some(count) => faults.push(format!("{file}: `{name}` has {count} rows")),
            None => faults.push(format!("{file}: `{name}` has no row")),
        }
    }
    let has_test = |file_name: Option<&str>, of: &Row<'_>, name: &str| {
        rows.iter().any(|row| {
            let (file, case) = row.case;
            case == name
                && row.answer.starts_with('`')
                && file_name.map_or(file == of.case.0, |name| has_file(file, name))
        })
    };
    for row in &rows {
        let (file, name) = row.case;
        let mut fault = |what: String| faults.push(format!("line {}: {what}", row.line));
        if counts.contains_key(&row.case) {
            fault(format!("{file} has no case `{name}`"));
        }
        let mut tests = row.answer.split('`').skip(1).step_by(2);
        match row.answer {
            "" => fault(format!("`{name}` has neither a test nor a reason")),
            answer if answer.starts_with('`') => {
                for fault_of_test in tests.filter_map(|test| fault_of(test, name, read)) {
                    fault(fault_of_test);
                }
            }
            answer if answer.starts_with("As `") => {
                let (other, file) = (tests.next().unwrap_or_default(), tests.next());
                if !has_test(file, row, other) {
                    fault(format!("`{name}` is as `{other}`, which has no test"));
                }
            }
            // A name in a reason is no test.
            _ => {
                if let Some(test) = tests.find(|name| name.contains("::") && name.contains(".rs")) {
                    fault(format!("a reason names the test {test}: is it one?"));
                }
            }
        }
    }
    faults
}

/// `path/to/file.rs::function` is a test that bears the name of the case.
fn fault_of(test: &str, case: &str, read: &dyn Fn(&Path) -> Option<String>) -> Option<String> {
    let Some((path, function)) = test.split_once("::") else {
        return Some(format!("`{test}` is no `path/to/file.rs::function`"));
    };
    if !letters(function).contains(&letters(case)) {
        return Some(format!("`{function}` does not bear the name of `{case}`"));
    }
    let Some(source) = read(Path::new(path)) else {
        return Some(format!("there is no file {path}"));
    };
    (!is_test(&source, function)).then(|| format!("{path} has no test `{function}`"))
}

/// Theirs are not all spelled as Rust's functions are.
fn letters(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// Whether `file`, a heading, names `name`: `package version test_a.py, test_b.py`.
fn has_file(file: &str, name: &str) -> bool {
    file.split([' ', ',']).any(|part| part == name)
}

/// Whether the attributes right above the function make it a test.
fn is_test(source: &str, function: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_its = |line: &str| {
        line.strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ")
            .is_some_and(|line| {
                line.strip_prefix(function)
                    .is_some_and(|line| line.starts_with('('))
            })
    };
    let attributes = |index: usize| {
        lines[..index]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["))
    };
    lines.iter().enumerate().any(|(index, line)| {
        is_its(line)
            && attributes(index)
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

fn parse_cases(text: &str) -> impl Iterator<Item = Case<'_>> {
    let mut file = "";
    text.lines().map(str::trim).filter_map(move |line| {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => file = name,
            None if line.is_empty() || line.starts_with('#') => {}
            None => return Some((file, line)),
        }
        None
    })
}

/// One for each case: a line may account for several.
fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut file = "";
    for (index, line) in page.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            file = heading.trim();
        }
        let Some((cases, answer)) = cells(line) else {
            continue;
        };
        if cases.starts_with('`') {
            rows.extend(cases.split('`').skip(1).step_by(2).map(|case| Row {
                line: index + 1,
                case: (file, case),
                answer,
            }));
        }
    }
    rows
}

/// Both cells of a line of a table.
fn cells(line: &str) -> Option<(&str, &str)> {
    let cells = line.strip_prefix('|')?.strip_suffix('|')?;
    let (left, right) = cells.split_once('|')?;
    Some((left.trim(), right.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = "# why\n[p 1 test_a.py]\none\ntwo\n\n[p 1 test_b.py]\none\n";

    const SOURCE: &str = "
        #[test]
        fn one_is_shown() {}
        #[tokio::test(start_paused = true)]
        #[cfg(unix)]
        async fn two() {}
        fn two_is_not() {}
    ";

    fn told(page: &str) -> Vec<String> {
        faults(CASES, page, &|path| {
            (path == Path::new("a.rs")).then(|| SOURCE.into())
        })
    }

    fn page(of_a: &str, of_b: &str) -> String {
        format!(
            "# Parity\n## p 1 test_a.py\n| case | test |\n|---|---|\n{of_a}\n## p 1 test_b.py\n{of_b}\n"
        )
    }

    const ONE: &str = "| `one` | `a.rs::one_is_shown` |";
    const TWO: &str = "| `two` | `a.rs::two`, `a.rs::two` |";

    #[test]
    fn a_page_that_accounts_for_all_has_no_fault() {
        let reason = "| `one` | Means nothing here: `drop` does it. |";
        assert!(told(&page(&format!("{ONE}\n{TWO}"), reason)).is_empty());
        let elsewhere = "| `one` | As `two` of `test_a.py`. |";
        assert!(told(&page(&format!("{ONE}\n{TWO}"), elsewhere)).is_empty());
        assert!(told(&page("| `one`, `two` | No. |", reason)).is_empty());
    }

    #[test]
    fn a_function_bears_a_name_in_its_own_spelling() {
        assert_eq!(letters("addByAad"), letters("add_by_aad"));
    }

    #[test]
    fn each_fault_is_told() {
        for (of_a, of_b, said) in [
            (ONE.to_owned(), ONE, "p 1 test_a.py: `two` has no row"),
            (format!("{ONE}\n{ONE}\n{TWO}"), ONE, "`one` has 2 rows"),
            (
                format!("{ONE}\n{TWO}\n| `three` | No. |"),
                ONE,
                "p 1 test_a.py has no case `three`",
            ),
            (
                format!("{ONE}\n| `two` | |"),
                ONE,
                "line 6: `two` has neither",
            ),
            (
                format!("{ONE}\n| `two` | `b.rs::two` |"),
                ONE,
                "there is no file b.rs",
            ),
            (
                format!("{ONE}\n| `two` | `a.rs::two_is_not` |"),
                ONE,
                "a.rs has no test `two_is_not`",
            ),
            (
                format!("{ONE}\n| `two` | `a.rs::one_is_shown` |"),
                ONE,
                "does not bear the name of `two`",
            ),
            (
                format!("{ONE}\n| `two` | `two` |"),
                ONE,
                "is no `path/to/file.rs::function`",
            ),
            (
                format!("{ONE}\n| `two` | See `a.rs::two`. |"),
                ONE,
                "is it one?",
            ),
            (
                format!("{ONE}\n| `two` | As `one` of `test_b.py`. |"),
                "| `one` | No. |",
                "`two` is as `one`, which has no test",
            ),
        ] {
            let told = told(&page(&of_a, of_b));
            assert_eq!(told.len(), 1, "{said}: {told:?}");
            assert!(told[0].contains(said), "{said}: {told:?}");
        }
    }
}
