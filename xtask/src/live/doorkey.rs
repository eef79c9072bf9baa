//! Runs the real programs: what they say to the person is shown while they run, and what they print is
//! kept, as it may be a token.

use super::lines::Program;
use crate::{
    child,
    failure::{Failure, Result},
    place::Place,
};
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Who runs the programs.
pub(crate) trait Runner {
    fn run(&self, program: Program, arguments: &[String], input: Option<&str>) -> Result<Outcome>;

    /// The version that is written down.
    fn version(&self) -> Result<String>;
}

/// The programs of this workspace.
pub(crate) struct Built<'a> {
    place: &'a Place,
    pub(super) doorkey: PathBuf,
    /// Besides what is inherited.
    pub(super) environment: Vec<(&'static str, PathBuf)>,
}

impl<'a> Built<'a> {
    pub(crate) fn new(place: &'a Place) -> Result<Self> {
        child::must_succeed(
            child::command(child::cargo(), &place.root).args([
                "build",
                "--locked",
                "-p",
                "doorkey-cli",
                "--all-features",
            ]),
            "building doorkey",
        )?;
        let name = format!("doorkey{}", std::env::consts::EXE_SUFFIX);
        Ok(Self {
            place,
            doorkey: place.target.join("debug").join(name),
            environment: Vec::new(),
        })
    }

    fn command(&self, program: Program) -> Command {
        match program {
            Program::Doorkey => self.scrubbed(&self.doorkey),
            Program::Example(name) => {
                let mut command = self.scrubbed(child::cargo());
                command.args(["run", "--locked", "--quiet", "-p", "doorkey", "--example"]);
                command.args([name, "--"]);
                command
            }
        }
    }

    /// Without what would steer the sign-in, and with what a machine may need for one.
    fn scrubbed(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = child::command(program, &self.place.root);
        for name in HEEDED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.environment.iter().cloned());
        command
    }
}

impl Runner for Built<'_> {
    fn run(&self, program: Program, arguments: &[String], input: Option<&str>) -> Result<Outcome> {
        let fail = || Failure::while_::<std::io::Error>("running a program");
        let mut child = self
            .command(program)
            .args(arguments)
            .stdin(match input {
                Some(_) => Stdio::piped(),
                None => Stdio::null(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fail())?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            // One that does not read it says why on its own.
            let _ = writeln!(stdin, "{input}");
        }
        let printed = child.stdout.take().map(|mut stdout| {
            thread::spawn(move || {
                let mut text = String::new();
                stdout.read_to_string(&mut text).map(|_| text)
            })
        });
        let mut told = String::new();
        let stderr = child.stderr.take().into_iter();
        for line in stderr.flat_map(|stderr| BufReader::new(stderr).lines()) {
            let line = line.map_err(fail())?;
            println!("    {line}");
            told.push_str(&line);
            told.push('\n');
        }
        let printed = printed.map(thread::JoinHandle::join);
        let stdout = match printed {
            Some(Ok(printed)) => printed.map_err(fail())?,
            _ => String::new(),
        };
        Ok(Outcome {
            status: child.wait().map_err(fail())?.code(),
            stdout,
            stderr: told,
        })
    }

    fn version(&self) -> Result<String> {
        let of = |command: &mut Command| {
            let output = command.output().map_err(Failure::while_("asking git"))?;
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let commit = of(self.scrubbed("git").args(["rev-parse", "--short", "HEAD"]))?;
        let changes = of(self
            .scrubbed("git")
            .args(["status", "--porcelain", "--", "crates"]))?;
        let version = of(self.scrubbed(&self.doorkey).arg("--version"))?;
        let version = version.trim_start_matches("doorkey ");
        Ok(match changes.is_empty() {
            true => format!("{version} ({commit})"),
            false => format!("{version} ({commit} and changes)"),
        })
    }
}

/// Of what is not inherited otherwise.
const HEEDED: [&str; 5] = [
    "BROWSER",
    "DOORKEY_ALLOW_UNENCRYPTED_STORAGE",
    "DOORKEY_CA_CERTIFICATE",
    "DOORKEY_DISABLE_INSTANCE_DISCOVERY",
    "DOORKEY_PROXY",
];
