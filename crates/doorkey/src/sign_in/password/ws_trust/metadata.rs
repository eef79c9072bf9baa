//! The metadata of a sign-in server (WS-MetadataExchange, WSDL 1.1): which of its endpoints takes a user
//! name and a password over TLS.

use super::{ADDRESSING, Endpoint, Version, child, descend, https, parse};
use crate::error::{Error, Result};
use roxmltree::Node;
use std::collections::{HashMap, HashSet};

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP_12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";

/// The versions of WS-SecurityPolicy.
const SECURITY_POLICIES: [&str; 2] = [
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
    "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
];

/// What the assertion that carries the user name is called. Over TLS both are the same message.
const SUPPORTING: [&str; 2] = ["SignedEncryptedSupportingTokens", "SignedSupportingTokens"];

/// The endpoint to be used: WS-Trust 1.3 before the draft of 2005.
pub(in super::super) fn endpoint(metadata: &str) -> Result<Endpoint> {
    let document = parse(metadata, "the sign-in server's metadata")?;
    // Some wrap them up (WS-MetadataExchange, section 4).
    let parts = document.descendants();
    let parts: Vec<_> = parts
        .filter(|node| node.has_tag_name((WSDL, "definitions")))
        .collect();
    let policies = policies(&parts);
    let bindings = bindings(&parts, &policies);
    let mut endpoints: Vec<_> = ports(&parts)
        .filter_map(|(binding, address)| {
            let version = *bindings.get(binding)?;
            let url = https(address)?;
            Some(Endpoint { url, version })
        })
        .collect();
    let best = endpoints
        .iter()
        .position(|endpoint| endpoint.version == Version::V13)
        .unwrap_or_default();
    if endpoints.is_empty() {
        return Err(Error::unavailable(
            "the organization's sign-in server takes no user name and password from a program (no such \
             endpoint over TLS is in its metadata); sign in by the browser, or ask its administrator \
             to enable /adfs/services/trust/13/usernamemixed",
        ));
    }
    Ok(endpoints.swap_remove(best))
}

/// The policies that want a user name and a password over TLS, as they are referred to.
fn policies(parts: &[Node<'_, '_>]) -> HashSet<String> {
    let policies = parts
        .iter()
        .flat_map(|&part| elements(part, POLICY, "Policy"));
    policies
        .filter(|policy| takes_passwords(*policy))
        .filter_map(|policy| policy.attribute((UTILITY, "Id")))
        .map(|id| format!("#{id}"))
        .collect()
}

fn takes_passwords(policy: Node<'_, '_>) -> bool {
    let alternatives = elements(policy, POLICY, "ExactlyOne");
    let mut all = alternatives.flat_map(|choice| elements(choice, POLICY, "All"));
    all.any(|all| {
        SECURITY_POLICIES.into_iter().any(|namespace| {
            let carries_token = |supporting| {
                let token = [
                    (namespace, supporting),
                    (POLICY, "Policy"),
                    (namespace, "UsernameToken"),
                    (POLICY, "Policy"),
                    (namespace, "WssUsernameToken10"),
                ];
                descend(all, &token).is_some()
            };
            child(all, namespace, "TransportBinding").is_some()
                && SUPPORTING.into_iter().any(carries_token)
        })
    })
}

/// The bindings under such a policy that speak a WS-Trust known here, by name.
fn bindings<'a>(parts: &[Node<'a, '_>], policies: &HashSet<String>) -> HashMap<&'a str, Version> {
    let bindings = parts
        .iter()
        .flat_map(|&part| elements(part, WSDL, "binding"));
    bindings
        .filter_map(|binding| {
            let is_http = child(binding, SOAP_12, "binding")?.attribute("transport")? == HTTP;
            let has_policy = elements(binding, POLICY, "PolicyReference")
                .filter_map(|reference| reference.attribute("URI"))
                .any(|uri| policies.contains(uri));
            // One issues, others renew and cancel.
            let version = elements(binding, WSDL, "operation")
                .filter_map(|operation| child(operation, SOAP_12, "operation"))
                .filter_map(|operation| operation.attribute("soapAction"))
                .find_map(Version::of_action)?;
            let name = binding.attribute("name")?;
            (is_http && has_policy).then_some((name, version))
        })
        .collect()
}

/// Which binding is spoken at which address.
fn ports<'a, 'i>(parts: &[Node<'a, 'i>]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let services = parts
        .iter()
        .flat_map(|&part| elements(part, WSDL, "service"));
    services
        .flat_map(|service| elements(service, WSDL, "port"))
        .filter_map(|port| {
            let binding = port.attribute("binding")?;
            let binding = binding.rsplit_once(':').map_or(binding, |(_, name)| name);
            let address = [(ADDRESSING, "EndpointReference"), (ADDRESSING, "Address")];
            let address = descend(port, &address)?.text()?;
            Some((binding, address))
        })
}

fn elements<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    parent
        .children()
        .filter(move |child| child.has_tag_name((namespace, name)))
}
