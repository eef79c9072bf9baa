//! Who is signed in: from run to run, in the broker, and out of it.

use super::{Machine, kind, token};
use crate::{
    BrokerAccount, BrokerToken, ErrorKind, InteractiveCredential,
    testing::{
        OTHER_SCOPE, SCOPE,
        broker::{Call, Conduct, account},
        store::WatchedStore,
        turn_clock,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn the_next_run_is_silent_with_a_record_or_the_only_person_of_the_store() {
    for with_record in [true, false] {
        let machine = Machine::start().await;
        let store = Arc::new(WatchedStore::default());
        let first = machine.credential(|options| {
            options.client.cache_persistence = Some(store.options());
        });
        let kept = token(&first, SCOPE).await.unwrap();
        let record = first.authenticate(None).await.unwrap();
        machine.broker.calls();
        let next = machine.credential(|options| {
            options.authentication_record = with_record.then_some(record);
            options.client.cache_persistence = Some(store.options());
            options.disable_automatic_authentication = true;
        });
        assert_eq!(token(&next, SCOPE).await.unwrap(), kept);
        assert!(machine.broker.calls().is_empty());
        token(&next, OTHER_SCOPE).await.unwrap();
        assert_eq!(machine.broker.calls(), ["silent"]);
        // By which Windows finds whom it does not list.
        let asked = machine.broker.silent.lock().unwrap().pop().unwrap();
        let person = account(&machine.entra, 0);
        assert_eq!(asked.account.local_account_id, person.local_account_id);
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_has_what_msal_keeps_of_a_broker() {
    let machine = Machine::start().await;
    let store = Arc::new(WatchedStore::default());
    let person = account(&machine.entra, 0);
    let metadata = serde_json::json!({"AppMetadata": {
        "appmetadata-login.microsoftonline.com-04b07795-8ddb-461a-bbee-02f9e1bf7b46": {
            "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "environment": "login.microsoftonline.com", "family_id": "1",
        },
    }});
    store.write(false, &metadata.to_string()).await;
    let credential = machine.credential(|options| {
        options.client.cache_persistence = Some(store.options());
    });
    token(&credential, SCOPE).await.unwrap();
    let document = store.document(false).await;
    let only = |section: &str| {
        let entities = document[section].as_object().unwrap();
        assert_eq!(entities.len(), 1, "{section}");
        entities.values().next().unwrap().clone()
    };
    let kept = only("Account");
    assert_eq!(kept["account_source"], "broker");
    assert_eq!(kept["home_account_id"], person.home_account_id);
    assert_eq!(kept["local_account_id"], person.local_account_id.unwrap());
    assert_eq!(kept["username"], person.username);
    assert_eq!(kept["realm"], person.tenant_id);
    assert_eq!(only("AccessToken")["target"], SCOPE);
    assert_eq!(only("IdToken")["realm"], person.tenant_id);
    assert_eq!(document["AppMetadata"], metadata["AppMetadata"]);
    let refresh_tokens = document["RefreshToken"].as_object();
    assert!(refresh_tokens.is_none_or(serde_json::Map::is_empty));
}

/// Some brokers say of a token no more than by whose id it is.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_known_is_not_lost_by_a_token_without_one() {
    let machine = Machine::start().await;
    let store = Arc::new(WatchedStore::default());
    let credential = machine.credential(|options| {
        options.client.cache_persistence = Some(store.options());
    });
    token(&credential, SCOPE).await.unwrap();
    let nameless = |token: &mut BrokerToken| {
        token.id_token = None;
        let account = token.account.as_mut().unwrap();
        *account = BrokerAccount::new(account.home_account_id.as_str());
    };
    let conduct = Conduct::Changes(Arc::new(nameless));
    machine.broker.set(Call::Silently, conduct);
    token(&credential, OTHER_SCOPE).await.unwrap();
    let document = store.document(false).await;
    let accounts = document["Account"].as_object().unwrap();
    let names: Vec<_> = accounts.values().map(|one| &one["username"]).collect();
    assert_eq!(names, [&machine.entra.username(0)]);
}

#[tokio::test(start_paused = true)]
async fn signin_interactive_then_acquire_token_silent_then_signout() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    token(&credential, SCOPE).await.unwrap();
    token(&credential, OTHER_SCOPE).await.unwrap();
    credential.sign_out().await.unwrap();
    let calls = machine.broker.calls();
    assert_eq!(calls, ["interactive", "silent", "sign out"]);
    assert!(credential.accounts().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn signout_asks_the_broker_and_who_comes_next_comes_in_person() {
    let machine = Machine::start().await;
    machine.broker.sign_in_by_default();
    let store = Arc::new(WatchedStore::default());
    let credential = machine.credential(|options| {
        options.use_default_broker_account = true;
        options.client.cache_persistence = Some(store.options());
    });
    token(&credential, SCOPE).await.unwrap();
    machine.broker.calls();
    credential.sign_out().await.unwrap();
    assert_eq!(machine.broker.calls(), ["sign out"]);
    assert_forgotten(&store).await;
    token(&credential, SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["interactive"]);
}

#[tokio::test(start_paused = true)]
async fn signout_forgets_here_whatever_the_broker_says() {
    for (conduct, told) in [
        (Conduct::Fails(ErrorKind::CredentialUnavailable), None),
        (Conduct::Fails(ErrorKind::Refused), Some(ErrorKind::Refused)),
        (Conduct::Panics, Some(ErrorKind::Protocol)),
        (Conduct::Hangs, Some(ErrorKind::TimedOut)),
    ] {
        let machine = Machine::start().await;
        let credential = machine.credential(|_| {});
        token(&credential, SCOPE).await.unwrap();
        machine.broker.set(Call::SignOut, conduct);
        let outcome = credential.sign_out().await;
        assert_eq!(outcome.err().map(|error| error.kind()), told);
        machine.broker.calls();
        machine.broker.set_all(&Conduct::Fails(ErrorKind::Declined));
        turn_clock(Duration::from_secs(300)).await;
        assert_eq!(kind(&credential, SCOPE).await, ErrorKind::Declined);
        assert!(!machine.broker.calls().contains(&"silent"));
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_are_the_brokers_and_each_is_a_record_away_from_a_token() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    assert!(credential.accounts().await.unwrap().is_empty());
    let (first, mut second) = (account(&machine.entra, 0), account(&machine.entra, 1));
    second.tenant_id = String::new();
    machine.broker.sign_in(first.clone());
    machine.broker.sign_in(second.clone());
    let accounts = credential.accounts().await.unwrap();
    let names: Vec<_> = accounts.iter().map(|account| &account.username).collect();
    assert_eq!(names, [&first.username, &second.username]);
    assert!(second.home_account_id.ends_with(&accounts[1].tenant_id));
    assert_eq!(accounts[0].authority, "login.microsoftonline.com");
    let theirs = machine.credential(|options| {
        options.authentication_record = Some(accounts[1].record());
        options.disable_automatic_authentication = true;
    });
    assert!(
        token(&theirs, SCOPE)
            .await
            .unwrap()
            .ends_with(&second.username)
    );

    machine.broker.sign_in(BrokerAccount::new(""));
    let error = credential.accounts().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    for (conduct, kind) in [
        (
            Conduct::Fails(ErrorKind::CredentialUnavailable),
            ErrorKind::CredentialUnavailable,
        ),
        (Conduct::Hangs, ErrorKind::TimedOut),
    ] {
        machine.broker.set(Call::Accounts, conduct);
        assert_eq!(credential.accounts().await.unwrap_err().kind(), kind);
    }
}

/// What is wrong is the broker, and the one who may not ask has to be told.
#[tokio::test(start_paused = true)]
async fn who_may_not_ask_is_told_why_the_broker_gave_nothing() {
    for conduct in [
        Conduct::Fails(ErrorKind::CredentialUnavailable),
        Conduct::Hangs,
    ] {
        let machine = Machine::start().await;
        let record = machine.credential(|_| {}).authenticate(None).await.unwrap();
        machine.broker.set_all(&conduct);
        for named in [true, false] {
            let credential = machine.credential(|options| {
                options.authentication_record = named.then(|| record.clone());
                options.use_default_broker_account = true;
                options.disable_automatic_authentication = true;
            });
            for again in [false, true] {
                let error = token(&credential, SCOPE).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
                assert_eq!(error.scopes(), [SCOPE]);
                let text = error.to_string();
                let told = text.contains("as the test wants it") || text.contains("did not answer");
                assert!(told, "{named} {again}: {text}");
                assert!(text.contains("call `authenticate`"), "{text}");
            }
        }
    }
}

/// It was left alone for its silence, and the browser would open for another five minutes.
#[tokio::test(start_paused = true)]
async fn a_broker_that_answers_again_is_asked_again() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    for answers_with_an_error in [false, true] {
        machine.broker.set(Call::Accounts, Conduct::Hangs);
        credential.accounts().await.unwrap_err();
        assert_eq!(
            kind(&credential, SCOPE).await,
            ErrorKind::CredentialUnavailable
        );
        machine.broker.calls();
        let refused = Conduct::Fails(ErrorKind::Network);
        let again = if answers_with_an_error {
            refused
        } else {
            Conduct::Serves
        };
        machine.broker.set(Call::Accounts, again);
        let answered = credential.accounts().await;
        assert_eq!(answered.is_err(), answers_with_an_error);
        machine
            .broker
            .set(Call::Interactively, Conduct::Fails(ErrorKind::Declined));
        assert_eq!(kind(&credential, SCOPE).await, ErrorKind::Declined);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_during_a_silent_request_stays_one() {
    let machine = Machine::start().await;
    let store = Arc::new(WatchedStore::default());
    let credential = machine.credential(|options| {
        options.client.cache_persistence = Some(store.options());
    });
    token(&credential, SCOPE).await.unwrap();
    let wait = Conduct::Waits(Duration::from_secs(5));
    machine.broker.set(Call::Silently, wait);
    // It knows them still, and serves.
    let absent = Conduct::Fails(ErrorKind::CredentialUnavailable);
    machine.broker.set(Call::SignOut, absent);
    let (late, out) = tokio::join!(token(&credential, OTHER_SCOPE), async {
        turn_clock(Duration::from_secs(1)).await;
        credential.sign_out().await
    });
    out.unwrap();
    late.unwrap();
    assert_forgotten(&store).await;
}

/// The broker hangs, and their refresh token is older than it.
#[tokio::test(start_paused = true)]
async fn device_flow_and_its_silent_call_should_bypass_broker_where_it_knows_nobody() {
    for (conduct, seconds) in [(Conduct::Serves, 0), (Conduct::Hangs, 15)] {
        let machine = Machine::start().await;
        let store = Arc::new(WatchedStore::default());
        let elsewhere = machine.entra.credential(|options| {
            options.client.cache_persistence = Some(store.options());
        });
        let record = elsewhere.authenticate(None).await.unwrap();
        machine.broker.set_all(&conduct);
        let credential = machine.credential(|options| {
            options.authentication_record = Some(record);
            options.client.cache_persistence = Some(store.options());
        });
        let begun = Instant::now();
        token(&credential, SCOPE).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), seconds);
        assert_eq!(machine.broker.calls(), ["silent"]);
        assert_eq!(machine.entra.grants().last().unwrap(), "refresh_token");
        assert_eq!(machine.tabs(), 0);
    }
}

async fn assert_forgotten(store: &WatchedStore) {
    let document = store.document(false).await;
    for section in ["Account", "AccessToken", "IdToken"] {
        let left = document[section].as_object();
        assert!(left.is_none_or(serde_json::Map::is_empty), "{section}");
    }
}
