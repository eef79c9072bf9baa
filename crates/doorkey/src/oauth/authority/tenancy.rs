//! Which tenant an authority is asked for, and whose accounts are its own.

use super::{Authority, AuthorityKind, CIAM};
use crate::{
    error::{Error, Result},
    tenant::{TenantId, home_of},
};
use url::Url;

impl Authority {
    /// The authority as `tenant` is asked there, and the tenant by which it is asked. `chosen` is
    /// what a caller says, `known` what stands in a record, which has no say where the address does.
    pub(crate) fn with_tenant(
        mut self,
        chosen: Option<&str>,
        known: Option<&str>,
    ) -> Result<(Self, TenantId)> {
        let chosen = chosen.map(TenantId::parse).transpose()?;
        if let Some(own) = self.own_tenant()? {
            return match chosen {
                Some(chosen) if chosen != own => Err(Error::invalid_argument(format!(
                    "`tenant_id` is {:?} and `authority` is {}, which is of {:?} alone; leave one of \
                     them out",
                    chosen.as_str(),
                    self.as_str(),
                    own.as_str()
                ))),
                _ => Ok((self, own)),
            };
        }
        let tenant = match (chosen, known, self.host().strip_suffix(CIAM)) {
            (Some(chosen), ..) => chosen,
            (None, Some(known), _) => TenantId::parse(known)?,
            (None, None, Some(name)) => match TenantId::parse(name)? {
                id if id.is_id() => id,
                _ => TenantId::parse(&format!("{name}.onmicrosoft.com"))?,
            },
            (None, None, None) => TenantId::parse(TenantId::ORGANIZATIONS)?,
        };
        if tenant.as_str() == TenantId::ADFS {
            if self.kind != AuthorityKind::Other {
                return Err(Error::invalid_argument(format!(
                    "`tenant_id` \"adfs\" is AD FS, and {} is none; give the address of the AD FS \
                     server as `authority`, such as https://fs.contoso.example/adfs",
                    self.as_str()
                )));
            }
            self.url = self.join(&[TenantId::ADFS]);
            self.kind = AuthorityKind::Adfs;
        }
        Ok((self, tenant))
    }

    /// The tenant that is a part of the address.
    fn own_tenant(&self) -> Result<Option<TenantId>> {
        match &self.kind {
            AuthorityKind::Adfs => TenantId::parse(TenantId::ADFS).map(Some),
            AuthorityKind::B2c { tenant: None, .. } => Err(Error::invalid_argument(format!(
                "{} alone says neither tenant nor policy; give `authority` as \
                 {0}/{{tenant}}/{{policy}}",
                self.as_str()
            ))),
            AuthorityKind::B2c { tenant, .. } | AuthorityKind::Ciam { tenant } => {
                Ok(tenant.clone())
            }
            AuthorityKind::Cloud(_) | AuthorityKind::Other => Ok(None),
        }
    }

    /// Where it describes a tenant of it.
    pub(in crate::oauth) fn metadata_url(&self, tenant: &TenantId) -> Url {
        let version: &[&str] = match self.kind {
            AuthorityKind::Adfs => &[],
            _ => &["v2.0"],
        };
        let tenant = (!self.kind.has_tenant()).then(|| tenant.as_str());
        let mut segments: Vec<_> = tenant.into_iter().collect();
        segments.extend(version);
        segments.extend([".well-known", "openid-configuration"]);
        self.join(&segments)
    }

    /// Whether an account of this host can be one of this authority: several kinds may answer there.
    pub(crate) fn has_account(&self, home_account_id: &str, tenant_id: &str) -> bool {
        let is_adfs = self.kind == AuthorityKind::Adfs;
        (tenant_id == TenantId::ADFS) == is_adfs && self.has_policy_of(home_account_id)
    }

    /// In B2C everybody is another one for each policy, and elsewhere nobody has one.
    pub(crate) fn has_policy_of(&self, home_account_id: &str) -> bool {
        let uid = home_account_id
            .rsplit_once('.')
            .map_or(home_account_id, |(uid, _)| uid)
            .to_ascii_lowercase();
        let is_marked = uid.contains("-b2c_");
        match &self.kind {
            AuthorityKind::B2c { policy: None, .. } => true,
            AuthorityKind::B2c {
                policy: Some(policy),
                ..
            } => {
                let is_entras = policy.starts_with("b2c_") && home_of(home_account_id).is_some();
                uid.ends_with(&format!("-{policy}")) || !(is_marked || is_entras)
            }
            _ => !is_marked,
        }
    }

    /// Whether a record of `tenant_id` that names `other` is of this authority.
    pub(crate) fn is_named_by(&self, other: &Self, tenant_id: &str) -> bool {
        self.is_alias_of(other)
            || self.is_named_by_issuer(other)
            || self.is_named_by_id(other, tenant_id)
    }

    /// Whether `other` is a host of Entra External ID that names `tenant_id`, where this one has a
    /// name: so Python's records are written, by their token's issuer.
    fn is_named_by_id(&self, other: &Self, tenant_id: &str) -> bool {
        let is_ciam = |authority: &Self| matches!(authority.kind, AuthorityKind::Ciam { .. });
        let named = other.host().strip_suffix(CIAM);
        is_ciam(self)
            && is_ciam(other)
            && named.is_some_and(|name| name.eq_ignore_ascii_case(tenant_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked, and where its description is: by authority, `tenant_id` and a record's tenant.
    #[test]
    fn path_less_authority_should_work_and_authority_with_path_should_be_used_as_is() {
        let end = "/.well-known/openid-configuration";
        for (text, chosen, known, tenant, url) in [
            (
                "login.example",
                None,
                None,
                "organizations",
                "https://login.example/organizations/v2.0",
            ),
            (
                "login.example",
                Some("T"),
                Some("u"),
                "t",
                "https://login.example/t/v2.0",
            ),
            (
                "login.example",
                None,
                Some("u"),
                "u",
                "https://login.example/u/v2.0",
            ),
            (
                "fs.example/adfs",
                None,
                None,
                "adfs",
                "https://fs.example/adfs",
            ),
            (
                "fs.example/adfs",
                Some("ADFS"),
                Some("t"),
                "adfs",
                "https://fs.example/adfs",
            ),
            (
                "fs.example:444",
                Some("adfs"),
                None,
                "adfs",
                "https://fs.example:444/adfs",
            ),
            (
                "fs.example",
                None,
                Some("adfs"),
                "adfs",
                "https://fs.example/adfs",
            ),
            (
                "t.b2clogin.com/t.example/B2C_1_In",
                None,
                Some("u"),
                "t.example",
                "https://t.b2clogin.com/t.example/B2C_1_In/v2.0",
            ),
            (
                "t.b2clogin.com/tfp/t.example/in/",
                Some("t.example"),
                None,
                "t.example",
                "https://t.b2clogin.com/tfp/t.example/in/v2.0",
            ),
            (
                "t.ciamlogin.com",
                None,
                None,
                "t.onmicrosoft.com",
                "https://t.ciamlogin.com/t.onmicrosoft.com/v2.0",
            ),
            (
                "aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com",
                None,
                None,
                "aaaabbbb-0000-cccc-1111-dddd2222eeee",
                "https://aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            ),
            (
                "t.ciamlogin.com",
                Some("u"),
                None,
                "u",
                "https://t.ciamlogin.com/u/v2.0",
            ),
            (
                "t.ciamlogin.com/t.example",
                None,
                Some("u"),
                "t.example",
                "https://t.ciamlogin.com/t.example/v2.0",
            ),
        ] {
            let authority = Authority::parse(text, "authority").unwrap();
            let (authority, asked) = authority.with_tenant(chosen, known).unwrap();
            assert_eq!(asked.as_str(), tenant, "{text} {chosen:?} {known:?}");
            assert_eq!(
                authority.metadata_url(&asked).as_str(),
                format!("{url}{end}")
            );
            // As it is written anew, it is the same one.
            let again = Authority::parse(authority.as_str(), "authority").unwrap();
            assert_eq!(again.kind(), authority.kind(), "{text}");
        }
    }

    #[test]
    fn a_tenant_that_is_not_the_authoritys_is_refused_by_both_names() {
        for (text, chosen, parts) in [
            ("fs.example/adfs", "common", ["tenant_id", "fs.example"]),
            ("t.b2clogin.com", "t.example", ["authority", "{policy}"]),
            (
                "t.b2clogin.com/t.example/p",
                "u.example",
                ["u.example", "t.example"],
            ),
            ("t.ciamlogin.com/t", "u", ["tenant_id", "t.ciamlogin.com/t"]),
            ("login.microsoftonline.com", "adfs", ["AD FS", "authority"]),
        ] {
            let authority = Authority::parse(text, "authority").unwrap();
            let error = authority.with_tenant(Some(chosen), None).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
            for part in parts {
                assert!(error.to_string().contains(part), "{text}: {error}");
            }
        }
    }

    #[test]
    fn kinds_on_one_host_have_their_own_accounts() {
        let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
        let (entra, b2c) = (format!("oid.{id}"), format!("oid-B2C_1_In.{id}"));
        for (text, account, tenant, has) in [
            ("host.example", &*entra, id, true),
            ("host.example", "subject", id, true),
            ("host.example", &b2c, id, false),
            ("host.example", "subject", "adfs", false),
            ("host.example/adfs", "sub.ject", "adfs", true),
            ("host.example/adfs", &entra, id, false),
            ("host.example/t/b2c_1_in", &b2c, "t", true),
            ("host.example/t/b2c_1_in", "subject", "t", true),
            ("host.example/t/b2c_1_in", &entra, id, false),
            ("host.example/t/b2c_1_in", "subject", "adfs", false),
            ("host.example/t/b2c_1_edit", &b2c, "t", false),
            ("t.b2clogin.com/t/in", &entra, id, true),
            ("t.b2clogin.com/t/in", "oid-in.x", id, true),
            ("t.b2clogin.com/t/in", &b2c, id, false),
            ("t.b2clogin.com", &b2c, id, true),
            ("login.microsoftonline.com", &entra, id, true),
        ] {
            let authority = Authority::parse(text, "authority").unwrap();
            assert_eq!(
                authority.has_account(account, tenant),
                has,
                "{text} {account}"
            );
        }
    }

    #[test]
    fn a_host_of_external_id_is_named_by_its_tenants_id_too() {
        let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
        let parse = |text: &str| Authority::parse(text, "authority").unwrap();
        for (given, recorded, tenant, same) in [
            ("t.ciamlogin.com", format!("{id}.ciamlogin.com"), id, true),
            ("t.ciamlogin.com", format!("{id}.ciamlogin.com"), "u", false),
            ("t.ciamlogin.com", "u.ciamlogin.com".into(), id, false),
            ("t.ciamlogin.com", format!("{id}.b2clogin.com"), id, false),
            ("login.example", format!("{id}.ciamlogin.com"), id, false),
        ] {
            let (given, recorded) = (parse(given), parse(&recorded));
            assert_eq!(
                given.is_named_by_id(&recorded, tenant),
                same,
                "{recorded:?}"
            );
        }
    }
}
