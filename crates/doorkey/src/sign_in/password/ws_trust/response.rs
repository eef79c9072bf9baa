use super::{SOAP, Version, descend, parse};
use crate::{
    error::{Error, ErrorKind, Result},
    sensitive::Sensitive,
};
use roxmltree::Node;

/// What a sign-in server says of a person, byte for byte as it wrote it: another layout would break
/// its signature.
#[derive(Debug)]
pub(in super::super) struct Assertion {
    pub(in super::super) text: Sensitive,
    pub(in super::super) saml: Saml,
}

/// Which SAML an assertion is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Saml {
    V11,
    V20,
}

impl Saml {
    /// By what a reply calls it
    /// ([SAML token profile 1.1](https://docs.oasis-open.org/wss-m/wss/v1.1.1/os/wss-SAMLTokenProfile-v1.1.1-os.html)).
    fn of_token_type(token_type: &str) -> Option<Self> {
        match token_type {
            "urn:oasis:names:tc:SAML:1.0:assertion"
            | "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1" => {
                Some(Self::V11)
            }
            "urn:oasis:names:tc:SAML:2.0:assertion"
            | "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0" => {
                Some(Self::V20)
            }
            _ => None,
        }
    }
}

/// Reads the reply to a request for an assertion (WS-Trust, section 4.4), or the fault in its place
/// (SOAP 1.2, section 5.4). `server` is its name, for the errors.
pub(in super::super) fn read(reply: &str, server: &str) -> Result<Assertion> {
    let document = parse(reply, "the answer of the organization's sign-in server")?;
    let root = document.root_element();
    if let Some(fault) = descend(root, &[(SOAP, "Body"), (SOAP, "Fault")]) {
        return Err(refused(fault, server));
    }
    let found = Version::ALL
        .into_iter()
        .find_map(|version| assertion(reply, root, version.namespace()));
    found.unwrap_or_else(|| {
        Err(Error::protocol(format!(
            "{server}, the organization's sign-in server, answered without an assertion; ask its \
             administrator"
        )))
    })
}

fn assertion(reply: &str, root: Node<'_, '_>, trust: &str) -> Option<Result<Assertion>> {
    let is = |name| move |node: &Node<'_, '_>| node.has_tag_name((trust, name));
    let response = root
        .descendants()
        .find(is("RequestSecurityTokenResponse"))?;
    let token = response
        .children()
        .find(is("RequestedSecurityToken"))?
        .children()
        .find(Node::is_element)?;
    let token_type = response.children().find(is("TokenType"));
    let token_type = token_type.and_then(|node| node.text()).unwrap_or_default();
    let Some(saml) = Saml::of_token_type(token_type.trim()) else {
        return Some(Err(Error::protocol(format!(
            "the organization's sign-in server gave a token of the type {:?}, which Entra ID does not \
             take; ask its administrator",
            plain(token_type)
        ))));
    };
    let text = reply.get(token.range())?;
    Some(Ok(Assertion {
        text: Sensitive::new(text),
        saml,
    }))
}

fn refused(fault: Node<'_, '_>, server: &str) -> Error {
    let reason = descend(fault, &[(SOAP, "Reason"), (SOAP, "Text")]);
    let code = [(SOAP, "Code"), (SOAP, "Subcode"), (SOAP, "Value")];
    let texts = [descend(fault, &code), reason];
    let said: Vec<_> = texts
        .into_iter()
        .flatten()
        .filter_map(|node| node.text())
        .map(plain)
        .collect();
    Error::new(
        ErrorKind::Refused,
        format!(
            "{server}, the organization's sign-in server, refused the user name and password ({}); \
             check them, and whether the account is locked or its password expired",
            said.join(": ")
        ),
    )
}

/// These texts reach terminals and logs.
fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect::<String>()
        .trim()
        .to_owned()
}
