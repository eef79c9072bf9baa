//! What is known of Entra ID's clouds without asking anybody.

/// The authorities of Azure's clouds, for
/// [`PublicClientOptions::authority`](crate::PublicClientOptions::authority).
///
/// ```
/// use doorkey::{AuthorityHosts, PublicClientOptions};
///
/// let options = PublicClientOptions {
///     authority: Some(AuthorityHosts::AZURE_GOVERNMENT.into()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthorityHosts;

impl AuthorityHosts {
    /// Azure's public cloud, the default.
    pub const AZURE_PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";
    /// Azure Government.
    pub const AZURE_GOVERNMENT: &str = "https://login.microsoftonline.us";
    /// Azure in China, operated by 21Vianet.
    pub const AZURE_CHINA: &str = "https://login.chinacloudapi.cn";
}

/// One cloud: the hosts that are the same authority, and where its resources are managed.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(crate) struct Cloud {
    /// The first is the one that is asked.
    aliases: &'static [&'static str],
    /// The host that the first version of its endpoints names as issuer.
    first_issuer: Option<&'static str>,
    management_scope: Option<&'static str>,
}

impl Cloud {
    /// The cloud whose authority answers on `host`, if it is one that we know. Hosts are compared
    /// whole: a suffix proves nothing about who owns a name.
    pub(crate) fn of_host(host: &str) -> Option<&'static Self> {
        CLOUDS.iter().find(|cloud| cloud.has_alias(host))
    }

    /// The one that its requests are sent to.
    pub(crate) fn network_host(&self) -> &'static str {
        self.aliases[0]
    }

    pub(crate) fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    pub(crate) fn has_alias(&self, host: &str) -> bool {
        self.aliases
            .iter()
            .any(|alias| alias.eq_ignore_ascii_case(host))
    }

    /// Whether `host` is the one in issuers of the form `https://{host}/{tenant}/`.
    pub(crate) fn is_first_issuer(&self, host: &str) -> bool {
        self.first_issuer == Some(host)
    }

    /// What `authenticate` asks for when it is given no scopes. The double slash is right: the
    /// resource's name ends in one.
    pub(crate) fn management_scope(&self) -> Option<&'static str> {
        self.management_scope
    }
}

/// Aliases as instance discovery lists them, the hosts that MSAL trusts without asking, and the
/// first issuers, which records may be named by.
const CLOUDS: &[Cloud] = &[
    Cloud {
        aliases: &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        first_issuer: Some("sts.windows.net"),
        management_scope: Some("https://management.core.windows.net//.default"),
    },
    Cloud {
        aliases: &[
            "login.partner.microsoftonline.cn",
            "login.chinacloudapi.cn",
            "sts.chinacloudapi.cn",
        ],
        first_issuer: Some("sts.chinacloudapi.cn"),
        management_scope: Some("https://management.core.chinacloudapi.cn//.default"),
    },
    Cloud {
        aliases: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
        first_issuer: Some("sts.windows.net"),
        management_scope: Some("https://management.core.usgovcloudapi.net//.default"),
    },
    Cloud {
        aliases: &["login-us.microsoftonline.com"],
        first_issuer: None,
        management_scope: None,
    },
    Cloud {
        aliases: &["login.microsoftonline.de"],
        first_issuer: None,
        management_scope: None,
    },
    Cloud {
        aliases: &["login.sovcloud-identity.fr"],
        first_issuer: None,
        // As .NET's library has it. Of the others of its kind none is known for sure.
        management_scope: Some("https://management.sovcloud-api.fr//.default"),
    },
    Cloud {
        aliases: &["login.sovcloud-identity.de"],
        first_issuer: None,
        management_scope: None,
    },
    Cloud {
        aliases: &["login.sovcloud-identity.sg"],
        first_issuer: None,
        management_scope: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_whole_or_not_at_all() {
        for (host, known) in [
            ("login.microsoftonline.com", true),
            ("LOGIN.windows.net", true),
            ("login.sovcloud-identity.sg", true),
            ("login.microsoftonline.com.evil.example", false),
            ("evil-login.microsoftonline.com", false),
            ("localhost", false),
        ] {
            assert_eq!(Cloud::of_host(host).is_some(), known, "{host}");
        }
    }

    #[test]
    fn the_public_authorities_are_known() {
        for authority in [
            AuthorityHosts::AZURE_PUBLIC_CLOUD,
            AuthorityHosts::AZURE_GOVERNMENT,
            AuthorityHosts::AZURE_CHINA,
        ] {
            let host = authority.strip_prefix("https://").unwrap();
            assert!(
                Cloud::of_host(host).unwrap().management_scope().is_some(),
                "{authority}"
            );
        }
    }
}
