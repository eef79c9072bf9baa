//! AD FS: no tenants, no `client_info`, one refresh token, and a port that is compared.

use super::{at, entries, sent};
use crate::{
    AuthenticationRecord, BrowserLauncher, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential, TokenInfoOptions,
    account::{accounts_with, sign_out_with},
    seams::Environment,
    testing::{
        Answer, Entra, OTHER_SCOPE, SCOPE, resource::claim, store::WatchedStore, turn_clock,
    },
};
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;
use std::{net::TcpListener, sync::Arc, time::Duration};

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
    // "adfs" is no name that stands for an id.
    assert!(entries(&store, "AccessToken").await[0]["doorkey_tenant"].is_null());
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
    let sign_in = Arc::new(WatchedStore::default());
    let ours = entra.credential(|options| {
        options.client.authority = Some(format!("https://{host}/adfs"));
        options.client.cache_persistence = Some(sign_in.options());
    });
    ours.get_token_info(&[SCOPE], None).await.unwrap();
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

/// Its account is the subject, which a renewal names again.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_somebody_elses_is_not_taken() {
    let entra = Entra::start().await;
    let signed_in = async |username: String| {
        entra.person_answers(Answer::As(username));
        let store = Arc::new(WatchedStore::default());
        let credential = entra.credential(|options| {
            options.client.authority = Some("https://fs.subject.example/adfs".into());
            options.client.cache_persistence = Some(store.options());
        });
        credential.get_token_info(&[SCOPE], None).await.unwrap();
        let id_token = entries(&store, "IdToken").await[0]["secret"].clone();
        (credential, id_token)
    };
    let (_, theirs) = signed_in(entra.username(1)).await;
    let (credential, own) = signed_in(entra.username(0)).await;
    let renewed = async |id_token| {
        let reply = json!({ "access_token": "renewed", "expires_in": 10, "id_token": id_token });
        let reply = Reply::new(200).body(reply.to_string());
        entra.emulator.replace_next(Endpoint::Token, 1, reply);
        credential.get_token_info(&[OTHER_SCOPE], None).await
    };
    let error = renewed(theirs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
    let token = renewed(own).await.unwrap();
    assert_eq!(token.token.secret(), "renewed");
}

/// Not every library has Python's name for the only tenant.
#[tokio::test(start_paused = true)]
async fn an_account_that_was_kept_without_a_tenant_is_found_and_silent() {
    for realm in [json!(""), json!(null)] {
        let entra = Entra::start().await;
        let store = Arc::new(WatchedStore::default());
        let first = entra.credential(|options| options.client = persistent_at(&entra, &store));
        first.get_token_info(&[SCOPE], None).await.unwrap();
        let mut document = store.document(false).await;
        for section in ["AccessToken", "Account", "IdToken"] {
            for (_, entry) in document[section].as_object_mut().unwrap() {
                entry["realm"] = realm.clone();
            }
        }
        store.write(false, &document.to_string()).await;
        let record = accounts(&store).await.remove(0).record();
        assert_eq!(record.tenant_id, "adfs", "{realm}");
        let next = entra.credential(|options| {
            options.client = crate::PublicClientOptions {
                authority: None,
                ..persistent_at(&entra, &store)
            };
            options.authentication_record = Some(record);
            options.disable_automatic_authentication = true;
        });
        next.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(entra.prompts(), 1);
    }
}

fn persistent_at(entra: &Entra, store: &Arc<WatchedStore>) -> crate::PublicClientOptions {
    crate::PublicClientOptions {
        client_options: entra.client().client_options,
        ..persistent(store)
    }
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
