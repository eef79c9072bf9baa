//! What stands before an endpoint in an authority's path: whose people may sign in, and where.

use crate::{
    directory::{CONSUMERS, Directory, Tenant, User},
    grants,
    refusal::Refusal,
};

/// AD FS' own path; it has no tenants.
pub(crate) const ADFS: &str = "adfs";

/// What stands before tenant and policy in the older form of B2C's paths.
pub(crate) const TFP: &str = "tfp";

/// The domain that each tenant has from its beginning.
const INITIAL_DOMAIN: &str = ".onmicrosoft.com";

/// The hosts of Entra External ID, one for each tenant.
const CIAM: &str = ".ciamlogin.com";

/// What an authority's path names.
#[derive(Clone, Debug)]
pub(crate) enum Audience<'a> {
    /// `common`: everybody.
    Common,
    /// `organizations`: everybody with an account of an organization.
    Organizations,
    /// `consumers`: personal accounts.
    Consumers,
    /// A tenant, by its id or domain name.
    One(&'a Tenant),
    /// `adfs`: the people of the first tenant, by a server of that organization.
    Adfs(&'a Tenant),
    /// A tenant and a policy of Azure AD B2C.
    Policy {
        tenant: &'a Tenant,
        /// In lower case.
        policy: String,
        /// All of it, as it was asked for.
        path: String,
    },
}

impl<'a> Audience<'a> {
    /// What `segment` names.
    pub(crate) fn find(segment: &str, directory: &'a Directory) -> Result<Self, Refusal> {
        let lower = segment.to_ascii_lowercase();
        if let Some((name, policy)) = lower.rsplit_once('/') {
            let name = name.strip_prefix("tfp/").unwrap_or(name);
            return tenant(name, directory)
                .filter(|_| is_policy(policy))
                .map(|tenant| Self::Policy {
                    tenant,
                    policy: policy.to_owned(),
                    path: lower.clone(),
                })
                .ok_or_else(|| Refusal::unknown_tenant(segment));
        }
        match lower.as_str() {
            ADFS => directory
                .tenants()
                .first()
                .map(Self::Adfs)
                .ok_or_else(|| Refusal::unknown_tenant(segment)),
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" | CONSUMERS => Ok(Self::Consumers),
            _ => tenant(segment, directory)
                .map(Self::One)
                .ok_or_else(|| Refusal::unknown_tenant(segment)),
        }
    }

    /// What its endpoints' paths begin with; Entra ID answers a domain name with the tenant's id.
    pub(crate) fn realm(&self) -> &str {
        match self {
            Self::Common => "common",
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::One(tenant) => &tenant.id,
            Self::Adfs(_) => ADFS,
            Self::Policy { path, .. } => path,
        }
    }

    pub(crate) fn is_adfs(&self) -> bool {
        matches!(self, Self::Adfs(_))
    }

    /// Where refresh tokens are good: anywhere at Entra ID, at one AD FS, or for one policy.
    pub(crate) fn own_tokens(&self) -> Option<&str> {
        match self {
            Self::Adfs(_) => Some(ADFS),
            Self::Policy { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// Who issues its id tokens; where several tenants can, a template for their ids.
    pub(crate) fn issuer(&self, base: &str) -> String {
        match self {
            Self::Common | Self::Organizations => format!("{base}/{{tenantid}}/v2.0"),
            Self::Consumers => format!("{base}/{CONSUMERS}/v2.0"),
            Self::One(tenant) | Self::Adfs(tenant) | Self::Policy { tenant, .. } => {
                self.issuer_for(base, tenant)
            }
        }
    }

    /// Who issues the id token of somebody who signed in to `tenant` here.
    pub(crate) fn issuer_for(&self, base: &str, tenant: &Tenant) -> String {
        let id = &tenant.id;
        match self {
            Self::Adfs(_) => format!("{base}/{ADFS}"),
            Self::Policy { policy, path, .. } if path.starts_with("tfp/") => {
                format!("{base}/{TFP}/{id}/{policy}/v2.0/")
            }
            Self::Policy { .. } => format!("{base}/{id}/v2.0/"),
            // External ID names the tenant by its id in the host, too.
            _ if is_ciam(base) => format!("https://{id}{CIAM}/{id}/v2.0"),
            _ => format!("{base}/{id}/v2.0"),
        }
    }

    /// Who somebody is at home. AD FS does not say it, and in B2C everybody is another one for each
    /// policy.
    pub(crate) fn client_info(&self, user: &User) -> Option<String> {
        match self {
            Self::Adfs(_) => None,
            Self::Policy { tenant, policy, .. } => {
                let object_id = user.object_id_in(tenant).unwrap_or(&user.object_id);
                let uid = format!("{object_id}-{policy}");
                Some(grants::client_info(&uid, &tenant.id))
            }
            _ => Some(grants::client_info(&user.object_id, &user.tenant_id)),
        }
    }

    /// The tenant that `user` signs in to here: their own, or the one that invited them.
    pub(crate) fn tenant_of(
        &self,
        user: &User,
        directory: &'a Directory,
    ) -> Result<&'a Tenant, Refusal> {
        let tenant = match self {
            Self::Common => directory.tenant(&user.tenant_id),
            Self::Organizations => directory
                .tenant(&user.tenant_id)
                .filter(|_| !user.is_personal()),
            Self::Consumers => directory.tenant(CONSUMERS).filter(|_| user.is_personal()),
            Self::One(tenant) | Self::Policy { tenant, .. } => {
                Some(*tenant).filter(|tenant| user.object_id_in(tenant).is_some())
            }
            Self::Adfs(tenant) => Some(*tenant).filter(|tenant| user.tenant_id == tenant.id),
        };
        tenant.ok_or_else(|| Refusal::not_in_tenant(user, self.realm()))
    }

    /// Whoever is meant by a name: of several people, the one who can sign in here.
    pub(crate) fn person<'d>(
        &self,
        username: &str,
        directory: &'d Directory,
    ) -> Result<&'d User, Refusal> {
        let named = || directory.named(username);
        named()
            .find(|user| self.tenant_of(user, directory).is_ok())
            .or_else(|| named().next())
            .ok_or_else(|| Refusal::unknown_person(username))
    }
}

/// Whether `base` is a host of Entra External ID.
pub(crate) fn is_ciam(base: &str) -> bool {
    base.strip_suffix(CIAM)
        .and_then(|rest| rest.strip_prefix("https://"))
        .is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

/// Who issues AD FS' access tokens: a name, not an address.
pub(crate) fn access_token_issuer(base: &str) -> String {
    format!(
        "{}/{ADFS}/services/trust",
        base.replacen("https:", "http:", 1)
    )
}

/// Whether a path's segment is a policy of Azure AD B2C.
pub(crate) fn is_policy(segment: &str) -> bool {
    segment.to_ascii_lowercase().starts_with("b2c_1")
}

fn tenant<'a>(name: &str, directory: &'a Directory) -> Option<&'a Tenant> {
    let initial = |name: &str| {
        let label = name.strip_suffix(INITIAL_DOMAIN)?;
        let mut tenants = directory.tenants().iter();
        tenants.find(|tenant| tenant.domain.split('.').next() == Some(label))
    };
    directory
        .tenant(name)
        .or_else(|| initial(&name.to_ascii_lowercase()))
}
