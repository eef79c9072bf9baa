//! Each kind of authority: what is sent there, who has signed in then, what is kept, and whether the
//! next run is silent.

mod adfs;
mod b2c;
mod choice;

use crate::{
    AuthenticateOptions, DeviceCodeCredential, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential,
    testing::{
        Entra, OTHER_SCOPE, SCOPE,
        browser::{Conduct, browser},
        store::WatchedStore,
    },
};
use doorkey_emulator::Directory;
use serde_json::Value;
use std::{net::TcpListener, sync::Arc, time::Duration};

/// The first person of the emulator's directory, at home.
const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

/// One authority, and what it is to look like from outside.
struct Kind {
    authority: &'static str,
    tenant_id: Option<&'static str>,
    /// The requests of a first sign-in, without the person's own.
    sent: [&'static str; 3],
    /// Of the record: the tenant.
    tenant: &'static str,
    /// Of the cache's entries.
    realm: &'static str,
    authority_type: &'static str,
}

const KINDS: [Kind; 8] = [
    Kind {
        authority: "HTTPS://LOGIN.Partner.MicrosoftOnline.cn/",
        tenant_id: None,
        sent: [
            "",
            "login.partner.microsoftonline.cn/organizations/oauth2/v2.0/authorize",
            "login.partner.microsoftonline.cn/organizations/oauth2/v2.0/token",
        ],
        tenant: TENANT,
        realm: TENANT,
        authority_type: "MSSTS",
    },
    Kind {
        authority: "https://login.sovcloud-identity.fr",
        tenant_id: Some("contoso.example"),
        sent: [
            "",
            "login.sovcloud-identity.fr/contoso.example/oauth2/v2.0/authorize",
            "login.sovcloud-identity.fr/contoso.example/oauth2/v2.0/token",
        ],
        tenant: TENANT,
        realm: TENANT,
        authority_type: "MSSTS",
    },
    Kind {
        authority: "https://fs.kinds.example/adfs",
        tenant_id: None,
        sent: [
            "fs.kinds.example/adfs/.well-known/openid-configuration",
            "fs.kinds.example/adfs/oauth2/authorize/",
            "fs.kinds.example/adfs/oauth2/token/",
        ],
        tenant: "adfs",
        realm: "adfs",
        authority_type: "ADFS",
    },
    // As azure-identity is told; the port is no part of the cache's environment.
    Kind {
        authority: "https://fs.stack.example:444",
        tenant_id: Some("adfs"),
        sent: [
            "fs.stack.example:444/adfs/.well-known/openid-configuration",
            "fs.stack.example:444/adfs/oauth2/authorize/",
            "fs.stack.example:444/adfs/oauth2/token/",
        ],
        tenant: "adfs",
        realm: "adfs",
        authority_type: "ADFS",
    },
    Kind {
        authority: "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_In",
        tenant_id: None,
        sent: [
            "contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_In/v2.0/.well-known/openid-configuration",
            "contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/authorize",
            "contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/token",
        ],
        tenant: "contoso.onmicrosoft.com",
        realm: "contoso.onmicrosoft.com",
        authority_type: "MSSTS",
    },
    // A domain of their own, in the older form.
    Kind {
        authority: "https://login.kinds.example/tfp/contoso.example/b2c_1_in",
        tenant_id: None,
        sent: [
            "login.kinds.example/tfp/contoso.example/b2c_1_in/v2.0/.well-known/openid-configuration",
            "login.kinds.example/tfp/contoso.example/b2c_1_in/oauth2/v2.0/authorize",
            "login.kinds.example/tfp/contoso.example/b2c_1_in/oauth2/v2.0/token",
        ],
        tenant: "contoso.example",
        realm: "contoso.example",
        authority_type: "MSSTS",
    },
    Kind {
        authority: "https://contoso.ciamlogin.com",
        tenant_id: None,
        sent: [
            "contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/oauth2/v2.0/authorize",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/oauth2/v2.0/token",
        ],
        tenant: TENANT,
        realm: TENANT,
        authority_type: "MSSTS",
    },
    Kind {
        authority: "https://contoso.ciamlogin.com/contoso.example/",
        tenant_id: None,
        sent: [
            "contoso.ciamlogin.com/contoso.example/v2.0/.well-known/openid-configuration",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/oauth2/v2.0/authorize",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/oauth2/v2.0/token",
        ],
        tenant: TENANT,
        realm: TENANT,
        authority_type: "MSSTS",
    },
];

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An authority to which the application may come back on `port`, whoever compares it.
async fn entra(port: u16) -> Entra {
    let registered = format!("\"http://localhost\", \"http://localhost:{port}\",");
    let directory = Directory::BUILT_IN.replacen("\"http://localhost\",", &registered, 1);
    Entra::start_with(|builder| {
        builder
            .directory(Directory::from_toml(&directory).unwrap())
            .authorization_response_issuer(true)
    })
    .await
}

/// Whatever was sent since it was asked last, without what the person sent.
fn sent(entra: &Entra) -> Vec<String> {
    let requests = entra.emulator.requests();
    entra.emulator.clear_requests();
    let of_the_application = requests.iter().filter(|request| request.endpoint.is_some());
    of_the_application
        // A person's browser, as it is played here, sends no such header.
        .map(|request| format!("{}{}", request.header("host").unwrap_or_default(), request.path))
        .collect()
}

async fn entries(store: &WatchedStore, section: &str) -> Vec<Value> {
    let document = store.document(false).await;
    let section = document[section].as_object().cloned().unwrap_or_default();
    section.into_iter().map(|(_, entry)| entry).collect()
}

fn at(entra: &Entra, authority: &str) -> Arc<DeviceCodeCredential> {
    entra.credential(|options| options.client.authority = Some(authority.into()))
}

#[cfg(feature = "username-password")]
#[tokio::test(start_paused = true)]
async fn a_password_goes_where_it_is_checked_and_nobody_is_asked_whose_it_is() {
    let entra = Entra::start().await;
    for (authority, described, token) in [
        (
            "https://fs.password.example/adfs",
            "fs.password.example/adfs/.well-known/openid-configuration",
            "fs.password.example/adfs/oauth2/token/",
        ),
        (
            "https://contoso.b2clogin.com/contoso.example/b2c_1_password",
            "contoso.b2clogin.com/contoso.example/b2c_1_password/v2.0/.well-known/openid-configuration",
            "contoso.b2clogin.com/contoso.example/b2c_1_password/oauth2/v2.0/token",
        ),
        (
            "https://contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/.well-known/openid-configuration",
            "contoso.ciamlogin.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/oauth2/v2.0/token",
        ),
    ] {
        let options = crate::UsernamePasswordCredentialOptions {
            client: crate::PublicClientOptions {
                authority: Some(authority.into()),
                ..entra.client()
            },
        };
        let user = &entra.emulator.users()[0];
        let credential = crate::UsernamePasswordCredential::with_seams(
            entra.emulator.client_id().into(),
            user.username.clone(),
            crate::sensitive::Sensitive::new(&*user.password),
            options,
            entra.seams(&[]),
        );
        let credential = credential.unwrap();
        credential.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(sent(&entra), [described, token]);
    }
}

#[tokio::test]
async fn each_kind_is_asked_in_its_own_way_and_the_next_run_is_silent() {
    for kind in &KINDS {
        let port = free_port();
        let entra = entra(port).await;
        let store = Arc::new(WatchedStore::default());
        let first_person = Conduct::SignIn(entra.username(0));
        let options = InteractiveBrowserCredentialOptions {
            redirect_uri: Some(format!("http://localhost:{port}")),
            browser: browser(&entra.emulator, first_person, Arc::default()),
            timeout: Some(Duration::from_secs(20)),
            client: crate::PublicClientOptions {
                authority: Some(kind.authority.into()),
                tenant_id: kind.tenant_id.map(Into::into),
                cache_persistence: Some(store.options()),
                ..entra.client()
            },
            ..Default::default()
        };
        let credential = |options: &InteractiveBrowserCredentialOptions| {
            InteractiveBrowserCredential::with_seams(options.clone(), entra.seams(&[])).unwrap()
        };
        let asked = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        let signed_in = credential(&options).authenticate(Some(asked)).await;
        let record = signed_in.unwrap_or_else(|error| panic!("{}: {error}", kind.authority));

        let [described, page, token] = kind.sent;
        let (host, page) = page.split_at(page.find('/').unwrap());
        let expected = [described, page, token].map(str::to_owned);
        let expected = expected.into_iter().filter(|url| !url.is_empty());
        assert!(expected.eq(sent(&entra)), "{}", kind.authority);
        let environment = host.split(':').next().unwrap();
        let user = &entra.emulator.users()[0];
        assert_eq!(record.authority, host);
        assert_eq!(record.tenant_id, kind.tenant, "{}", kind.authority);
        assert_eq!(record.username, user.username, "{}", kind.authority);
        for section in ["AccessToken", "IdToken", "Account"] {
            let entries = entries(&store, section).await;
            assert_eq!(entries.len(), 1, "{} {section}", kind.authority);
            assert_eq!(entries[0]["realm"], kind.realm, "{}", kind.authority);
            assert_eq!(entries[0]["environment"], environment);
            assert_eq!(entries[0]["home_account_id"], record.home_account_id);
        }
        let account = &entries(&store, "Account").await[0];
        assert_eq!(account["authority_type"], kind.authority_type);
        assert_eq!(account["username"], user.username);

        // The next run, by the record.
        let next = InteractiveBrowserCredentialOptions {
            authentication_record: Some(record),
            disable_automatic_authentication: true,
            ..options.clone()
        };
        let next = credential(&next);
        next.get_token_info(&[SCOPE], None).await.unwrap();
        assert!(sent(&entra).is_empty(), "{}", kind.authority);
        next.get_token_info(&[OTHER_SCOPE], None).await.unwrap();
        let renewed = sent(&entra).pop().unwrap();
        let is_there = renewed.starts_with(host) && renewed.contains("/oauth2/");
        assert!(is_there, "{}: {renewed}", kind.authority);
        // And one more, by whoever is there.
        let guessing = InteractiveBrowserCredentialOptions {
            disable_automatic_authentication: true,
            ..options
        };
        let guessing = credential(&guessing);
        guessing.get_token_info(&[OTHER_SCOPE], None).await.unwrap();
        assert!(sent(&entra).is_empty(), "{}", kind.authority);
        assert_eq!(entries(&store, "RefreshToken").await.len(), 1);
    }
}
