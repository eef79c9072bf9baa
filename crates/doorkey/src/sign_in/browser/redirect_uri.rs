use crate::error::{Error, Result};
use url::{Host, Url};

/// Where the browser brings the authorization response: `http` on this machine's loopback, by a
/// name that Entra ID accepts (it refuses `[::1]`;
/// [RFC 8252, section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
#[derive(Clone, Debug)]
pub(crate) struct RedirectUri {
    /// As the caller wrote it: the authority compares it with what is registered.
    text: String,
    /// Where the port belongs in `text`; `None` where the caller wrote one.
    port_at: Option<usize>,
    port: Option<u16>,
    path: String,
}

impl RedirectUri {
    /// `http://localhost` on an ephemeral port.
    pub(crate) const DEFAULT: &str = "http://localhost";

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Error::invalid_argument(format!(
                "redirect_uri {text:?} cannot be used: {why}; use http://localhost or \
                 http://127.0.0.1, with any path and port, as it is registered for the application"
            ))
        };
        let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(refuse("only http can be served on this machine"));
        }
        match url.host() {
            Some(Host::Domain("localhost")) => {}
            Some(Host::Ipv4(address)) if address == std::net::Ipv4Addr::LOCALHOST => {}
            Some(Host::Ipv6(_)) => return Err(refuse("Entra ID refuses IPv6 addresses here")),
            _ => return Err(refuse("it does not lead to this machine")),
        }
        if url.port() == Some(0) {
            return Err(refuse(
                "port 0 is none; leave the port out for an ephemeral one",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a query or a fragment"));
        }
        let host_at = text.find("://").map_or(0, |scheme| scheme + 3);
        let host_end = text[host_at..]
            .find('/')
            .map_or(text.len(), |slash| host_at + slash);
        let written = text[host_at..host_end].contains(':');
        Ok(Self {
            port_at: (!written).then_some(host_end),
            port: url.port_or_known_default().filter(|_| written),
            path: url.path().to_owned(),
            text: text.to_owned(),
        })
    }

    /// The port asked for; `None` for any.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// As it is sent to the authority, with the port that the listener got.
    pub(crate) fn with_port(&self, port: u16) -> String {
        let mut text = self.text.clone();
        if let Some(at) = self.port_at {
            text.insert_str(at, &format!(":{port}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn is_sent_as_it_was_given() {
        for (given, port, path, sent) in [
            (RedirectUri::DEFAULT, None, "/", "http://localhost:5000"),
            ("http://localhost/", None, "/", "http://localhost:5000/"),
            (
                "http://127.0.0.1/callback",
                None,
                "/callback",
                "http://127.0.0.1:5000/callback",
            ),
            (
                "http://localhost:8400",
                Some(8400),
                "/",
                "http://localhost:8400",
            ),
            (
                "http://localhost:80/a%20b",
                Some(80),
                "/a%20b",
                "http://localhost:80/a%20b",
            ),
        ] {
            let uri = RedirectUri::parse(given).unwrap();
            assert_eq!(uri.port(), port, "{given}");
            assert_eq!(uri.path(), path, "{given}");
            assert_eq!(uri.with_port(5000), sent, "{given}");
        }
    }

    #[test]
    fn what_is_impossible_is_refused() {
        for given in [
            "",
            "localhost:8400",
            "https://localhost:8400",
            "http://[::1]:8400",
            "http://example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://localhost:0",
            "http://localhost:65536",
            "http://me@localhost",
            "http://localhost/?x=1",
            "http://localhost/#x",
        ] {
            let error = RedirectUri::parse(given).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{given}");
            assert!(error.to_string().contains("redirect_uri"), "{error}");
        }
    }
}
