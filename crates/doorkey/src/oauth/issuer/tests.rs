//! Rows of authority, issuer and tenant, for each kind.

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
    // Personal accounts, by the name of their tenant and by its id.
    let personal = crate::tenant::PERSONAL_ACCOUNTS;
    let issuer = of("login.microsoftonline.com", personal);
    for asked in [None, Some(personal)] {
        check(
            &at("login.microsoftonline.com", asked),
            &[(&issuer, Some(personal), true, true)],
        );
    }
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
