//! The command line, parsed.

use crate::{
    live::Live,
    suites::{SUITES, Suite},
};

pub(crate) enum Request {
    Help,
    Test {
        suites: Vec<&'static Suite>,
        fail_fast: bool,
    },
    Parity,
    Live(Live),
    Bench {
        arguments: Vec<String>,
    },
}

impl Request {
    /// The error is what to print before leaving with status 2.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let Some((command, rest)) = arguments.split_first() else {
            return Err(usage());
        };
        match command.as_str() {
            "help" | "--help" | "-h" => Ok(Self::Help),
            "test" => Self::test(rest),
            "parity" => Ok(Self::Parity),
            "live" => Live::parse(rest)
                .map(Self::Live)
                .map_err(|message| format!("{message}\n\n{}", usage())),
            "bench" => Ok(Self::Bench {
                arguments: rest.to_vec(),
            }),
            other => Err(format!("there is no command {other:?}\n\n{}", usage())),
        }
    }

    fn test(arguments: &[String]) -> Result<Self, String> {
        let mut fail_fast = false;
        let mut suites = Vec::new();
        for argument in arguments {
            match argument.as_str() {
                "--fail-fast" => fail_fast = true,
                "--help" | "-h" => return Ok(Self::Help),
                name => {
                    let suite = SUITES
                        .iter()
                        .find(|suite| suite.name == name)
                        .ok_or_else(|| format!("there is no suite {name:?}; {}", listed()))?;
                    suites.push(suite);
                }
            }
        }
        if suites.is_empty() {
            suites = SUITES.iter().collect();
        }
        Ok(Self::Test { suites, fail_fast })
    }
}

pub(crate) fn usage() -> String {
    format!(
        "cargo xtask test [--fail-fast] [NAME…]   every suite, or those named\n\
         cargo xtask parity                       whether docs/parity.md accounts for every case\n\
         cargo xtask live [OPTION…]               the checklist against a real tenant: --list, --only LINE,\n\
         \x20   --authority URL, --tenant TENANT, --client-id ID, --scope SCOPE, --kind KIND,\n\
         \x20   --answers FILE, --page FILE\n\
         cargo xtask bench [ARGUMENT…]            the benchmarks, in release\n\
         \n\
         {}",
        listed()
    )
}

fn listed() -> String {
    let mut lines = String::from("the suites are:");
    for suite in SUITES {
        lines.push_str(&format!("\n  {:10} {}", suite.name, suite.about));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, String> {
        let arguments: Vec<String> = line.split_whitespace().map(String::from).collect();
        Request::parse(&arguments)
    }

    fn suites(line: &str) -> (Vec<&'static str>, bool) {
        match parse(line) {
            Ok(Request::Test { suites, fail_fast }) => {
                (suites.iter().map(|suite| suite.name).collect(), fail_fast)
            }
            _ => panic!("{line:?} is no test request"),
        }
    }

    #[test]
    fn without_a_name_every_suite_is_run_in_the_order_of_the_table() {
        let all: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        assert_eq!(suites("test"), (all.clone(), false));
        assert_eq!(suites("test --fail-fast"), (all, true));
    }

    #[test]
    fn named_suites_are_run_in_the_order_given() {
        assert_eq!(suites("test unit fmt"), (vec!["unit", "fmt"], false));
        assert_eq!(suites("test fmt --fail-fast"), (vec!["fmt"], true));
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        for line in ["test nonsense", "test fmt nonsense", "nonsense", ""] {
            let message = parse(line).err().expect("refused");
            for suite in SUITES {
                assert!(message.contains(suite.name), "{line:?}: {message}");
            }
        }
    }

    #[test]
    fn the_checklist_takes_options_that_it_knows() {
        let line = "live --only guest --only browser --authority https://a.example --answers -";
        assert!(matches!(parse(line), Ok(Request::Live(_))));
        for line in [
            "live nonsense",
            "live --only nonsense",
            "live --authority",
            "live --kind nonsense",
        ] {
            assert!(parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn the_benchmarks_get_their_arguments_untouched() {
        let Ok(Request::Bench { arguments }) = parse("bench -- cached --quick") else {
            panic!("no bench request");
        };
        assert_eq!(arguments, ["--", "cached", "--quick"]);
    }
}
