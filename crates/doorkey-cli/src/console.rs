//! The one place that prints. Results go to stdout and nothing else does; people are spoken to on
//! stderr, in plain lines that a screen reader can follow.

use crate::failure::{Failure, USAGE};
use std::{
    fmt,
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

/// Prints a result.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    print(format_args!("{text}\n"))
}

/// Shows whoever reads the result that it is coming.
pub(crate) fn blank() -> Result<(), Failure> {
    print(format_args!(" "))
}

fn print(text: fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_fmt(text)
        .and_then(|()| stdout.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::ReaderLeft,
            _ => Failure::Output(error),
        })
}

/// Tells the person something. Where nobody listens, the work goes on all the same.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Stderr, for what writes whole lines itself. Where nobody listens, the work goes on all the same.
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().lock().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tells the person what did not stop the work, and should be known.
pub(crate) fn warn(text: &str) {
    tell(&format!("doorkey: warning: {}", one_line(text)));
}

/// Tells the person what the work cannot go on without. An error where nobody can see it.
pub(crate) fn show(text: &str) -> io::Result<()> {
    if leads_nowhere() {
        return Err(io::Error::other("stderr is closed, or is the null device"));
    }
    let mut stderr = io::stderr().lock();
    writeln!(stderr, "{text}").and_then(|()| stderr.flush())
}

/// Whether stderr is the null device. It is where it was closed, too: Rust opens that one in its
/// place before `main`, so no write fails.
#[cfg(unix)]
fn leads_nowhere() -> bool {
    use std::{
        fs::{self, File},
        os::{fd::AsFd, unix::fs::MetadataExt},
    };
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    let stderr = stderr.and_then(|stderr| File::from(stderr).metadata());
    match (stderr, fs::metadata("/dev/null")) {
        // A file's number of device is 0; only devices have one.
        (Ok(stderr), Ok(null)) => null.rdev() != 0 && stderr.rdev() == null.rdev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn leads_nowhere() -> bool {
    false
}

/// What clap has to say: `--help` and `--version` are results, the rest is a wrong command line.
pub(crate) fn usage(message: &clap::Error) -> ExitCode {
    // Nothing can be done where even this cannot be printed.
    let _ = message.print();
    if message.use_stderr() {
        USAGE.into()
    } else {
        ExitCode::SUCCESS
    }
}

/// Whether a person reads what we [`tell`].
pub(crate) fn person_reads() -> bool {
    io::stderr().is_terminal()
}

/// Somebody else's text in one line, without what would steer the terminal.
pub(crate) fn one_line(text: &str) -> String {
    let printable = text.replace(char::is_control, " ");
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_cannot_steer_the_terminal() {
        assert_eq!(
            one_line("AADSTS1: no.\r\nTrace ID: \u{1b}[2Jx\u{9b}31m\tend "),
            "AADSTS1: no. Trace ID: [2Jx 31m end"
        );
    }
}
