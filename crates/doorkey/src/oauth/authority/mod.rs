mod kind;
mod tenancy;

pub(crate) use kind::AuthorityKind;
pub(super) use kind::CIAM;

use crate::{
    cloud::Cloud,
    error::{Error, Result},
};
use url::Url;

/// Who issues the tokens: an https URL, with a tenant only where that is a part of its address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Authority {
    url: Url,
    kind: AuthorityKind,
    aliases: Vec<String>,
}

impl Authority {
    /// Reads an authority as people write it: a scheme may be missing, a slash may follow.
    pub(crate) fn parse(text: &str, parameter: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Error::invalid_argument(format!(
                "{parameter} {:?} is no authority: {why}; give an https URL such as {}",
                without_secrets(text),
                crate::AuthorityHosts::AZURE_PUBLIC_CLOUD
            ))
        };
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .unwrap_or(("https", text.trim()));
        let normal = format!("{scheme}://{}", rest.trim_end_matches('/'));
        let url = Url::parse(&normal).map_err(|error| refuse(&error.to_string()))?;
        if url.scheme() != "https" {
            return Err(refuse("tokens are only asked for over TLS"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(refuse("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a query or a fragment"));
        }
        let kind = AuthorityKind::of(&url).map_err(|why| refuse(&why))?;
        let mut authority = Self {
            url,
            kind,
            aliases: Vec::new(),
        };
        let cloud = authority.cloud().map_or(&[][..], Cloud::aliases);
        let mut aliases: Vec<_> = cloud.iter().map(|&alias| alias.to_owned()).collect();
        aliases.push(authority.host_and_port());
        aliases.retain(|alias| alias != authority.host());
        authority.aliases = aliases;
        Ok(authority)
    }

    pub(crate) fn kind(&self) -> &AuthorityKind {
        &self.kind
    }

    pub(crate) fn is_b2c(&self) -> bool {
        matches!(self.kind, AuthorityKind::B2c { .. })
    }

    /// The host alone, in lower case: the `environment` of cache entries, which have no port.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The host, and the port where it is not 443: the `authority` of a record.
    pub(crate) fn host_and_port(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// The cloud it belongs to, if its endpoints are known without asking.
    pub(crate) fn cloud(&self) -> Option<&'static Cloud> {
        match self.kind {
            AuthorityKind::Cloud(cloud) => Some(cloud),
            _ => None,
        }
    }

    /// Under which other names the cache may have entries of this authority: its cloud's other
    /// hosts, and the host with its port, as JavaScript's library writes it.
    pub(crate) fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Whether both are the same authority under different names.
    pub(crate) fn is_alias_of(&self, other: &Self) -> bool {
        self.host_and_port() == other.host_and_port()
            || self
                .cloud()
                .is_some_and(|cloud| other.url.port().is_none() && cloud.has_alias(other.host()))
    }

    /// Whether a record names `other` for this authority's cloud: two clouds have the same first
    /// issuer, so it alone does not say which.
    fn is_named_by_issuer(&self, other: &Self) -> bool {
        self.cloud()
            .is_some_and(|cloud| other.url.port().is_none() && cloud.is_first_issuer(other.host()))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// A URL below this authority.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        // An https URL always has a path to extend.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// For an error: without a user name and password, and without what a copied address may carry.
fn without_secrets(text: &str) -> String {
    let (shown, rest) = text.split_at(text.find(['?', '#']).unwrap_or(text.len()));
    // Either may be a part of the password.
    if rest.contains('@') {
        return "…".to_owned();
    }
    let rest = if rest.is_empty() { "" } else { "…" };
    match shown.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}{rest}"),
        None => format!("{shown}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_authority_as_people_write_it() {
        for (text, normal) in [
            (
                "https://login.microsoftonline.com",
                "https://login.microsoftonline.com",
            ),
            (
                "https://login.microsoftonline.com/ ",
                "https://login.microsoftonline.com",
            ),
            (
                "HTTPS://Login.MicrosoftOnline.com//",
                "https://login.microsoftonline.com",
            ),
            (
                "login.microsoftonline.us",
                "https://login.microsoftonline.us",
            ),
            ("localhost:8443", "https://localhost:8443"),
            (
                "https://adfs.local.stack/adfs/",
                "https://adfs.local.stack/adfs",
            ),
        ] {
            assert_eq!(
                Authority::parse(text, "authority").unwrap().as_str(),
                normal
            );
        }
    }

    #[test]
    fn normalize_authority_refuses_what_is_none() {
        for text in [
            "",
            "https://",
            "http://login.microsoftonline.com",
            "file:///etc/passwd",
            "https://me:pw@login.microsoftonline.com",
            "https://login.microsoftonline.com?x=1",
            "https://login.microsoftonline.com#x",
            "https://a b",
            "https://login.microsoftonline.com/contoso.example",
            "https://contoso.b2clogin.com/contoso.example",
        ] {
            let error = Authority::parse(text, "AZURE_AUTHORITY_HOST").unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument, "{text}");
            assert!(
                error.to_string().contains("AZURE_AUTHORITY_HOST"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_error_shows_no_secret_of_what_was_given() {
        for text in [
            "https://me:hunter2@login.microsoftonline.com",
            "me:hunter2@login.microsoftonline.com",
            "https://me:hun/ter2@login.microsoftonline.com",
            "http://me:hunter2@proxy@login.microsoftonline.com",
            "https://me:hun#ter2@login.microsoftonline.com",
            "https://me:hunter2?x@login.microsoftonline.com",
            "https://login.microsoftonline.com?code=hunter2",
            "https://login.microsoftonline.com/t#access_token=hunter2",
        ] {
            let error = Authority::parse(text, "authority").unwrap_err().to_string();
            assert!(error.contains("login.microsoftonline.com"), "{error}");
            assert!(!error.contains("ter2"), "{error}");
        }
    }

    #[test]
    fn aliases_are_one_authority() {
        for (one, other, same) in [
            ("login.windows.net", "login.microsoftonline.com", true),
            (
                "login.chinacloudapi.cn",
                "login.partner.microsoftonline.cn",
                true,
            ),
            (
                "login.microsoftonline.us",
                "login.microsoftonline.com",
                false,
            ),
            ("localhost:1", "localhost:1", true),
            ("localhost:1", "localhost:2", false),
            ("login.windows.net:444", "login.microsoftonline.com", false),
        ] {
            let parse = |text| Authority::parse(text, "authority").unwrap();
            assert_eq!(parse(one).is_alias_of(&parse(other)), same, "{one} {other}");
            assert_eq!(parse(other).is_alias_of(&parse(one)), same, "{other} {one}");
        }
    }
}
