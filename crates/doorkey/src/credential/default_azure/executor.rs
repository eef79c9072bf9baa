//! Starts the programs of developers, and does not wait for them for ever.

use async_trait::async_trait;
use azure_identity::Executor;
use std::{
    ffi::OsStr,
    io,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{process::Command, time::timeout};

#[derive(Debug)]
pub(super) struct TimedExecutor {
    pub(super) timeout: Duration,
    pub(super) search_path: String,
}

#[async_trait]
impl Executor for TimedExecutor {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("PATH", &self.search_path)
            // Nobody is there to answer a question.
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // The program is a shell, and `az` is its child.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let mut group = Group::of(&child);
        match timeout(self.timeout, child.wait_with_output()).await {
            Ok(output) => {
                group.has_ended();
                output
            }
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "it did not answer within {:?} (`process_timeout`)",
                    self.timeout
                ),
            )),
        }
    }
}

/// The processes of one call. Where it is given up, they are asked to end: `az` may be writing its own
/// files. (On Windows the shell ends alone.)
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg_attr(
        not(unix),
        allow(unused_variables, reason = "only Unix has groups of processes")
    )]
    fn of(child: &tokio::process::Child) -> Self {
        Self {
            #[cfg(unix)]
            leader: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(rustix::process::Pid::from_raw),
        }
    }

    fn has_ended(&mut self) {
        #[cfg(unix)]
        {
            self.leader = None;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::TERM);
        }
    }
}
