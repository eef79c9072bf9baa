//! What stands in the README and in the documents is compiled here, as a user's program would be; and
//! the desktop session that several suites begin with.

#[cfg(unix)]
mod session;

#[cfg(unix)]
pub use session::{Running, Session};

macro_rules! compiled {
    ($($name:ident = $path:literal),+ $(,)?) => {
        $(
            #[doc = include_str!($path)]
            #[cfg(doctest)]
            #[derive(Debug)]
            pub struct $name;
        )+
    };
}

compiled! {
    Readme = "../../README.md",
    Desktop = "../../docs/desktop.md",
    HttpClients = "../../docs/http-clients.md",
    Brokers = "../../docs/brokers.md",
    Logging = "../../docs/logging.md",
    Migrating = "../../docs/migrating.md",
    ProofOfPossession = "../../docs/proof-of-possession.md",
    RegisterAnApp = "../../docs/register-an-app.md",
    TestingYourApp = "../../docs/testing-your-app.md",
    Troubleshooting = "../../docs/troubleshooting.md",
}
