//! What opens a page on this machine.

use super::program::{self, Program};
use std::{env, ffi::OsString, fs, path::Path};

/// Opens `url` in what `BROWSER` names, else in the system's browser.
pub(super) async fn open(url: &str) -> Result<(), String> {
    match ways_here(url)? {
        Ways::Programs(programs) => program::run_first_of(programs).await,
        Ways::SystemCall => system_call(url).await,
    }
}

fn ways_here(url: &str) -> Result<Ways, String> {
    let machine = Machine {
        variable: &|name| env::var_os(name),
        is_file: &Path::is_file,
        system: THIS_SYSTEM,
        is_wsl: is_wsl(),
    };
    machine.ways(url)
}

/// What is known of the machine.
struct Machine<'a> {
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    is_file: &'a dyn Fn(&Path) -> bool,
    system: System,
    /// Linux within Windows, with Windows' programs within reach.
    is_wsl: bool,
}

/// How a system opens a page.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "each system builds one of them")
)]
enum System {
    /// By a call of its own: Windows, macOS.
    Call,
    /// By the programs of the desktop: everything else.
    Programs,
}

#[derive(Debug, Eq, PartialEq)]
enum Ways {
    Programs(Vec<Program>),
    SystemCall,
}

impl Machine<'_> {
    /// What to try, in this order; else why there is nothing.
    fn ways(&self, url: &str) -> Result<Ways, String> {
        if let Some(browser) = self.set("BROWSER") {
            return self.of_variable(&browser, url).map(Ways::Programs);
        }
        if let System::Call = self.system {
            return Ok(Ways::SystemCall);
        }
        if self.is_wsl {
            return Ok(Ways::Programs(windows_browser(url)));
        }
        if self.set("DISPLAY").is_none() && self.set("WAYLAND_DISPLAY").is_none() {
            // What the desktop's programs would do here is start a browser in the terminal, which
            // cannot show the sign-in page.
            return Err(
                "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)".into(),
            );
        }
        Ok(Ways::Programs(desktop_browser(url)))
    }

    /// `BROWSER`: command lines, divided as `PATH` is; `%s` in them is the URL, which otherwise
    /// comes last.
    fn of_variable(&self, browser: &OsString, url: &str) -> Result<Vec<Program>, String> {
        let Some(browser) = browser.to_str() else {
            return Err("BROWSER is not text".into());
        };
        if browser.eq_ignore_ascii_case("none") {
            return Err("BROWSER is none".into());
        }
        let divider = match self.system {
            System::Call if cfg!(windows) => ';',
            System::Call | System::Programs => ':',
        };
        let mut programs = Vec::new();
        let mut refused = Vec::new();
        for line in browser.split(divider).map(str::trim) {
            let line = line.trim_matches('"');
            let words: Vec<&str> = if (self.is_file)(Path::new(line)) {
                vec![line]
            } else {
                line.split_ascii_whitespace().collect()
            };
            let Some(program) = words.first() else {
                continue;
            };
            if is_text_browser(program) {
                refused.push(*program);
                continue;
            }
            let mut command: Vec<OsString> = words
                .iter()
                .map(|word| word.replace("%s", url).into())
                .collect();
            if !words.iter().any(|word| word.contains("%s")) {
                command.push(url.into());
            }
            programs.push(Program::new(command));
        }
        if programs.is_empty() {
            let refused = refused.join(", ");
            return Err(format!(
                "BROWSER names no browser that can show the sign-in page ({refused})"
            ));
        }
        Ok(programs)
    }

    fn set(&self, name: &str) -> Option<OsString> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }
}

/// The browser of the Windows around us, whatever browsers are installed on this side: that is
/// where the person's sessions and security keys are. The URL goes through no shell.
fn windows_browser(url: &str) -> Vec<Program> {
    // The second for where Windows' PATH was not taken over (`appendWindowsPath=false`).
    [
        &["rundll32.exe", "url.dll,FileProtocolHandler", url][..],
        &[
            "/mnt/c/Windows/System32/rundll32.exe",
            "url.dll,FileProtocolHandler",
            url,
        ],
        &["wslview", url],
    ]
    .into_iter()
    .map(|words| Program::new(words.iter().map(OsString::from).collect()))
    .collect()
}

fn desktop_browser(url: &str) -> Vec<Program> {
    let mut programs: Vec<Program> = [
        &["xdg-open", url][..],
        &["gio", "open", url],
        &["x-www-browser", url],
    ]
    .into_iter()
    .map(|words| Program::new(words.iter().map(OsString::from).collect()))
    .collect();
    // Where the desktop knows no browser, xdg-open tries a list that ends with those of the
    // terminal.
    programs[0].variables = vec![("BROWSER", GRAPHICAL_BROWSERS)];
    programs
}

fn is_text_browser(program: &str) -> bool {
    let name = Path::new(program).file_name();
    name.is_some_and(|name| {
        TEXT_BROWSERS
            .iter()
            .any(|text_browser| name == *text_browser)
    })
}

/// Whether Windows' programs can be run from here. A container within WSL has the same kernel but
/// cannot.
fn is_wsl() -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    // Whatever the kernel is called: many build their own.
    ["WSLInterop", "WSLInterop-late"].iter().any(|name| {
        fs::read_to_string(Path::new("/proc/sys/fs/binfmt_misc").join(name))
            .is_ok_and(|state| state.starts_with("enabled"))
    })
}

#[cfg(any(windows, target_os = "macos"))]
const THIS_SYSTEM: System = System::Call;
#[cfg(not(any(windows, target_os = "macos")))]
const THIS_SYSTEM: System = System::Programs;

#[cfg(any(windows, target_os = "macos"))]
async fn system_call(url: &str) -> Result<(), String> {
    use std::time::Duration;
    use tokio::{sync::oneshot, time::timeout};

    let url = url.to_owned();
    let (report, reported) = oneshot::channel();
    program::apart(move || {
        let mut options = webbrowser::BrowserOptions::new();
        options.with_suppress_output(true);
        let browser = webbrowser::Browser::Default;
        let _ = report.send(webbrowser::open_browser_with_options(
            browser, &url, &options,
        ));
    })?;
    // A first start of a browser can take long; it is under way then.
    match timeout(Duration::from_secs(5), reported).await {
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(not(any(windows, target_os = "macos")))]
async fn system_call(_url: &str) -> Result<(), String> {
    Err("this system has no call that opens a browser".into())
}

/// Browsers that would take over the terminal, and cannot show Entra ID's pages anyway.
const TEXT_BROWSERS: [&str; 11] = [
    "www-browser",
    "lynx",
    "links",
    "links2",
    "elinks",
    "w3m",
    "eww",
    "netrik",
    "retawq",
    "browsh",
    "curl",
];

const GRAPHICAL_BROWSERS: &str =
    "x-www-browser:firefox:chromium:chromium-browser:google-chrome:microsoft-edge";

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://login.example/authorize?a=b%20c";

    fn ways(variables: &[(&str, &str)], system: System, is_wsl: bool) -> Result<Ways, String> {
        let machine = Machine {
            variable: &|name| {
                let mut set = variables.iter().filter(|(set, _)| *set == name);
                set.next().map(|(_, value)| OsString::from(value))
            },
            is_file: &|path| path == Path::new("/opt/my browser"),
            system,
            is_wsl,
        };
        machine.ways(URL)
    }

    fn on_linux(variables: &[(&str, &str)]) -> Result<Ways, String> {
        ways(variables, System::Programs, false)
    }

    fn commands(ways: Result<Ways, String>) -> Vec<Vec<String>> {
        let Ok(Ways::Programs(programs)) = ways else {
            panic!("{ways:?}");
        };
        let text = |word: OsString| word.into_string().unwrap();
        programs
            .into_iter()
            .map(|program| program.command.into_iter().map(text).collect())
            .collect()
    }

    #[test]
    fn the_variable_is_honoured_everywhere() {
        for (value, expected) in [
            ("firefox", vec![vec!["firefox", URL]]),
            (
                "firefox --new-window",
                vec![vec!["firefox", "--new-window", URL]],
            ),
            (
                "firefox --url=%s -x",
                vec![vec!["firefox", &format!("--url={URL}"), "-x"]],
            ),
            ("/opt/my browser", vec![vec!["/opt/my browser", URL]]),
            ("lynx:firefox", vec![vec!["firefox", URL]]),
            (" a : b ", vec![vec!["a", URL], vec!["b", URL]]),
        ] {
            let variables = [("BROWSER", value), ("DISPLAY", ":0")];
            for is_wsl in [false, true] {
                let ways = ways(&variables, System::Programs, is_wsl);
                assert_eq!(commands(ways), expected, "{value}");
            }
            assert_eq!(commands(on_linux(&variables[..1])), expected, "{value}");
        }
        let ways = ways(&[("BROWSER", "firefox")], System::Call, false);
        assert_eq!(commands(ways), [["firefox", URL]]);
    }

    #[test]
    fn none_opens_none() {
        for system in [System::Call, System::Programs] {
            for value in ["none", "NONE"] {
                let reason = ways(&[("BROWSER", value), ("DISPLAY", ":0")], system, true);
                assert_eq!(reason.unwrap_err(), "BROWSER is none");
            }
        }
    }

    #[test]
    fn no_browser_takes_over_the_terminal() {
        for value in ["lynx", "/usr/bin/w3m -cookie", "www-browser:links2"] {
            let reason = on_linux(&[("BROWSER", value), ("DISPLAY", ":0")]).unwrap_err();
            assert!(reason.contains("BROWSER"), "{reason}");
        }
        for headless in [&[][..], &[("DISPLAY", ""), ("BROWSER", "")]] {
            let reason = on_linux(headless).unwrap_err();
            assert!(reason.contains("no display"), "{reason}");
        }
        let Ok(Ways::Programs(programs)) = on_linux(&[("WAYLAND_DISPLAY", "wayland-0")]) else {
            panic!();
        };
        assert_eq!(programs[0].variables, [("BROWSER", GRAPHICAL_BROWSERS)]);
    }

    #[test]
    fn wsl_opens_the_windows_browser_even_beside_one_of_linux() {
        let programs = commands(ways(&[("DISPLAY", ":0")], System::Programs, true));
        assert_eq!(
            programs[0],
            ["rundll32.exe", "url.dll,FileProtocolHandler", URL]
        );
        assert_eq!(programs, commands(ways(&[], System::Programs, true)));
    }

    #[test]
    fn windows_and_macos_are_asked_by_their_own_call() {
        assert_eq!(ways(&[], System::Call, false), Ok(Ways::SystemCall));
    }
}
