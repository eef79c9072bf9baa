//! `doorkey broker-request`: what a program in WSL asks of Windows' broker. One JSON on stdin, one on
//! stdout: `docs/broker-messages.md`.

use crate::{console, failure::Failure};
use std::{
    io::{self, IsTerminal as _, Read as _},
    time::Duration,
};
use tokio::time::{interval, sleep};

/// In bytes: more than is answered.
const TOO_LONG: u64 = 2 << 20;

/// How often whoever asks is shown that we are there, and whether they are is seen.
const BEAT: Duration = Duration::from_secs(1);

/// For a question that was dropped to be dropped on the thread, too, that asks Windows.
const FAREWELL: Duration = Duration::from_millis(500);

/// Answers one request. What goes wrong with it is in the answer.
pub(crate) async fn run() -> Result<(), Failure> {
    if io::stdin().is_terminal() || io::stdout().is_terminal() {
        return Err(Failure::Usage(
            "broker-request is for programs: it reads one JSON from a pipe and writes one to a pipe, \
             with a token in it; for a token of yours use `doorkey token --broker`"
                .to_owned(),
        ));
    }
    let answer = async {
        let request = read().await?;
        Ok(doorkey_broker::answer_request(&request).await)
    };
    let answer = tokio::select! {
        // The first blank stands before any answer.
        biased;
        failure = reader_leaves() => Err(failure),
        answer = answer => answer,
    };
    match answer {
        Ok(answer) => console::result(answer.secret()),
        Err(failure) => {
            sleep(FAREWELL).await;
            Err(failure)
        }
    }
}

/// On a thread of its own, so that Ctrl-C is heeded meanwhile.
async fn read() -> Result<Vec<u8>, Failure> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut request = Vec::new();
        let mut stdin = io::stdin().lock().take(TOO_LONG);
        stdin.read_to_end(&mut request).map(|_| request)
    });
    let read = reading.await.unwrap_or_else(|error| Err(error.into()));
    read.map_err(|error| Failure::Usage(format!("stdin cannot be read: {error}")))
}

/// Until nobody waits for the answer any more. A blank may stand before a JSON, and one that cannot be
/// written is the only thing by which every system, and WSL's bridge between two, tells of it.
async fn reader_leaves() -> Failure {
    let mut beats = interval(BEAT);
    loop {
        beats.tick().await;
        if let Err(failure) = console::blank() {
            return failure;
        }
    }
}
