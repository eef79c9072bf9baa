//! Who may have issued an id token. Each kind of authority writes itself in its own way, and a check
//! that is too strict keeps people out: so what its metadata says, or a form that its kind is known
//! for, and nothing that merely looks like one.

use super::{Authority, AuthorityKind, authority::CIAM};
use crate::{cloud::Cloud, tenant::TenantId};
use url::Url;

#[derive(Debug)]
pub(crate) enum Issuer {
    /// Any alias of a cloud that we know; of one tenant, where it was asked by its id.
    Cloud {
        cloud: &'static Cloud,
        tenant_id: Option<String>,
    },
    /// What the authority says of itself, with `{tenantid}` where it serves many tenants, and how
    /// else its kind writes the same.
    Metadata(Vec<String>),
}

impl Issuer {
    /// Of an authority whose metadata have this `issuer`, and AD FS' own `access_token_issuer`
    /// ([MS-OIDCE, section 3.2.5.3.1.3](https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce/f629647a-4825-465b-80bb-32c7e9cec2c8)).
    pub(super) fn of(
        authority: &Authority,
        issuer: String,
        access_token_issuer: Option<String>,
    ) -> Self {
        let own = authority.host_and_port();
        let host = Url::parse(&issuer)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        let mut names = match authority.kind() {
            AuthorityKind::Adfs => {
                let is_own = |name: &String| {
                    let name = Url::parse(name).ok();
                    name.is_some_and(|name| {
                        let named = name.host_str();
                        named.is_some()
                            && (named == Some(authority.host()) || named == host.as_deref())
                    })
                };
                access_token_issuer.into_iter().filter(is_own).collect()
            }
            AuthorityKind::B2c { policy, .. } => match tenant_id_in(&issuer) {
                Some(tenant_id) => {
                    let policy = policy.as_deref().unwrap_or_default();
                    vec![
                        format!("https://{own}/{tenant_id}/v2.0/"),
                        format!("https://{own}/tfp/{tenant_id}/{policy}/v2.0/"),
                    ]
                }
                None => Vec::new(),
            },
            AuthorityKind::Ciam { .. } => match tenant_id_in(&issuer) {
                Some(tenant_id) => vec![
                    format!("https://{own}/{tenant_id}/v2.0"),
                    format!("https://{tenant_id}{CIAM}/{tenant_id}/v2.0"),
                ],
                None => Vec::new(),
            },
            AuthorityKind::Cloud(_) | AuthorityKind::Other => Vec::new(),
        };
        names.push(issuer);
        Self::Metadata(names)
    }

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
            Self::Metadata(names) => names.iter().any(|name| match tid {
                Some(tid) => name.replace(TENANT_TEMPLATE, tid) == issuer,
                None => name == issuer,
            }),
        }
    }

    /// Whether a redirect may name `issuer`, when it is not known yet who signed in
    /// ([RFC 9207, section 2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4)).
    pub(crate) fn redirects(&self, issuer: &str) -> bool {
        match self {
            Self::Cloud { cloud, .. } => is_of_cloud(cloud, issuer, None),
            Self::Metadata(names) => {
                names
                    .iter()
                    .any(|name| match name.split_once(TENANT_TEMPLATE) {
                        Some((before, after)) => issuer
                            .strip_prefix(before)
                            .and_then(|rest| rest.strip_suffix(after))
                            .is_some_and(|tenant| TenantId::parse(tenant).is_ok()),
                        None => name == issuer,
                    })
            }
        }
    }
}

const TENANT_TEMPLATE: &str = "{tenantid}";

/// The one segment of an issuer's path that is a tenant's id.
fn tenant_id_in(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let mut ids = url
        .path_segments()?
        .filter(|segment| azure_core::Uuid::try_parse(segment).is_ok());
    let id = ids.next()?.to_owned();
    ids.next().is_none().then_some(id)
}

/// `https://{alias}/{tid}/v2.0`, or as the first version of the endpoints writes it,
/// `https://sts.…/{tid}/`.
fn is_of_cloud(cloud: &Cloud, issuer: &str, tid: Option<&str>) -> bool {
    let Some(rest) = issuer.strip_prefix("https://") else {
        return false;
    };
    let parts: Vec<_> = rest.split('/').collect();
    let (is_host, tenant) = match parts.as_slice() {
        [host, tenant, "v2.0"] => (cloud.has_alias(host), *tenant),
        [host, tenant, ""] => (cloud.is_first_issuer(host), *tenant),
        _ => return false,
    };
    is_host
        && match tid {
            Some(tid) => tenant == tid,
            None => TenantId::parse(tenant).is_ok(),
        }
}

#[cfg(test)]
mod tests;
