//! What is refused before anything is sent, and what the options choose.

mod authorities;
mod interactive;

use crate::{
    AuthenticationRecord, BrowserLauncher, DeviceCodeCredential, DeviceCodeCredentialOptions,
    Error, ErrorKind, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    InteractiveCredential, TokenInfoOptions, bearer_token_provider,
    testing::{Answer, Entra, SCOPE, resource::claim},
};
use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::{AccessToken, TokenCredential},
};
use doorkey_emulator::{Endpoint, Reply};
use std::{sync::Arc, time::Duration};

fn record() -> AuthenticationRecord {
    AuthenticationRecord {
        authority: "login.microsoftonline.com".into(),
        client_id: "client".into(),
        home_account_id: "oid.tid".into(),
        tenant_id: "tid".into(),
        username: "megan@contoso.example".into(),
    }
}

#[test]
fn each_bad_option_is_refused_by_its_name() {
    type Change = fn(&mut InteractiveBrowserCredentialOptions);
    let cases: [(&str, Change); 12] = [
        ("authority", |o| {
            o.client.authority = Some("http://login.example".into());
        }),
        ("authority", |o| {
            o.client.authority = Some("https://".into());
        }),
        ("tenant_id", |o| o.client.tenant_id = Some("a/b".into())),
        ("redirect_uri", |o| {
            o.redirect_uri = Some("https://localhost:1".into());
        }),
        ("redirect_uri", |o| {
            o.redirect_uri = Some("http://example.com:1".into());
        }),
        ("timeout", |o| o.timeout = Some(Duration::ZERO)),
        ("extra_query_parameters", |o| {
            o.extra_query_parameters = vec![("state".into(), "x".into())];
        }),
        ("client_id", |o| {
            o.client_id = Some("another".into());
            o.authentication_record = Some(record());
        }),
        ("authority", |o| {
            o.client.authority = Some("https://login.microsoftonline.us".into());
            o.authentication_record = Some(record());
        }),
        ("tenant_id", |o| {
            o.authentication_record = Some(AuthenticationRecord {
                tenant_id: "{}".into(),
                ..record()
            });
        }),
        ("authority", |o| {
            o.authentication_record = Some(AuthenticationRecord {
                authority: "a b".into(),
                ..record()
            });
        }),
        ("cloud", |o| {
            let mut custom = CustomConfiguration::default();
            custom.authority_host = "http://login.example".into();
            o.client.client_options.cloud = Some(Arc::new(CloudConfiguration::Custom(custom)));
        }),
    ];
    for (name, change) in cases {
        let mut options = InteractiveBrowserCredentialOptions::default();
        change(&mut options);
        let error = InteractiveBrowserCredential::new(Some(options)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

/// The host that a credential asks, told by the request that it sends.
async fn asked_host(
    entra: &Entra,
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut DeviceCodeCredentialOptions),
) -> String {
    let mut options = entra.options();
    options.client.disable_instance_discovery = true;
    change(&mut options);
    let credential = DeviceCodeCredential::with_seams(options, entra.seams(variables)).unwrap();
    entra.emulator.clear_requests();
    // Whether anything comes of it does not matter here.
    let _ = credential.get_token_info(&[SCOPE], None).await;
    let requests = entra.requests_to(Endpoint::DeviceCode);
    let host = requests[0].header("host").unwrap();
    format!("{host}{}", requests[0].path)
}

#[tokio::test(start_paused = true)]
async fn get_default_authority_is_the_first_that_somebody_names() {
    let entra = Entra::start().await;
    let environment = [("AZURE_AUTHORITY_HOST", "https://login.chinacloudapi.cn")];
    let cloud = || Some(Arc::new(CloudConfiguration::AzureGovernment));
    let tail = "/organizations/oauth2/v2.0/devicecode";

    let asked = asked_host(&entra, &[], |_| {}).await;
    assert_eq!(asked, format!("login.microsoftonline.com{tail}"));
    let asked = asked_host(&entra, &[("AZURE_AUTHORITY_HOST", " ")], |_| {}).await;
    assert_eq!(
        asked,
        format!("login.microsoftonline.com{tail}"),
        "empty is unset"
    );
    let asked = asked_host(&entra, &environment, |_| {}).await;
    assert_eq!(asked, format!("login.chinacloudapi.cn{tail}"));
    let asked = asked_host(&entra, &environment, |options| {
        options.client.client_options.cloud = cloud();
    })
    .await;
    assert_eq!(asked, format!("login.microsoftonline.us{tail}"));
    let asked = asked_host(&entra, &environment, |options| {
        options.client.client_options.cloud = cloud();
        options.authentication_record = Some(record());
    })
    .await;
    assert_eq!(
        asked,
        "login.microsoftonline.com/tid/oauth2/v2.0/devicecode"
    );
    let asked = asked_host(&entra, &environment, |options| {
        options.client.client_options.cloud = cloud();
        options.client.authority = Some("login.windows.net/".into());
        options.client.tenant_id = Some("contoso.example".into());
        options.authentication_record = Some(record());
    })
    .await;
    assert_eq!(
        asked,
        "login.windows.net/contoso.example/oauth2/v2.0/devicecode"
    );
}

#[tokio::test(start_paused = true)]
async fn multitenant_authentication_not_allowed_by_the_environment_unless_it_says_false() {
    let entra = Entra::start().await;
    for (value, sent) in [
        ("true", "home.example"),
        ("false", "other.example"),
        ("", "other.example"),
    ] {
        let mut options = entra.options();
        options.client.tenant_id = Some("home.example".into());
        options.client.additionally_allowed_tenants = vec!["*".into()];
        let variables = [("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", value)];
        let credential =
            DeviceCodeCredential::with_seams(options, entra.seams(&variables)).unwrap();
        entra.emulator.clear_requests();
        let request = TokenInfoOptions {
            tenant_id: Some("other.example".into()),
            ..Default::default()
        };
        let _ = credential.get_token_info(&[SCOPE], Some(request)).await;
        let path = &entra.requests_to(Endpoint::DeviceCode)[0].path;
        assert!(path.starts_with(&format!("/{sent}/")), "{value}: {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_scopes_and_bad_scopes_are_refused_by_every_question() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let bad: [&[&str]; 3] = [&[], &["openid"], &["a b"]];
    for scopes in bad {
        let error = credential.get_token(scopes, None).await.unwrap_err();
        assert_eq!(
            Error::find(&error).unwrap().kind(),
            ErrorKind::InvalidArgument,
            "{scopes:?}"
        );
        let error = credential.get_token_info(scopes, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{scopes:?}");
    }
    assert!(entra.emulator.requests().is_empty());
}

/// A credential for an authority that is no cloud, each test under a name of its own: what is
/// discovered is kept for the life of the process.
fn elsewhere(entra: &Entra, authority: &str, trusted: bool) -> Arc<DeviceCodeCredential> {
    entra.credential(|options| {
        options.client.authority = Some(authority.into());
        options.client.disable_instance_discovery = trusted;
    })
}

#[tokio::test(start_paused = true)]
async fn instance_discovery_is_skipped_where_told_and_http_get_200_should_be_cached() {
    let entra = Entra::start().await;
    let authority = "https://login.once.example";
    let credentials = [0; 3].map(|_| elsewhere(&entra, authority, true));
    let [one, two, three] = &credentials;
    let scopes = [SCOPE];
    let (first, second) = tokio::join!(
        one.get_token_info(&scopes, None),
        two.get_token_info(&scopes, None)
    );
    first.unwrap();
    second.unwrap();
    three.get_token_info(&scopes, None).await.unwrap();
    assert_eq!(entra.requests_to(Endpoint::OpenIdConfiguration).len(), 1);
    assert!(entra.requests_to(Endpoint::InstanceDiscovery).is_empty());
}

#[tokio::test(start_paused = true)]
async fn unknown_authority_is_asked_nothing() {
    let entra = Entra::start().await;
    let credential = elsewhere(&entra, "https://login.unknown.example", false);
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    for part in ["login.unknown.example", "disable_instance_discovery"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let hosts: Vec<_> = entra
        .emulator
        .requests()
        .iter()
        .map(|r| r.header("host").unwrap().to_owned())
        .collect();
    assert_eq!(hosts, ["login.microsoftonline.com"]);
    assert_eq!(entra.prompts(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_issuer_or_a_lie_of_an_authority_is_found_out_before_anybody_is_asked() {
    let elsewhere_endpoints = r#"{"authorization_endpoint":"https://evil.example/a",
        "token_endpoint":"https://evil.example/t","issuer":"https://evil.example/"}"#;
    let plain_http = r#"{"authorization_endpoint":"http://login.lies-1.example/a",
        "token_endpoint":"http://login.lies-1.example/t","issuer":"http://login.lies-1.example/"}"#;
    let no_issuer = r#"{"authorization_endpoint":"https://login.lies-2.example/a",
        "token_endpoint":"https://login.lies-2.example/t"}"#;
    for (index, (reply, kind)) in [
        (
            Reply::new(200).body(elsewhere_endpoints),
            ErrorKind::Protocol,
        ),
        (Reply::new(200).body(plain_http), ErrorKind::Protocol),
        (Reply::new(200).body(no_issuer), ErrorKind::Protocol),
        (
            Reply::new(200).body("<html>Welcome to the hotel"),
            ErrorKind::Protocol,
        ),
        (Reply::new(200).body("{}"), ErrorKind::Protocol),
        (
            Reply::new(302).header("location", "https://evil.example/"),
            ErrorKind::Protocol,
        ),
        (Reply::new(404).body("nothing"), ErrorKind::Protocol),
        (Reply::new(503), ErrorKind::Network),
        (Reply::cut(), ErrorKind::Network),
        (Reply::stall(), ErrorKind::Network),
    ]
    .into_iter()
    .enumerate()
    {
        let entra = Entra::start().await;
        let authority = format!("https://login.lies-{index}.example");
        entra
            .emulator
            .replace_next(Endpoint::OpenIdConfiguration, 3, reply);
        let credential = elsewhere(&entra, &authority, true);
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{index}: {error}");
        assert_eq!(entra.prompts(), 0, "{index}");
        entra
            .emulator
            .replace_next(Endpoint::OpenIdConfiguration, 0, Reply::cut());
    }
}

#[tokio::test]
async fn a_taken_port_is_told_before_any_page_opens() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let entra = Entra::start().await;
    let options = InteractiveBrowserCredentialOptions {
        redirect_uri: Some(format!("http://localhost:{port}")),
        browser: BrowserLauncher::Callback(Arc::new(|url| panic!("{url} must not open"))),
        client: entra.client(),
        ..Default::default()
    };
    let credential = InteractiveBrowserCredential::with_seams(options, entra.seams(&[])).unwrap();
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    for part in [port.to_string().as_str(), "redirect_uri"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

// By a transport of its own.
#[cfg(feature = "reqwest")]
#[tokio::test]
async fn an_authority_that_is_not_there_is_an_error_that_names_it() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
        client: crate::PublicClientOptions {
            authority: Some(format!("https://localhost:{port}")),
            disable_instance_discovery: true,
            ..Default::default()
        },
        ..Default::default()
    }))
    .unwrap();
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(
        error
            .to_string()
            .contains(&format!("https://localhost:{port}")),
        "{error}"
    );
}

#[test]
fn what_a_debugger_sees_of_a_credential_has_no_callback_and_no_secret() {
    let credential = DeviceCodeCredential::new(None).unwrap();
    let text = format!("{credential:?}");
    assert!(text.starts_with("DeviceCodeCredential"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn multitenant_authentication_by_views_of_one_sign_in_at_once() {
    let entra = Entra::start().await;
    let guest = entra.guest();
    entra.person_answers(Answer::As(guest.clone()));
    let users = entra.emulator.users();
    let user = users.iter().find(|user| user.username == guest).unwrap();
    let away = user.guest_in[0].tenant_id.clone();
    let credential = entra.credential(|_| {});
    credential.authenticate(None).await.unwrap();
    let scoped = credential.scoped(TokenInfoOptions {
        tenant_id: Some(away.clone()),
        ..Default::default()
    });
    for _ in 0..2 {
        let (here, there) = futures_util::join!(
            credential.get_token(&[SCOPE], None),
            scoped.get_token(&[SCOPE], None)
        );
        let tenant = |token: AccessToken| claim(token.token.secret(), "tid");
        assert_eq!(tenant(here.unwrap()), serde_json::json!(user.tenant_id));
        assert_eq!(tenant(there.unwrap()), serde_json::json!(away));
    }
    assert_eq!(entra.prompts(), 1);
    let closed = entra.credential(|options| options.client.tenant_id = Some(away));
    let error = closed
        .scoped(TokenInfoOptions {
            tenant_id: Some("other.example".into()),
            ..Default::default()
        })
        .get_token(&[SCOPE], None)
        .await
        .unwrap_err();
    assert_eq!(Error::of_any(error).kind(), ErrorKind::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn get_bearer_token_provider_gives_what_the_credential_has_and_its_errors() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let provider = bearer_token_provider(credential.clone(), &[SCOPE]).unwrap();
    let header = provider.authorization_header().await.unwrap();
    let token = provider.token().await.unwrap();
    assert_eq!(header.secret(), format!("Bearer {}", token.secret()));
    assert_eq!(entra.prompts(), 1);
    let shown = format!("{provider:?}");
    assert!(!shown.contains(token.secret()));

    for scopes in [&[][..], &["a b"]] {
        let error = bearer_token_provider(credential.clone(), scopes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let silent = entra.credential(|options| options.disable_automatic_authentication = true);
    let provider = bearer_token_provider(silent, &[SCOPE]).unwrap();
    let error = provider.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}
