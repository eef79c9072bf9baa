use super::{
    Authority, Transport,
    discovery::{discover, vouch_for},
    issuer::Issuer,
};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    tenant::TenantId,
};
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
        if authority.kind().is_vouched_for() && !disable_instance_discovery {
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
    let endpoint = |name| {
        let mut url = authority.join(&[tenant.as_str(), "oauth2", "v2.0", name]);
        // A record that was made of an old token names who issued it, where nobody signs in.
        if cloud.is_first_issuer(authority.host()) {
            // A host of ours is always a valid one.
            let _ = url.set_host(Some(cloud.network_host()));
        }
        url
    };
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
    fn an_alias_is_asked_itself_and_an_issuer_is_not() {
        for (host, asked) in [
            ("login.windows.net", "login.windows.net"),
            ("sts.windows.net", "login.microsoftonline.com"),
            (
                "login.partner.microsoftonline.cn",
                "login.partner.microsoftonline.cn",
            ),
        ] {
            let alias = authority(host);
            let tenant = TenantId::parse("t").unwrap();
            let endpoints = known(&alias, alias.cloud().unwrap(), &tenant);
            assert_eq!(endpoints.token.host_str(), Some(asked));
        }
    }
}
