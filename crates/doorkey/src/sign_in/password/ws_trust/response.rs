use super::{SOAP, SOAP_1_1, Version, descend, parse};
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
/// (SOAP 1.2, section 5.4; of SOAP 1.1, which some fall back to, section 4.4). `server` is its name, for
/// the errors.
pub(in super::super) fn read(reply: &str, server: &str) -> Result<Assertion> {
    let document = parse(reply, "the answer of the organization's sign-in server")?;
    let root = document.root_element();
    let fault = |soap| descend(root, &[(soap, "Body"), (soap, "Fault")]);
    if let Some(fault) = fault(SOAP).or_else(|| fault(SOAP_1_1)) {
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

/// Why there is no assertion, by the names of the codes alone: the text is the server's language.
fn refused(fault: Node<'_, '_>, server: &str) -> Error {
    let text = |path: &[(&str, &str)]| descend(fault, path).and_then(|node| node.text());
    let value = (SOAP, "Value");
    let codes = [
        text(&[(SOAP, "Code"), value]),
        text(&[("", "faultcode")]),
        text(&[(SOAP, "Code"), (SOAP, "Subcode"), value]),
    ];
    let reasons = [
        text(&[(SOAP, "Reason"), (SOAP, "Text")]),
        text(&[("", "faultstring")]),
    ];
    let is_called = |name: &str| codes.iter().flatten().any(|code| local_name(code) == name);
    let subcode = codes.last().copied().flatten();
    let said = [subcode].into_iter().chain(reasons).flatten().map(plain);
    let said: Vec<_> = said.filter(|said| !said.is_empty()).collect();
    let said = match said.as_slice() {
        [] => String::new(),
        said => format!(" ({})", said.join(": ")),
    };
    let (kind, what) = if is_called("FailedAuthentication") {
        (
            ErrorKind::Refused,
            format!(
                "refused the user name and password{said}; check them, and whether the account is \
                 locked or its password expired"
            ),
        )
    } else if is_called("Receiver") || is_called("Server") {
        (
            ErrorKind::Network,
            format!("is in trouble{said}; try again later, or sign in by the browser"),
        )
    } else {
        (
            ErrorKind::Refused,
            format!(
                "refused the request{said}; check the user name, the password and this machine's \
                 clock, and ask its administrator whether it signs people in to Entra ID"
            ),
        )
    };
    Error::new(
        kind,
        format!("{server}, the organization's sign-in server, {what}"),
    )
}

/// Of a qualified name, whatever its prefix.
fn local_name(name: &str) -> &str {
    let name = name.trim();
    name.rsplit_once(':').map_or(name, |(_, local)| local)
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
