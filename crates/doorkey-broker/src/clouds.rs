//! Microsoft's clouds: where the operating systems' brokers sign people in.

use url::Url;

/// Each by its hosts. To any other a person would be sent in vain, or get a token of another authority than
/// was asked for.
const CLOUDS: [&[&str]; 7] = [
    &[
        PUBLIC_HOST,
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    &["login-us.microsoftonline.com"],
    &["login.sovcloud-identity.fr"],
    &["login.sovcloud-identity.de"],
    &["login.sovcloud-identity.sg"],
];

pub(crate) const PUBLIC_HOST: &str = "login.microsoftonline.com";

/// All hosts of the cloud that a host, in lower case, is one of.
pub(crate) fn cloud(host: &str) -> Option<&'static [&'static str]> {
    CLOUDS.into_iter().find(|hosts| hosts.contains(&host))
}

/// An authority's host and tenant, in lower case, if it is one of Microsoft's clouds.
pub(crate) fn host_and_tenant(authority: &str) -> Option<(String, String)> {
    let url = Url::parse(authority).ok()?;
    let host = url.host_str()?.to_ascii_lowercase();
    let tenant = url.path_segments()?.next()?.to_ascii_lowercase();
    let is_served = url.scheme() == "https" && cloud(&host).is_some();
    (is_served && !tenant.is_empty() && tenant != "adfs").then_some((host, tenant))
}
