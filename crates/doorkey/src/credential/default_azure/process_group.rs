//! The processes of one call: the program is a shell, and `az` is its child.

use std::io;
use tokio::process::{Child, Command};

/// Where the call is given up, its processes are asked to end: `az` may be writing its own files.
#[cfg(unix)]
pub(super) struct ProcessGroup {
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl ProcessGroup {
    pub(super) fn start(mut command: Command) -> io::Result<(Child, Self)> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = id.and_then(rustix::process::Pid::from_raw);
        Ok((child, Self { leader }))
    }

    pub(super) fn has_ended(&mut self) {
        self.leader = None;
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::TERM);
        }
    }
}

/// Windows ends the shell alone.
#[cfg(not(unix))]
pub(super) struct ProcessGroup;

#[cfg(not(unix))]
impl ProcessGroup {
    pub(super) fn start(mut command: Command) -> io::Result<(Child, Self)> {
        Ok((command.kill_on_drop(true).spawn()?, Self))
    }

    pub(super) fn has_ended(&mut self) {}
}
