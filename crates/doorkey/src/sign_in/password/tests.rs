use crate::{
    AuthenticateOptions, Error, ErrorKind, InteractiveCredential as _, PublicClientOptions,
    TokenInfoOptions, UsernamePasswordCredential, UsernamePasswordCredentialOptions,
    sensitive::Sensitive,
    testing::{Entra, OTHER_SCOPE, SCOPE},
};
use azure_core::credentials::TokenCredential as _;
use doorkey_emulator::{Directory, Endpoint, Reply};
use std::{sync::Arc, time::Duration};

mod refusals;

const CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const ARM: &str = "https://management.azure.com/.default";
const VAULT: &str = "https://vault.azure.net/.default";

fn credential(
    entra: &Entra,
    username: &str,
    password: &str,
    change: impl FnOnce(&mut PublicClientOptions),
) -> crate::Result<Arc<UsernamePasswordCredential>> {
    let mut options = UsernamePasswordCredentialOptions {
        client: entra.client(),
    };
    change(&mut options.client);
    UsernamePasswordCredential::with_seams(
        CLIENT_ID.into(),
        username.into(),
        Sensitive::new(password),
        options,
        entra.seams(&[]),
    )
}

/// One of the emulator's people.
fn person(entra: &Entra, username: &str) -> Arc<UsernamePasswordCredential> {
    let mut users = entra.emulator.users().iter();
    let user = users.find(|user| user.username == username).unwrap();
    credential(entra, username, &user.password, |_| {}).unwrap()
}

fn requests(entra: &Entra) -> Vec<Endpoint> {
    let requests = entra.emulator.requests();
    requests
        .iter()
        .filter_map(|request| request.endpoint)
        .collect()
}

async fn refused(credential: &UsernamePasswordCredential, scope: &str) -> Error {
    let outcome = credential.get_token_info(&[scope], None).await;
    outcome.expect_err("it is refused")
}

#[tokio::test(start_paused = true)]
async fn username_password_credential_and_authenticate_prove_the_password_and_are_silent_then() {
    let entra = Entra::start().await;
    let credential = person(&entra, "adele@contoso.example");
    let first = credential.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(requests(&entra), [Endpoint::UserRealm, Endpoint::Token]);
    let [request] = &entra.requests_to(Endpoint::Token)[..] else {
        panic!("one");
    };
    for (name, value) in [
        ("grant_type", "password"),
        ("username", "adele@contoso.example"),
        ("password", "not-a-secret-adele"),
        ("client_info", "1"),
        (
            "scope",
            "https://storage.azure.com/.default offline_access openid profile",
        ),
    ] {
        assert_eq!(request.form_value(name), Some(value), "{name}");
    }
    assert_eq!(
        request.header("x-anchormailbox"),
        Some("upn:adele@contoso.example")
    );
    let again = credential.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(again.token.secret(), first.token.secret());
    credential.get_token(&[OTHER_SCOPE], None).await.unwrap();
    assert_eq!(entra.grants(), ["password", "refresh_token"]);

    let options = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    };
    let record = credential.authenticate(Some(options)).await.unwrap();
    assert_eq!(entra.grants().last().map(String::as_str), Some("password"));
    assert_eq!(record.username, "adele@contoso.example");
    assert_eq!(record.tenant_id, entra.emulator.tenant_id());
}

#[tokio::test(start_paused = true)]
async fn a_federated_person_proves_it_to_their_own_server() {
    let entra = Entra::start().await;
    for (username, grant) in [
        (
            "avery@adatum.example",
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        ),
        (
            "blake@proseware.example",
            "urn:ietf:params:oauth:grant-type:saml2-bearer",
        ),
    ] {
        entra.emulator.clear_requests();
        let credential = person(&entra, username);
        credential.get_token(&[SCOPE], None).await.unwrap();
        assert_eq!(
            requests(&entra),
            [
                Endpoint::UserRealm,
                Endpoint::FederationMetadata,
                Endpoint::WsTrust,
                Endpoint::Token
            ]
        );
        assert_eq!(entra.grants(), [grant]);
        // Entra ID itself never sees the password.
        let to_entra = &entra.requests_to(Endpoint::Token)[0];
        assert_eq!(to_entra.form_value("password"), None);
        credential.get_token(&[OTHER_SCOPE], None).await.unwrap();
        assert_eq!(entra.grants(), [grant, "refresh_token"]);
    }
}

#[tokio::test(start_paused = true)]
async fn each_version_of_ws_trust_and_saml_signs_in() {
    for versions in ["\"1.3\"", "\"2005\"", "\"2005\", \"1.3\""] {
        for saml in ["1.1", "2.0"] {
            let toml = Directory::BUILT_IN.replace(
                "ws_trust = [\"1.3\", \"2005\"]\nsaml = \"1.1\"",
                &format!("ws_trust = [{versions}]\nsaml = \"{saml}\""),
            );
            let directory = Directory::from_toml(&toml).unwrap();
            let entra = Entra::start_with(|builder| builder.directory(directory)).await;
            let credential = person(&entra, "avery@adatum.example");
            credential.get_token(&[SCOPE], None).await.unwrap();
            let path = &entra.requests_to(Endpoint::WsTrust)[0].path;
            assert_eq!(path.contains("/trust/13/"), versions.contains("1.3"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_submitted_once() {
    let entra = Entra::start().await;
    for (username, endpoint) in [
        ("adele@contoso.example", Endpoint::Token),
        ("avery@adatum.example", Endpoint::WsTrust),
    ] {
        entra.emulator.clear_requests();
        let credential = credential(&entra, username, "wrong", |_| {}).unwrap();
        let error = refused(&credential, SCOPE).await;
        assert_eq!(error.kind(), ErrorKind::Refused);
        // Whoever asks again, for whatever, is told the same.
        let (one, other) = tokio::join!(
            refused(&credential, SCOPE),
            refused(&credential, OTHER_SCOPE)
        );
        for error in [one, other] {
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.to_string().contains("authenticate"), "{error}");
        }
        assert_eq!(entra.requests_to(endpoint).len(), 1, "{username}");
        // Who insists may have had it mended.
        let options = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        credential.authenticate(Some(options)).await.unwrap_err();
        assert_eq!(entra.requests_to(endpoint).len(), 2, "{username}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_may_have_arrived_is_not_sent_again() {
    let entra = Entra::start().await;
    for reply in [
        Reply::new(503),
        Reply::new(429).header("retry-after", "1"),
        Reply::cut(),
        Reply::new(500).body("<html>"),
    ] {
        for (username, endpoint) in [
            ("adele@contoso.example", Endpoint::Token),
            ("avery@adatum.example", Endpoint::WsTrust),
        ] {
            entra.emulator.clear_requests();
            entra.emulator.replace_next(endpoint, 1, reply.clone());
            let credential = person(&entra, username);
            let error = refused(&credential, SCOPE).await;
            assert_eq!(error.kind(), ErrorKind::Network, "{reply:?} {error}");
            assert!(error.is_transient(), "{error}");
            assert_eq!(entra.requests_to(endpoint).len(), 1, "{reply:?} {username}");
            // It was no answer, so the caller may try again, when the authority says so.
            if error.retry_after().is_some() {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            credential.get_token(&[SCOPE], None).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_reason_has_its_code_and_what_to_do() {
    let entra = Entra::start().await;
    for (username, scope, code, suberror, advice) in [
        (
            "morgan@contoso.example",
            ARM,
            50_076,
            Some("basic_action"),
            "second factor",
        ),
        (
            "casey@contoso.example",
            ARM,
            65_001,
            Some("consent_required"),
            "agree",
        ),
        ("dana@contoso.example", ARM, 50_057, None, "administrator"),
        (
            "ellis@contoso.example",
            ARM,
            50_055,
            Some("user_password_expired"),
            "expired",
        ),
        ("harper@contoso.example", ARM, 50_053, None, "locked"),
        (
            "finley@contoso.example",
            VAULT,
            50_076,
            Some("basic_action"),
            "browser",
        ),
        (
            "riley@personal.example",
            ARM,
            50_034,
            None,
            "personal account",
        ),
    ] {
        let error = refused(&person(&entra, username), scope).await;
        let oauth = error.oauth().unwrap();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(oauth.codes, [code], "{error}");
        assert_eq!(oauth.suberror.as_deref(), suberror, "{error}");
        assert!(error.to_string().contains(advice), "{advice}: {error}");
        assert!(!error.to_string().contains("not-a-secret"), "{error}");
        assert_eq!(error.scopes(), [scope]);
        assert_eq!(
            error.claims().is_some(),
            username.starts_with("finley"),
            "{error}"
        );
    }
    let nobody = credential(&entra, "nobody@nowhere.example", "x", |_| {}).unwrap();
    let error = refused(&nobody, SCOPE).await;
    assert!(error.to_string().contains("personal account"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_user_name_is_one_segment_of_the_realms_url() {
    let entra = Entra::start().await;
    for username in [
        "gale_fabrikam.example#EXT#@contoso.example",
        "a/b@contoso.example",
        "a?b=c&d@contoso.example",
        "100%@contoso.example",
        "..%2f..@contoso.example",
        "\u{e4}\u{4f60}@contoso.example",
        "a b+c@contoso.example",
    ] {
        entra.emulator.clear_requests();
        let credential = credential(&entra, username, "x", |_| {}).unwrap();
        refused(&credential, SCOPE).await;
        let [realm] = &entra.requests_to(Endpoint::UserRealm)[..] else {
            panic!("{username} went elsewhere: {:?}", entra.emulator.requests());
        };
        assert_eq!(realm.query_value("api-version"), Some("1.0"));
        let token = &entra.requests_to(Endpoint::Token)[0];
        assert_eq!(token.form_value("username"), Some(username));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_sign_in_is_refused_before_anything_is_sent() {
    let entra = Entra::start().await;
    for (username, password) in [
        ("", "x"),
        ("a@b.example", ""),
        (" a@b.example", "x"),
        ("a@b.example", "x\n"),
        ("a@b.example", " x"),
        ("a@b.example", "\u{feff}x"),
        ("\u{feff}a@b.example", "x"),
    ] {
        let error = credential(&entra, username, password, |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains('`'), "{error}");
    }
    for tenant in ["common", "consumers"] {
        let credential = credential(&entra, "a@b.example", "x", |client| {
            client.tenant_id = Some(tenant.into());
        });
        let error = refused(&credential.unwrap(), SCOPE).await;
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let credential = person(&entra, "adele@contoso.example");
    let options = TokenInfoOptions {
        claims: Some("{".into()),
        ..Default::default()
    };
    let error = credential
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(entra.emulator.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn client_capabilities_and_claims_challenge_reach_the_grant() {
    let entra = Entra::start().await;
    let credential = person(&entra, "adele@contoso.example");
    let options = TokenInfoOptions {
        claims: Some(r#"{"id_token":{"auth_time":null}}"#.into()),
        enable_cae: true,
        ..Default::default()
    };
    credential
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap();
    let request = &entra.requests_to(Endpoint::Token)[0];
    assert_eq!(
        request.form_value("claims"),
        Some(r#"{"id_token":{"auth_time":null},"access_token":{"xms_cc":{"values":["cp1"]}}}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn a_namesake_is_who_the_tenant_says() {
    let entra = Entra::start().await;
    for (tenant, password) in [
        ("contoso.example", "not-a-secret-sam"),
        ("fabrikam.example", "not-a-secret-sam-too"),
    ] {
        let credential = credential(&entra, "sam@contoso.example", password, |client| {
            client.tenant_id = Some(tenant.into());
        });
        let options = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        let record = credential
            .unwrap()
            .authenticate(Some(options))
            .await
            .unwrap();
        let mut users = entra.emulator.users().iter();
        let sam = users.find(|user| user.password == password).unwrap();
        assert_eq!(
            record.home_account_id,
            format!("{}.{}", sam.object_id, sam.tenant_id)
        );
    }
}

/// Whoever is signed in in a shared cache has not proved this password.
#[tokio::test(start_paused = true)]
async fn a_cached_sign_in_does_not_stand_for_a_password() {
    let entra = Entra::start().await;
    let store = crate::TokenCachePersistenceOptions {
        store: Some(Arc::new(crate::MemoryStore::default())),
        ..Default::default()
    };
    let with_store = |password: &str| {
        credential(&entra, "adele@contoso.example", password, |client| {
            client.cache_persistence = Some(store.clone());
        })
        .unwrap()
    };
    with_store("not-a-secret-adele")
        .get_token(&[SCOPE], None)
        .await
        .unwrap();
    let error = refused(&with_store("wrong"), SCOPE).await;
    assert_eq!(error.oauth().unwrap().codes, [50_126]);
    with_store("not-a-secret-adele")
        .get_token(&[SCOPE], None)
        .await
        .unwrap();
    assert_eq!(entra.grants(), ["password"; 3]);
}

#[tokio::test(start_paused = true)]
async fn what_no_server_should_say_sends_no_password() {
    let entra = Entra::start().await;
    let realm = |member: &str, value: &str| {
        let body = serde_json::json!({"account_type": "Federated", member: value});
        Reply::new(200).body(body.to_string())
    };
    for (reply, kind) in [
        (
            Reply::new(200).body("<html>welcome to the hotel</html>"),
            ErrorKind::Protocol,
        ),
        (
            Reply::new(302).header("location", "https://evil.example"),
            ErrorKind::Protocol,
        ),
        (
            realm("federation_metadata_url", "http://fs.example/mex"),
            ErrorKind::Protocol,
        ),
        (
            realm(
                "federation_active_auth_url",
                "http://fs.example/trust/13/usernamemixed",
            ),
            ErrorKind::CredentialUnavailable,
        ),
        (
            realm("federation_active_auth_url", "https://fs.example/else"),
            ErrorKind::CredentialUnavailable,
        ),
        (
            Reply::new(200).body(r#"{"account_type":"Federated"}"#),
            ErrorKind::CredentialUnavailable,
        ),
    ] {
        entra.emulator.clear_requests();
        entra.emulator.replace_next(Endpoint::UserRealm, 1, reply);
        let error = refused(&person(&entra, "avery@adatum.example"), SCOPE).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(requests(&entra), [Endpoint::UserRealm]);
    }
    for (reply, kind) in [
        (
            Reply::new(200).body("<!DOCTYPE html><html></html>"),
            ErrorKind::Protocol,
        ),
        (
            Reply::new(200).body("<definitions/>"),
            ErrorKind::CredentialUnavailable,
        ),
        (Reply::new(404), ErrorKind::Protocol),
        (
            Reply::new(301).header("location", "https://evil.example/mex"),
            ErrorKind::Protocol,
        ),
    ] {
        entra.emulator.clear_requests();
        entra
            .emulator
            .replace_next(Endpoint::FederationMetadata, 1, reply);
        let error = refused(&person(&entra, "avery@adatum.example"), SCOPE).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("try again"), "{error}");
        assert!(entra.requests_to(Endpoint::WsTrust).is_empty());
    }
}
