//! Each kind of authority: what is sent there, who has signed in then, what is kept, and whether the
//! next run is silent.

use crate::{
    AuthenticateOptions, AuthenticationRecord, BrowserLauncher, DeviceCodeCredential, ErrorKind,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    TokenInfoOptions,
    account::{accounts_with, sign_out_with},
    seams::Environment,
    testing::{
        Entra, OTHER_SCOPE, SCOPE,
        browser::{Conduct, browser},
        resource::claim,
        store::WatchedStore,
        turn_clock,
    },
};
use doorkey_emulator::{Directory, Endpoint, Reply};
use serde_json::{Value, json};
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
    has_username: bool,
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
        has_username: true,
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
        has_username: true,
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
        has_username: true,
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
        has_username: true,
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
        has_username: false,
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
        has_username: false,
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
        has_username: true,
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
        has_username: true,
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
        let username = if kind.has_username {
            &user.username
        } else {
            ""
        };
        assert_eq!(record.username, username, "{}", kind.authority);
        for section in ["AccessToken", "IdToken", "Account"] {
            let entries = entries(&store, section).await;
            assert_eq!(entries.len(), 1, "{} {section}", kind.authority);
            assert_eq!(entries[0]["realm"], kind.realm, "{}", kind.authority);
            assert_eq!(entries[0]["environment"], environment);
            assert_eq!(entries[0]["home_account_id"], record.home_account_id);
        }
        let account = &entries(&store, "Account").await[0];
        assert_eq!(account["authority_type"], kind.authority_type);
        assert_eq!(account["username"], username);

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

/// The way of a person at AD FS over weeks: its refresh token stays the same one, and it says no
/// more than OAuth does.
#[tokio::test(start_paused = true)]
async fn a_person_at_adfs_comes_back_and_is_asked_when_their_refresh_token_is_dead() {
    let entra = Entra::start().await;
    let store = Arc::new(WatchedStore::default());
    let credential = |record: Option<AuthenticationRecord>| {
        entra.credential(|options| {
            options.client.authority = Some("https://fs.weeks.example/adfs".into());
            options.client.cache_persistence = Some(store.options());
            options.authentication_record = record;
        })
    };
    let first = credential(None);
    let token = first.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(token.token_type, "bearer");
    assert!(token.refresh_on.is_none());
    let refresh_token = entries(&store, "RefreshToken").await[0]["secret"].clone();
    let person = accounts(&store).await.remove(0);
    assert_eq!(
        (person.tenant_id.as_str(), person.username),
        ("adfs", entra.username(0))
    );
    let id_token = entries(&store, "IdToken").await[0]["secret"].clone();
    let subject = claim(id_token.as_str().unwrap(), "sub");
    assert_eq!(json!(person.home_account_id), subject);

    let record = accounts(&store).await.remove(0).record();
    for _ in 0..2 {
        turn_clock(Duration::from_secs(2 * 3_600)).await;
        let again = credential(Some(record.clone()));
        again.get_token_info(&[SCOPE], None).await.unwrap();
        // A request for another tenant is one for the only one that there is.
        let elsewhere = TokenInfoOptions {
            tenant_id: Some("other.example".into()),
            ..Default::default()
        };
        again
            .get_token_info(&[SCOPE], Some(elsewhere))
            .await
            .unwrap();
    }
    let kept = entries(&store, "RefreshToken").await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["secret"], refresh_token);
    assert_eq!(entra.prompts(), 1);
    let routed = entra.requests_to(Endpoint::Token);
    assert!(
        routed
            .iter()
            .all(|request| request.header("x-anchormailbox").is_none())
    );

    turn_clock(Duration::from_secs(2 * 3_600)).await;
    entra.emulator.revoke_refresh_tokens(&entra.username(0));
    let token = credential(Some(record.clone()));
    token.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(
        entra.prompts(),
        2,
        "the person is asked, and is the same one"
    );
    let account = accounts(&store).await.remove(0);
    sign_out_with(&persistent(&store), &account, &Environment::of::<&str>(&[]))
        .await
        .unwrap();
    assert!(accounts(&store).await.is_empty());
    assert!(entries(&store, "RefreshToken").await.is_empty());
}

fn persistent(store: &Arc<WatchedStore>) -> crate::PublicClientOptions {
    crate::PublicClientOptions {
        authority: Some("https://fs.weeks.example/adfs".into()),
        cache_persistence: Some(store.options()),
        ..Default::default()
    }
}

async fn accounts(store: &Arc<WatchedStore>) -> Vec<crate::Account> {
    let environment = Environment::of::<&str>(&[]);
    accounts_with(&persistent(store), &environment)
        .await
        .unwrap()
}

/// Record and cache as Python's libraries write them at AD FS (their scopes are those of the reply,
/// and their metadata of the application has no family).
#[tokio::test(start_paused = true)]
async fn what_python_left_at_adfs_is_taken_up() {
    let entra = Entra::start().await;
    let host = "fs.python.example";
    let ours = entra.credential(|options| {
        options.client.authority = Some(format!("https://{host}/adfs"));
    });
    ours.get_token_info(&[SCOPE], None).await.unwrap();
    let token = entra.requests_to(Endpoint::Token).len();
    let sign_in = Arc::new(WatchedStore::default());
    let donor = entra.credential(|options| {
        options.client.authority = Some(format!("https://{host}/adfs"));
        options.client.cache_persistence = Some(sign_in.options());
    });
    donor.get_token_info(&[SCOPE], None).await.unwrap();
    assert!(entra.requests_to(Endpoint::Token).len() > token);
    let refresh_token = entries(&sign_in, "RefreshToken").await[0]["secret"].clone();
    let id_token = entries(&sign_in, "IdToken").await[0]["secret"].clone();
    let subject = claim(id_token.as_str().unwrap(), "sub");
    let subject = subject.as_str().unwrap();
    let client = entra.emulator.client_id();
    let username = entra.username(0);

    let key = |kind: &str, rest: &str| format!("{subject}-{host}-{kind}-{rest}").to_lowercase();
    let store = Arc::new(WatchedStore::default());
    let document = json!({
        "RefreshToken": { key("refreshtoken", &format!("{client}--openid")): {
            "credential_type": "RefreshToken", "secret": refresh_token,
            "home_account_id": subject, "environment": host, "client_id": client,
            "target": "openid", "last_modification_time": "1",
        }},
        "Account": { key("adfs", ""): {
            "home_account_id": subject, "environment": host, "realm": "adfs",
            "local_account_id": subject, "username": username, "authority_type": "ADFS",
            "account_source": "password",
        }},
        "AppMetadata": { format!("appmetadata-{host}-{client}"): {
            "client_id": client, "environment": host,
        }},
    });
    store.write(false, &document.to_string()).await;
    let record = json!({
        "authority": host, "clientId": client, "homeAccountId": subject, "tenantId": "adfs",
        "username": username, "version": "1.0",
    });
    let record = AuthenticationRecord::deserialize(&record.to_string()).unwrap();
    let prompts = entra.prompts();
    entra.emulator.clear_requests();
    let silent = entra.credential(|options| {
        options.authentication_record = Some(record);
        options.disable_automatic_authentication = true;
        options.client.cache_persistence = Some(store.options());
    });
    silent.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(sent(&entra), [format!("{host}/adfs/oauth2/token/")]);
    assert_eq!(entra.prompts(), prompts);
    assert_eq!(entries(&store, "AccessToken").await[0]["realm"], "adfs");
    assert_eq!(entries(&store, "Account").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn adfs_words_reach_the_caller() {
    let entra = Entra::start().await;
    let words = r#"{"error":"invalid_client","error_description":"MSIS9607: The 'client_id' parameter in the request is invalid. No registered client is found with this identifier."}"#;
    let reply = Reply::new(400).body(words);
    entra.emulator.replace_next(Endpoint::DeviceCode, 1, reply);
    let credential = at(&entra, "https://fs.words.example/adfs");
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("MSIS9607"), "{error}");
    assert!(error.oauth().unwrap().codes.is_empty());
}

fn at(entra: &Entra, authority: &str) -> Arc<DeviceCodeCredential> {
    entra.credential(|options| options.client.authority = Some(authority.into()))
}

#[tokio::test(start_paused = true)]
async fn b2c_offers_no_device_code() {
    let entra = Entra::start().await;
    let credential = at(
        &entra,
        "https://contoso.b2clogin.com/contoso.example/b2c_1_device",
    );
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("browser"), "{error}");
}

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

#[tokio::test]
async fn the_port_of_azures_tools_is_used_at_adfs_and_named_where_it_is_taken() {
    let entra = Entra::start().await;
    // Whoever has it, it is taken.
    let _taken = TcpListener::bind("127.0.0.1:8400");
    let options = InteractiveBrowserCredentialOptions {
        browser: BrowserLauncher::Callback(Arc::new(|url| panic!("{url} must not open"))),
        client: crate::PublicClientOptions {
            authority: Some("https://fs.port.example/adfs".into()),
            ..entra.client()
        },
        ..Default::default()
    };
    let credential = InteractiveBrowserCredential::with_seams(options, entra.seams(&[])).unwrap();
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    for part in ["http://localhost:8400", "redirect_uri", "registered"] {
        assert!(error.to_string().contains(part), "{error}");
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
            ..super::record()
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
    let record = |authority: &str, tenant_id: &str| AuthenticationRecord {
        authority: authority.into(),
        tenant_id: tenant_id.into(),
        ..super::record()
    };
    let by_id = format!("{TENANT}.ciamlogin.com");
    let b2c = "https://contoso.b2clogin.com/contoso.example/b2c_1_in";
    for (authority, record, named) in [
        (None, record("fs.contoso.example", "adfs"), None),
        (
            Some("https://fs.contoso.example/adfs"),
            record("fs.contoso.example", "adfs"),
            None,
        ),
        // As Python writes it: by the token's issuer.
        (
            Some("https://contoso.ciamlogin.com"),
            record(&by_id, TENANT),
            None,
        ),
        (None, record(&by_id, TENANT), None),
        (
            Some("https://contoso.ciamlogin.com"),
            record("fabrikam.ciamlogin.com", TENANT),
            Some("fabrikam"),
        ),
        (Some(b2c), record("contoso.b2clogin.com", TENANT), None),
        (
            None,
            record("contoso.b2clogin.com", TENANT),
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

#[tokio::test(start_paused = true)]
async fn an_authority_with_a_tenant_is_asked_for_no_other() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| {
        options.client.authority =
            Some("https://contoso.b2clogin.com/contoso.example/b2c_1_other".into());
        options.client.additionally_allowed_tenants = vec!["*".into()];
    });
    let elsewhere = TokenInfoOptions {
        tenant_id: Some("fabrikam.example".into()),
        ..Default::default()
    };
    let error = credential.get_token_info(&[SCOPE], Some(elsewhere)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("fabrikam.example"), "{error}");
    assert!(entra.emulator.requests().is_empty());
}

/// One host for all policies, and one application.
#[tokio::test]
async fn in_b2c_a_person_is_found_again_by_their_policy() {
    let entra = Entra::start().await;
    let store = Arc::new(WatchedStore::default());
    let credential = |policy: &str, automatic: bool| {
        let first_person = Conduct::SignIn(entra.username(0));
        let options = InteractiveBrowserCredentialOptions {
            disable_automatic_authentication: !automatic,
            browser: browser(&entra.emulator, first_person, Arc::default()),
            timeout: Some(Duration::from_secs(20)),
            client: crate::PublicClientOptions {
                authority: Some(format!(
                    "https://login.policies.example/contoso.example/{policy}"
                )),
                cache_persistence: Some(store.options()),
                ..entra.client()
            },
            ..Default::default()
        };
        InteractiveBrowserCredential::with_seams(options, entra.seams(&[])).unwrap()
    };
    let mut tokens = Vec::new();
    for policy in ["b2c_1_in", "b2c_1_edit"] {
        let signed_in = credential(policy, true);
        let token = signed_in.get_token_info(&[SCOPE], None).await.unwrap();
        tokens.push((policy, token));
    }
    assert_eq!(entra.grants(), ["authorization_code"; 2]);
    assert_eq!(entries(&store, "Account").await.len(), 2);
    // As Python's library writes it.
    let mut document = store.document(false).await;
    for (_, token) in document["AccessToken"].as_object_mut().unwrap() {
        token.as_object_mut().unwrap().remove("doorkey_tenant");
    }
    store.write(false, &document.to_string()).await;
    entra.emulator.clear_requests();
    for (policy, token) in tokens {
        let silent = credential(policy, false);
        let again = silent.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(again.token.secret(), token.token.secret(), "{policy}");
    }
    assert!(sent(&entra).is_empty());
    let third = credential("b2c_1_reset", false);
    let error = third.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(entra.grants().is_empty());
}
