//! Tokens that are bound to a key: by the broker where there is one, and never a bearer token instead.

use super::*;
use crate::{
    AccessTokenInfo, BrokerPop, BrokerToken, PopTokenRequestOptions, Result,
    testing::{
        broker::{Binding, bound_to, signed_request},
        resource::claim,
        store::WatchedStore,
    },
};
use azure_core::{Bytes, credentials::Secret, time::OffsetDateTime};
use http::Request;

fn options(nonce: &str) -> TokenInfoOptions {
    TokenInfoOptions {
        pop: Some(PopTokenRequestOptions {
            resource_request_method: "PATCH".into(),
            resource_request_url: "https://resource.example:8443/v1.0/me?$select=a".into(),
            nonce: nonce.into(),
        }),
        ..Default::default()
    }
}

async fn signed(credential: &Credential, nonce: &str) -> Result<AccessTokenInfo> {
    let options = Some(options(nonce));
    credential.get_token_info(&[SCOPE], options).await
}

/// The access token within.
fn inner(info: &AccessTokenInfo) -> String {
    let inner = claim(info.token.secret(), "at");
    inner.as_str().unwrap().to_owned()
}

fn check_asked(pop: Option<&BrokerPop>, nonce: &str) -> BrokerPop {
    let pop = pop.expect("never a question for a bearer token").clone();
    assert_eq!(pop.http_method, "PATCH");
    assert_eq!(pop.host, "resource.example:8443");
    assert_eq!(pop.path, "/v1.0/me");
    assert_eq!(pop.nonce, nonce);
    pop
}

impl Machine {
    fn binds(&self, binding: Binding) {
        *self.broker.binding.lock().unwrap() = binding;
    }

    fn last_silent(&self) -> BrokerPop {
        let asked = self.broker.silent.lock().unwrap().pop().unwrap();
        let nonce = asked.pop.as_ref().unwrap().nonce.clone();
        check_asked(asked.pop.as_ref(), &nonce)
    }

    fn last_interactive(&self) -> BrokerPop {
        let asked = self.broker.interactive.lock().unwrap().pop().unwrap();
        let nonce = asked.pop.as_ref().unwrap().nonce.clone();
        check_asked(asked.pop.as_ref(), &nonce)
    }

    fn credential_at(&self, store: &Arc<WatchedStore>) -> Credential {
        self.credential(|options| options.client.cache_persistence = Some(store.options()))
    }
}

#[tokio::test(start_paused = true)]
async fn broker_pop_authentication_flow_signs_each_request_around_the_brokers_token() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let first = signed(&credential, "one").await.unwrap();
    assert_eq!(machine.broker.calls(), ["interactive"]);
    let asked = machine.last_interactive();
    assert_eq!(first.token_type, "pop");
    let key_id = claim(&inner(&first), "cnf")["kid"].clone();
    assert_eq!(key_id, asked.key_id.as_str());
    for (name, value) in [
        ("m", "PATCH"),
        ("u", "resource.example:8443"),
        ("p", "/v1.0/me"),
        ("nonce", "one"),
    ] {
        assert_eq!(claim(first.token.secret(), name), value);
    }
    // A new nonce is a new signature, and no new question.
    let second = signed(&credential, "two").await.unwrap();
    assert_eq!(claim(second.token.secret(), "nonce"), "two");
    assert_eq!(inner(&second), inner(&first));
    assert!(machine.broker.calls().is_empty());

    turn_clock(Duration::from_secs(3_400)).await;
    let later = signed(&credential, "three").await.unwrap();
    assert_ne!(inner(&later), inner(&first));
    assert_eq!(machine.broker.calls(), ["silent"]);
    let again = machine.last_silent();
    assert_eq!((again.key_id, &*again.nonce), (asked.key_id, "three"));
    assert!(machine.entra.emulator.requests().is_empty());
    assert_eq!(machine.tabs(), 0);
}

#[tokio::test(start_paused = true)]
async fn bearer_and_bound_tokens_of_a_broker_never_take_each_others_place() {
    for binding in [Binding::ToTheKey, Binding::ToItsOwn] {
        let machine = Machine::start().await;
        machine.binds(binding);
        let credential = machine.credential(|_| {});
        let bearer = token(&credential, SCOPE).await.unwrap();
        let bound = signed(&credential, "n").await.unwrap();
        assert_eq!(bound.token_type, "pop");
        assert_ne!(inner(&bound), bearer);
        assert_eq!(machine.broker.calls(), ["interactive", "silent"]);
        let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(info.token_type, "Bearer");
        assert_eq!(info.token.secret(), bearer);
        assert!(machine.broker.calls().is_empty());

        // The other way round: what is bound is no bearer token.
        let credential = machine.credential(|_| {});
        signed(&credential, "n").await.unwrap();
        let bearer = credential.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(bearer.token_type, "Bearer");
        assert!(bearer.token.secret().starts_with("token-"));
        assert_eq!(machine.broker.calls(), ["interactive", "silent"]);
        assert_eq!(machine.broker.silent.lock().unwrap()[1].pop, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_broker_signed_itself_is_handed_out_as_it_is_and_never_kept() {
    let machine = Machine::start().await;
    machine.binds(Binding::ToItsOwn);
    let store = Arc::new(WatchedStore::default());
    let credential = machine.credential_at(&store);
    let mut given = Vec::new();
    for (nonce, call) in [("one", "interactive"), ("one", "silent"), ("two", "silent")] {
        let info = signed(&credential, nonce).await.unwrap();
        assert_eq!(info.token_type, "pop");
        assert_eq!(claim(info.token.secret(), "nonce"), nonce);
        assert_eq!(claim(info.token.secret(), "cnf")["kid"], "the-broker's");
        assert!(info.authorization_header().secret().starts_with("PoP "));
        assert_eq!(machine.broker.calls(), [call]);
        given.push(info.token.secret().to_owned());
    }
    let (one, two) = tokio::join!(signed(&credential, "two"), signed(&credential, "two"));
    given.extend([one, two].map(|info| info.unwrap().token.secret().to_owned()));
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 5, "none was given twice");

    let document = store.document(false).await;
    for section in ["AccessToken", "DoorkeyPopAccessToken"] {
        assert!(document.get(section).is_none(), "{document}");
    }
    assert!(document.get("Account").is_some(), "the person is known");
    assert_eq!(machine.tabs(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_next_run_knows_the_person_by_a_bound_token_and_by_a_signed_request() {
    for (binding, calls) in [
        (Binding::ToTheKey, vec![]),
        (Binding::ToItsOwn, vec!["silent"]),
    ] {
        let machine = Machine::start().await;
        machine.binds(binding);
        let store = Arc::new(WatchedStore::default());
        signed(&machine.credential_at(&store), "n").await.unwrap();
        assert_eq!(machine.broker.calls(), ["interactive"]);
        let asked = machine.last_interactive();
        signed(&machine.credential_at(&store), "n").await.unwrap();
        assert_eq!(machine.broker.calls(), calls, "{binding:?}");
        turn_clock(Duration::from_secs(7_200)).await;
        signed(&machine.credential_at(&store), "n").await.unwrap();
        assert_eq!(machine.broker.calls(), ["silent"], "{binding:?}");
        assert_eq!(machine.last_silent().key_id, asked.key_id);

        machine.credential_at(&store).sign_out().await.unwrap();
        assert_eq!(machine.broker.calls(), ["sign out"]);
        signed(&machine.credential_at(&store), "n").await.unwrap();
        assert_eq!(machine.broker.calls(), ["interactive"], "{binding:?}");
    }
}

/// Whether by the window or silently, and whether or not a browser could step in.
#[tokio::test(start_paused = true)]
async fn a_broker_that_binds_no_tokens_is_an_error_and_no_way_down_to_a_bearer_token() {
    for (binding, expected) in [
        (Binding::Cannot, ErrorKind::InvalidArgument),
        (Binding::Ignores, ErrorKind::Protocol),
    ] {
        for (silently, nobody) in [(false, false), (false, true), (true, false), (true, true)] {
            let machine = Machine::start().await;
            machine.broker.sign_in_by_default();
            machine.binds(binding);
            let store = Arc::new(WatchedStore::default());
            let credential = machine.credential(|options| {
                options.use_default_broker_account = silently;
                options.disable_interactive_fallback = nobody;
                options.client.cache_persistence = Some(store.options());
            });
            let error = signed(&credential, "n").await.unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
            let calls = match silently {
                true => vec!["default", "silent"],
                false => vec!["interactive"],
            };
            assert_eq!(machine.broker.calls(), calls, "{binding:?}");
            let kept = store.document(false).await;
            assert!(kept.get("AccessToken").is_none(), "{kept}");
            assert!(kept.get("DoorkeyPopAccessToken").is_none(), "{kept}");
            assert_eq!(machine.tabs(), 0);
        }
    }
}

/// A broker may be anybody's code.
#[tokio::test(start_paused = true)]
async fn what_is_not_bound_as_it_was_asked_for_is_refused_and_not_kept() {
    type Change = fn(&mut BrokerToken, OffsetDateTime);
    let asked = || BrokerPop::new("k", "PATCH", "resource.example:8443", "/v1.0/me", "n");
    let cases: [(&str, Change); 8] = [
        ("bearer", |token, _| token.token_type = "Bearer".into()),
        ("another type", |token, _| {
            token.token_type = "mtls_pop".into();
        }),
        ("another key's", |token, _| {
            token.access_token = bound_to("another", "x");
        }),
        ("nobody's", |token, _| {
            token.access_token = Secret::new("e30.e30.c2ln");
        }),
        ("signed, and not said so", |token, now| {
            let pop = BrokerPop::new("k", "PATCH", "resource.example:8443", "/v1.0/me", "n");
            token.access_token = signed_request(&pop, "x", now);
        }),
        ("not signed, and said so", |token, _| {
            token.is_signed_request = true;
        }),
        ("signed for another nonce", |token, now| {
            let pop = BrokerPop::new("k", "PATCH", "resource.example:8443", "/v1.0/me", "o");
            token.access_token = signed_request(&pop, "x", now);
            token.is_signed_request = true;
        }),
        ("signed as a bearer token", |token, now| {
            let pop = BrokerPop::new("k", "PATCH", "resource.example:8443", "/v1.0/me", "n");
            token.access_token = signed_request(&pop, "x", now);
            token.token_type = "Bearer".into();
            token.is_signed_request = true;
        }),
    ];
    for (name, change) in cases {
        for silently in [false, true] {
            let machine = Machine::start().await;
            machine.broker.sign_in_by_default();
            let time = machine.entra.now();
            let conduct = Conduct::Changes(Arc::new(move |token| change(token, time)));
            machine.broker.set_all(&conduct);
            let store = Arc::new(WatchedStore::default());
            let credential = machine.credential(|options| {
                options.use_default_broker_account = silently;
                options.client.cache_persistence = Some(store.options());
            });
            let error = signed(&credential, "n").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{name}: {error}");
            let token = signed_request(&asked(), "x", time);
            assert!(!format!("{error:?}").contains(token.secret()), "{error:?}");
            let kept = store.document(false).await;
            assert!(
                kept.get("DoorkeyPopAccessToken").is_none(),
                "{name}: {kept}"
            );
            assert_eq!(machine.tabs(), 0, "{name}");

            // The next question is answered anew.
            machine.broker.set_all(&Conduct::Serves);
            signed(&credential, "n").await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_bound_is_taken_where_a_bearer_token_was_asked_for() {
    let machine = Machine::start().await;
    let time = machine.entra.now();
    type Change = Box<dyn Fn(&mut BrokerToken) + Send + Sync>;
    let changes: [Change; 2] = [
        Box::new(|token| token.token_type = "pop".into()),
        Box::new(move |token| {
            let pop = BrokerPop::new("k", "GET", "h", "/", "n");
            token.access_token = signed_request(&pop, "x", time);
            token.is_signed_request = true;
        }),
    ];
    for change in changes {
        machine.broker.set_all(&Conduct::Changes(Arc::from(change)));
        let credential = machine.credential(|_| {});
        assert_eq!(kind(&credential, SCOPE).await, ErrorKind::Protocol);
    }
}

/// Opaque ones are not ours to read.
#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_read_is_bound_if_the_broker_says_so() {
    let machine = Machine::start().await;
    let opaque = |token: &mut BrokerToken| token.access_token = Secret::new("opaque");
    machine.broker.set_all(&Conduct::Changes(Arc::new(opaque)));
    let credential = machine.credential(|_| {});
    let info = signed(&credential, "n").await.unwrap();
    assert_eq!(inner(&info), "opaque");
    assert_eq!(claim(info.token.secret(), "nonce"), "n");
}

#[tokio::test]
async fn where_there_is_no_broker_the_browser_brings_one_that_is_bound_in_software() {
    let machine = Machine::start().await;
    let absent = Conduct::Fails(ErrorKind::CredentialUnavailable);
    machine.broker.set_all(&absent);
    let credential = machine.credential(|options| options.browser = machine.browser());
    let url = format!("{}/resource/me", machine.entra.emulator.authority());
    let ask = async |authorization: &str| {
        let request = Request::get(&url).header("authorization", authorization);
        let request = request.body(Bytes::new()).unwrap();
        machine.entra.emulator.send(request).await
    };
    for _ in 0..2 {
        let refused = ask("").await;
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        let (_, nonce) = challenge.split_once("PoP nonce=\"").unwrap();
        let mut options = options(nonce.trim_end_matches('"'));
        let pop = options.pop.as_mut().unwrap();
        pop.resource_request_method = "GET".into();
        pop.resource_request_url.clone_from(&url);
        let info = credential.get_token_info(&[SCOPE], Some(options)).await;
        let header = info.unwrap().authorization_header();
        assert_eq!(ask(header.secret()).await.status(), 200);
    }
    assert_eq!(machine.tabs(), 1);
    assert_eq!(machine.entra.grants(), ["authorization_code"]);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_broker_and_no_fallback_there_is_no_bound_token() {
    let machine = Machine::start().await;
    let absent = Conduct::Fails(ErrorKind::CredentialUnavailable);
    machine.broker.set_all(&absent);
    let credential = machine.credential(|options| options.disable_interactive_fallback = true);
    let error = signed(&credential, "n").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(machine.tabs(), 0);
}

#[tokio::test(start_paused = true)]
async fn claims_are_asked_for_though_a_bound_token_is_known() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let first = signed(&credential, "one").await.unwrap();
    let demanding = TokenInfoOptions {
        claims: Some(r#"{"access_token":{"acrs":{"essential":true}}}"#.into()),
        ..options("two")
    };
    let second = credential.get_token_info(&[SCOPE], Some(demanding)).await;
    assert_ne!(inner(&second.unwrap()), inner(&first));
    assert_eq!(machine.broker.calls(), ["interactive", "silent"]);
    let asked = machine.broker.silent.lock().unwrap().pop().unwrap();
    assert!(asked.claims.unwrap().contains("acrs"));
    check_asked(asked.pop.as_ref(), "two");

    // What a silent refusal demands, the window is asked for, still bound.
    let demand = Conduct::Demands(r#"{"access_token":{"nbf":null}}"#);
    machine.broker.set(Call::Silently, demand);
    let other = credential.get_token_info(&[OTHER_SCOPE], Some(options("three")));
    assert_eq!(other.await.unwrap().token_type, "pop");
    let asked = machine.broker.interactive.lock().unwrap().pop().unwrap();
    assert!(asked.claims.unwrap().contains("nbf"));
    check_asked(asked.pop.as_ref(), "three");
}

#[tokio::test(start_paused = true)]
async fn a_bound_token_of_another_person_is_not_kept() {
    for binding in [Binding::ToTheKey, Binding::ToItsOwn] {
        for silently in [true, false] {
            let machine = Machine::start().await;
            machine.binds(binding);
            let record = machine.credential(|_| {}).authenticate(None).await.unwrap();
            machine.gives_tokens_of_another(silently);
            let store = Arc::new(WatchedStore::default());
            let credential = machine.credential(|options| {
                options.authentication_record = Some(record);
                options.client.cache_persistence = Some(store.options());
            });
            let error = signed(&credential, "n").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongAccount, "{error}");
            let kept = store.document(false).await;
            assert!(kept.get("DoorkeyPopAccessToken").is_none(), "{kept}");
            assert!(kept.get("Account").is_none(), "{kept}");
            assert_eq!(machine.tabs(), 0);
        }
    }
}

/// Each of them may be good once, so none is shared; the person is asked once all the same.
#[tokio::test(start_paused = true)]
async fn callers_that_start_together_ask_the_person_once_and_share_no_signed_request() {
    for binding in [Binding::ToTheKey, Binding::ToItsOwn] {
        let machine = Machine::start().await;
        machine.binds(binding);
        let wait = Conduct::Waits(Duration::from_secs(20));
        machine.broker.set(Call::Interactively, wait);
        let credential = machine.credential(|_| {});
        let (one, two, bearer) = tokio::join!(
            signed(&credential, "one"),
            signed(&credential, "two"),
            token(&credential, SCOPE),
        );
        for (info, nonce) in [(one, "one"), (two, "two")] {
            assert_eq!(claim(info.unwrap().token.secret(), "nonce"), nonce);
        }
        assert!(bearer.unwrap().starts_with("token-"));
        let calls = machine.broker.calls();
        let asked = calls.iter().filter(|call| **call == "interactive");
        assert_eq!(asked.count(), 1, "{calls:?}");
    }
}

/// A pause is for the authority's or the broker's sake, whichever request the token is for.
#[tokio::test(start_paused = true)]
async fn a_living_bound_token_is_given_where_the_broker_is_in_trouble_and_it_is_left_alone() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let first = signed(&credential, "one").await.unwrap();
    turn_clock(Duration::from_secs(3_400)).await;
    machine.broker.calls();
    let trouble = Conduct::Fails(ErrorKind::Network);
    machine.broker.set(Call::Silently, trouble);
    for nonce in ["two", "three", "four"] {
        let info = signed(&credential, nonce).await.unwrap();
        assert_eq!(inner(&info), inner(&first));
        assert_eq!(claim(info.token.secret(), "nonce"), nonce);
    }
    assert_eq!(machine.broker.calls(), ["silent"]);
}

/// As one that came by the browser, before there was this broker.
#[tokio::test(start_paused = true)]
async fn a_broker_that_signs_itself_is_not_asked_ahead_of_time_again_and_again() {
    let machine = Machine::start().await;
    let store = Arc::new(WatchedStore::default());
    let first = signed(&machine.credential_at(&store), "one").await.unwrap();
    let mut document = store.document(false).await;
    let bound = document["DoorkeyPopAccessToken"].as_object_mut().unwrap();
    for token in bound.values_mut() {
        token["refresh_on"] = "1".into();
    }
    store.write(false, &document.to_string()).await;
    machine.broker.calls();
    machine.binds(Binding::ToItsOwn);
    let credential = machine.credential_at(&store);
    signed(&credential, "two").await.unwrap();
    for (nonce, calls) in [
        ("three", vec!["silent"]),
        ("four", vec![]),
        ("five", vec![]),
    ] {
        let info = signed(&credential, nonce).await.unwrap();
        assert_eq!(inner(&info), inner(&first));
        turn_clock(Duration::from_secs(1)).await;
        assert_eq!(machine.broker.calls(), calls, "{nonce}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_the_broker_is_asked() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let error = signed(&credential, " ").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(machine.broker.calls().is_empty());
}

#[cfg(feature = "chain")]
#[tokio::test(start_paused = true)]
async fn a_chain_does_not_pass_by_a_broker_that_binds_tokens() {
    use crate::{ChainLink, ChainedTokenCredential};
    let machine = Machine::start().await;
    let other = machine.entra.credential(|_| {});
    let links = vec![
        ChainLink::interactive("broker", machine.credential(|_| {})),
        ChainLink::interactive("other", other),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    for binding in [Binding::ToTheKey, Binding::ToItsOwn] {
        machine.binds(binding);
        let scope = format!("https://graph.microsoft.com/{binding:?}");
        let info = chain.get_token_info(&[&*scope], Some(options("n"))).await;
        assert_eq!(info.unwrap().token_type, "pop");
        assert!(!machine.broker.calls().is_empty(), "{binding:?}");
    }
    assert!(machine.entra.emulator.requests().is_empty());
}
