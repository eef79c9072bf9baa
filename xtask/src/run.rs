//! Runs suites one after the other and says how each step went.

use std::{
    io::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    child,
    failure::Result,
    needs::{self, Environment},
    place::Place,
    platforms,
    suites::{PYTHON, Step, Suite, Tool},
};

/// Whether every step succeeded. A failed step does not hide what the later ones would have said,
/// unless the first failure is all that is wanted.
pub(crate) fn test(place: &Place, suites: &[&Suite], fail_fast: bool) -> bool {
    let start = Instant::now();
    let mut report = Vec::new();
    for suite in suites {
        run_suite(place, suite, fail_fast, &mut report);
        if fail_fast && report.iter().any(|line: &Line| !line.succeeded) {
            break;
        }
    }
    println!("\n{}", summary(&report, start.elapsed()));
    report.iter().all(|line| line.succeeded)
}

/// The benchmarks, with what is given after `bench`.
pub(crate) fn bench(place: &Place, arguments: &[String]) -> Result<bool> {
    child::must_succeed(
        child::command(child::cargo(), &place.root).args([
            "build",
            "--locked",
            "--release",
            "-p",
            "doorkey-cli",
        ]),
        "building the command",
    )?;
    let environment = needs::provide(&[PYTHON], place)?;
    let mut command = child::command(child::cargo(), &place.root);
    command
        .args(["bench", "--locked", "-p", "doorkey-benches"])
        .args(arguments)
        .envs(environment)
        .env("DOORKEY_COMMAND", place.target.join("release/doorkey"));
    child::succeeds(&mut command)
}

/// How one step went.
struct Line {
    suite: &'static str,
    what: String,
    took: Duration,
    succeeded: bool,
}

fn run_suite(place: &Place, suite: &Suite, fail_fast: bool, report: &mut Vec<Line>) {
    let mut environment = Environment::new();
    if !suite.needs.is_empty() {
        let provided = timed(suite.name, "what it needs".to_owned(), report, || {
            environment = needs::provide(suite.needs, place)?;
            Ok(true)
        });
        // Without it, each step would fail for a reason that is not its own.
        if !provided {
            return;
        }
    }
    for step in suite.steps {
        let succeeded = timed(suite.name, described(step), report, || {
            child::succeeds(&mut command(step, place, &environment))
        });
        if fail_fast && !succeeded {
            return;
        }
    }
}

fn timed(
    suite: &'static str,
    what: String,
    report: &mut Vec<Line>,
    step: impl FnOnce() -> Result<bool>,
) -> bool {
    println!("\n── {suite}: {what}");
    // The child writes to the same stream without asking us.
    let _ = std::io::stdout().flush();
    let start = Instant::now();
    let succeeded = step().unwrap_or_else(|failure| {
        println!("{failure}");
        false
    });
    let took = start.elapsed();
    let verdict = if succeeded { "done" } else { "FAILED" };
    println!("── {suite}: {verdict} after {}", seconds(took));
    report.push(Line {
        suite,
        what,
        took,
        succeeded,
    });
    succeeded
}

fn command(step: &Step, place: &Place, environment: &Environment) -> Command {
    let mut command = match step.tool {
        Tool::Cargo => child::command(child::cargo(), &place.root),
        Tool::DebianCargo => {
            let mut command = child::command(platforms::CARGO, &place.root);
            for name in platforms::REMOVED {
                command.env_remove(name);
            }
            command
                .envs(platforms::SET)
                .env("CARGO_TARGET_DIR", place.target.join(platforms::TARGET));
            command
        }
        Tool::Venv { folder, program } => child::command(
            needs::program_in_venv(&place.target.join(folder), program),
            &place.root,
        ),
    };
    command
        .args(step.arguments.split_whitespace())
        .envs(step.environment.iter().copied())
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// The command as somebody would type it.
fn described(step: &Step) -> String {
    let program = match step.tool {
        Tool::Cargo => "cargo",
        Tool::DebianCargo => platforms::CARGO,
        Tool::Venv { program, .. } => program,
    };
    let words: Vec<&str> = step.arguments.split_whitespace().collect();
    format!("{program} {}", words.join(" "))
}

fn summary(report: &[Line], total: Duration) -> String {
    let mut text = String::new();
    for line in report {
        text.push_str(&format!(
            "{:6} {:>8}  {:10} {}\n",
            if line.succeeded { "ok" } else { "FAILED" },
            seconds(line.took),
            line.suite,
            line.what
        ));
    }
    let failed = report.iter().filter(|line| !line.succeeded).count();
    text.push_str(&match failed {
        0 => format!("{} steps in {}", report.len(), seconds(total)),
        _ => format!(
            "{failed} of {} steps FAILED, in {}",
            report.len(),
            seconds(total)
        ),
    });
    text
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(suite: &'static str, succeeded: bool) -> Line {
        Line {
            suite,
            what: "cargo test".to_owned(),
            took: Duration::from_millis(1250),
            succeeded,
        }
    }

    #[test]
    fn the_summary_has_a_line_for_each_step_and_counts_the_failed() {
        let text = summary(
            &[line("fmt", true), line("unit", false)],
            Duration::from_secs(3),
        );
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "ok        1.2 s  fmt        cargo test",
                "FAILED    1.2 s  unit       cargo test",
                "1 of 2 steps FAILED, in 3.0 s",
            ]
        );
        let text = summary(&[line("fmt", true)], Duration::from_secs(3));
        assert!(text.ends_with("1 steps in 3.0 s"), "{text}");
    }

    #[test]
    fn a_step_is_described_as_it_would_be_typed() {
        let step = Step {
            tool: Tool::Cargo,
            arguments: "test   -p doorkey",
            environment: &[],
        };
        assert_eq!(described(&step), "cargo test -p doorkey");
    }
}
