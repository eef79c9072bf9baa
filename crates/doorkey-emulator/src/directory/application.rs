use url::Url;

/// An application that people sign in to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Application {
    /// Its id, a GUID in lower case.
    pub client_id: String,
    /// What its consent page calls it.
    pub name: String,
    /// Where sign-ins may return to. `http://localhost` and `http://127.0.0.1` stand for every port.
    pub redirect_uris: Vec<String>,
    /// The family whose members share refresh tokens; `foci` in replies.
    pub family: Option<String>,
    /// Whether everybody has to consent to it.
    pub must_consent: bool,
    /// The permissions that it offers as a resource, named `api://{client_id}` or by its id.
    pub scopes: Vec<String>,
}

impl Application {
    /// Whether a sign-in may return to `uri`.
    ///
    /// On `http://localhost` and `http://127.0.0.1` the port does not matter (RFC 8252, section 7.3),
    /// and neither does the path where the registered address has none. Entra ID takes no address on
    /// `[::1]`. All others must match to the letter (RFC 9700, section 2.1).
    pub(crate) fn allows_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered == uri
                || loopback(registered)
                    .zip(loopback(uri))
                    .is_some_and(same_but_for_port)
        })
    }

    /// Whether a sign-in at AD FS may return to `uri`: it compares the port, too. `http://localhost`
    /// is registered there with the port of Azure's tools.
    pub(crate) fn allows_redirect_at_adfs(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered == uri || (registered == "http://localhost" && uri == AT_ADFS)
        })
    }
}

/// Where Azure's tools come back to from AD FS, however `http://localhost` is registered.
const AT_ADFS: &str = "http://localhost:8400";

/// `uri`, if it is on a loopback host that Entra ID knows.
fn loopback(uri: &str) -> Option<Url> {
    let url = Url::parse(uri).ok()?;
    let known = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (url.scheme() == "http" && known && plain).then_some(url)
}

fn same_but_for_port((registered, asked): (Url, Url)) -> bool {
    let any_path = registered.path() == "/" && registered.query().is_none();
    registered.host_str() == asked.host_str()
        && (any_path || (registered.path() == asked.path() && registered.query() == asked.query()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_allowed_as_entra_id_allows_it() {
        let application = Application {
            client_id: String::new(),
            name: String::new(),
            redirect_uris: vec![
                "http://localhost".to_owned(),
                "http://127.0.0.1/callback".to_owned(),
                "https://app.contoso.example/signed-in".to_owned(),
            ],
            family: None,
            must_consent: false,
            scopes: Vec::new(),
        };
        for (uri, allowed) in [
            ("http://localhost", true),
            ("http://localhost/", true),
            ("http://localhost:54321", true),
            ("http://localhost:54321/any/path?and=query", true),
            ("http://127.0.0.1:54321/callback", true),
            ("http://127.0.0.1:54321/other", false),
            ("http://127.0.0.1:54321", false),
            ("https://app.contoso.example/signed-in", true),
            ("https://app.contoso.example/signed-in/", false),
            ("https://app.contoso.example:8443/signed-in", false),
            ("http://[::1]:54321", false),
            ("https://localhost:54321", false),
            ("http://localhost.contoso.example", false),
            ("http://localhost@contoso.example", false),
            ("http://user@localhost:54321", false),
            ("http://localhost:54321/#fragment", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(application.allows_redirect_to(uri), allowed, "{uri}");
        }
    }
}
