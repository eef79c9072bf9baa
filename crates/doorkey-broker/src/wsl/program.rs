//! `doorkey.exe`, run once for one question.

use super::apart::apart;
use crate::{exchange::LONGEST, written::cleaned};
use doorkey::{Error, ErrorKind, Result};
use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout,
};

const SUBCOMMAND: &str = "broker-request";

/// Until it writes anything: it begins with a blank, and goes on so for as long as it waits for Windows.
const SIGN_LIMIT: Duration = Duration::from_secs(15);

/// As much as a sentence needs.
const LONGEST_COMPLAINT: u64 = 4_096;

/// How long its answer is waited for by whoever has no limit of their own: as Linux' own broker is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    WithoutPerson,
    ForPerson,
}

impl Patience {
    fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::WithoutPerson => 40,
            Self::ForPerson => 15 * 60,
        })
    }
}

/// What `program` answers. It is killed where this is dropped, and sees that its answer is not wanted.
pub(super) async fn answer(program: &Path, request: &str, patience: Patience) -> Result<Vec<u8>> {
    let program = std::path::absolute(program).map_err(|error| unstartable(program, error))?;
    let child = started(&program, start).await?;
    timeout(patience.limit(), talk(child, request))
        .await
        .unwrap_or_else(|_| Err(late(patience)))
}

/// What `start` started, which Windows may look at for viruses first.
pub(super) async fn started<T: Send + 'static>(
    program: &Path,
    start: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let file = program.to_owned();
    let started = apart(SIGN_LIMIT, move || start(&file)).await?;
    started
        .ok_or_else(silent)?
        .map_err(|error| unstartable(program, error))
}

fn start(program: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    if let Some(folder) = program.parent() {
        // One that Windows can be in, and not one whose libraries it should load.
        command.current_dir(folder);
    }
    command
        .arg(SUBCOMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

async fn talk(mut child: Child, request: &str) -> Result<Vec<u8>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let asking = async {
        if let Some(mut stdin) = stdin {
            // One that does not listen says why below.
            let _ = stdin.write_all(request.as_bytes()).await;
        }
        Ok(())
    };
    let ((), reply, complaint) =
        tokio::try_join!(asking, reply(stdout), async { Ok(complaint(stderr).await) })?;
    let status = child.wait().await.map_err(broken)?;
    // As where the bridge between the systems broke: nobody has answered.
    if !status.success() || reply.trim_ascii().is_empty() {
        return Err(failed(status, &complaint));
    }
    Ok(reply)
}

async fn reply(stdout: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>> {
    let mut reply = Vec::new();
    let Some(stdout) = stdout else {
        return Ok(reply);
    };
    // With one byte more, by which too long a reply is told.
    let mut stdout = stdout.take(LONGEST as u64 + 1);
    timeout(SIGN_LIMIT, stdout.read_buf(&mut reply))
        .await
        .map_err(|_| silent())?
        .map_err(broken)?;
    stdout.read_to_end(&mut reply).await.map_err(broken)?;
    match reply.len() > LONGEST {
        true => Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "`doorkey.exe` wrote more than {LONGEST} bytes, which is no answer; update it on \
                 Windows, or sign in by the browser"
            ),
        )),
        false => Ok(reply),
    }
}

/// The beginning of what it says to people; the rest is read, lest it wait.
async fn complaint(stderr: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let mut text = Vec::new();
    let _ = (&mut stderr)
        .take(LONGEST_COMPLAINT)
        .read_to_end(&mut text)
        .await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    cleaned(&String::from_utf8_lossy(&text))
}

fn unstartable(program: &Path, error: io::Error) -> Error {
    unavailable(format!(
        "{} could not be started ({error}), by which WSL asks Windows' broker; see whether this WSL \
         starts programs of Windows (`cmd.exe /c ver`), or sign in by the browser",
        program.display()
    ))
    .with_source(error)
}

/// 2 is what the command says of a command line that it does not understand.
fn failed(status: ExitStatus, complaint: &str) -> Error {
    let said = match complaint {
        "" => "said nothing".to_owned(),
        complaint => format!("said: “{complaint}”"),
    };
    unavailable(match status.code() {
        Some(2) => format!(
            "`doorkey.exe` does not know `{SUBCOMMAND}` (it {said}); update it on Windows, or sign in \
             by the browser"
        ),
        _ => format!(
            "`doorkey.exe` ended without an answer ({status}) and {said}; run `doorkey.exe accounts \
             --broker` to see whether it works, or sign in by the browser"
        ),
    })
}

fn silent() -> Error {
    unavailable(format!(
        "`doorkey.exe` gave no sign of life within {} seconds; see whether it runs on Windows, or sign \
         in by the browser",
        SIGN_LIMIT.as_secs()
    ))
}

fn broken(error: io::Error) -> Error {
    unavailable(
        "the connection to `doorkey.exe` broke while it was asked; try again, or sign in by the browser",
    )
    .with_source(error)
}

fn late(patience: Patience) -> Error {
    let seconds = patience.limit().as_secs();
    let message = match patience {
        Patience::ForPerson => format!(
            "nobody finished signing in in Windows' window within {seconds} seconds; begin it again"
        ),
        Patience::WithoutPerson => format!(
            "`doorkey.exe` did not answer within {seconds} seconds; see whether it runs on Windows, or \
             sign in by the browser"
        ),
    };
    Error::new(ErrorKind::TimedOut, message)
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialUnavailable, message)
}
