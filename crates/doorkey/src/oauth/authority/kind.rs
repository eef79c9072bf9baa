//! What kind of authority a URL names, told by the name alone.

use crate::{
    cloud::Cloud,
    tenant::{NAMES_OF_HOME, TenantId},
};
use url::Url;

/// How an authority is asked, and how it writes itself.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum AuthorityKind {
    /// A cloud of Entra ID, whose endpoints are known without asking.
    Cloud(&'static Cloud),
    /// Active Directory Federation Services, on a server of the organization. It has no tenants.
    Adfs,
    /// Azure AD B2C. Tenant and policy are a part of its address; `None` where only the host is
    /// known, as of a record.
    B2c {
        tenant: Option<TenantId>,
        policy: Option<String>,
    },
    /// Entra External ID, which has a host for each tenant.
    Ciam {
        /// As the address has it; else it is the host's.
        tenant: Option<TenantId>,
    },
    /// Entra ID under a name that is not known here: a private cloud, a gateway, an emulator.
    Other,
}

/// What stands behind a tenant's name in the hosts of [`AuthorityKind::Ciam`].
pub(in crate::oauth) const CIAM: &str = ".ciamlogin.com";

const B2C: [&str; 4] = [
    ".b2clogin.com",
    ".b2clogin.cn",
    ".b2clogin.us",
    ".b2clogin.de",
];

impl AuthorityKind {
    /// The kind of an https URL, or why it is none.
    pub(super) fn of(url: &Url) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default();
        let path: Vec<_> = url
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|segment| !segment.is_empty())
            .collect();
        let tenant = |text: &str| TenantId::parse(text).map_err(|error| error.to_string());
        let is_policy = |text: &&str| text.to_ascii_lowercase().starts_with("b2c_");
        let origin = url.origin().ascii_serialization();
        if url.port().is_none()
            && let Some(cloud) = Cloud::of_host(host)
        {
            return match path.as_slice() {
                [] => Ok(Self::Cloud(cloud)),
                path if path.iter().any(is_policy) => Err("nobody signs in to Azure AD B2C there \
                     any more; it is written https://{name}.b2clogin.com/{tenant}/{policy}"
                    .to_owned()),
                _ => Err(WITH_TENANT.to_owned()),
            };
        }
        if is_below(host, CIAM) {
            return match path.as_slice() {
                [] => Ok(Self::Ciam { tenant: None }),
                [one] => Ok(Self::Ciam {
                    tenant: Some(tenant(one)?),
                }),
                _ => Err("behind the host is more than a tenant".to_owned()),
            };
        }
        let is_marked = path
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case("tfp"));
        let named = if is_marked { &path[1..] } else { &path[..] };
        match named {
            [of, policy] if is_b2c(host) || is_marked || is_policy(policy) => {
                return Ok(Self::B2c {
                    tenant: Some(tenant(of)?),
                    policy: Some(policy.to_ascii_lowercase()),
                });
            }
            [] if is_b2c(host) && !is_marked => {
                return Ok(Self::B2c {
                    tenant: None,
                    policy: None,
                });
            }
            _ if is_b2c(host) || is_marked || named.iter().any(is_policy) => {
                return Err(format!(
                    "it is one of Azure AD B2C, which is written {origin}/{{tenant}}/{{policy}}"
                ));
            }
            _ => {}
        }
        Ok(match path.as_slice() {
            [one] if one.eq_ignore_ascii_case(TenantId::ADFS) => Self::Adfs,
            [first, ..] if first.eq_ignore_ascii_case(TenantId::ADFS) => {
                return Err(format!(
                    "it is a page of AD FS, which is written {origin}/adfs"
                ));
            }
            [one] | [one, "v2.0"] if is_tenant(one) => return Err(WITH_TENANT.to_owned()),
            _ => Self::Other,
        })
    }

    /// Whether the tenant is a part of the authority's own address.
    pub(crate) fn has_tenant(&self) -> bool {
        matches!(
            self,
            Self::Adfs | Self::B2c { .. } | Self::Ciam { tenant: Some(_) }
        )
    }

    /// Whether Microsoft's instance discovery may be asked about it: of the others it knows nothing.
    pub(in crate::oauth) fn is_vouched_for(&self) -> bool {
        matches!(self, Self::Other)
    }

    /// Whether it knows that a person's own organization checks their password.
    #[cfg(feature = "username-password")]
    pub(crate) fn knows_user_realms(&self) -> bool {
        matches!(self, Self::Cloud(_) | Self::Other)
    }

    /// Whether `host` serves authorities of this kind, too: one that goes by a name of its own may
    /// name endpoints there.
    pub(in crate::oauth) fn is_served_by(&self, host: &str) -> bool {
        let is_cloud = Cloud::of_host(host).is_some();
        match self {
            Self::Adfs => false,
            Self::B2c { .. } => is_cloud || is_b2c(host),
            Self::Ciam { .. } => is_cloud || is_below(host, CIAM),
            Self::Cloud(_) | Self::Other => is_cloud,
        }
    }
}

const WITH_TENANT: &str = "it has a path; give the tenant as `tenant_id`";

/// What can be nothing else: a gateway's path may look like a domain.
fn is_tenant(segment: &str) -> bool {
    TenantId::parse(segment)
        .is_ok_and(|tenant| tenant.is_id() || NAMES_OF_HOME.contains(&tenant.as_str()))
}

fn is_b2c(host: &str) -> bool {
    B2C.iter().any(|suffix| is_below(host, suffix))
}

/// `suffix` begins with its dot: `fakeb2clogin.com` is somebody else's.
fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix)
        .is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Result<AuthorityKind, String> {
        AuthorityKind::of(&Url::parse(text).unwrap())
    }

    #[test]
    fn is_told_by_host_and_path() {
        let b2c = |tenant: &str, policy: &str| AuthorityKind::B2c {
            tenant: Some(TenantId::parse(tenant).unwrap()),
            policy: Some(policy.into()),
        };
        let ciam = |tenant: Option<&str>| AuthorityKind::Ciam {
            tenant: tenant.map(|tenant| TenantId::parse(tenant).unwrap()),
        };
        let no_policy = AuthorityKind::B2c {
            tenant: None,
            policy: None,
        };
        let cloud = |host| AuthorityKind::Cloud(Cloud::of_host(host).unwrap());
        for (text, expected) in [
            (
                "https://login.microsoftonline.com",
                cloud("login.windows.net"),
            ),
            (
                "https://login.sovcloud-identity.de",
                cloud("login.sovcloud-identity.de"),
            ),
            (
                "https://login.microsoftonline.com:444",
                AuthorityKind::Other,
            ),
            (
                "https://login.microsoftonline.com.evil",
                AuthorityKind::Other,
            ),
            ("https://fs.contoso.example/adfs", AuthorityKind::Adfs),
            ("https://fs.contoso.example:444/ADFS/", AuthorityKind::Adfs),
            ("https://adfs.contoso.example", AuthorityKind::Other),
            ("https://adfs.contoso.example/t", AuthorityKind::Other),
            ("https://gate.contoso.example/entra", AuthorityKind::Other),
            (
                "https://t.b2clogin.com/t.onmicrosoft.com/SignIn",
                b2c("t.onmicrosoft.com", "signin"),
            ),
            (
                "https://t.b2clogin.cn/tfp/t.example/p/",
                b2c("t.example", "p"),
            ),
            ("https://t.b2clogin.us/t.example/p", b2c("t.example", "p")),
            ("https://t.b2clogin.de", no_policy),
            (
                "https://login.contoso.example/T.example/B2C_1A_in",
                b2c("t.example", "b2c_1a_in"),
            ),
            (
                "https://login.contoso.example/tfp/t.example/in",
                b2c("t.example", "in"),
            ),
            ("https://fakeb2clogin.com/t/p", AuthorityKind::Other),
            ("https://b2clogin.com/t/p", AuthorityKind::Other),
            ("https://t.b2clogin.com.evil/t/p", AuthorityKind::Other),
            ("https://t.ciamlogin.com", ciam(None)),
            (
                "https://t.ciamlogin.com/t.onmicrosoft.com",
                ciam(Some("t.onmicrosoft.com")),
            ),
            ("https://t.ciamlogin.com/adfs", ciam(Some("adfs"))),
            ("https://fakeciamlogin.com", AuthorityKind::Other),
            ("https://ciamlogin.com", AuthorityKind::Other),
        ] {
            assert_eq!(kind(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_says_how_it_is_written() {
        for (text, part) in [
            ("https://login.microsoftonline.com/t", "tenant_id"),
            ("https://login.contoso.example/common", "tenant_id"),
            (
                "https://login.contoso.example/Organizations/v2.0/",
                "tenant_id",
            ),
            (
                "https://login.contoso.example:8443/aaaabbbb-0000-cccc-1111-dddd2222eeee",
                "tenant_id",
            ),
            ("https://t.b2clogin.com/t.example", "{policy}"),
            ("https://t.b2clogin.com/t/p/q", "{policy}"),
            ("https://login.contoso.example/t/b2c_1_in/v2.0", "{policy}"),
            (
                "https://login.microsoftonline.com/tfp/t.example/B2C_1_in",
                "b2clogin.com",
            ),
            (
                "https://login.microsoftonline.com/te/t.example/B2C_1_in",
                "b2clogin.com",
            ),
            ("https://t.b2clogin.com/tfp", "{policy}"),
            ("https://login.contoso.example/tfp/t", "{policy}"),
            ("https://t.b2clogin.com/t_t/p", "tenant_id"),
            ("https://t.ciamlogin.com/a/b", "more than a tenant"),
            (
                "https://fs.contoso.example/adfs/ls",
                "https://fs.contoso.example/adfs",
            ),
            (
                "https://fs.contoso.example:444/ADFS/services/trust",
                "https://fs.contoso.example:444/adfs",
            ),
        ] {
            let why = kind(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
