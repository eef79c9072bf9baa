//! [WS-Trust](https://docs.oasis-open.org/ws-sx/ws-trust/v1.3/ws-trust.html) 1.3 and its draft of 2005,
//! as far as a user name and a password need it: the messages, without sending them.

mod metadata;
mod request;
mod response;

pub(super) use metadata::endpoint;
pub(super) use request::envelope;
pub(super) use response::{Saml, read};

use crate::error::{Error, Result};
use roxmltree::{Document, Node};
use url::Url;

/// Which WS-Trust a server speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    V13,
    V2005,
}

/// Where a user name and a password are sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) version: Version,
}

impl Version {
    const ALL: [Self; 2] = [Self::V13, Self::V2005];

    fn namespace(self) -> &'static str {
        match self {
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
        }
    }

    /// The SOAP action of a request.
    pub(super) fn action(self) -> String {
        format!("{}/RST/Issue", self.namespace())
    }

    fn of_action(action: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.action() == action)
    }
}

impl Endpoint {
    /// An address that the realm names without saying its version: the usual paths do.
    pub(super) fn of_address(address: &str) -> Option<Self> {
        let url = https(address)?;
        let path = url.path().to_ascii_lowercase();
        let version = if path.contains("/trust/13/usernamemixed") {
            Version::V13
        } else if path.contains("/trust/2005/usernamemixed") {
            Version::V2005
        } else {
            return None;
        };
        Some(Self { url, version })
    }
}

const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// Passwords and what leads to them go over TLS alone.
pub(super) fn https(address: &str) -> Option<Url> {
    let url = Url::parse(address.trim()).ok()?;
    (url.scheme() == "https").then_some(url)
}

/// Parses XML that a server sent. A document type declaration is refused: nothing here needs one, and
/// what it declares can grow without bounds or reach elsewhere.
fn parse<'a>(text: &'a str, what: &str) -> Result<Document<'a>> {
    Document::parse(text).map_err(|error| {
        Error::protocol(format!(
            "{what} cannot be read ({error}); ask the administrator of the organization's sign-in server"
        ))
    })
}

/// The first child of that name; an empty `namespace` stands for none.
fn child<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| {
        let tag = child.tag_name();
        tag.name() == name && tag.namespace().unwrap_or_default() == namespace
    })
}

/// The element at the end of a path of children.
fn descend<'a, 'i>(node: Node<'a, 'i>, path: &[(&str, &str)]) -> Option<Node<'a, 'i>> {
    path.iter()
        .try_fold(node, |node, (namespace, name)| child(node, namespace, name))
}

#[cfg(test)]
mod tests;
