use super::*;
use crate::ErrorKind;

const SECURITY_POLICY: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";
const SECURITY_POLICY_2005: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";

/// One endpoint, as a server's metadata describe it.
struct Described {
    name: &'static str,
    policy: &'static str,
    supporting: &'static str,
    action: String,
    address: &'static str,
}

impl Described {
    fn v13(address: &'static str) -> Self {
        Self {
            name: "v13",
            policy: SECURITY_POLICY,
            supporting: "SignedEncryptedSupportingTokens",
            action: Version::V13.action(),
            address,
        }
    }

    fn v2005(address: &'static str) -> Self {
        Self {
            name: "v2005",
            policy: SECURITY_POLICY_2005,
            supporting: "SignedSupportingTokens",
            action: Version::V2005.action(),
            address,
        }
    }
}

fn metadata(described: &[Described]) -> String {
    let mut parts = [String::new(), String::new(), String::new()];
    for Described {
        name,
        policy,
        supporting,
        action,
        address,
    } in described
    {
        parts[0] += &format!(
            r#"<p:Policy u:Id="{name}_p"><p:ExactlyOne><p:All><x:TransportBinding xmlns:x="{policy}"/><x:{supporting} xmlns:x="{policy}"><p:Policy><x:UsernameToken><p:Policy><x:WssUsernameToken10/></p:Policy></x:UsernameToken></p:Policy></x:{supporting}></p:All></p:ExactlyOne></p:Policy>"#
        );
        parts[1] += &format!(
            r##"<w:binding name="{name}"><p:PolicyReference URI="#{name}_p"/><s:binding transport="http://schemas.xmlsoap.org/soap/http"/><w:operation><s:operation soapAction="{action}"/></w:operation></w:binding>"##
        );
        parts[2] += &format!(
            r#"<w:port name="{name}" binding="tns:{name}"><a:EndpointReference><a:Address>{address}</a:Address></a:EndpointReference></w:port>"#
        );
    }
    let [policies, bindings, ports] = parts;
    format!(
        r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:a="http://www.w3.org/2005/08/addressing">{policies}{bindings}<w:service>{ports}</w:service></w:definitions>"#
    )
}

#[test]
fn happy_path_1_and_happy_path_2_and_happy_path_3_choose_the_endpoint() {
    const NEW: &str = "https://fs.example/trust/13/usernamemixed";
    const OLD: &str = "https://fs.example/trust/2005/usernamemixed";
    for (described, chosen) in [
        (
            vec![Described::v2005(OLD), Described::v13(NEW)],
            Some((NEW, Version::V13)),
        ),
        (vec![Described::v13(NEW)], Some((NEW, Version::V13))),
        (vec![Described::v2005(OLD)], Some((OLD, Version::V2005))),
        // Not over TLS, so not at all.
        (
            vec![
                Described::v13("http://fs.example/trust/13/usernamemixed"),
                Described::v2005(OLD),
            ],
            Some((OLD, Version::V2005)),
        ),
        (
            vec![Described {
                supporting: "EndorsingSupportingTokens",
                ..Described::v13(NEW)
            }],
            None,
        ),
        (
            vec![Described {
                action: "urn:something/else".into(),
                ..Described::v13(NEW)
            }],
            None,
        ),
        (vec![], None),
    ] {
        match (endpoint(&metadata(&described)), chosen) {
            (Ok(endpoint), Some((url, version))) => {
                assert_eq!((endpoint.url.as_str(), endpoint.version), (url, version));
            }
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
                assert!(error.to_string().contains("browser"), "{error}");
            }
            (outcome, _) => panic!("{outcome:?} instead of {chosen:?}"),
        }
    }
}

#[test]
fn an_address_says_its_version() {
    for (address, version) in [
        (
            "https://fs.example/adfs/services/trust/13/usernamemixed",
            Some(Version::V13),
        ),
        (
            "https://fs.example/adfs/services/trust/2005/UserNameMixed",
            Some(Version::V2005),
        ),
        (
            "https://fs.example/adfs/services/trust/13/windowstransport",
            None,
        ),
        (
            "http://fs.example/adfs/services/trust/13/usernamemixed",
            None,
        ),
        ("fs.example", None),
    ] {
        let endpoint = Endpoint::of_address(address);
        assert_eq!(
            endpoint.map(|endpoint| endpoint.version),
            version,
            "{address}"
        );
    }
}

#[test]
fn hostile_xml_is_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"b\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;</a>";
    let outside = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    for text in ["", "no xml", "<a>", bomb, outside, &deep] {
        assert_ne!(endpoint(text).unwrap_err().kind(), ErrorKind::Refused);
        let error = read(text, "fs.example").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!error.to_string().contains("root:"), "{error}");
    }
}

#[test]
fn escape_xml_and_username_xml_injection_is_prevented() {
    let endpoint = Endpoint::of_address("https://fs.example/a?b&c/trust/13/usernamemixed");
    assert_eq!(endpoint, None);
    let endpoint =
        Endpoint::of_address("https://fs.example/trust/13/usernamemixed?a=1&b='2'").unwrap();
    let username = "a</o:Username><o:Username>b & \"c\" 'd'@x.example";
    let password = "<&>\"'\r\n\u{e4}\u{1f511}]]>";
    let audience = "urn:federation:MicrosoftOnline";
    let envelope = envelope(&endpoint, audience, username, password, 1_764_020_000);
    let envelope = envelope.unwrap();
    let document = Document::parse(&envelope).unwrap();
    let all = |name: &str| {
        let named = document
            .descendants()
            .filter(|node| node.tag_name().name() == name);
        named
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("Username"), [username]);
    assert_eq!(all("Password"), [password]);
    assert_eq!(all("To"), [endpoint.url.as_str()]);
    assert_eq!(all("Created"), ["2025-11-24T21:33:20Z"]);
    assert_eq!(all("Expires"), ["2025-11-24T21:43:20Z"]);
    for impossible in ["a\0", "\u{1b}", "\u{fffe}"] {
        let error = request::envelope(&endpoint, audience, "a@b", impossible, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

fn response(trust: Version, token_type: &str, token: &str) -> String {
    let trust = trust.namespace();
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><t:RequestSecurityTokenResponseCollection xmlns:t="{trust}"><t:RequestSecurityTokenResponse><t:RequestedSecurityToken>{token}</t:RequestedSecurityToken><t:TokenType>{token_type}</t:TokenType></t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"#
    )
}

#[test]
fn token_parsing_happy_path_and_findall_content_with_comparison_keep_every_byte() {
    // Signed as it is: with its blanks, quotes, references and comments.
    let token = "<saml:Assertion  a = 'b'  xmlns:saml=\"urn:x\">\n <!-- c --> &#x41;<b/><b></b>\r\n</saml:Assertion>";
    for (version, token_type, saml) in [
        (
            Version::V13,
            "urn:oasis:names:tc:SAML:1.0:assertion",
            Saml::V11,
        ),
        (
            Version::V2005,
            "urn:oasis:names:tc:SAML:2.0:assertion",
            Saml::V20,
        ),
        (
            Version::V13,
            "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
            Saml::V11,
        ),
        (
            Version::V13,
            " http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0\n",
            Saml::V20,
        ),
    ] {
        let read = read(&response(version, token_type, token), "fs.example").unwrap();
        assert_eq!((read.text.expose(), read.saml), (token, saml));
    }
    for reply in [
        response(Version::V13, "urn:jwt", token),
        response(Version::V13, "urn:oasis:names:tc:SAML:1.0:assertion", ""),
        "<a/>".to_owned(),
    ] {
        let error = read(&reply, "fs.example").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
}

#[test]
fn parse_error_of_a_fault_tells_its_own_words() {
    let fault = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>a:FailedAuthentication</s:Value></s:Subcode></s:Code><s:Reason><s:Text>MSIS3126: Access is&#x9b; denied.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#;
    let error = read(fault, "fs.example").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = error.to_string();
    for part in [
        "fs.example",
        "a:FailedAuthentication",
        "MSIS3126: Access is",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains(char::is_control), "{text}");
}

/// Whoever checks the signature has the assertion alone.
#[test]
fn an_assertion_is_whole_without_what_was_around_it() {
    const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    const TYPE: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    let around = |declarations: &str, token: &str| {
        let reply = response(Version::V13, TYPE, token);
        reply.replacen("<s:Envelope", &format!("<s:Envelope {declarations}"), 1)
    };
    for (declarations, token) in [
        (
            format!(r#"xmlns:saml2="{ASSERTION}" xmlns:xs="urn:xs" xmlns:unused="urn:unused""#),
            r#"<saml2:Assertion ID="a"><saml2:Value xmlns:i="urn:i" i:type="xs:string"/></saml2:Assertion>"#,
        ),
        (
            format!(r#"xmlns="{ASSERTION}" xmlns:x="urn:&quot;&amp;&lt;""#),
            "<Assertion ID='a' x:b='c>'><Value/></Assertion>",
        ),
        (
            format!(r#"xmlns:saml2="{ASSERTION}" xmlns:ds="urn:ds" xmlns:own="urn:other""#),
            r#"<saml2:Assertion xmlns:own = "urn:own"><ds:Signature/><own:b/></saml2:Assertion>"#,
        ),
    ] {
        let reply = around(&declarations, token);
        let read = read(&reply, "fs.example").unwrap();
        let alone = Document::parse(read.text.expose()).unwrap();
        let whole = Document::parse(&reply).unwrap();
        let inside = whole
            .descendants()
            .find(|node| node.tag_name().name() == "Assertion")
            .unwrap();
        let names = |node: Node<'_, '_>| {
            let nodes = node.descendants().filter(Node::is_element);
            let names = nodes.map(|node| {
                let attributes = node.attributes().map(|attribute| {
                    format!(
                        "{:?}{}={}",
                        attribute.namespace(),
                        attribute.name(),
                        attribute.value()
                    )
                });
                (
                    format!("{:?}", node.tag_name()),
                    attributes.collect::<Vec<_>>(),
                )
            });
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(alone.root_element()), names(inside), "{reply}");
        assert_eq!(
            alone.root_element().lookup_namespace_uri(Some("xs")),
            declarations.contains("urn:xs").then_some("urn:xs")
        );
        assert!(!read.text.expose().contains("unused"));
        // Behind the start tag every byte is as it was.
        assert!(
            read.text
                .expose()
                .ends_with(token.split_once(' ').unwrap().1)
        );
    }
}

#[test]
fn what_surrounds_an_assertion_does_not_hide_it() {
    const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    let token = format!(r#"<Assertion xmlns="{SAML_2}"/>"#);
    let jwt = response(
        Version::V13,
        "urn:ietf:params:oauth:token-type:jwt",
        "<jwt/>",
    );
    let good = response(Version::V13, SAML_2, &token);
    let inner = |reply: &str| {
        let start = reply.find("<t:RequestSecurityTokenResponse>").unwrap();
        let end = reply
            .find("</t:RequestSecurityTokenResponseCollection>")
            .unwrap();
        reply[start..end].to_owned()
    };
    let two = good.replacen(
        &inner(&good),
        &format!("{}{}", inner(&jwt), inner(&good)),
        1,
    );
    for reply in [
        two,
        // WS-Trust lets servers leave the type out, and some have names of their own for it.
        good.replace(
            &format!("<t:TokenType>{SAML_2}"),
            "<t:TokenType>urn:oasis:names:tc:SAML:1.1",
        ),
        good.replace(&format!("<t:TokenType>{SAML_2}</t:TokenType>"), ""),
        good.replace(
            "<t:RequestedSecurityToken>",
            "<t:RequestedSecurityToken>\r\n<!-- <x> -->",
        ),
        good.replace(SAML_2, &format!("<![CDATA[{SAML_2}]]>"))
            .replace(
                &format!("xmlns=\"<![CDATA[{SAML_2}]]>\""),
                &format!("xmlns=\"{SAML_2}\""),
            ),
    ] {
        let read = read(&reply, "fs.example").unwrap_or_else(|error| panic!("{reply}: {error}"));
        assert_eq!((read.text.expose(), read.saml), (token.as_str(), Saml::V20));
    }
}

/// As other servers than ADFS describe themselves: each operation in its place, and one address only.
#[test]
fn the_dialects_of_metadata_are_read() {
    const NEW: &str = "https://fs.example/trust/13/usernamemixed";
    let plain = metadata(&[Described::v13(NEW)]);
    let issue = format!(
        r#"<w:operation><s:operation soapAction="{}"/></w:operation>"#,
        Version::V13.action()
    );
    assert!(plain.contains(&issue));
    let cancel = issue.replace("RST/Issue", "RST/Cancel");
    let signed = "SignedSupportingTokens";
    for text in [
        plain.replace(&issue, &format!("{cancel}{issue}")),
        plain.replace(&issue, &format!("<w:operation/>{issue}")),
        metadata(&[Described {
            supporting: signed,
            ..Described::v13(NEW)
        }]),
        plain.replace(NEW, &format!("\r\n  {NEW}\r\n")),
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- made by hand -->\n{plain}"),
        format!(
            r#"<m:Metadata xmlns:m="http://schemas.xmlsoap.org/ws/2004/09/mex"><m:MetadataSection>{plain}</m:MetadataSection></m:Metadata>"#
        ),
    ] {
        let chosen = endpoint(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!((chosen.url.as_str(), chosen.version), (NEW, Version::V13));
    }
}
