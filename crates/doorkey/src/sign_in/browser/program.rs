use std::{
    ffi::OsString,
    io,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// A program that opens a page, its arguments, and what it gets to see of the environment besides
/// our own.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Program {
    pub(super) command: Vec<OsString>,
    pub(super) variables: Vec<(&'static str, &'static str)>,
}

impl Program {
    pub(super) fn new(command: Vec<OsString>) -> Self {
        Self {
            command,
            variables: Vec::new(),
        }
    }
}

/// Tries one after the other; the reasons of all, where none works.
pub(super) async fn run_first_of(programs: Vec<Program>) -> Result<(), String> {
    let mut reasons = Vec::new();
    for program in programs {
        match run(program, PATIENCE).await {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

/// Runs a blocking call on a thread of its own. Not on the runtime's: a browser may live for days,
/// and a runtime waits for its blocking threads when it is shut down.
pub(super) fn apart(work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let thread = thread::Builder::new().name("doorkey-browser".into());
    match thread.spawn(work) {
        Ok(_detached) => Ok(()),
        Err(error) => Err(format!("no thread can be started for the browser: {error}")),
    }
}

/// Starts a program without a shell and without our terminal, and waits for `patience` whether it
/// fails. Its end is awaited on another thread, so that it does not stay behind as a zombie.
async fn run(program: Program, patience: Duration) -> Result<(), String> {
    let Some((name, arguments)) = program.command.split_first() else {
        return Err("there is no program to run".into());
    };
    let mut command = Command::new(name);
    command
        .args(arguments)
        .envs(program.variables)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    leave_terminal(&mut command);
    let name = name.to_string_lossy().into_owned();

    let (start, started) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    apart(move || match command.spawn() {
        Ok(mut child) => {
            // Either receiver is gone when the sign-in was given up, which does not matter here.
            let _ = start.send(Ok(()));
            let _ = end.send(child.wait());
        }
        Err(error) => {
            let _ = start.send(Err(error));
        }
    })?;
    match started.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!("{name} was not found"));
        }
        Ok(Err(error)) => return Err(format!("{name} cannot be run: {error}")),
        Err(_gone) => return Err(format!("{name} cannot be run")),
    }
    match timeout(patience, ended).await {
        Ok(Ok(Ok(status))) => succeeded(&name, status),
        // It still runs, or nobody knows.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn succeeded(name: &str, status: ExitStatus) -> Result<(), String> {
    // Windows' Explorer says 1 even where it opened the page.
    let is_explorer = Path::new(name)
        .file_stem()
        .is_some_and(|stem| stem.eq_ignore_ascii_case("explorer"));
    if status.success() || (is_explorer && status.code() == Some(1)) {
        return Ok(());
    }
    Err(format!("{name} failed ({status})"))
}

/// In a process group of its own a program is not interrupted with ours, and the system stops it
/// if it tries to take over the terminal.
#[cfg(unix)]
fn leave_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

/// Without a console window.
#[cfg(windows)]
fn leave_terminal(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

/// How long a program may take to fail. One that found no browser says so within this time.
const PATIENCE: Duration = Duration::from_millis(500);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::PathBuf, process};

    const URL: &str = "https://login.example/authorize?a=b&c=%20d";
    const LONG: Duration = Duration::from_secs(600);

    fn shell(script: &str, arguments: &[&str]) -> Program {
        let command = ["/bin/sh", "-c", script].into_iter();
        let command = command.chain(arguments.iter().copied());
        Program::new(command.map(OsString::from).collect())
    }

    /// A file that is removed with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("doorkey-launcher-{}-{name}", process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.0).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[tokio::test]
    async fn a_program_gets_the_url_whole_and_last() {
        let scratch = Scratch::new("arguments");
        let script = "printf '%s\\n' \"$@\" > \"$0\"";
        let program = shell(script, &[scratch.path(), "--profile", "a b", URL]);
        run(program, LONG).await.unwrap();
        assert_eq!(scratch.text(), format!("--profile\na b\n{URL}\n"));
    }

    #[tokio::test]
    async fn a_program_that_fails_at_once_is_named() {
        let reason = run(shell("exit 3", &[]), LONG).await.unwrap_err();
        assert_eq!(reason, "/bin/sh failed (exit status: 3)");
    }

    #[test]
    fn explorer_has_not_failed_where_it_says_1() {
        use std::os::unix::process::ExitStatusExt;
        for (name, code, is_fine) in [
            ("/mnt/c/Windows/explorer.exe", 1, true),
            ("Explorer.EXE", 1, true),
            ("explorer", 0, true),
            ("explorer.exe", 2, false),
            ("/usr/bin/xdg-open", 1, false),
            ("/explorer/firefox", 1, false),
        ] {
            let status = ExitStatus::from_raw(code << 8);
            assert_eq!(succeeded(name, status).is_ok(), is_fine, "{name} {code}");
        }
    }

    #[tokio::test]
    async fn the_next_program_is_tried() {
        let scratch = Scratch::new("next");
        let programs = vec![
            Program::new(vec!["/nowhere/browser".into()]),
            shell("exec true > \"$0\"", &[scratch.path()]),
        ];
        run_first_of(programs).await.unwrap();
        assert_eq!(scratch.text(), "");
        let programs = vec![
            Program::new(vec!["/nowhere/a".into()]),
            Program::new(vec!["/nowhere/b".into()]),
        ];
        assert_eq!(
            run_first_of(programs).await.unwrap_err(),
            "/nowhere/a was not found; /nowhere/b was not found"
        );
    }

    #[expect(clippy::disallowed_methods, reason = "a test's scratch file")]
    #[tokio::test]
    async fn a_program_that_runs_on_is_not_waited_for() {
        let scratch = Scratch::new("running");
        fs::write(&scratch.0, "").unwrap();
        // Until the test removes the file, and never for long: nobody else would end it.
        let script = "n=0; while test -e \"$0\" && test $n -lt 999; do \
                      n=$((n + 1)); sleep 0.01; done";
        run(shell(script, &[scratch.path()]), Duration::ZERO)
            .await
            .unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_it_prints_goes_nowhere_and_the_terminal_is_not_its() {
        let scratch = Scratch::new("streams");
        let script = "for n in 0 1 2; do all=\"$all$(readlink /proc/$$/fd/$n) \"; done; \
                      echo $all $(cut -d' ' -f5 /proc/$$/stat) $$ > \"$0\"";
        run(shell(script, &[scratch.path()]), LONG).await.unwrap();
        let text = scratch.text();
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words[..3], ["/dev/null"; 3]);
        assert_eq!(words[3], words[4], "it leads a process group of its own");
    }
}
