use std::{fmt, io, sync::Arc};

/// What opens the page of a browser sign-in.
#[derive(Clone, Default)]
pub enum BrowserLauncher {
    /// The system's browser, or what the environment variable `BROWSER` names; under WSL that of
    /// Windows. `BROWSER=none` opens none.
    #[default]
    System,
    /// A program and its arguments; the URL comes last. No shell is involved.
    Command(Vec<String>),
    /// A function that shows the person the URL, or opens it. It must not block.
    Callback(Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>),
}

impl BrowserLauncher {
    pub(crate) async fn open(&self, url: &str) -> Result<(), String> {
        match self {
            Self::Callback(f) => f(url).map_err(|e| e.to_string()),
            _ => Err("stub".into()),
        }
    }
}
impl fmt::Debug for BrowserLauncher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserLauncher")
    }
}
