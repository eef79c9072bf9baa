use super::authority_kind::{AuthorityKind, CIAM};
use crate::{
    cloud::Cloud,
    error::{Error, Result},
    tenant::TenantId,
};
use url::Url;

/// Who issues the tokens: an https URL, with a tenant only where that is a part of its address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Authority {
    url: Url,
    kind: AuthorityKind,
    aliases: Vec<String>,
}

impl Authority {
    /// Reads an authority as people write it: a scheme may be missing, a slash may follow.
    pub(crate) fn parse(text: &str, parameter: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Error::invalid_argument(format!(
                "{parameter} {text:?} is no authority: {why}; give an https URL such as {}",
                crate::AuthorityHosts::AZURE_PUBLIC_CLOUD
            ))
        };
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .unwrap_or(("https", text.trim()));
        let normal = format!("{scheme}://{}", rest.trim_end_matches('/'));
        let url = Url::parse(&normal).map_err(|error| refuse(&error.to_string()))?;
        if url.scheme() != "https" {
            return Err(refuse("tokens are only asked for over TLS"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(refuse("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a query or a fragment"));
        }
        let kind = AuthorityKind::of(&url).map_err(|why| refuse(&why))?;
        let mut authority = Self {
            url,
            kind,
            aliases: Vec::new(),
        };
        let cloud = authority.cloud().map_or(&[][..], Cloud::aliases);
        let mut aliases: Vec<_> = cloud.iter().map(|&alias| alias.to_owned()).collect();
        aliases.push(authority.host_and_port());
        aliases.retain(|alias| alias != authority.host());
        authority.aliases = aliases;
        Ok(authority)
    }

    /// The authority as `tenant` is asked there, and the tenant by which it is asked. `chosen` is
    /// what a caller says, `known` what stands in a record, which has no say where the address does.
    pub(crate) fn with_tenant(
        mut self,
        chosen: Option<&str>,
        known: Option<&str>,
    ) -> Result<(Self, TenantId)> {
        let chosen = chosen.map(TenantId::parse).transpose()?;
        let otherwise = |default: &str| match (&chosen, known) {
            (Some(chosen), _) => Ok(chosen.clone()),
            (None, known) => TenantId::parse(known.unwrap_or(default)),
        };
        let own = match &self.kind {
            AuthorityKind::Adfs => TenantId::parse(TenantId::ADFS)?,
            AuthorityKind::B2c {
                tenant: Some(tenant),
                ..
            }
            | AuthorityKind::Ciam {
                tenant: Some(tenant),
            } => tenant.clone(),
            AuthorityKind::B2c { tenant: None, .. } => {
                return Err(Error::invalid_argument(format!(
                    "{} alone says neither tenant nor policy; give `authority` as {0}/{{tenant}}/{{policy}}",
                    self.as_str()
                )));
            }
            AuthorityKind::Ciam { tenant: None } => {
                let name = self.host().strip_suffix(CIAM).unwrap_or_default();
                let tenant = otherwise(&format!("{name}.onmicrosoft.com"))?;
                return Ok((self, tenant));
            }
            AuthorityKind::Cloud(_) | AuthorityKind::Other => {
                let tenant = otherwise(TenantId::ORGANIZATIONS)?;
                if tenant.as_str() != TenantId::ADFS {
                    return Ok((self, tenant));
                }
                if self.cloud().is_some() {
                    return Err(Error::invalid_argument(format!(
                        "`tenant_id` \"adfs\" is AD FS, and {} is none; give the address of the AD FS \
                         server as `authority`, such as https://fs.contoso.example/adfs",
                        self.as_str()
                    )));
                }
                self.url = self.join(&[TenantId::ADFS]);
                self.kind = AuthorityKind::Adfs;
                return Ok((self, tenant));
            }
        };
        match chosen {
            Some(chosen) if chosen != own => Err(Error::invalid_argument(format!(
                "`tenant_id` is {:?} and `authority` is {}, which is of {:?} alone; leave one of them out",
                chosen.as_str(),
                self.as_str(),
                own.as_str()
            ))),
            _ => Ok((self, own)),
        }
    }

    pub(crate) fn kind(&self) -> &AuthorityKind {
        &self.kind
    }

    /// Where it describes a tenant of it.
    pub(super) fn metadata_url(&self, tenant: &TenantId) -> Url {
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

    /// The host alone, in lower case: the `environment` of cache entries, which have no port.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The host, and the port where it is not 443: the `authority` of a record.
    pub(crate) fn host_and_port(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// The cloud it belongs to, if its endpoints are known without asking.
    pub(crate) fn cloud(&self) -> Option<&'static Cloud> {
        match self.kind {
            AuthorityKind::Cloud(cloud) => Some(cloud),
            _ => None,
        }
    }

    /// Under which other names the cache may have entries of this authority: its cloud's other
    /// hosts, and the host with its port, as JavaScript's library writes it.
    pub(crate) fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Whether both are the same authority under different names.
    pub(crate) fn is_alias_of(&self, other: &Self) -> bool {
        self.host_and_port() == other.host_and_port()
            || self
                .cloud()
                .is_some_and(|cloud| other.url.port().is_none() && cloud.has_alias(other.host()))
    }

    pub(crate) fn is_b2c(&self) -> bool {
        matches!(self.kind, AuthorityKind::B2c { .. })
    }

    /// Whether an account of this host can be one of this authority: in B2C everybody is another
    /// one for each policy.
    pub(crate) fn has_account(&self, home_account_id: &str) -> bool {
        let AuthorityKind::B2c {
            policy: Some(policy),
            ..
        } = &self.kind
        else {
            return true;
        };
        let uid = home_account_id
            .rsplit_once('.')
            .map_or(home_account_id, |(uid, _)| uid)
            .to_ascii_lowercase();
        match uid.split_once("-b2c_") {
            Some(_) => uid.ends_with(&format!("-{policy}")),
            None => true,
        }
    }

    /// Whether `other` is a host of Entra External ID that names `tenant_id`, where this one has a
    /// name: so Python's records are written, by their token's issuer.
    pub(crate) fn is_named_by_id(&self, other: &Self, tenant_id: &str) -> bool {
        let is_ciam = |authority: &Self| matches!(authority.kind, AuthorityKind::Ciam { .. });
        let named = other.host().strip_suffix(CIAM);
        is_ciam(self)
            && is_ciam(other)
            && named.is_some_and(|name| name.eq_ignore_ascii_case(tenant_id))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// A URL below this authority.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        // An https URL always has a path to extend.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_authority_as_people_write_it() {
        for (text, normal) in [
            (
                "https://login.microsoftonline.com",
                "https://login.microsoftonline.com",
            ),
            (
                "https://login.microsoftonline.com/ ",
                "https://login.microsoftonline.com",
            ),
            (
                "HTTPS://Login.MicrosoftOnline.com//",
                "https://login.microsoftonline.com",
            ),
            (
                "login.microsoftonline.us",
                "https://login.microsoftonline.us",
            ),
            ("localhost:8443", "https://localhost:8443"),
            (
                "https://adfs.local.stack/adfs/",
                "https://adfs.local.stack/adfs",
            ),
        ] {
            assert_eq!(
                Authority::parse(text, "authority").unwrap().as_str(),
                normal
            );
        }
    }

    #[test]
    fn normalize_authority_refuses_what_is_none() {
        for text in [
            "",
            "https://",
            "http://login.microsoftonline.com",
            "file:///etc/passwd",
            "https://me:pw@login.microsoftonline.com",
            "https://login.microsoftonline.com?x=1",
            "https://login.microsoftonline.com#x",
            "https://a b",
            "https://login.microsoftonline.com/contoso.example",
            "https://contoso.b2clogin.com/contoso.example",
        ] {
            let error = Authority::parse(text, "AZURE_AUTHORITY_HOST").unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument, "{text}");
            assert!(
                error.to_string().contains("AZURE_AUTHORITY_HOST"),
                "{error}"
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

    #[test]
    fn aliases_are_one_authority() {
        for (one, other, same) in [
            ("login.windows.net", "login.microsoftonline.com", true),
            (
                "login.chinacloudapi.cn",
                "login.partner.microsoftonline.cn",
                true,
            ),
            (
                "login.microsoftonline.us",
                "login.microsoftonline.com",
                false,
            ),
            ("localhost:1", "localhost:1", true),
            ("localhost:1", "localhost:2", false),
            ("login.windows.net:444", "login.microsoftonline.com", false),
        ] {
            let parse = |text| Authority::parse(text, "authority").unwrap();
            assert_eq!(parse(one).is_alias_of(&parse(other)), same, "{one} {other}");
            assert_eq!(parse(other).is_alias_of(&parse(one)), same, "{other} {one}");
        }
    }

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
}
