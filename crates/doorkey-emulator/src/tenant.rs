//! The first segment of an authority's path: whose people may sign in.

use crate::{
    directory::{CONSUMERS, Directory, Tenant, User},
    refusal::Refusal,
};

/// What an authority's path names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience<'a> {
    /// `common`: everybody.
    Common,
    /// `organizations`: everybody with an account of an organization.
    Organizations,
    /// `consumers`: personal accounts.
    Consumers,
    /// A tenant, by its id or domain name.
    One(&'a Tenant),
}

impl<'a> Audience<'a> {
    /// What `segment` names.
    pub(crate) fn find(segment: &str, directory: &'a Directory) -> Result<Self, Refusal> {
        match segment.to_ascii_lowercase().as_str() {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" | CONSUMERS => Ok(Self::Consumers),
            _ => directory
                .tenant(segment)
                .map(Self::One)
                .ok_or_else(|| Refusal::unknown_tenant(segment)),
        }
    }

    /// The segment of its endpoints' paths; Entra ID answers a domain name with the tenant's id.
    pub(crate) fn realm(&self) -> &'a str {
        match self {
            Self::Common => "common",
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::One(tenant) => &tenant.id,
        }
    }

    /// Who issues its id tokens; where several tenants can, a template for their ids.
    pub(crate) fn issuer(&self, base: &str) -> String {
        let tenant = match self {
            Self::Common | Self::Organizations => "{tenantid}",
            Self::Consumers => CONSUMERS,
            Self::One(tenant) => &tenant.id,
        };
        format!("{base}/{tenant}/v2.0")
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
            Self::One(tenant) => Some(*tenant).filter(|tenant| user.object_id_in(tenant).is_some()),
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
