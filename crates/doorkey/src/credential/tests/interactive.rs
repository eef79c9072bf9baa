//! What all credentials that ask a person have in common.

use super::record;
use crate::{
    AuthenticateOptions, AuthenticationRecord, DeviceCodeCredential, Error, ErrorKind,
    InteractiveCredential, TokenInfoOptions,
    testing::{Entra, OTHER_SCOPE, SCOPE, store::WatchedStore},
};
use azure_core::{
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, Context, HttpClient, Request, Transport,
        policies::{Policy, PolicyResult},
    },
};
use doorkey_emulator::Endpoint;
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What the code is asked for: path, application, scope.
fn asked(entra: &Entra) -> (String, String, String) {
    let requests = entra.requests_to(Endpoint::DeviceCode);
    let request = requests.last().unwrap();
    let value = |name: &str| request.form_value(name).unwrap().to_owned();
    (request.path.clone(), value("client_id"), value("scope"))
}

#[tokio::test(start_paused = true)]
async fn authentication_record_argument_and_tenant_argument_overrides_record() {
    let entra = Entra::start().await;
    for (tenant, sent) in [(None, "tid"), (Some("other.example"), "other.example")] {
        let credential = entra.credential(|options| {
            options.authentication_record = Some(record());
            options.client.tenant_id = tenant.map(Into::into);
        });
        // The emulator does not know the record's application.
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let (path, client_id, _) = asked(&entra);
        assert_eq!(path, format!("/{sent}/oauth2/v2.0/devicecode"));
        assert_eq!(client_id, record().client_id);
    }
}

#[tokio::test(start_paused = true)]
async fn authenticate_default_scopes_and_authenticate_unknown_cloud() {
    for (authority, scope) in [
        ("login.microsoftonline.com", "management.core.windows.net"),
        (
            "login.microsoftonline.us",
            "management.core.usgovcloudapi.net",
        ),
        ("login.chinacloudapi.cn", "management.core.chinacloudapi.cn"),
        ("login.scopes.example", ""),
    ] {
        let entra = Entra::start().await;
        let credential = entra.credential(|options| {
            options.client.authority = Some(authority.into());
            options.client.disable_instance_discovery = true;
        });
        let outcome = credential.authenticate(None).await;
        if scope.is_empty() {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("`scopes`"), "{error}");
            assert_eq!(entra.prompts(), 0);
            continue;
        }
        let (_, _, asked) = asked(&entra);
        let scope = format!("https://{scope}//.default offline_access openid profile");
        assert_eq!(asked, scope, "{authority}");
    }
}

#[tokio::test(start_paused = true)]
async fn authenticate_gives_the_record_and_the_next_call_comes_from_the_cache() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let options = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    };
    let record = credential.authenticate(Some(options)).await.unwrap();
    let user = &entra.emulator.users()[0];
    let (uid, utid) = record.home_account_id.split_once('.').unwrap();
    assert!(!uid.is_empty());
    assert_eq!(utid, user.tenant_id);
    assert_eq!(
        record,
        AuthenticationRecord {
            authority: "login.microsoftonline.com".into(),
            client_id: entra.emulator.client_id().into(),
            home_account_id: record.home_account_id.clone(),
            tenant_id: user.tenant_id.clone(),
            username: user.username.clone(),
        }
    );
    let requests = entra.emulator.requests().len();
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(entra.emulator.requests().len(), requests);
}

#[tokio::test(start_paused = true)]
async fn authenticate_ignores_disable_automatic_authentication() {
    let entra = Entra::start().await;
    for (asked, disabled) in [(1, true), (2, false)] {
        let credential =
            entra.credential(|options| options.disable_automatic_authentication = disabled);
        credential.authenticate(None).await.unwrap();
        assert_eq!(entra.prompts(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn disable_automatic_authentication_and_scopes_round_trip_with_claims() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| options.disable_automatic_authentication = true);
    let claims = r#"{"access_token":{"nbf":{"essential":true}}}"#;
    let options = TokenInfoOptions {
        claims: Some(claims.into()),
        ..Default::default()
    };
    let scopes = [SCOPE, "https://storage.azure.com/user_impersonation"];
    let error = credential.get_token_info(&scopes, Some(options)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(error.needs_person());
    assert_eq!(
        (error.scopes(), error.claims()),
        (&scopes.map(String::from)[..], Some(claims))
    );
    assert!(entra.emulator.requests().is_empty());
    let options = AuthenticateOptions {
        scopes: error.scopes()[..1].to_vec(),
        claims: error.claims().map(Into::into),
        ..Default::default()
    };
    credential.authenticate(Some(options)).await.unwrap();
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(entra.prompts(), 1);
}

/// A transport that is not the emulator's.
#[derive(Debug)]
struct Broken;

#[async_trait::async_trait]
impl HttpClient for Broken {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let kind = azure_core::error::ErrorKind::Io;
        Err(azure_core::Error::with_message(kind, "the cable is out"))
    }
}

#[tokio::test(start_paused = true)]
async fn get_token_wraps_exceptions() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| {
        options.client.client_options.transport = Some(Transport::new(Arc::new(Broken)));
    });
    let error = credential.get_token(&[SCOPE], None).await.unwrap_err();
    assert_eq!(*error.kind(), azure_core::error::ErrorKind::Credential);
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Network);
    let mut told = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        told.push(error.to_string());
        next = error.source();
    }
    assert!(told.join("\n").contains("the cable is out"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn token_cache_persistent_is_read_when_it_is_needed_and_memory_is_the_default() {
    let entra = Entra::start().await;
    let store = Arc::new(WatchedStore::default());
    let credential =
        entra.credential(|options| options.client.cache_persistence = Some(store.options()));
    assert!(store.calls().is_empty());
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    let loads = |calls: Vec<String>| {
        let mut loads: Vec<_> = calls
            .into_iter()
            .filter(|call| call.starts_with("load"))
            .collect();
        loads.sort();
        loads
    };
    assert_eq!(loads(store.calls()), ["load cae", "load nocae"]);
    let revocable = TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    };
    for scope in [SCOPE, OTHER_SCOPE] {
        let options = Some(revocable.clone());
        credential.get_token_info(&[scope], options).await.unwrap();
    }
    assert!(loads(store.calls()).is_empty(), "each half once");

    // Without a store each credential has a memory of its own.
    for prompts in [2, 3] {
        entra
            .credential(|_| {})
            .get_token_info(&[SCOPE], None)
            .await
            .unwrap();
        assert_eq!(entra.prompts(), prompts);
    }
}

/// Counts what passes.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[expect(elided_lifetimes_in_paths, reason = "as the trait declares it")]
#[async_trait::async_trait]
impl Policy for Counting {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        self.0.fetch_add(1, Ordering::Relaxed);
        next[0].send(context, request, &next[1..]).await
    }
}

#[tokio::test(start_paused = true)]
async fn policies_configurable() {
    let entra = Entra::start().await;
    let (per_call, per_try) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
    let credential = entra.credential(|options| {
        let client = &mut options.client.client_options;
        client
            .per_call_policies
            .push(Arc::<Counting>::clone(&per_call));
        client
            .per_try_policies
            .push(Arc::<Counting>::clone(&per_try));
    });
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    let sent = entra.emulator.requests().len();
    assert_eq!(sent, 2);
    for policy in [per_call, per_try] {
        assert_eq!(policy.0.load(Ordering::Relaxed), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn user_agent() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    for request in entra.emulator.requests() {
        let agent = request.header("user-agent").unwrap();
        assert!(agent.starts_with("azsdk-rust-doorkey/"), "{agent}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_cached_token_and_token_acquisition_failure_mean_a_request_each_time() {
    let entra = Entra::start().await;
    let refused = || {
        let body = r#"{"error":"invalid_scope","error_description":"AADSTS70011: No."}"#;
        doorkey_emulator::Reply::new(400).body(body)
    };
    entra
        .emulator
        .replace_next(Endpoint::DeviceCode, 4, refused());
    let credential = entra.credential(|_| {});
    for requests in 1..=4 {
        credential.get_token(&[SCOPE], None).await.unwrap_err();
        assert_eq!(entra.emulator.requests().len(), requests);
    }
    credential.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(entra.prompts(), 1);
}

/// The peers look for an error in a text, too.
#[tokio::test(start_paused = true)]
async fn string_response_content_is_read_for_its_error() {
    let entra = Entra::start().await;
    let body = r#"{"error":"invalid_scope","error_description":"AADSTS70011: No."}"#;
    let reply = doorkey_emulator::Reply::new(400)
        .header("content-type", "text/plain")
        .body(body);
    entra.emulator.replace_next(Endpoint::DeviceCode, 1, reply);
    let credential: Arc<DeviceCodeCredential> = entra.credential(|_| {});
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.oauth().unwrap().error, "invalid_scope");
}

#[tokio::test(start_paused = true)]
async fn known_authority_should_use_same_host_and_skip_instance_discovery() {
    for host in [
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "login.microsoftonline.de",
        "login-us.microsoftonline.com",
        "login.microsoftonline.us",
        "login.usgovcloudapi.net",
        "login.sovcloud-identity.fr",
        "login.sovcloud-identity.de",
        "login.sovcloud-identity.sg",
    ] {
        let entra = Entra::start().await;
        let credential = entra.credential(|options| options.client.authority = Some(host.into()));
        let _ = credential.get_token_info(&[SCOPE], None).await;
        let requests = entra.emulator.requests();
        assert!(!requests.is_empty(), "{host}");
        for request in requests {
            assert_eq!(request.header("host"), Some(host));
            assert_ne!(request.endpoint, Some(Endpoint::InstanceDiscovery));
        }
    }
}

/// A network on which the first connection to each place cannot be made.
#[derive(Debug)]
struct Shaky {
    entra: Arc<dyn HttpClient>,
    reached: Mutex<HashSet<String>>,
}

#[async_trait::async_trait]
impl HttpClient for Shaky {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let place = request.url().path().to_owned();
        if self.reached.lock().unwrap().insert(place) {
            let kind = azure_core::error::ErrorKind::Connection;
            return Err(azure_core::Error::with_message(kind, "no route"));
        }
        self.entra.execute_request(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn retries_requests() {
    let entra = Entra::start().await;
    let shaky = Arc::new(Shaky {
        entra: entra.emulator.transport(),
        reached: Mutex::default(),
    });
    let credential = entra.credential(|options| {
        options.client.authority = Some("login.shaky.example".into());
        options.client.disable_instance_discovery = true;
        let transport: Arc<dyn HttpClient> = Arc::<Shaky>::clone(&shaky);
        options.client.client_options.transport = Some(Transport::new(transport));
    });
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(shaky.reached.lock().unwrap().len(), 3, "one of them by GET");
}
