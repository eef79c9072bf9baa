use super::{SOAP, SOAP_1_1, Version, child, descend, parse, request::Escaped};
use crate::{
    error::{Error, ErrorKind, Result},
    sensitive::Sensitive,
};
use roxmltree::Node;

/// What a sign-in server says of a person, as it wrote it: another layout would break its signature.
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
    /// By what a reply calls it, or by its namespace
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

/// The first that Entra ID takes; else why it takes none.
fn assertion(reply: &str, root: Node<'_, '_>, trust: &str) -> Option<Result<Assertion>> {
    let responses = root
        .descendants()
        .filter(|node| node.has_tag_name((trust, "RequestSecurityTokenResponse")));
    let mut all = responses.filter_map(|response| issued(reply, response, trust));
    let first = all.next()?;
    Some(first.or_else(|error| all.find_map(Result::ok).ok_or(error)))
}

fn issued(reply: &str, response: Node<'_, '_>, trust: &str) -> Option<Result<Assertion>> {
    let token = child(response, trust, "RequestedSecurityToken")?
        .children()
        .find(Node::is_element)?;
    let token_type = child(response, trust, "TokenType").and_then(|node| node.text());
    let token_type = token_type.unwrap_or_default().trim();
    // The assertion itself knows best: the type may be left out, and servers mix its names up.
    let written = token.tag_name().namespace().and_then(Saml::of_token_type);
    let Some(saml) = written.or_else(|| Saml::of_token_type(token_type)) else {
        return Some(Err(Error::protocol(format!(
            "the organization's sign-in server gave a token of the type {:?}, which Entra ID does not \
             take; ask its administrator",
            plain(token_type)
        ))));
    };
    let text = whole(reply, token)?;
    Some(Ok(Assertion { text, saml }))
}

/// An element as it stands in `reply`, with the namespaces that it uses and that are declared around
/// it. No signature is broken by them: the canonical form in which it was signed has those in use anyway
/// ([Exclusive XML Canonicalization](https://www.w3.org/TR/xml-exc-c14n/), section 3).
fn whole(reply: &str, element: Node<'_, '_>) -> Option<Sensitive> {
    let text = reply.get(element.range())?;
    let (start, rest) = text.split_at(1 + name_of(text).len());
    let declared = attributes(rest);
    let around = element.parent()?;
    let missing = around.namespaces().filter(|namespace| {
        let (attribute, is_used) = match namespace.name() {
            Some("xml") => return false,
            Some(prefix) => (format!("xmlns:{prefix}"), has_prefix(text, prefix)),
            None => (
                "xmlns".to_owned(),
                is_by_default(reply, element, namespace.uri()),
            ),
        };
        is_used && !declared.contains(&attribute.as_str())
    });
    let declarations: String = missing
        .map(|namespace| {
            let uri = Escaped(namespace.uri());
            match namespace.name() {
                Some(prefix) => format!(" xmlns:{prefix}=\"{uri}\""),
                None => format!(" xmlns=\"{uri}\""),
            }
        })
        .collect();
    // Room for all, as what grows is copied and its old place not wiped.
    let mut whole = String::with_capacity(text.len() + declarations.len());
    whole.extend([start, &declarations, rest]);
    Some(Sensitive::new(whole))
}

/// The name, with its prefix, of an element that begins with `text`.
fn name_of(text: &str) -> &str {
    let name = text.get(1..).unwrap_or_default();
    let end = name.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
    &name[..end.unwrap_or(name.len())]
}

/// The names of the attributes in a start tag, behind the element's own.
fn attributes(mut rest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    while let Some((name, value)) = rest.split_once('=') {
        if name.contains('>') {
            break;
        }
        names.push(name.trim());
        let value = value.trim_start();
        let quote = |c: char| matches!(c, '"' | '\'') && value.starts_with(c);
        rest = value.splitn(3, quote).nth(2).unwrap_or_default();
    }
    names
}

/// Whether names begin with `prefix`, those in values included.
fn has_prefix(text: &str, prefix: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    text.match_indices(prefix).any(|(at, _)| {
        text[at + prefix.len()..].starts_with(':') && !text[..at].ends_with(is_of_name)
    })
}

/// Whether the default namespace `uri` is that of an element here.
fn is_by_default(reply: &str, element: Node<'_, '_>, uri: &str) -> bool {
    element.descendants().any(|node| {
        let is_plain = || {
            let text = reply.get(node.range()).unwrap_or_default();
            !name_of(text).contains(':')
        };
        node.is_element() && node.tag_name().namespace() == Some(uri) && is_plain()
    })
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
