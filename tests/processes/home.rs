use serde_json::Value;
use std::{
    collections::HashSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A home of its own, with a plain cache in it.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().join(".IdentityService")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder().join("msal.cache.nocae")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder().join("msal.cache.nocae.lockfile")
    }

    pub(crate) fn ours(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_program"));
        command.args(arguments);
        self.alone(command)
    }

    /// Writes so often.
    pub(crate) fn python(&self, count: u32, prefix: &str) -> Command {
        self.python_program("writer.py", &[&count.to_string(), prefix])
    }

    /// Holds a lock of this kind until its stdin ends.
    pub(crate) fn python_holder(&self, kind: &str) -> Command {
        let mut command = self.python_program("holder.py", &[kind]);
        command.stdin(Stdio::piped());
        command
    }

    fn python_program(&self, program: &str, arguments: &[&str]) -> Command {
        let interpreter = env::var_os("DOORKEY_PYTHON").expect(
            "DOORKEY_PYTHON is not set: run `cargo xtask test processes`, which provides it",
        );
        let mut command = Command::new(interpreter);
        command
            .arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("processes")
                    .join(program),
            )
            .arg(self.cache())
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        self.alone(command)
    }

    /// Runs a line of shell in which `$HOME` is a small disk of its own.
    pub(crate) fn on_small_disk(&self, line: &str) -> Command {
        let script =
            format!("mount -t tmpfs -o size=400k,mode=700 none \"$HOME\" && cd / && {line}");
        let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| {
            use std::os::unix::fs::MetadataExt;
            metadata.uid() == 0
        });
        let mut command = Command::new("unshare");
        command.args((!is_root).then_some("--map-root-user"));
        command.args(["--mount", "sh", "-ec", &script]);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_program"));
        self.alone(command)
    }

    /// The keys of the entries, as the library's document has them.
    pub(crate) fn keys(&self) -> HashSet<String> {
        let text = fs::read_to_string(self.cache()).expect("the cache is there");
        let document: Value = serde_json::from_str(&text).expect("the cache is whole");
        let entries = document["RefreshToken"].as_object().cloned();
        let secrets = entries.unwrap_or_default().into_iter();
        secrets
            .map(|(_, entry)| entry["secret"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn alone(&self, mut command: Command) -> Command {
        command
            .env("HOME", self.0.path())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}
