use crate::error::{Error, Result};

/// A tenant as it stands in an authority's URLs: a tenant id, a domain name, or one of the names
/// for many tenants.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct TenantId {
    text: String,
    is_id: bool,
}

/// The names by which a person's home tenant is asked for.
pub(crate) const NAMES_OF_HOME: [&str; 3] = [TenantId::ORGANIZATIONS, "common", "consumers"];

/// The tenant of all personal Microsoft accounts
/// ([Microsoft's list of claims](https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference)).
pub(crate) const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The tenant that an account is of: the second part of `uid.utid`.
pub(crate) fn home_of(home_account_id: &str) -> Option<&str> {
    let (_, tenant) = home_account_id.rsplit_once('.')?;
    azure_core::Uuid::try_parse(tenant).ok().map(|_| tenant)
}

impl TenantId {
    pub(crate) const ORGANIZATIONS: &str = "organizations";

    /// AD FS, which has one tenant, under a name of its own.
    pub(crate) const ADFS: &str = "adfs";

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        // Dots alone would climb in the URL's path.
        if !text.bytes().all(valid) || !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::invalid_argument(format!(
                "`tenant_id` {text:?} is no tenant; give its id or domain name, made of letters, \
                 digits, `-` and `.` (https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant)"
            )));
        }
        // Neither ids nor domain names know upper case, and the cache keeps ids in lower case.
        let text = text.to_ascii_lowercase();
        let is_id = azure_core::Uuid::try_parse(&text).is_ok();
        Ok(Self { text, is_id })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a tenant's id, not a name.
    pub(crate) fn is_id(&self) -> bool {
        self.is_id
    }

    /// ADFS' only tenant.
    pub(crate) fn is_adfs(&self) -> bool {
        self.is(Self::ADFS)
    }

    fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }
}

/// Which tenants a credential may be asked for.
#[derive(Clone, Debug)]
pub(crate) struct TenantRules {
    pub(crate) configured: TenantId,
    pub(crate) additionally_allowed: Vec<String>,
    /// `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH`: a request's tenant is ignored.
    pub(crate) single: bool,
    /// The tenant is a part of the authority's address, and there is no other one there.
    pub(crate) is_of_authority: bool,
}

impl TenantRules {
    /// The tenant of one request.
    pub(crate) fn resolve(&self, requested: Option<&str>) -> Result<TenantId> {
        let Some(requested) =
            requested.filter(|requested| !requested.is_empty() && !self.configured.is(requested))
        else {
            return Ok(self.configured.clone());
        };
        let requested = TenantId::parse(requested)?;
        // ADFS has one tenant, under a name of its own.
        if self.single || self.configured.is_adfs() {
            return Ok(self.configured.clone());
        }
        if self.is_of_authority {
            return Err(Error::invalid_argument(format!(
                "this credential's `authority` is of tenant {:?} alone and cannot be asked for tenant \
                 {:?}; make another credential for that one",
                self.configured.as_str(),
                requested.as_str(),
            )));
        }
        if requested.is_adfs() {
            return Err(Error::invalid_argument(
                "this credential's `authority` is no AD FS and has no tenant \"adfs\"; make another \
                 credential with the address of the AD FS server",
            ));
        }
        let listed = |allowed: &String| allowed == "*" || requested.is(allowed);
        let open =
            self.configured.is(TenantId::ORGANIZATIONS) && self.additionally_allowed.is_empty();
        if open || self.additionally_allowed.iter().any(listed) {
            return Ok(requested);
        }
        Err(Error::invalid_argument(format!(
            "this credential is for tenant {:?} and may not ask for tenant {:?}; add it to \
             `additionally_allowed_tenants`, or \"*\" for any",
            self.configured.as_str(),
            requested.as_str(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_id_validation_refuses_what_is_none() {
        for text in [
            "a_b", "a/b", " a", "a b", "'a'", "{a}", "\u{e4}", "", ".", "..", "-",
        ] {
            let error = TenantId::parse(text).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument, "{text}");
        }
        for text in [
            "contoso.example",
            "72f988bf-86f1-41af-91ab-2d7cd011db47",
            "adfs",
        ] {
            TenantId::parse(text).unwrap();
        }
    }

    #[test]
    fn tenant_id_and_default_tenant_id_by_the_rules_of_azure_identity() {
        let b = "b.example";
        for (configured, allowed, single, requested, resolved) in [
            ("a", vec![], false, None, Some("a")),
            ("a", vec![], false, Some("A"), Some("a")),
            ("a", vec![], false, Some(""), Some("a")),
            ("a", vec![], false, Some(b), None),
            ("a", vec!["B.example"], false, Some(b), Some(b)),
            ("a", vec!["*"], false, Some(b), Some(b)),
            ("a", vec!["c"], false, Some(b), None),
            ("a", vec![], true, Some(b), Some("a")),
            ("adfs", vec!["*"], false, Some(b), Some("adfs")),
            ("a", vec!["*"], false, Some("ADFS"), None),
            ("organizations", vec![], false, Some("adfs"), None),
            ("organizations", vec![], false, Some(b), Some(b)),
            ("organizations", vec!["c"], false, Some(b), None),
            ("common", vec![], false, Some(b), None),
            ("a", vec!["*"], false, Some("b/c"), None),
        ] {
            let rules = TenantRules {
                configured: TenantId::parse(configured).unwrap(),
                additionally_allowed: allowed.iter().map(|&tenant| tenant.into()).collect(),
                single,
                is_of_authority: false,
            };
            let tenant = rules.resolve(requested).ok();
            assert_eq!(
                tenant.as_ref().map(TenantId::as_str),
                resolved,
                "{configured} {allowed:?} {requested:?}"
            );
        }
    }

    #[test]
    fn no_list_adds_a_tenant_to_an_authority_that_has_one() {
        let rules = |is_of_authority| TenantRules {
            configured: TenantId::parse("a").unwrap(),
            additionally_allowed: vec!["*".into()],
            single: false,
            is_of_authority,
        };
        assert_eq!(rules(true).resolve(Some("A")).unwrap().as_str(), "a");
        assert_eq!(rules(false).resolve(Some("b")).unwrap().as_str(), "b");
        let error = rules(true).resolve(Some("b")).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("`authority`"), "{error}");
    }
}
