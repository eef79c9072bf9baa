use crate::error::{Error, Result};
use url::{Host, Url};

/// How it begins.
const SCHEME: &str = "http://";

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
    /// Whether the authority takes no other port than the registered one.
    port_is_compared: bool,
}

/// Where Azure's own tools come back to from AD FS.
const PORT_AT_ADFS: u16 = 8400;

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
        // `url` drops or rewrites these, and what is sent is the text.
        if text.contains(|sign: char| sign.is_whitespace() || sign.is_control() || sign == '\\') {
            return Err(refuse(
                "it has white space, a control character or a backslash",
            ));
        }
        let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(refuse("only http can be served on this machine"));
        }
        if let Some(Host::Ipv6(_)) = url.host() {
            return Err(refuse("Entra ID refuses IPv6 addresses here"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a query or a fragment"));
        }
        let host_at = SCHEME.len();
        match text.get(..host_at) {
            Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => {}
            _ => return Err(refuse("it does not begin with http://")),
        }
        let host_end = text[host_at..]
            .find('/')
            .map_or(text.len(), |slash| host_at + slash);
        let (host, written) = match text[host_at..host_end].split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (&text[host_at..host_end], None),
        };
        // As written: `url` knows 127.1 and 0x7f.1 for loopback, too, and Entra ID does not.
        if !host.eq_ignore_ascii_case("localhost") && host != "127.0.0.1" {
            return Err(refuse("it does not lead to this machine"));
        }
        if written == Some("") {
            return Err(refuse("its port is empty; leave out the colon, too"));
        }
        if url.port() == Some(0) {
            return Err(refuse(
                "port 0 is none; leave the port out for an ephemeral one",
            ));
        }
        let written = written.is_some();
        Ok(Self {
            port_at: (!written).then_some(host_end),
            port: url.port_or_known_default().filter(|_| written),
            path: url.path().to_owned(),
            port_is_compared: false,
            text: text.to_owned(),
        })
    }

    /// The same for AD FS, which compares the port, too: where none is written, the one that Azure's
    /// tools have registered.
    pub(crate) fn at_adfs(&self) -> Self {
        let port = self.port.unwrap_or(PORT_AT_ADFS);
        Self {
            text: self.with_port(port),
            port_at: None,
            port: Some(port),
            path: self.path.clone(),
            port_is_compared: true,
        }
    }

    /// The port asked for; `None` for any.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether leaving the port out would help where it is taken.
    pub(crate) fn port_is_compared(&self) -> bool {
        self.port_is_compared
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
    fn redirect_uri_is_sent_as_it_was_given() {
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
            ("HTTP://LocalHost", None, "/", "HTTP://LocalHost:5000"),
        ] {
            let uri = RedirectUri::parse(given).unwrap();
            assert_eq!(uri.port(), port, "{given}");
            assert_eq!(uri.path(), path, "{given}");
            assert_eq!(uri.with_port(5000), sent, "{given}");
        }
    }

    #[test]
    fn has_a_port_at_adfs() {
        for (given, sent) in [
            (RedirectUri::DEFAULT, "http://localhost:8400"),
            ("http://localhost/a", "http://localhost:8400/a"),
            ("http://127.0.0.1:5001", "http://127.0.0.1:5001"),
        ] {
            let uri = RedirectUri::parse(given).unwrap().at_adfs();
            let port = uri.port().unwrap();
            assert_eq!(uri.with_port(port), sent, "{given}");
        }
    }

    #[test]
    fn invalid_redirect_uri_is_refused() {
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
            // What `url` would mend, and the authority would not.
            "http://localhost ",
            " http://localhost",
            "http://local\thost",
            "http://localhost/a\nb",
            "http://localhost/a\u{a0}b",
            "http:localhost",
            "http:/localhost",
            "http:\\\\localhost",
            "http:///localhost",
            "http://localhost\\a",
            "http://localhost:",
            "http://localhost:/a",
            "http://@localhost",
            "http://127.1",
            "http://0x7f.1",
            "http://2130706433",
            "http://%6cocalhost",
            "http://\u{ff4c}ocalhost",
        ] {
            let error = RedirectUri::parse(given).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{given}");
            assert!(error.to_string().contains("redirect_uri"), "{error}");
        }
    }
}
