use super::{Authority, Transport, refusal::Asked};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    tenant::TenantId,
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};
use url::Url;

/// Where one tenant of one authority is asked, and who its tokens say issued them.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) device_authorization: Option<Url>,
    pub(crate) issuer: Issuer,
}

#[derive(Debug)]
pub(crate) enum Issuer {
    /// Any alias of a cloud that we know; of one tenant, where it was asked by its id.
    Cloud {
        cloud: &'static Cloud,
        tenant_id: Option<String>,
    },
    /// What the authority says of itself, with `{tenantid}` where it serves many tenants.
    Metadata(String),
}

impl Issuer {
    /// Whether an id token of tenant `tid` may name `issuer`
    /// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    pub(crate) fn issues(&self, issuer: &str, tid: Option<&str>) -> bool {
        match self {
            Self::Cloud { cloud, tenant_id } => tid.is_some_and(|tid| {
                tenant_id
                    .as_deref()
                    .is_none_or(|asked| asked.eq_ignore_ascii_case(tid))
                    && is_of_cloud(cloud, issuer, Some(tid))
            }),
            Self::Metadata(template) => match tid {
                Some(tid) => template.replace(TENANT_TEMPLATE, tid) == issuer,
                None => template == issuer,
            },
        }
    }

    /// Whether a redirect may name `issuer`, when it is not known yet who signed in
    /// ([RFC 9207, section 2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4)).
    pub(crate) fn redirects(&self, issuer: &str) -> bool {
        match self {
            Self::Cloud { cloud, .. } => is_of_cloud(cloud, issuer, None),
            Self::Metadata(template) => match template.split_once(TENANT_TEMPLATE) {
                Some((before, after)) => issuer
                    .strip_prefix(before)
                    .and_then(|rest| rest.strip_suffix(after))
                    .is_some_and(|tenant| TenantId::parse(tenant).is_ok()),
                None => template == issuer,
            },
        }
    }
}

const TENANT_TEMPLATE: &str = "{tenantid}";

/// `https://{alias}/{tid}/v2.0`.
fn is_of_cloud(cloud: &Cloud, issuer: &str, tid: Option<&str>) -> bool {
    let Some(rest) = issuer.strip_prefix("https://") else {
        return false;
    };
    let mut parts = rest.split('/');
    parts.next().is_some_and(|host| cloud.has_alias(host))
        && parts.next().is_some_and(|tenant| match tid {
            Some(tid) => tenant == tid,
            None => TenantId::parse(tenant).is_ok(),
        })
        && parts.next() == Some("v2.0")
        && parts.next().is_none()
}

/// The endpoints of a tenant: known for Entra ID's clouds, otherwise asked for once per process.
pub(crate) async fn endpoints(
    transport: &Transport,
    authority: &Authority,
    tenant: &TenantId,
    disable_instance_discovery: bool,
    deadline: Instant,
) -> Result<Arc<Endpoints>> {
    if let Some(cloud) = authority.cloud() {
        return Ok(Arc::new(known(authority, cloud, tenant)));
    }
    let key = (
        authority.clone(),
        tenant.clone(),
        disable_instance_discovery,
    );
    let cell = Arc::clone(discovered().entry(key).or_default());
    let finding = cell.get_or_try_init(|| async {
        if !disable_instance_discovery {
            vouch_for(transport, authority, tenant, deadline).await?;
        }
        discover(transport, authority, tenant, deadline)
            .await
            .map(Arc::new)
    });
    // Somebody else may be finding out, and may have stopped.
    let found = timeout_at(deadline, finding).await.map_err(|_| {
        Error::new(
            ErrorKind::Network,
            format!("{} was not found in time; try again", authority.as_str()),
        )
    })??;
    Ok(Arc::clone(found))
}

type Discovered = HashMap<(Authority, TenantId, bool), Arc<OnceCell<Arc<Endpoints>>>>;

/// For the life of the process: an authority's endpoints do not change under a running program,
/// and each credential would ask again.
fn discovered() -> MutexGuard<'static, Discovered> {
    static DISCOVERED: LazyLock<Mutex<Discovered>> = LazyLock::new(Mutex::default);
    DISCOVERED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn known(authority: &Authority, cloud: &'static Cloud, tenant: &TenantId) -> Endpoints {
    let endpoint = |name| authority.join(&[tenant.as_str(), "oauth2", "v2.0", name]);
    Endpoints {
        authorization: endpoint("authorize"),
        token: endpoint("token"),
        device_authorization: Some(endpoint("devicecode")),
        issuer: Issuer::Cloud {
            cloud,
            tenant_id: tenant.is_id().then(|| tenant.as_str().to_owned()),
        },
    }
}

/// Asks Microsoft whether an authority is one, before anything of the person goes there
/// (instance discovery).
async fn vouch_for(
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
    let reply = transport.get(url, deadline).await.map_err(|error| {
        Error::new(
            error.kind(),
            format!(
                "Microsoft could not be asked whether `authority` {} is one ({error}); set \
                 `disable_instance_discovery` if you trust it",
                authority.as_str()
            ),
        )
        .with_source(error)
    })?;
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
            "`authority` {} is no authority that Microsoft knows; check its name, or set \
                 `disable_instance_discovery` if you trust it",
            authority.as_str()
        ))
        .with_oauth(error)),
        _ => Err(super::refusal::refused(
            &Asked::new("instance discovery"),
            reply.status,
            error,
            reply.retry_after,
        )),
    }
}

/// Reads the authority's own description of itself
/// ([OpenID Connect Discovery, section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
async fn discover(
    transport: &Transport,
    authority: &Authority,
    tenant: &TenantId,
    deadline: Instant,
) -> Result<Endpoints> {
    let url = authority.join(&[
        tenant.as_str(),
        "v2.0",
        ".well-known",
        "openid-configuration",
    ]);
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
        issuer: Issuer::Metadata(metadata.issuer),
    })
}

/// A code and its verifier go to these URLs, so an authority may name its own host and those of
/// Entra ID, nobody else's.
fn trusted(authority: &Authority, name: &str, url: Url) -> Result<Url> {
    let own = url.host_str() == Some(authority.host()) && url.port() == authority.join(&[]).port();
    let entra = url.port().is_none() && url.host_str().is_some_and(|h| Cloud::of_host(h).is_some());
    if url.scheme() == "https" && (own || entra) {
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

    const PUBLIC: &str = "https://login.microsoftonline.com";

    fn authority(text: &str) -> Authority {
        Authority::parse(text, "authority").unwrap()
    }

    #[test]
    fn a_clouds_endpoints_are_known() {
        let public = authority(PUBLIC);
        let endpoints = known(
            &public,
            public.cloud().unwrap(),
            &TenantId::parse("organizations").unwrap(),
        );
        assert_eq!(
            endpoints.token.as_str(),
            format!("{PUBLIC}/organizations/oauth2/v2.0/token")
        );
    }

    #[test]
    fn issuers() {
        let of_cloud = |tenant_id: Option<&str>| Issuer::Cloud {
            cloud: Cloud::of_host("login.windows.net").unwrap(),
            tenant_id: tenant_id.map(Into::into),
        };
        let (cloud, tenant) = (of_cloud(None), of_cloud(Some("t")));
        let many = Issuer::Metadata("https://localhost:1/{tenantid}/v2.0".into());
        let one = Issuer::Metadata("https://localhost:1/t/v2.0".into());
        for (issuer, text, tid, issues, redirects) in [
            (
                &tenant,
                "https://login.microsoftonline.com/t/v2.0",
                Some("t"),
                true,
                true,
            ),
            (
                &tenant,
                "https://login.microsoftonline.com/u/v2.0",
                Some("u"),
                false,
                true,
            ),
            (
                &cloud,
                "https://login.microsoftonline.com/t/v2.0",
                Some("t"),
                true,
                true,
            ),
            (
                &cloud,
                "https://login.microsoftonline.com/u/v2.0",
                Some("t"),
                false,
                true,
            ),
            (
                &cloud,
                "https://login.microsoftonline.com/t/v2.0",
                None,
                false,
                true,
            ),
            (
                &cloud,
                "https://login.microsoftonline.com.evil/t/v2.0",
                Some("t"),
                false,
                false,
            ),
            (
                &cloud,
                "http://login.microsoftonline.com/t/v2.0",
                Some("t"),
                false,
                false,
            ),
            (
                &cloud,
                "https://login.microsoftonline.com/t/v2.0/x",
                Some("t"),
                false,
                false,
            ),
            (
                &cloud,
                "https://login.microsoftonline.us/t/v2.0",
                Some("t"),
                false,
                false,
            ),
            (&many, "https://localhost:1/t/v2.0", Some("t"), true, true),
            (&many, "https://localhost:1/u/v2.0", Some("t"), false, true),
            (
                &many,
                "https://localhost:1/{tenantid}/v2.0",
                None,
                true,
                false,
            ),
            (&many, "https://localhost:2/t/v2.0", Some("t"), false, false),
            (&one, "https://localhost:1/t/v2.0", Some("t"), true, true),
            (&one, "https://localhost:1/t/v2.0/", Some("t"), false, false),
        ] {
            assert_eq!(
                issuer.issues(text, tid),
                issues,
                "{issuer:?} {text} {tid:?}"
            );
            assert_eq!(issuer.redirects(text), redirects, "{issuer:?} {text}");
        }
    }

    #[test]
    fn an_authority_that_sends_us_elsewhere_is_not_followed() {
        let own = authority("https://login.contoso.example:8443");
        for (url, allowed) in [
            ("https://login.contoso.example:8443/t/token", true),
            ("https://login.microsoftonline.com/t/token", true),
            ("https://login.contoso.example/t/token", false),
            ("https://evil.example/t/token", false),
            ("http://login.contoso.example:8443/t/token", false),
            ("https://login.microsoftonline.com:444/t/token", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(
                trusted(&own, "token_endpoint", url.clone()).is_ok(),
                allowed,
                "{url}"
            );
        }
    }
}
