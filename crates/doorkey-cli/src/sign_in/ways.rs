//! `--browser`, `--broker` and `--device-code`, whose order on the command line is the order in which
//! they are tried.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use std::fmt;

/// A way to ask a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Browser,
    Broker,
    DeviceCode,
}

/// The ways that were asked for, in the order given.
///
/// Written by hand because clap's derive knows no order between options.
#[derive(Clone, Debug)]
pub(super) struct Ways(Vec<Way>);

impl Ways {
    pub(super) fn is_given(&self) -> bool {
        !self.0.is_empty()
    }

    /// One at least: the browser, where nothing was asked for.
    pub(super) fn in_order(&self) -> Vec<Way> {
        if self.0.is_empty() {
            return vec![Way::Browser];
        }
        self.0.clone()
    }
}

impl Way {
    const ALL: [Self; 3] = [Self::Browser, Self::Broker, Self::DeviceCode];

    fn option(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Broker => "broker",
            Self::DeviceCode => "device-code",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Browser => {
                "Ask by this machine's browser (BROWSER names another, `none` opens none) [default]"
            }
            Self::Broker => {
                "Ask by the broker of the operating system, where people are signed in to the machine"
            }
            Self::DeviceCode => {
                "Ask by a code that is typed on any device. Of several ways, the next is tried where one \
                 does not work"
            }
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Browser => "by the browser",
            Self::Broker => "by the broker",
            Self::DeviceCode => "by a device code",
        })
    }
}

impl Args for Ways {
    fn augment_args(command: Command) -> Command {
        command.args(Way::ALL.map(|way| {
            Arg::new(way.option())
                .long(way.option())
                .help(way.help())
                .action(ArgAction::SetTrue)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Ways {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, Way)> = Way::ALL
            .into_iter()
            .filter(|way| matches.value_source(way.option()) == Some(ValueSource::CommandLine))
            .filter_map(|way| Some((matches.index_of(way.option())?, way)))
            .collect();
        given.sort_unstable_by_key(|(index, _)| *index);
        Ok(Self(given.into_iter().map(|(_, way)| way).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_given_is_the_order_tried() {
        for (line, ways) in [
            ("", &[Way::Browser][..]),
            ("--device-code", &[Way::DeviceCode]),
            ("--browser --device-code", &[Way::Browser, Way::DeviceCode]),
            ("--device-code --browser", &[Way::DeviceCode, Way::Browser]),
            (
                "--broker --device-code --browser",
                &[Way::Broker, Way::DeviceCode, Way::Browser],
            ),
        ] {
            let words = std::iter::once("doorkey").chain(line.split_ascii_whitespace());
            let matches = Ways::augment_args(Command::new("doorkey")).get_matches_from(words);
            let given = Ways::from_arg_matches(&matches).unwrap();
            assert_eq!(given.in_order(), ways, "{line}");
        }
    }
}
