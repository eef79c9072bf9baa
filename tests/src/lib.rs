//! What stands in the README and in the documents is compiled here, as a user's program would be.

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
    Logging = "../../docs/logging.md",
    Migrating = "../../docs/migrating.md",
    RegisterAnApp = "../../docs/register-an-app.md",
    TestingYourApp = "../../docs/testing-your-app.md",
    Troubleshooting = "../../docs/troubleshooting.md",
}
