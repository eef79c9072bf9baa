//! The D-Bus calls themselves. Their interface is fixed: brokers since 2.0.2 describe none.

use super::messages::{PROTOCOL_VERSION, Refusal, failed};
use crate::written::cleaned;
use azure_core::Uuid;
use doorkey::{Error, ErrorKind, Result};
use std::{env, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use zbus::address::{
    Address,
    transport::{Transport, Unix, UnixSocket},
};

const NAME: &str = "com.microsoft.identity.broker1";
const PATH: &str = "/com/microsoft/identity/broker1";
/// With a capital B, unlike the name.
const INTERFACE: &str = "com.microsoft.identity.Broker1";

/// For the bus, which runs whenever anybody is signed in to the desktop.
const CONNECTION_LIMIT: Duration = Duration::from_secs(5);

/// For a broker before its window opens; the bus may have to start it first.
const PROMPT_LIMIT: Duration = Duration::from_secs(15);

/// For a broker that has its name already, and not yet the object which is asked: Microsoft's 2.0, if
/// the bus has just started it.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long it is left alone between.
const START_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    Interactive,
    Silent,
    Accounts,
    Removal,
    SsoCookie,
    SignedHttpRequest,
    Cancellation,
    Version,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Interactive => "acquireTokenInteractively",
            Self::Silent => "acquireTokenSilently",
            Self::Accounts => "getAccounts",
            Self::Removal => "removeAccount",
            Self::SsoCookie => "acquirePrtSsoCookie",
            Self::SignedHttpRequest => "generateSignedHttpRequest",
            Self::Cancellation => "cancelInteractiveFlow",
            Self::Version => "getLinuxBrokerVersion",
        }
    }

    /// For whoever waits without a limit of their own.
    fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Interactive => 15 * 60,
            Self::Cancellation => 5,
            // More than a credential waits for an answer that needs nobody, as it then knows best what
            // to do.
            _ => 40,
        })
    }
}

/// A connection to the bus of this desktop session.
///
/// One for each question: a connection lives on the runtime on which it was made, and that may be gone
/// by the next.
#[derive(Clone, Debug)]
pub(super) struct Bus(zbus::Connection);

/// Why a call has no reply with JSON in it.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answered.
    Unanswered(Error),
    /// The broker answered with a D-Bus error.
    Refused(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unanswered(error) | Failure::Refused(error) => error,
        }
    }
}

impl Bus {
    pub(super) async fn connect() -> Result<Self> {
        tokio::runtime::Handle::try_current().map_err(|error| {
            unavailable(
                "asking the identity broker needs a Tokio runtime, and none is running here; call \
                 from within one",
            )
            .with_source(error)
        })?;
        let addresses = addresses().ok_or_else(|| unavailable(NO_BUS))?;
        timeout(CONNECTION_LIMIT, connect(addresses))
            .await
            .unwrap_or_else(|_| {
                Err(unavailable(format!(
                    "the D-Bus session did not answer within {} seconds, and so no identity broker \
                     can be asked; sign in to the desktop anew, or by the browser",
                    CONNECTION_LIMIT.as_secs()
                )))
            })
            .map(Self)
    }

    pub(super) async fn call(
        &self,
        method: Method,
        correlation_id: Uuid,
        message: &str,
    ) -> Result<String, Failure> {
        let correlation_id = correlation_id.to_string();
        let arguments = (PROTOCOL_VERSION, &*correlation_id, message);
        let started = Instant::now() + START_LIMIT;
        let calling = async {
            loop {
                let calling = self.0.call_method(
                    Some(NAME),
                    PATH,
                    Some(INTERFACE),
                    method.name(),
                    &arguments,
                );
                match calling.await {
                    Err(error) if is_starting(&error) && Instant::now() < started => {
                        sleep(START_PAUSE).await;
                    }
                    outcome => break outcome,
                }
            }
        };
        let reply = timeout(method.limit(), calling)
            .await
            .map_err(|_| Failure::Unanswered(late(method)))?
            .map_err(|error| failure(method, error))?;
        reply.body().deserialize().map_err(|error| {
            Failure::Refused(
                Error::new(
                    ErrorKind::Protocol,
                    format!(
                        "the identity broker's answer to {} is not a text; update the broker, or \
                         sign in by the browser",
                        method.name()
                    ),
                )
                .with_source(error),
            )
        })
    }
}

const NO_BUS: &str = "there is no D-Bus session here, and so no identity broker: it is often missing \
                      by SSH, in containers and in services; sign in by the browser or a device code";

/// Where the session's bus is. None is ever started: in it there would be no broker.
fn addresses() -> Option<Vec<zbus::Result<Address>>> {
    if let Some(addresses) = env::var("DBUS_SESSION_BUS_ADDRESS")
        .ok()
        .filter(|text| !text.trim().is_empty())
    {
        let addresses = addresses.split(';').filter(|address| !address.is_empty());
        return Some(addresses.map(str::parse).collect());
    }
    let folder = env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty())?;
    let socket = PathBuf::from(folder).join("bus");
    // Not as a text, in which a folder's name can mean something else.
    let address = |socket| Transport::Unix(Unix::new(UnixSocket::File(socket))).into();
    socket.exists().then(|| vec![Ok(address(socket))])
}

/// To the first of several addresses that answers
/// ([D-Bus specification](https://dbus.freedesktop.org/doc/dbus-specification.html#addresses)).
async fn connect(addresses: Vec<zbus::Result<Address>>) -> Result<zbus::Connection> {
    let mut failure = unavailable(NO_BUS);
    for address in addresses {
        let connection = match address.and_then(zbus::connection::Builder::address) {
            Ok(builder) => builder.build().await,
            Err(error) => Err(error),
        };
        match connection {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = failure.with_source(error),
        }
    }
    Err(failure)
}

fn is_starting(error: &zbus::Error) -> bool {
    let name = match error {
        zbus::Error::MethodError(name, ..) => name.as_str(),
        _ => return false,
    };
    name == "org.freedesktop.DBus.Error.UnknownObject"
}

fn late(method: Method) -> Error {
    let seconds = method.limit().as_secs();
    let message = match method {
        Method::Interactive => format!(
            "nobody finished signing in in the identity broker's window within {seconds} seconds; \
             begin it again"
        ),
        _ => format!(
            "the identity broker did not answer {} within {seconds} seconds; {RESTART}",
            method.name()
        ),
    };
    Error::new(ErrorKind::TimedOut, message)
}

const RESTART: &str = "restart it (`systemctl --user restart microsoft-identity-broker`), or sign in by \
                       the browser";

/// Whether anybody answers at all, before a person is waited for: a window that never opens would be
/// waited for for minutes.
pub(super) async fn promptly<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PROMPT_LIMIT, answer).await.unwrap_or_else(|_| {
        let seconds = PROMPT_LIMIT.as_secs();
        Err(unavailable(format!(
            "the identity broker did not answer within {seconds} seconds; {RESTART}"
        )))
    })
}

fn failure(method: Method, error: zbus::Error) -> Failure {
    let zbus::Error::MethodError(name, text, _) = &error else {
        return Failure::Unanswered(ended(method).with_source(error));
    };
    let text = text.as_deref().map(cleaned).unwrap_or_default();
    let name = name.as_str();
    let standard = name.strip_prefix("org.freedesktop.DBus.Error.");
    match standard.unwrap_or(name) {
        "ServiceUnknown" | "NameHasNoOwner" => Failure::Unanswered(unavailable(
            "no identity broker is installed on this machine; install Microsoft's \
             (`microsoft-identity-broker`) or himmelblau, or sign in by the browser",
        )),
        start if start.starts_with("Spawn.") || start == "TimedOut" => {
            Failure::Unanswered(unavailable(format!(
                "the identity broker is installed and could not be started: “{text}”; see `systemctl \
                 --user status microsoft-identity-broker`, or sign in by the browser"
            )))
        }
        "NoReply" | "Timeout" | "Disconnected" => Failure::Unanswered(ended(method)),
        "UnknownMethod" | "UnknownInterface" | "UnknownObject" | "NotSupported" => {
            Failure::Refused(unavailable(format!(
                "this machine's identity broker has no {}; update it, or sign in by the browser",
                method.name()
            )))
        }
        "AccessDenied" => Failure::Refused(unavailable(format!(
            "this program may not ask the identity broker: “{text}”; see whether it runs in a sandbox \
             that shuts D-Bus out, or sign in by the browser"
        ))),
        _ => Failure::Refused(refused(name, &text)),
    }
}

/// himmelblau says everything so, Microsoft's broker what it does not say in JSON. It is not the
/// authority's no, so another way to sign in may do.
fn refused(name: &str, text: &str) -> Error {
    let error = Refusal::of_text(text).into_error();
    if error.kind() != ErrorKind::Refused {
        return error;
    }
    let text = if text.is_empty() { name } else { text };
    failed(&format!("“{text}”"))
}

fn ended(method: Method) -> Error {
    unavailable(format!(
        "the identity broker ended while it was asked ({}); try again, or sign in by the browser",
        method.name()
    ))
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialUnavailable, message)
}
