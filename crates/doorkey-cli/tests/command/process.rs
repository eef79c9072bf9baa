//! Runs the command, and waits for what it prints instead of sleeping.

use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The command, before it runs.
pub(crate) struct Doorkey {
    command: Command,
    /// Shared by the commands of one user.
    home: Arc<TempDir>,
}

/// The command, while it runs. It is killed with the test.
pub(crate) struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
    _home: Arc<TempDir>,
}

/// What it left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Lines of a stream, read by a thread so that the other end never blocks.
struct Lines {
    receiver: Receiver<String>,
    seen: String,
}

impl Doorkey {
    pub(crate) fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self::at(&Arc::new(tempfile::tempdir().unwrap()), arguments)
    }

    /// In a home where others ran before.
    pub(crate) fn at<S: AsRef<OsStr>>(
        home: &Arc<TempDir>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            // Where the environment is empty there is no keyring.
            .env("DOORKEY_ALLOW_UNENCRYPTED_STORAGE", "1")
            .stdin(Stdio::null());
        let home = home.clone();
        Self { command, home }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With a file's content on stdin.
    pub(crate) fn stdin_from(self, file: &Path) -> Self {
        self.stdin(File::open(file).unwrap())
    }

    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// By another program, which is given the command and its arguments.
    pub(crate) fn run_by(self, program: &str, arguments: &[&str]) -> Finished {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .stdin(Stdio::null());
        for (name, value) in self.command.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        Self { command, ..self }.run()
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running {
            stdout: Lines::of(child.stdout.take().unwrap()),
            stderr: Lines::of(child.stderr.take().unwrap()),
            child,
            _home: self.home,
        }
    }

    pub(crate) fn run(self) -> Finished {
        self.start().wait()
    }

    /// With a stdout of the test's own.
    pub(crate) fn run_into(mut self, stdout: impl Into<Stdio>) -> Finished {
        let output = self.command.stdout(stdout).output().unwrap();
        Finished {
            status: output.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// With a stderr of the test's own.
    pub(crate) fn run_telling(mut self, stderr: impl Into<Stdio>) -> Finished {
        let output = self.command.stderr(stderr).output().unwrap();
        Finished {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::new(),
        }
    }
}

impl Running {
    /// The next line of stdout.
    pub(crate) fn result(&mut self) -> String {
        self.stdout.next(|_| true)
    }

    /// The next line on stderr that starts so, without its beginning.
    pub(crate) fn told(&mut self, beginning: &str) -> String {
        let line = self.stderr.next(|line| line.starts_with(beginning));
        line[beginning.len()..].to_owned()
    }

    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    pub(crate) fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn wait(mut self) -> Finished {
        if !(self.stdout.drain() && self.stderr.drain()) {
            panic!(
                "it does not end; until then:\n{}{}",
                self.stdout.seen, self.stderr.seen
            );
        }
        Finished {
            status: self.child.wait().unwrap().code(),
            stdout: std::mem::take(&mut self.stdout.seen),
            stderr: std::mem::take(&mut self.stderr.seen),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    #[track_caller]
    pub(crate) fn assert_status(&self, status: i32) -> &Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// It failed with one line on stderr that says all of this, and printed nothing on stdout.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: i32, parts: &[&str]) {
        self.assert_status(status);
        assert_eq!(self.stdout, "", "{self:#?}");
        let last = self.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("doorkey: error: "), "{self:#?}");
        for part in parts {
            assert!(last.contains(part), "{part} in {self:#?}");
        }
    }
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self {
            receiver,
            seen: String::new(),
        }
    }

    fn next(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(_) => panic!("the line never came; until then:\n{}", self.seen),
            }
        }
    }

    /// Reads to the end; whether it came in time.
    fn drain(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }
}

/// How long anything may take on a busy machine before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
