//! Which authority it is, and what follows from its name alone.

use super::{TENANT, at};
use crate::{
    AuthenticationRecord, DeviceCodeCredential, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential,
    credential::tests::record,
    testing::{Entra, SCOPE},
};
use doorkey_emulator::{Endpoint, RecordedRequest, Reply};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn by_default_adfs_should_skip_validation_and_instance_metadata_as_all_that_microsoft_cannot_know()
 {
    let entra = Entra::start().await;
    for (authority, host) in [
        ("https://fs.vouched.example/adfs", "fs.vouched.example"),
        (
            "https://vouched.ciamlogin.com/contoso.example",
            "vouched.ciamlogin.com",
        ),
        (
            "https://contoso.b2clogin.us/contoso.example/b2c_1_vouched",
            "contoso.b2clogin.us",
        ),
        // Somebody else's host, however it is called.
        ("https://fakeciamlogin.com", "login.microsoftonline.com"),
        ("https://fakeb2clogin.com", "login.microsoftonline.com"),
        ("https://adfs.vouched.example", "login.microsoftonline.com"),
    ] {
        entra.emulator.clear_requests();
        let _ = at(&entra, authority).get_token_info(&[SCOPE], None).await;
        let first = &entra.emulator.requests()[0];
        assert_eq!(first.header("host"), Some(host), "{authority}");
        let is_asked = first.endpoint == Some(Endpoint::InstanceDiscovery);
        assert_eq!(is_asked, host == "login.microsoftonline.com", "{authority}");
    }
}

/// Behind a firewall: it drops what goes to Microsoft, or answers itself.
#[tokio::test(start_paused = true)]
async fn an_isolated_cloud_is_told_what_to_set() {
    for (reply, kind) in [
        (Reply::stall(), ErrorKind::Network),
        (Reply::new(503).body("<html>"), ErrorKind::Network),
        (Reply::new(403).body("<html>"), ErrorKind::Protocol),
        (Reply::new(200).body("<html>"), ErrorKind::Protocol),
        (
            Reply::new(302).header("location", "https://portal.example"),
            ErrorKind::Protocol,
        ),
    ] {
        let entra = Entra::start().await;
        let credential = at(&entra, "https://login.isolated.example");
        entra
            .emulator
            .replace_next(Endpoint::InstanceDiscovery, 100, reply);
        let begun = Instant::now();
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(begun.elapsed().as_secs() <= 30);
        for part in ["login.isolated.example", "disable_instance_discovery"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        let sent = entra.emulator.requests();
        let is_question =
            |request: &RecordedRequest| request.endpoint == Some(Endpoint::InstanceDiscovery);
        assert!(sent.iter().all(is_question), "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_scopes_are_those_of_the_cloud_by_whatever_name() {
    let entra = Entra::start().await;
    let public = "https://management.core.windows.net//.default";
    let china = "https://management.core.chinacloudapi.cn//.default";
    for (authority, is_of_record, scope) in [
        ("HTTPS://LOGIN.MICROSOFTONLINE.COM", false, Some(public)),
        ("sts.windows.net", true, Some(public)),
        ("login.microsoft.com", true, Some(public)),
        ("login.partner.microsoftonline.cn", true, Some(china)),
        ("LOGIN.ChinaCloudApi.cn/", false, Some(china)),
        ("sts.chinacloudapi.cn", true, Some(china)),
        (
            "login.usgovcloudapi.net",
            true,
            Some("https://management.core.usgovcloudapi.net//.default"),
        ),
        (
            "login.sovcloud-identity.fr",
            false,
            Some("https://management.sovcloud-api.fr//.default"),
        ),
        ("login.sovcloud-identity.de", false, None),
        ("fs.default.example/adfs", false, None),
    ] {
        entra.emulator.clear_requests();
        let record = AuthenticationRecord {
            authority: authority.into(),
            ..record()
        };
        let credential = entra.credential(|options| {
            if is_of_record {
                options.authentication_record = Some(record);
            } else {
                options.client.authority = Some(authority.into());
            }
        });
        // Whether anything comes of it does not matter here.
        let outcome = credential.authenticate(None).await;
        let requests = entra.requests_to(Endpoint::DeviceCode);
        match scope {
            Some(scope) => {
                let asked = requests[0].form_value("scope").unwrap();
                assert!(
                    asked.split(' ').any(|one| one == scope),
                    "{authority}: {asked}"
                );
            }
            None => {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{authority}");
                assert!(error.to_string().contains("`scopes`"), "{error}");
                assert!(entra.emulator.requests().is_empty(), "{authority}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_authority_is_none_wherever_it_is_said() {
    let entra = Entra::start().await;
    for blank in ["", " "] {
        let mut options = entra.options();
        options.client.authority = Some(blank.into());
        let variables = [("AZURE_AUTHORITY_HOST", blank)];
        let credential = DeviceCodeCredential::with_seams(options, entra.seams(&variables));
        entra.emulator.clear_requests();
        credential
            .unwrap()
            .get_token_info(&[SCOPE], None)
            .await
            .unwrap();
        let host = entra.emulator.requests()[0]
            .header("host")
            .map(str::to_owned);
        assert_eq!(host.as_deref(), Some("login.microsoftonline.com"));
    }
}

#[test]
fn a_record_holds_the_host_alone() {
    let record_of = |authority: &str, tenant_id: &str| AuthenticationRecord {
        authority: authority.into(),
        tenant_id: tenant_id.into(),
        ..record()
    };
    let by_id = format!("{TENANT}.ciamlogin.com");
    let b2c = "https://contoso.b2clogin.com/contoso.example/b2c_1_in";
    for (authority, record, named) in [
        (None, record_of("fs.contoso.example", "adfs"), None),
        (
            Some("https://fs.contoso.example/adfs"),
            record_of("fs.contoso.example", "adfs"),
            None,
        ),
        // As Python writes it: by the token's issuer.
        (
            Some("https://contoso.ciamlogin.com"),
            record_of(&by_id, TENANT),
            None,
        ),
        (None, record_of(&by_id, TENANT), None),
        (
            Some("https://contoso.ciamlogin.com"),
            record_of("fabrikam.ciamlogin.com", TENANT),
            Some("fabrikam"),
        ),
        // By the issuer of older tokens, where nobody signs in.
        (
            Some(crate::AuthorityHosts::AZURE_GOVERNMENT),
            record_of("sts.windows.net", TENANT),
            None,
        ),
        (
            Some(crate::AuthorityHosts::AZURE_CHINA),
            record_of("sts.chinacloudapi.cn", TENANT),
            None,
        ),
        (
            Some(crate::AuthorityHosts::AZURE_CHINA),
            record_of("sts.windows.net", TENANT),
            Some("sts.windows.net"),
        ),
        (Some(b2c), record_of("contoso.b2clogin.com", TENANT), None),
        (
            None,
            record_of("contoso.b2clogin.com", TENANT),
            Some("{policy}"),
        ),
    ] {
        let options = InteractiveBrowserCredentialOptions {
            client: crate::PublicClientOptions {
                authority: authority.map(Into::into),
                ..Default::default()
            },
            authentication_record: Some(record),
            ..Default::default()
        };
        let made = InteractiveBrowserCredential::new(Some(options));
        match named {
            None => drop(made.unwrap()),
            Some(part) => {
                let error = made.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                assert!(error.to_string().contains(part), "{error}");
            }
        }
    }
}
