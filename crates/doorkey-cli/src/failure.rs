//! What can go wrong, which exit status it has, and how it is told.

use crate::console;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use doorkey::ErrorKind;
use std::{error::Error, io};

/// The command line, or a value in it, is wrong. The status that clap uses, too.
pub(crate) const USAGE: u8 = 2;
const DONE: u8 = 0;
const FAILED: u8 = 1;
const AUTHENTICATION_REQUIRED: u8 = 3;
const UNAVAILABLE: u8 = 4;
const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An option's value cannot be used.
    Usage(String),
    /// The library's word.
    SignIn(doorkey::Error),
    /// The broker was to be asked, too, and there is none.
    NoBroker(doorkey::Error),
    /// There was no way to ask anybody.
    NobodySignedIn,
    /// More than one person can be meant.
    SeveralPeople(String),
    /// Somebody signed in, and it was not who was named.
    OtherPerson(String),
    /// No TLS client can be made on this machine.
    NoTransport(reqwest::Error),
    /// Stdout cannot be written to.
    Output(io::Error),
    /// Whoever read our stdout has what they wanted.
    ReaderLeft,
    Runtime(io::Error),
    Interrupted,
    #[cfg(feature = "emulator")]
    Emulator(doorkey_emulator::Error),
    /// A step of the demonstration did not go as it should.
    #[cfg(feature = "emulator")]
    Demo(String),
}

impl Failure {
    /// Whether it is the place of our own tokens that does not work.
    pub(crate) fn is_of_storage(&self) -> bool {
        matches!(self, Self::SignIn(error)
            if matches!(error.kind(), ErrorKind::CredentialUnavailable | ErrorKind::Cache))
    }

    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::ReaderLeft => DONE,
            Self::Usage(_) => USAGE,
            Self::SignIn(error) => match error.kind() {
                ErrorKind::InvalidArgument => USAGE,
                ErrorKind::AuthenticationRequired => AUTHENTICATION_REQUIRED,
                ErrorKind::CredentialUnavailable => UNAVAILABLE,
                _ => FAILED,
            },
            Self::NobodySignedIn | Self::SeveralPeople(_) => AUTHENTICATION_REQUIRED,
            Self::NoTransport(_) | Self::NoBroker(_) => UNAVAILABLE,
            Self::Interrupted => INTERRUPTED,
            Self::OtherPerson(_) | Self::Output(_) | Self::Runtime(_) => FAILED,
            #[cfg(feature = "emulator")]
            Self::Emulator(error) => status_of_emulator(error),
            #[cfg(feature = "emulator")]
            Self::Demo(_) => FAILED,
        }
    }

    /// One line on stderr; with `verbose`, the causes and the authority's own words too.
    pub(crate) fn tell(&self, verbose: bool) {
        match self {
            Self::ReaderLeft => return,
            Self::Interrupted => return console::tell("doorkey: interrupted"),
            _ => console::tell(&format!("doorkey: error: {}", self.message())),
        }
        if let Some(command) = self.satisfying_command() {
            console::tell(&format!(
                "doorkey: what the authority demands is satisfied by: {command}"
            ));
        }
        if verbose {
            self.tell_more();
        }
    }

    fn message(&self) -> String {
        console::one_line(&match self {
            Self::Usage(message) | Self::SeveralPeople(message) | Self::OtherPerson(message) => {
                message.clone()
            }
            Self::SignIn(error) => in_our_words(error),
            Self::NoBroker(error) => error
                .to_string()
                .replace(BY_BROWSER_OR_CODE, WITHOUT_BROKER)
                .replace(BY_BROWSER, WITHOUT_BROKER),
            Self::NobodySignedIn => "a person has to sign in; run `doorkey login`".to_owned(),
            Self::NoTransport(_) => "no TLS connection can be made: this machine has no \
                 certificates to trust, or they cannot be read; install them (Debian: \
                 ca-certificates), or give --ca-certificate"
                .to_owned(),
            Self::Output(error) => format!("the result cannot be written to stdout: {error}"),
            Self::Runtime(error) => format!("this machine lets us start nothing: {error}"),
            Self::Interrupted | Self::ReaderLeft => String::new(),
            #[cfg(feature = "emulator")]
            Self::Emulator(error) => error.to_string(),
            #[cfg(feature = "emulator")]
            Self::Demo(message) => message.clone(),
        })
    }

    /// How a person satisfies the claims of a challenge, ready to be copied.
    fn satisfying_command(&self) -> Option<String> {
        let Self::SignIn(error) = self else {
            return None;
        };
        let claims = BASE64_STANDARD.encode(error.oauth()?.claims.as_deref()?);
        let scopes = error.scopes().iter();
        let scopes: String = scopes.map(|scope| format!(" --scope '{scope}'")).collect();
        Some(format!("doorkey login{scopes} --claims-challenge {claims}"))
    }

    fn tell_more(&self) {
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = console::one_line(&error.to_string());
            console::tell(&format!("doorkey: caused by: {text}"));
            cause = error.source();
        }
        let Self::SignIn(error) = self else { return };
        let Some(oauth) = error.oauth() else { return };
        for (name, id) in [
            ("correlation id", &oauth.correlation_id),
            ("trace id", &oauth.trace_id),
        ] {
            if let Some(id) = id {
                let id = console::one_line(id);
                console::tell(&format!("doorkey: the authority's {name}: {id}"));
            }
        }
    }

    /// What stands behind [`message`](Self::message), and is not in it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::SignIn(error) | Self::NoBroker(error) => error.source(),
            Self::NoTransport(error) => Some(error),
            #[cfg(feature = "emulator")]
            Self::Emulator(error) => error.source(),
            _ => None,
        }
    }
}

/// Why a way was no way, where another one comes after it.
pub(crate) fn why(error: &doorkey::Error) -> String {
    console::one_line(&error.to_string().replace(SHOW_THE_URL, ""))
}

/// The library's message, in words of the command line.
fn in_our_words(error: &doorkey::Error) -> String {
    let message = error
        .to_string()
        .replace(
            "call `authenticate` with this error's claims",
            "sign in again",
        )
        .replace("call `authenticate`", "run `doorkey login`")
        .replace("`authenticate`", "`doorkey login`");
    match error.kind() {
        ErrorKind::AuthenticationRequired => match message.split_once(", and this credential") {
            Some((several, _)) if several.starts_with("several people") => {
                format!("{several}; say which is meant with --account")
            }
            Some((what, _)) => {
                format!("{what}; run `doorkey login`, or leave out --silent to be asked")
            }
            None => message,
        },
        // The command always keeps tokens, so that this is no way out of it.
        ErrorKind::CredentialUnavailable => {
            let message = message.replace(", or sign in without `cache_persistence`", "");
            let message = with_named_options(message.replace(SHOW_THE_URL, ""));
            if message.contains(BY_BROWSER) {
                return format!("{message} (--browser or --device-code, also after --broker)");
            }
            message
        }
        ErrorKind::InvalidArgument | ErrorKind::TimedOut => {
            with_named_options(message.replace(BEARER_OR_SOFTWARE, "leave out --broker or --pop-…"))
        }
        ErrorKind::Network => CONNECTIONS.iter().fold(message, |message, (theirs, ours)| {
            message.replace(theirs, ours)
        }),
        // The others may quote an authority, whose words are not ours to explain.
        _ => message,
    }
}

/// What a program can do about a browser that does not open.
const SHOW_THE_URL: &str = ", or give a `browser` callback or an `observer` that shows the URL";

/// What a program can do about a broker that binds nothing.
const BEARER_OR_SOFTWARE: &str = "ask `InteractiveBrowserCredential`, which binds tokens without a \
     broker, or ask for a bearer token";

/// What errors of brokers say in the end.
const BY_BROWSER: &str = "sign in by the browser";
const BY_BROWSER_OR_CODE: &str = "sign in by the browser or a device code";
const WITHOUT_BROKER: &str = "leave out --broker";

fn with_named_options(message: String) -> String {
    let is_named = |parameter: &str| {
        message.starts_with(&format!("{parameter} ")) || message.contains(&format!("`{parameter}`"))
    };
    let options = OPTIONS.iter().filter(|(parameter, _)| is_named(parameter));
    let options: Vec<&str> = options.map(|(_, options)| *options).collect();
    if options.is_empty() {
        return message;
    }
    format!("{message} ({})", options.join("; "))
}

/// What a program does about its connections, and what is done about those of this command.
const CONNECTIONS: [(&str, &str); 3] = [
    (
        "give them in its URL (HTTPS_PROXY=http://user:password@proxy:3128), or give a `transport` in \
         `client_options` that has them",
        "give them in the environment variable DOORKEY_PROXY or HTTPS_PROXY \
         (http://user:password@proxy:3128)",
    ),
    (
        "HTTPS_PROXY or ALL_PROXY, or the proxy of the `transport` in `client_options`",
        "--proxy, DOORKEY_PROXY, HTTPS_PROXY or ALL_PROXY",
    ),
    (
        "give a `transport` in `client_options` that trusts it",
        "give it as --ca-certificate or DOORKEY_CA_CERTIFICATE",
    ),
];

/// Parameters of the library, and where this command takes them from.
const OPTIONS: [(&str, &str); 10] = [
    (
        "authority",
        "--authority, DOORKEY_AUTHORITY or AZURE_AUTHORITY_HOST",
    ),
    ("tenant_id", "--tenant, DOORKEY_TENANT or AZURE_TENANT_ID"),
    ("client_id", "--client-id or DOORKEY_CLIENT_ID"),
    (
        "disable_instance_discovery",
        "--disable-instance-discovery or DOORKEY_DISABLE_INSTANCE_DISCOVERY",
    ),
    ("redirect_uri", "--redirect-uri"),
    ("scopes", "--scope"),
    ("claims", "--claims-challenge"),
    ("timeout", "--timeout"),
    (
        "cache_persistence.name",
        "--cache-name or DOORKEY_CACHE_NAME",
    ),
    (
        "allow_unencrypted_storage",
        "--allow-unencrypted-storage or DOORKEY_ALLOW_UNENCRYPTED_STORAGE",
    ),
];

impl From<doorkey::Error> for Failure {
    fn from(error: doorkey::Error) -> Self {
        Self::SignIn(error)
    }
}

#[cfg(feature = "emulator")]
impl From<doorkey_emulator::Error> for Failure {
    fn from(error: doorkey_emulator::Error) -> Self {
        Self::Emulator(error)
    }
}

#[cfg(feature = "emulator")]
fn status_of_emulator(error: &doorkey_emulator::Error) -> u8 {
    use doorkey_emulator::Error;
    match error {
        Error::Directory { .. } | Error::NotLoopback { .. } => USAGE,
        // As where the library finds no port to listen on and no folder to write to.
        Error::StateFolder { .. } | Error::Listen { .. } => UNAVAILABLE,
        _ => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_told_in_words_of_the_command_line() {
        for (kind, message, told) in [
            (
                ErrorKind::InvalidArgument,
                "`tenant_id` \"a b\" is no tenant",
                "`tenant_id` \"a b\" is no tenant (--tenant, DOORKEY_TENANT or AZURE_TENANT_ID)",
            ),
            (
                ErrorKind::InvalidArgument,
                "redirect_uri \"x\" cannot be used",
                "redirect_uri \"x\" cannot be used (--redirect-uri)",
            ),
            (
                ErrorKind::TimedOut,
                "nobody came; raise `timeout`",
                "nobody came; raise `timeout` (--timeout)",
            ),
            (
                ErrorKind::InvalidArgument,
                "AZURE_AUTHORITY_HOST \"x\" is no authority",
                "AZURE_AUTHORITY_HOST \"x\" is no authority",
            ),
            (ErrorKind::Refused, "no `scopes`", "no `scopes`"),
            (
                ErrorKind::AuthenticationRequired,
                "a person has to sign in (why), and this credential may not ask them",
                "a person has to sign in (why); run `doorkey login`, or leave out --silent to be \
                 asked",
            ),
            (
                ErrorKind::AuthenticationRequired,
                "several people are signed in (a, b), and this credential may not ask which one",
                "several people are signed in (a, b); say which is meant with --account",
            ),
            (
                ErrorKind::CredentialUnavailable,
                "no HOME; set it, or sign in without `cache_persistence`",
                "no HOME; set it",
            ),
            (
                ErrorKind::CredentialUnavailable,
                "no identity broker; sign in by the browser",
                "no identity broker; sign in by the browser (--browser or --device-code, also \
                 after --broker)",
            ),
            (
                ErrorKind::WrongAccount,
                "sign in as that account, or call `authenticate` to switch",
                "sign in as that account, or run `doorkey login` to switch",
            ),
            (
                ErrorKind::Refused,
                "a second factor is needed: call `authenticate` with this error's claims",
                "a second factor is needed: sign in again",
            ),
        ] {
            let failure = Failure::from(doorkey::Error::new(kind, message));
            assert_eq!(failure.message(), told);
        }
    }
}
