//! Starts the programs of developers, and does not wait for them for ever.

use super::process_group::ProcessGroup;
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
        let (child, mut group) = ProcessGroup::start(command)?;
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
