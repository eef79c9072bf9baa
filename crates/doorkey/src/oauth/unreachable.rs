//! Why no connection came about, in a sentence that says whose affair it is.

use crate::error::{Error, ErrorKind};
use std::{error::Error as StdError, io, iter};

/// Of the error that an HTTP client gave instead of a reply from `origin`.
pub(super) fn unreachable(origin: &str, error: azure_core::Error) -> Error {
    let fault = Fault::of(&error);
    let message = fault.sentence(origin, &cause(&error));
    let ours = Error::new(ErrorKind::Network, message).with_source(error);
    match fault {
        // Where a directory stands behind the proxy, a few wrong passwords lock a person out.
        Fault::ProxyCredentials => ours.lasting(),
        _ => ours,
    }
}

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    ProxyCredentials,
    ProxyRefuses,
    /// It is not there, is no proxy, or speaks SOCKS and says what is wrong.
    Proxy,
    ProxyCertificate,
    Certificate,
    Name,
    NobodyListens,
    Other,
}

impl Fault {
    /// As the clients of `hyper` tell it. They do so by private types, so the text is all there is;
    /// that of another client is `Other`, which is true of everything.
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let chain = || iter::successors(Some(error), |&error| error.source());
        let says = |words: &str| chain().any(|error| error.to_string().contains(words));
        let is_refused = chain()
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .any(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        let by_proxy = says("tunnel error: ") || says("SOCKS error: ");
        let is_untrusted = says("invalid peer certificate");
        if says("tunnel error: proxy authorization required")
            || says("SOCKS error: credentials not accepted")
        {
            Self::ProxyCredentials
        } else if says("tunnel error: unsuccessful") {
            Self::ProxyRefuses
        } else if is_untrusted {
            if by_proxy {
                Self::ProxyCertificate
            } else {
                Self::Certificate
            }
        } else if by_proxy {
            Self::Proxy
        } else if says("dns error") {
            Self::Name
        } else if is_refused {
            Self::NobodyListens
        } else {
            Self::Other
        }
    }

    fn sentence(self, origin: &str, cause: &str) -> String {
        match self {
            Self::ProxyCredentials => format!(
                "the proxy on the way to {origin} asks for a user name and a password, or does not \
                 accept those that it got; give them in its URL \
                 (HTTPS_PROXY=http://user:password@proxy:3128), or give a `transport` in \
                 `client_options` that has them"
            ),
            Self::ProxyRefuses => format!(
                "the proxy refuses to connect to {origin}, or cannot do it; ask who runs it, or go \
                 another way ({PROXY}; NO_PROXY names hosts that are reached without one)"
            ),
            Self::Proxy => format!(
                "the proxy on the way to {origin} did not connect us ({cause}); check its URL \
                 ({PROXY}), and whether a proxy runs there that may reach that host"
            ),
            Self::ProxyCertificate => format!(
                "the proxy on the way to {origin} is not trusted ({cause}); its certificate is \
                 missing: {TRUST}"
            ),
            Self::Certificate => format!(
                "{origin} is not trusted ({cause}); where a proxy or a virus scanner opens the \
                 connection, its certificate is missing: {TRUST}; else check the authority's name \
                 and this machine's clock"
            ),
            Self::Name => format!(
                "the address of {origin} was not found ({cause}); check the authority's name and \
                 the network; where only a proxy gets out, name it ({PROXY})"
            ),
            Self::NobodyListens => format!(
                "nobody answers at {origin} ({cause}); check the authority's name and port; where \
                 only a proxy gets out, name it ({PROXY})"
            ),
            Self::Other => format!(
                "{origin} could not be reached ({cause}); check the network, the proxy \
                 (HTTPS_PROXY), the certificates that this machine trusts, and the authority's name"
            ),
        }
    }
}

/// The innermost error's words, which the outer ones' do not hold.
fn cause(error: &(dyn StdError + 'static)) -> String {
    let last = iter::successors(Some(error), |&error| error.source()).last();
    last.map(ToString::to_string).unwrap_or_default()
}

const PROXY: &str = "HTTPS_PROXY or ALL_PROXY, or the proxy of the `transport` in `client_options`";
const TRUST: &str = "add it to those that this machine trusts, or give a `transport` in \
                     `client_options` that trusts it";

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::error::ErrorKind as Theirs;

    /// What real clients say of real proxies is shown by the command's tests.
    #[test]
    fn another_clients_error_is_told_as_it_is() {
        for (inner, beginning, ending) in [
            (
                io::Error::other("no route"),
                "https://login.example could not be reached (no route); ",
                "and the authority's name",
            ),
            (
                io::ErrorKind::ConnectionRefused.into(),
                "nobody answers at https://login.example (connection refused); ",
                "`client_options`)",
            ),
        ] {
            let error = azure_core::Error::with_error(Theirs::Connection, inner, "failed");
            let error = unreachable("https://login.example", error);
            assert_eq!(error.kind(), ErrorKind::Network);
            let told = error.to_string();
            assert!(told.starts_with(beginning), "{told}");
            assert!(told.ends_with(ending), "{told}");
            assert!(error.is_transient());
        }
    }
}
