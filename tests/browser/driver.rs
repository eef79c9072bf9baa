//! `chromedriver`, as a child of the test.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// One driver; it and its browsers end when this is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    pub(crate) port: u16,
    /// Kept open: the driver would end at its next line.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(program("DOORKEY_CHROMEDRIVER"))
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let port = loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).expect("chromedriver's output");
            assert!(read > 0, "chromedriver ended at once");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches(['.', '\n']).parse().expect("a port");
            }
        };
        Self {
            child,
            port,
            _output: output,
        }
    }

    /// Asks the driver to end its browsers, which leave their profiles in order then.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "GET /shutdown HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
            self.port
        )?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.shut_down();
        // A browser ends with its driver's pipe, so that nothing stays behind in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of a program that `cargo xtask` found or installed.
pub(crate) fn program(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!(
            "{variable} is not set: run `cargo xtask test browser`, which installs the browser and \
             says where it is"
        ),
    }
}
