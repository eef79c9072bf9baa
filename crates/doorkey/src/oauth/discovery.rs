//! What an authority says of itself, and what Microsoft says of it.

use super::{Authority, Transport, endpoints::Endpoints, issuer::Issuer, refusal::Asked};
use crate::{
    error::{Error, ErrorKind, Result},
    tenant::TenantId,
};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

/// Asks Microsoft whether an authority is one, before anything of the person goes there
/// (instance discovery).
pub(super) async fn vouch_for(
    transport: &Transport,
    authority: &Authority,
    tenant: &TenantId,
    deadline: Instant,
) -> Result<()> {
    let asked = authority.join(&[tenant.as_str(), "oauth2", "v2.0", "authorize"]);
    let public = Authority::parse(crate::AuthorityHosts::AZURE_PUBLIC_CLOUD, "authority")?;
    let mut url = public.join(&["common", "discovery", "instance"]);
    url.query_pairs_mut()
        .append_pair("api-version", "1.1")
        .append_pair("authorization_endpoint", asked.as_str());
    // Whoever reads it may be where Microsoft cannot be asked, or where a firewall answers for it.
    let unasked = |error: Error| {
        let message = format!(
            "Microsoft could not be asked whether `authority` {} is one ({error}); set \
             `disable_instance_discovery` if you trust it",
            authority.as_str()
        );
        error.within(message)
    };
    let reply = transport.get(url, deadline).await.map_err(unasked)?;
    #[derive(Deserialize)]
    struct Instance {
        tenant_discovery_endpoint: Option<String>,
    }
    let instance: Option<Instance> = serde_json::from_slice(&reply.body).ok();
    if instance.is_some_and(|instance| instance.tenant_discovery_endpoint.is_some()) {
        return Ok(());
    }
    let error = crate::oauth_error::OAuthError::from_json(Some(reply.status), &reply.body);
    match error {
        Some(error) if error.error == "invalid_instance" => Err(Error::invalid_argument(format!(
            "`authority` {} is no authority that Microsoft knows; check its name (AD FS is written \
             https://{}/adfs), or set `disable_instance_discovery` if you trust it",
            authority.as_str(),
            authority.host_and_port()
        ))
        .with_oauth(error)),
        _ => Err(unasked(super::refusal::refused(
            &Asked::new("instance discovery"),
            reply.status,
            error,
            reply.retry_after,
        ))),
    }
}

/// Reads the authority's own description of itself
/// ([OpenID Connect Discovery, section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
pub(super) async fn discover(
    transport: &Transport,
    authority: &Authority,
    tenant: &TenantId,
    deadline: Instant,
) -> Result<Endpoints> {
    let url = authority.metadata_url(tenant);
    let reply = transport.get(url.clone(), deadline).await?;
    if reply.status != 200 {
        let error = crate::oauth_error::OAuthError::from_json(Some(reply.status), &reply.body);
        let what = format!(
            "the description of tenant {:?} at {} (check `tenant_id` and `authority`)",
            tenant.as_str(),
            authority.as_str()
        );
        return Err(super::refusal::refused(
            &Asked::new(&what),
            reply.status,
            error,
            reply.retry_after,
        ));
    }
    #[derive(Deserialize)]
    struct Metadata {
        authorization_endpoint: Url,
        token_endpoint: Url,
        device_authorization_endpoint: Option<Url>,
        issuer: String,
        access_token_issuer: Option<String>,
    }
    let metadata: Metadata = serde_json::from_slice(&reply.body).map_err(|error| {
        Error::protocol(format!(
            "{url} does not describe an authority ({error}); check `authority`, and whether a \
             proxy or a sign-in page of the network answers in its place"
        ))
    })?;
    let endpoint = |name: &str, url: Url| trusted(authority, name, url);
    Ok(Endpoints {
        authorization: endpoint("authorization_endpoint", metadata.authorization_endpoint)?,
        token: endpoint("token_endpoint", metadata.token_endpoint)?,
        device_authorization: metadata
            .device_authorization_endpoint
            .map(|url| endpoint("device_authorization_endpoint", url))
            .transpose()?,
        issuer: Issuer::of(authority, metadata.issuer, metadata.access_token_issuer),
    })
}

/// A code and its verifier go to these URLs, so an authority may name its own host, those of Entra
/// ID and those of its kind, nobody else's.
fn trusted(authority: &Authority, name: &str, url: Url) -> Result<Url> {
    let own = url.host_str() == Some(authority.host()) && url.port() == authority.join(&[]).port();
    let of_its_kind = url.port().is_none()
        && url
            .host_str()
            .is_some_and(|host| authority.kind().is_served_by(host));
    if url.scheme() == "https" && (own || of_its_kind) {
        return Ok(url);
    }
    Err(Error::new(
        ErrorKind::Protocol,
        format!(
            "{} names {url} as its `{name}`, which is not its own; nothing was sent there. Check \
             `authority`",
            authority.as_str()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_sends_us_elsewhere_is_not_followed() {
        let own = "https://login.contoso.example:8443";
        let b2c = "https://login.contoso.example/contoso.example/b2c_1_in";
        for (authority, url, allowed) in [
            (own, "https://login.contoso.example:8443/t/token", true),
            (own, "https://login.microsoftonline.com/t/token", true),
            (own, "https://login.contoso.example/t/token", false),
            (own, "https://evil.example/t/token", false),
            (own, "http://login.contoso.example:8443/t/token", false),
            (own, "https://login.microsoftonline.com:444/t/token", false),
            (own, "https://contoso.b2clogin.com/t/token", false),
            (own, "https://contoso.ciamlogin.com/t/token", false),
            (b2c, "https://contoso.b2clogin.com/t/p/token", true),
            (b2c, "https://contoso.ciamlogin.com/t/token", false),
            (b2c, "https://fakeb2clogin.com/t/p/token", false),
            (b2c, "https://contoso.b2clogin.com.evil/t/p/token", false),
            (
                "https://contoso.ciamlogin.com",
                "https://aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com/t/token",
                true,
            ),
            (
                "https://contoso.ciamlogin.com",
                "https://fakeciamlogin.com/t/token",
                false,
            ),
            (
                "https://fs.contoso.example/adfs",
                "https://contoso.b2clogin.com/t/p/token",
                false,
            ),
            (
                "https://fs.contoso.example/adfs",
                "https://login.microsoftonline.com/t/token",
                false,
            ),
        ] {
            let authority = Authority::parse(authority, "authority").unwrap();
            let url = Url::parse(url).unwrap();
            assert_eq!(
                trusted(&authority, "token_endpoint", url.clone()).is_ok(),
                allowed,
                "{} {url}",
                authority.as_str()
            );
        }
    }
}
