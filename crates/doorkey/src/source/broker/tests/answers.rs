//! An answer of the broker is an answer, whatever is in it.

use super::{Machine, kind, token};
use crate::{
    BrokerToken, ErrorKind, InteractiveCredential, TokenInfoOptions,
    testing::{
        OTHER_SCOPE, SCOPE,
        broker::{Call, Conduct, account, raw_id_token},
        store::WatchedStore,
    },
};
use azure_core::{credentials::Secret, time::OffsetDateTime};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn app_did_not_register_redirect_uri_should_error_out_with_its_kind_and_no_tab() {
    for refused in [
        ErrorKind::AuthenticationRequired,
        ErrorKind::Declined,
        ErrorKind::TimedOut,
        ErrorKind::Refused,
        ErrorKind::Network,
        ErrorKind::Protocol,
        ErrorKind::WrongAccount,
        ErrorKind::InvalidArgument,
    ] {
        for fallback in [true, false] {
            let machine = Machine::start().await;
            machine
                .broker
                .set(Call::Interactively, Conduct::Fails(refused));
            let credential = machine.credential(|options| {
                options.disable_interactive_fallback = !fallback;
            });
            let error = token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), refused);
            assert!(
                error.to_string().contains("as the test wants it"),
                "{error}"
            );
            assert_eq!(machine.broker.calls(), ["interactive"]);
            assert_eq!(machine.tabs(), 0, "{refused:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_silent_refusals_only_the_need_for_a_person_asks_one() {
    for (refused, calls) in [
        (
            ErrorKind::AuthenticationRequired,
            vec!["silent", "interactive"],
        ),
        (ErrorKind::Network, vec!["silent"]),
        (ErrorKind::Refused, vec!["silent"]),
        (ErrorKind::Protocol, vec!["silent"]),
    ] {
        let machine = Machine::start().await;
        machine.broker.sign_in_by_default();
        let first = machine.credential(|_| {});
        let record = first.authenticate(None).await.unwrap();
        machine.broker.calls();
        machine.broker.set(Call::Silently, Conduct::Fails(refused));
        let credential =
            machine.credential(|options| options.authentication_record = Some(record.clone()));
        let outcome = token(&credential, SCOPE).await;
        assert_eq!(machine.broker.calls(), calls);
        if calls.len() == 1 {
            assert_eq!(outcome.unwrap_err().kind(), refused);
        } else {
            outcome.unwrap();
            let asked = machine.broker.interactive.lock().unwrap()[1].clone();
            let whom = asked.account.unwrap().home_account_id;
            assert_eq!(whom, record.home_account_id);
            assert_eq!(asked.login_hint, Some(record.username));
        }
        assert_eq!(machine.tabs(), 0);
    }
}

/// Of Conditional Access: the question after it has to ask for them.
#[tokio::test(start_paused = true)]
async fn claims_of_a_silent_refusal_are_what_the_window_asks_for() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    token(&credential, SCOPE).await.unwrap();
    machine.broker.set(
        Call::Silently,
        Conduct::Demands(r#"{"access_token":{"acrs":null}}"#),
    );
    token(&credential, OTHER_SCOPE).await.unwrap();
    let asked = machine.broker.interactive.lock().unwrap().pop().unwrap();
    let claims = asked.claims.unwrap();
    assert!(claims.contains("acrs"), "{claims}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_broker_is_an_error_in_each_call() {
    for silent in [true, false] {
        let machine = Machine::start().await;
        machine.broker.set_all(&Conduct::Panics);
        let credential = machine.credential(|options| options.use_default_broker_account = silent);
        assert_eq!(kind(&credential, SCOPE).await, ErrorKind::Protocol);
        let error = credential.accounts().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(machine.tabs(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_refused_and_not_kept() {
    let other_client = "11111111-2222-3333-4444-555555555555";
    let first = account(&Machine::start().await.entra, 0);
    let second = account(&Machine::start().await.entra, 1);
    type Change = Box<dyn Fn(&mut BrokerToken) + Send + Sync>;
    let mut bare = first.clone();
    bare.home_account_id = "no-dot".into();
    let foreign = raw_id_token(other_client, &first);
    let mismatch = raw_id_token("04b07795-8ddb-461a-bbee-02f9e1bf7b46", &second);
    let cases: [(&str, Change); 9] = [
        (
            "empty",
            Box::new(|token| token.access_token = Secret::new("")),
        ),
        (
            "broken",
            Box::new(|token| token.access_token = Secret::new("secret\r\nX: y")),
        ),
        ("type", Box::new(|token| token.token_type = "pop".into())),
        (
            "expired",
            Box::new(|token| token.expires_on = OffsetDateTime::UNIX_EPOCH),
        ),
        ("nobody's", Box::new(|token| token.account = None)),
        (
            "unreadable",
            Box::new(|token| {
                token.account = None;
                token.id_token = Some(Secret::new("x"));
            }),
        ),
        (
            "bare account",
            Box::new(move |token| token.account = Some(bare.clone())),
        ),
        (
            "another application's",
            Box::new(move |token| token.id_token = Some(Secret::new(foreign.clone()))),
        ),
        (
            "two people",
            Box::new(move |token| token.id_token = Some(Secret::new(mismatch.clone()))),
        ),
    ];
    for (name, change) in cases {
        let machine = Machine::start().await;
        let store = Arc::new(WatchedStore::default());
        let changes = Conduct::Changes(Arc::from(change));
        machine.broker.set(Call::Interactively, changes);
        let credential = machine.credential(|options| {
            options.client.cache_persistence = Some(store.options());
        });
        let error = token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name}: {error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        assert_eq!(store.writes(), 0, "{name}");
        assert_eq!(machine.tabs(), 0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_person_is_not_kept() {
    for silently in [true, false] {
        let machine = Machine::start().await;
        let first = machine.credential(|_| {});
        let record = first.authenticate(None).await.unwrap();
        machine.gives_tokens_of_another(silently);
        let store = Arc::new(WatchedStore::default());
        let credential = machine.credential(|options| {
            options.authentication_record = Some(record);
            options.client.cache_persistence = Some(store.options());
        });
        let error = token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAccount, "{error}");
        assert!(
            error.to_string().contains(&machine.entra.username(1)),
            "{error}"
        );
        assert_eq!(store.writes(), 0);
        assert_eq!(machine.tabs(), 0);
        // Only who says so may become somebody else.
        let switched = credential.authenticate(None).await.unwrap();
        assert_eq!(switched.username == machine.entra.username(1), !silently);
    }
}

/// The rules of the browser credential, which the peer's broker does not have.
#[tokio::test(start_paused = true)]
async fn a_tenant_of_a_request_is_asked_for_and_its_token_is_no_others() {
    let machine = Machine::start().await;
    // Brokers name the home tenant, whichever was asked for.
    let changes = Conduct::Changes(Arc::new(|token: &mut BrokerToken| token.id_token = None));
    machine.broker.set_all(&changes);
    let credential = machine.credential(|_| {});
    let at_home = token(&credential, SCOPE).await.unwrap();
    for tenant in ["fabrikam.example", "22222222-3333-4444-5555-666666666666"] {
        let elsewhere = || TokenInfoOptions {
            tenant_id: Some(tenant.into()),
            ..Default::default()
        };
        let there = credential.get_token_info(&[SCOPE], Some(elsewhere()));
        let there = there.await.unwrap().token;
        assert_ne!(there.secret(), at_home);
        let again = credential.get_token_info(&[SCOPE], Some(elsewhere()));
        assert_eq!(again.await.unwrap().token, there, "{tenant}");
        let asked = machine.broker.silent.lock().unwrap().pop().unwrap();
        assert!(asked.application.authority.ends_with(tenant));
        assert_eq!(token(&credential, SCOPE).await.unwrap(), at_home);
    }
    let single = machine.credential(|options| {
        options.client.tenant_id = Some("contoso.example".into());
    });
    let elsewhere = TokenInfoOptions {
        tenant_id: Some("fabrikam.example".into()),
        ..Default::default()
    };
    let refused = single.get_token_info(&[SCOPE], Some(elsewhere)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// himmelblau gives a token of the machine's tenant, whichever was asked for.
#[tokio::test]
async fn a_token_of_another_tenant_than_was_asked_for_is_none_of_this_brokers() {
    const ELSEWHERE: &str = "22222222-3333-4444-5555-666666666666";
    for (falls_back, calls) in [(true, &["silent", "interactive"][..]), (false, &["silent"])] {
        let machine = Machine::start().await;
        let store = Arc::new(WatchedStore::default());
        let credential = machine.credential(|options| {
            options.disable_interactive_fallback = !falls_back;
            options.client.cache_persistence = Some(store.options());
        });
        let at_home = token(&credential, SCOPE).await.unwrap();
        assert_eq!(store.writes(), 1);
        machine.broker.calls();
        let elsewhere = TokenInfoOptions {
            tenant_id: Some(ELSEWHERE.into()),
            ..Default::default()
        };
        let outcome = credential.get_token_info(&[SCOPE], Some(elsewhere)).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
        assert!(error.to_string().contains(ELSEWHERE), "{error}");
        assert_eq!(machine.broker.calls(), calls);
        assert_eq!(machine.tabs(), usize::from(falls_back));
        assert_eq!(store.writes(), 0, "nothing was kept");
        assert_eq!(token(&credential, SCOPE).await.unwrap(), at_home);
    }
}

/// Ids are compared without case, and a broker may write them as it likes.
#[tokio::test(start_paused = true)]
async fn what_was_given_to_an_id_in_upper_case_is_found_by_the_next_run() {
    let machine = Machine::start().await;
    let store = Arc::new(WatchedStore::default());
    let upper = |token: &mut BrokerToken| {
        let account = token.account.as_mut().unwrap();
        account.home_account_id.make_ascii_uppercase();
    };
    machine.broker.set_all(&Conduct::Changes(Arc::new(upper)));
    let start = || {
        machine.credential(|options| {
            options.client.cache_persistence = Some(store.options());
        })
    };
    let first = token(&start(), SCOPE).await.unwrap();
    machine.broker.calls();
    assert_eq!(token(&start(), SCOPE).await.unwrap(), first);
    assert!(machine.broker.calls().is_empty());
}
