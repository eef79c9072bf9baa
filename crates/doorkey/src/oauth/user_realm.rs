//! Who checks a person's password: Entra ID, or a server of their organization.

use super::{
    OAuthClient, Parameters, Transport, common_headers,
    refusal::{Asked, refused},
    token_reply::lenient_text,
    transport::Reply,
};
use crate::{
    error::{Error, Result},
    oauth_error::OAuthError,
};
use serde::Deserialize;
use tokio::time::Instant;

/// Where a person's password is checked.
#[derive(Debug)]
pub(crate) enum UserRealm {
    /// By the authority itself.
    Managed,
    /// By a server of the person's organization.
    Federated(Federation),
    /// By Microsoft's own server for personal accounts, which takes none from a program.
    Personal,
    /// The authority knows no organization of that name: a personal account, or a mistake.
    Unknown,
}

/// The server of a person's organization.
#[derive(Debug, Deserialize)]
pub(crate) struct Federation {
    #[serde(
        rename = "federation_metadata_url",
        default,
        deserialize_with = "lenient_text"
    )]
    pub(crate) metadata_url: Option<String>,
    #[serde(
        rename = "federation_active_auth_url",
        default,
        deserialize_with = "lenient_text"
    )]
    pub(crate) active_url: Option<String>,
    #[serde(
        rename = "cloud_audience_urn",
        default,
        deserialize_with = "lenient_text"
    )]
    audience: Option<String>,
}

/// Entra ID calls personal accounts, whatever their domain, federated with this one.
const PERSONAL_ACCOUNTS: &str = "live.com";

impl Federation {
    /// For whom its assertions are; the public cloud, where that is not said.
    pub(crate) fn audience(&self) -> &str {
        let audience = self.audience.as_deref();
        audience.unwrap_or("urn:federation:MicrosoftOnline")
    }
}

impl OAuthClient {
    /// Asks the authority about a user name. The name is a part of the URL's path, so logs of the
    /// HTTP stack may show it.
    pub(crate) async fn user_realm(
        &self,
        parameters: &Parameters<'_>,
        username: &str,
        deadline: Instant,
    ) -> Result<UserRealm> {
        let mut url = self.authority.join(&["common", "userrealm", username]);
        url.query_pairs_mut().append_pair("api-version", "1.0");
        let headers = common_headers(parameters.correlation_id);
        let reply = self.transport.get_with(url, &headers, deadline).await?;
        read(&reply)
    }

    /// The way to a person's organization: the same proxy and certificates.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }
}

fn read(reply: &Reply) -> Result<UserRealm> {
    match reply.status {
        200 => {}
        // An authority without realms checks all passwords itself.
        404 => return Ok(UserRealm::Managed),
        status => {
            let error = OAuthError::from_json(Some(status), &reply.body);
            let asked = Asked::new("the question who checks the password");
            return Err(refused(&asked, status, error, reply.retry_after));
        }
    }
    #[derive(Deserialize)]
    struct Realm {
        account_type: String,
        #[serde(default, deserialize_with = "lenient_text")]
        domain_name: Option<String>,
        #[serde(flatten)]
        federation: Federation,
    }
    let realm: Realm = serde_json::from_slice(&reply.body).map_err(|_| {
        Error::protocol(
            "the authority did not say who checks the password, so it was sent nowhere; check \
             `authority`, and whether a proxy or a sign-in page of the network answers in its place",
        )
    })?;
    let domain = realm.domain_name.unwrap_or_default();
    if domain.eq_ignore_ascii_case(PERSONAL_ACCOUNTS) {
        return Ok(UserRealm::Personal);
    }
    Ok(match realm.account_type.to_ascii_lowercase().as_str() {
        "federated" => UserRealm::Federated(realm.federation),
        "managed" => UserRealm::Managed,
        _ => UserRealm::Unknown,
    })
}
