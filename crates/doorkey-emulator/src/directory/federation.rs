use serde::Deserialize;

/// A domain whose people's passwords are checked by a server of their organization.
#[derive(Clone, Debug)]
pub(crate) struct Federation {
    pub(crate) domain: String,
    pub(crate) ws_trust: Vec<WsTrustVersion>,
    pub(crate) saml: SamlVersion,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum WsTrustVersion {
    #[serde(rename = "1.3")]
    V13,
    #[serde(rename = "2005")]
    V2005,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum SamlVersion {
    #[serde(rename = "1.1")]
    V11,
    #[serde(rename = "2.0")]
    V20,
}
