//! Who may have issued an id token. Each kind of authority writes itself in its own way, and a check
//! that is too strict keeps people out: so what its metadata says, or a form that its kind is known
//! for, and nothing that merely looks like one.

use super::{Authority, AuthorityKind, authority_kind::CIAM};
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
mod tests {
    use super::*;

    const ID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    const OTHER: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";

    fn at(host: &str, tenant_id: Option<&str>) -> Issuer {
        Issuer::Cloud {
            cloud: Cloud::of_host(host).unwrap(),
            tenant_id: tenant_id.map(Into::into),
        }
    }

    fn said(authority: &str, issuer: &str, access_token_issuer: Option<&str>) -> Issuer {
        let authority = Authority::parse(authority, "authority").unwrap();
        Issuer::of(
            &authority,
            issuer.to_owned(),
            access_token_issuer.map(Into::into),
        )
    }

    #[track_caller]
    fn check(issuer: &Issuer, rows: &[(&str, Option<&str>, bool, bool)]) {
        for (text, tid, issues, redirects) in rows {
            assert_eq!(
                issuer.issues(text, *tid),
                *issues,
                "{issuer:?} {text} {tid:?}"
            );
            assert_eq!(issuer.redirects(text), *redirects, "{issuer:?} {text}");
        }
    }

    #[test]
    fn known_authority_with_non_matching_issuer_is_none_of_the_clouds() {
        let of = |host: &str, tid: &str| format!("https://{host}/{tid}/v2.0");
        let public = of("login.microsoftonline.com", "t");
        let other = of("login.microsoftonline.com", "u");
        check(
            &at("login.windows.net", Some("t")),
            &[
                (&public, Some("t"), true, true),
                (&other, Some("u"), false, true),
            ],
        );
        check(
            &at("login.windows.net", None),
            &[
                (&public, Some("t"), true, true),
                (&other, Some("t"), false, true),
                (&public, None, false, true),
                ("https://sts.windows.net/t/", Some("t"), true, true),
                ("https://sts.windows.net/u/", Some("t"), false, true),
                ("https://sts.windows.net/t", Some("t"), false, false),
                (
                    "https://login.microsoftonline.com/t/",
                    Some("t"),
                    false,
                    false,
                ),
                (
                    &of("login.microsoftonline.com.evil", "t"),
                    Some("t"),
                    false,
                    false,
                ),
                (
                    &of("evil.login.microsoftonline.com", "t"),
                    Some("t"),
                    false,
                    false,
                ),
                (&public.replace("https", "http"), Some("t"), false, false),
                (&format!("{public}/x"), Some("t"), false, false),
                (
                    &of("login.microsoftonline.us", "t"),
                    Some("t"),
                    false,
                    false,
                ),
                ("https://sts.chinacloudapi.cn/t/", Some("t"), false, false),
            ],
        );
        check(
            &at("login.chinacloudapi.cn", None),
            &[
                (
                    &of("login.partner.microsoftonline.cn", "t"),
                    Some("t"),
                    true,
                    true,
                ),
                ("https://sts.chinacloudapi.cn/t/", Some("t"), true, true),
                (&public, Some("t"), false, false),
            ],
        );
        check(
            &at("login.sovcloud-identity.fr", None),
            &[
                (
                    &of("login.sovcloud-identity.fr", "t"),
                    Some("t"),
                    true,
                    true,
                ),
                (
                    &of("login.sovcloud-identity.de", "t"),
                    Some("t"),
                    false,
                    false,
                ),
                ("https://sts.windows.net/t/", Some("t"), false, false),
            ],
        );
    }

    #[test]
    fn exact_match_issuer_and_custom_authority_with_microsoft_issuer_as_metadata_say() {
        check(
            &said(
                "localhost:1",
                "https://localhost:1/{tenantid}/v2.0",
                Some("https://x/"),
            ),
            &[
                ("https://localhost:1/t/v2.0", Some("t"), true, true),
                ("https://localhost:1/u/v2.0", Some("t"), false, true),
                ("https://localhost:1/{tenantid}/v2.0", None, true, false),
                ("https://localhost:2/t/v2.0", Some("t"), false, false),
                ("https://x/", None, false, false),
            ],
        );
        check(
            &said("localhost:1", "https://localhost:1/t/v2.0", None),
            &[
                ("https://localhost:1/t/v2.0", Some("t"), true, true),
                ("https://localhost:1/t/v2.0/", Some("t"), false, false),
            ],
        );
        // A gateway before Entra ID.
        check(
            &said(
                "gate.example",
                "https://login.microsoftonline.com/{tenantid}/v2.0",
                None,
            ),
            &[
                (
                    "https://login.microsoftonline.com/t/v2.0",
                    Some("t"),
                    true,
                    true,
                ),
                ("https://gate.example/t/v2.0", Some("t"), false, false),
            ],
        );
    }

    #[test]
    fn of_adfs() {
        let trust = "http://fs.contoso.example/adfs/services/trust";
        let own = "https://fs.contoso.example/adfs";
        check(
            &said(own, own, Some(trust)),
            &[
                (own, None, true, true),
                (trust, None, true, true),
                ("https://fs.contoso.example/adfs/", None, false, false),
                ("https://evil.example/adfs", None, false, false),
                (
                    "http://fs.contoso.example.evil/adfs/services/trust",
                    None,
                    false,
                    false,
                ),
            ],
        );
        // The farm's name behind a proxy of another name.
        check(
            &said("https://proxy.contoso.example/adfs", own, Some(trust)),
            &[(own, None, true, true), (trust, None, true, true)],
        );
        let elsewhere = "http://evil.example/adfs/services/trust";
        check(
            &said(own, own, Some(elsewhere)),
            &[(elsewhere, None, false, false)],
        );
    }

    #[test]
    fn b2c_issuer_host_and_spoofed_b2c_host_should_be_rejected() {
        let authority = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_sign";
        let own = format!("https://contoso.b2clogin.com/{ID}/v2.0/");
        let with_policy = format!("https://contoso.b2clogin.com/tfp/{ID}/b2c_1_sign/v2.0/");
        check(
            &said(authority, &own, None),
            &[
                (&own, None, true, true),
                (&own, Some(ID), true, true),
                (&with_policy, None, true, true),
                (own.trim_end_matches('/'), None, false, false),
                (&own.replace(ID, OTHER), None, false, false),
                (
                    &own.replace("contoso.b2clogin", "fakeb2clogin"),
                    None,
                    false,
                    false,
                ),
                (
                    &own.replace("contoso.b2clogin.com", "contoso.b2clogin.com.evil"),
                    None,
                    false,
                    false,
                ),
                (
                    &with_policy.replace("b2c_1_sign", "b2c_1_other"),
                    None,
                    false,
                    false,
                ),
            ],
        );
        check(
            &said(
                "https://login.contoso.example/contoso.onmicrosoft.com/b2c_1_sign",
                &own,
                None,
            ),
            &[
                (&own, None, true, true),
                (
                    &format!("https://login.contoso.example/{ID}/v2.0/"),
                    None,
                    true,
                    true,
                ),
            ],
        );
    }

    #[test]
    fn ciam_authority_with_host_tenant_and_spoofed_ciamlogin_host_should_be_rejected() {
        let by_id = format!("https://{ID}.ciamlogin.com/{ID}/v2.0");
        let by_name = format!("https://contoso.ciamlogin.com/{ID}/v2.0");
        for issuer in [&by_id, &by_name] {
            check(
                &said("https://contoso.ciamlogin.com", issuer, None),
                &[
                    (&by_id, Some(ID), true, true),
                    (&by_name, Some(ID), true, true),
                    (
                        &format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0"),
                        Some(OTHER),
                        false,
                        false,
                    ),
                    (
                        &format!("https://{OTHER}.ciamlogin.com/{ID}/v2.0"),
                        Some(ID),
                        false,
                        false,
                    ),
                    (
                        &format!("https://{ID}.ciamlogin.com.evil/{ID}/v2.0"),
                        Some(ID),
                        false,
                        false,
                    ),
                    (
                        &format!("https://fakeciamlogin.com/{ID}/v2.0"),
                        Some(ID),
                        false,
                        false,
                    ),
                ],
            );
        }
    }
}
