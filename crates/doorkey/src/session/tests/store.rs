//! Silence from one run to the next: each rule by the requests that the authority saw, and what the
//! store holds then.

use super::{DEVICE, minutes, poll_once, refusal, token, until};
use crate::{
    AuthenticationRecord, DeviceCodeCredential, DeviceCodeCredentialOptions, Error, ErrorKind,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    PromptOutcome, SignInObserver, SignInPrompt, TokenInfoOptions,
    account::{accounts_with, sign_out_with},
    seams::Environment,
    testing::{Entra, OTHER_SCOPE, SCOPE, store::WatchedStore, turn_clock},
};
use azure_core::credentials::TokenCredential;
use doorkey_emulator::{Endpoint, Reply};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    task::Poll,
    time::Duration,
};

pub(super) const OTHER_FAMILY_MEMBER: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";

/// Somebody has signed in, and their tokens are in a store.
pub(super) struct Scene {
    pub(super) entra: Entra,
    pub(super) store: Arc<WatchedStore>,
    pub(super) record: AuthenticationRecord,
}

impl Scene {
    pub(super) async fn signed_in() -> Self {
        Self::signed_in_with(|_| {}).await
    }

    async fn signed_in_with(change: impl FnOnce(&mut DeviceCodeCredentialOptions)) -> Self {
        let entra = Entra::start().await;
        let store = Arc::new(WatchedStore::default());
        let credential = entra.credential(|options| {
            options.client.cache_persistence = Some(store.options());
            change(options);
        });
        let scopes = crate::AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        let record = credential.authenticate(Some(scopes)).await.unwrap();
        assert_eq!(store.writes(), 1, "one write for each sign-in");
        entra.emulator.clear_requests();
        Self {
            entra,
            store,
            record,
        }
    }

    /// Another run, which may not ask.
    pub(super) fn next_run(&self) -> Arc<DeviceCodeCredential> {
        let record = Some(self.record.clone());
        self.run(|options| options.authentication_record = record)
    }

    pub(super) fn run(
        &self,
        change: impl FnOnce(&mut DeviceCodeCredentialOptions),
    ) -> Arc<DeviceCodeCredential> {
        self.entra.credential(|options| {
            options.disable_automatic_authentication = true;
            options.client.cache_persistence = Some(self.store.options());
            change(options);
        })
    }

    /// Whoever wrote the cache before wrote this.
    pub(super) async fn change(&self, cae: bool, change: impl FnOnce(&mut Value)) {
        let mut document = self.store.document(cae).await;
        change(&mut document);
        self.store.write(cae, &document.to_string()).await;
    }

    pub(super) async fn entries(&self, section: &str, cae: bool) -> Vec<Value> {
        let document = self.store.document(cae).await;
        let entries = document[section].as_object().cloned().unwrap_or_default();
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    pub(super) fn grants(&self) -> Vec<String> {
        self.entra.grants()
    }
}

pub(super) fn first(section: &mut Value) -> &mut Value {
    section
        .as_object_mut()
        .unwrap()
        .values_mut()
        .next()
        .unwrap()
}

pub(super) fn revocable() -> TokenInfoOptions {
    TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn fresh_token_should_be_returned_from_cache_in_the_next_run_without_a_request() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    assert!(scene.entra.emulator.requests().is_empty());
    assert_eq!(scene.store.calls(), ["version nocae", "load nocae"]);
    token(&*credential, SCOPE).await.unwrap();
    assert_eq!(
        scene.store.calls(),
        ["version nocae"],
        "nothing is read twice"
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_run_is_silent_by_the_refresh_token_alone() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| document["AccessToken"] = json!({}))
        .await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
    token(&*scene.next_run(), SCOPE).await.unwrap();
    assert_eq!(
        scene.grants(),
        ["refresh_token"],
        "what was renewed is kept"
    );
    turn_clock(minutes(24 * 60)).await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
    assert_eq!(scene.grants().len(), 2);
}

#[test]
fn a_stored_token_needs_no_runtime() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let signing_in = runtime();
    let scene = signing_in.block_on(Scene::signed_in());
    let store = Arc::clone(&scene.store);
    let options = DeviceCodeCredentialOptions {
        authentication_record: Some(scene.record.clone()),
        client: crate::PublicClientOptions {
            cache_persistence: Some(store.options()),
            ..Default::default()
        },
        ..Default::default()
    };
    let seams = signing_in.block_on(async { scene.entra.seams(&[]) });
    let credential = DeviceCodeCredential::with_seams(options, seams).unwrap();

    let (scopes, others) = ([SCOPE], [OTHER_SCOPE]);
    let Poll::Ready(known) = poll_once(&mut credential.get_token(&scopes, None)) else {
        panic!("it waits for something");
    };
    known.unwrap();
    let Poll::Ready(unknown) = poll_once(&mut credential.get_token(&others, None)) else {
        panic!("it waits for something");
    };
    let error = unknown.unwrap_err();
    assert!(error.to_string().contains("Tokio"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_a_record_the_only_person_who_fits_is_meant() {
    let scene = Scene::signed_in().await;
    let credential = scene.run(|_| {});
    token(&*credential, SCOPE).await.unwrap();
    token(&*credential, OTHER_SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);

    let stranger = scene.run(|options| options.client_id = Some("another-application".into()));
    scene
        .change(false, |document| {
            document["AppMetadata"]["m"] = json!({
                "client_id": "another-application", "environment": scene.entra_host(),
            });
        })
        .await;
    let error = token(&*stranger, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(scene.grants().len(), 1, "it is nobody's application");
}

#[tokio::test(start_paused = true)]
async fn of_several_people_none_is_guessed() {
    let scene = Scene::signed_in().await;
    let guest = scene.entra.guest();
    scene
        .entra
        .person_answers(crate::testing::Answer::As(guest.clone()));
    let other = scene.entra.credential(|options| {
        options.client.cache_persistence = Some(scene.store.options());
    });
    other.authenticate(None).await.unwrap();
    scene.entra.emulator.clear_requests();

    let error = token(&*scene.run(|_| {}), SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert_eq!(error.scopes(), [SCOPE]);
    for name in [&guest, &scene.record.username] {
        assert!(error.to_string().contains(name.as_str()), "{error}");
    }
    assert!(scene.entra.emulator.requests().is_empty());

    let hinted = |hint: &str| {
        let options = InteractiveBrowserCredentialOptions {
            login_hint: Some(hint.into()),
            disable_automatic_authentication: true,
            client: crate::PublicClientOptions {
                cache_persistence: Some(scene.store.options()),
                ..scene.entra.client()
            },
            ..Default::default()
        };
        InteractiveBrowserCredential::with_seams(options, scene.entra.seams(&[])).unwrap()
    };
    token(&*hinted(&scene.record.username.to_uppercase()), SCOPE)
        .await
        .unwrap();
    assert!(scene.entra.emulator.requests().is_empty());
    let error = token(&*hinted("nobody@contoso.example"), SCOPE)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);

    // Where it may be asked, the person is.
    let asking = scene.run(|options| options.disable_automatic_authentication = false);
    token(&*asking, SCOPE).await.unwrap();
    assert_eq!(scene.grants(), [DEVICE]);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_changed_is_seen_on_the_next_call() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let before = token(&*credential, SCOPE).await.unwrap();
    scene
        .change(false, |document| {
            first(&mut document["AccessToken"])["secret"] = "of a sibling".into();
        })
        .await;
    assert_ne!(token(&*credential, SCOPE).await.unwrap(), before);
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), "of a sibling");
    scene.store.write(false, "{}").await;
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(scene.entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn both_halves_have_one_person() {
    let scene = Scene::signed_in().await;
    let before = scene.entries("RefreshToken", false).await;
    let credential = scene.next_run();
    scene.store.calls();
    credential
        .get_token_info(&[SCOPE], Some(revocable()))
        .await
        .unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
    let calls = scene.store.calls();
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| call.starts_with("write"))
        .collect();
    assert_eq!(writes, ["write nocae", "write cae"], "one after the other");
    let (plain, revocable) = (
        scene.entries("RefreshToken", false).await,
        scene.entries("RefreshToken", true).await,
    );
    assert_eq!(plain.len(), 1);
    assert_ne!(plain[0]["secret"], before[0]["secret"]);
    assert_eq!(plain[0]["secret"], revocable[0]["secret"]);
    assert_eq!(scene.entries("AccessToken", true).await.len(), 1);
    assert_eq!(scene.entries("AccessToken", false).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refresh_on_in_future_is_not_due_and_refresh_on_in_past_is_renewed_ahead_of_time() {
    let entra = Entra::start_with(|emulator| emulator.refresh_in(minutes(30))).await;
    let credential = entra.credential(|_| {});
    let first = credential.get_token_info(&[SCOPE], None).await.unwrap();
    let refresh_on = first.refresh_on.unwrap();
    until(&entra, refresh_on, 1).await;
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        first.token.secret()
    );
    turn_clock(Duration::from_secs(1)).await;
    assert_eq!(entra.grants(), [DEVICE]);
    for _ in 0..20 {
        assert_eq!(
            token(&*credential, SCOPE).await.unwrap(),
            first.token.secret()
        );
    }
    turn_clock(Duration::from_secs(1)).await;
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"], "once");
    assert_ne!(
        token(&*credential, SCOPE).await.unwrap(),
        first.token.secret()
    );
}

#[tokio::test(start_paused = true)]
async fn refresh_on_respects_retry_delay_and_recommended_refresh_swallows_error() {
    let entra = Entra::start_with(|emulator| emulator.refresh_in(minutes(30))).await;
    let credential = entra.credential(|_| {});
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.refresh_on.unwrap(), 0).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 1, refusal("invalid_grant", "basic_action"));
    for _ in 0..3 {
        assert_eq!(
            token(&*credential, SCOPE).await.unwrap(),
            info.token.secret()
        );
        turn_clock(Duration::from_secs(10)).await;
    }
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
    turn_clock(minutes(1)).await;
    assert_eq!(
        token(&*credential, SCOPE).await.unwrap(),
        info.token.secret()
    );
    turn_clock(Duration::from_secs(1)).await;
    assert_eq!(
        entra.grants().len(),
        2,
        "the same token would be refused again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_renewal_ahead_of_time_ends_with_its_credential() {
    let entra = Entra::start_with(|emulator| emulator.refresh_in(minutes(30))).await;
    let store = Arc::new(WatchedStore::default());
    let credential =
        entra.credential(|options| options.client.cache_persistence = Some(store.options()));
    let info = credential.get_token_info(&[SCOPE], None).await.unwrap();
    until(&entra, info.refresh_on.unwrap(), 0).await;
    entra
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::stall());
    token(&*credential, SCOPE).await.unwrap();
    turn_clock(Duration::from_secs(1)).await;
    assert_eq!(entra.grants().len(), 2);
    drop(credential);
    turn_clock(minutes(5)).await;
    assert_eq!(entra.grants().len(), 2, "it would have been tried again");
}

#[tokio::test(start_paused = true)]
async fn claims_skips_cached_access_token() {
    let scene = Scene::signed_in().await;
    let options = TokenInfoOptions {
        claims: Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.into()),
        ..Default::default()
    };
    scene
        .next_run()
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn after_invalid_grant_the_store_is_read_again_first() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    token(&*credential, SCOPE).await.unwrap();
    let mut newer = scene.store.document(false).await;
    let renewed = first(&mut newer["RefreshToken"])["secret"].clone();
    scene
        .change(false, |document| {
            first(&mut document["RefreshToken"])["secret"] = "outdated".into();
        })
        .await;
    // Between our reading and the authority's answer, a sibling renews.
    scene.store.write_before_next_update(newer.to_string());
    token(&*credential, OTHER_SCOPE).await.unwrap();
    let sent: Vec<_> = scene
        .entra
        .requests_to(Endpoint::Token)
        .iter()
        .map(|request| {
            request
                .form_value("refresh_token")
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(sent, ["outdated", renewed.as_str().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_removed_only_when_its_home_calls_it_dead() {
    for (suberror, tenant, removed) in [
        ("bad_token", None, true),
        ("token_expired", None, true),
        ("basic_action", None, false),
        ("consent_required", None, false),
        ("", None, false),
        ("bad_token", Some("fabrikam.example"), false),
    ] {
        let scene = Scene::signed_in().await;
        let answer = refusal("invalid_grant", suberror);
        scene
            .entra
            .emulator
            .replace_next(Endpoint::Token, 1, answer);
        let credential = scene.next_run_in(tenant);
        let error = token(&*credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationRequired,
            "{suberror}"
        );
        let left = scene.entries("RefreshToken", false).await.len();
        assert_eq!(left, usize::from(!removed), "{suberror} {tenant:?}");
        for _ in 0..3 {
            token(&*credential, OTHER_SCOPE).await.unwrap_err();
        }
        assert_eq!(
            scene.grants(),
            ["refresh_token"],
            "unasked until something changes"
        );
        if tenant.is_none() {
            token(&*credential, SCOPE).await.unwrap();
        }
        if !removed && tenant.is_none() {
            // Other scopes, and other refresh tokens, are another question.
            let third = "https://graph.microsoft.com/User.Read";
            token(&*credential, third).await.unwrap();
            scene
                .change(false, |document| {
                    first(&mut document["RefreshToken"])["last_modification_time"] = "1".into();
                })
                .await;
            assert_eq!(scene.grants().len(), 2);
            token(&*credential, OTHER_SCOPE).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sibling_of_the_family_is_signed_in_with_its_token() {
    let scene = Scene::signed_in().await;
    let sibling = scene.run(|options| options.client_id = Some(OTHER_FAMILY_MEMBER.into()));
    token(&*sibling, SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token"]);
    let tokens = scene.entries("RefreshToken", false).await;
    assert_eq!(tokens.len(), 1, "in the place of the one that was used");
    assert_eq!(tokens[0]["client_id"], scene.record.client_id);
    token(&*scene.next_run(), OTHER_SCOPE).await.unwrap();
    assert_eq!(scene.grants().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_refresh_token_is_used_once_whatever_it_is_called() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            let mut twin = first(&mut document["RefreshToken"]).clone();
            document["RefreshToken"]["of an older library"] = twin.clone();
            twin["environment"] = "login.windows.net".into();
            document["RefreshToken"]["under an alias"] = twin;
        })
        .await;
    let answer = || refusal("invalid_grant", "basic_action");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 5, answer());
    token(&*scene.next_run(), OTHER_SCOPE).await.unwrap_err();
    assert_eq!(scene.grants(), ["refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_that_works_nobody_is_asked() {
    let entra = Entra::start().await;
    let store = Arc::new(WatchedStore::default());
    store.is_absent.store(true, Ordering::Relaxed);
    let credential =
        entra.credential(|options| options.client.cache_persistence = Some(store.options()));
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    let error = credential.authenticate(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("no keyring"), "{error}");
    assert_eq!(entra.prompts(), 0);
    assert!(entra.emulator.requests().is_empty());
}

/// Keeps what it is warned of.
#[derive(Debug, Default)]
struct Warned(Mutex<Vec<Error>>);

impl SignInObserver for Warned {
    fn prompt_began(&self, _: &SignInPrompt) {}

    fn prompt_ended(&self, _: &PromptOutcome) {}

    fn warned(&self, warning: &Error) {
        self.0.lock().unwrap().push(warning.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_kept_is_given_and_kept_later() {
    let warned = Arc::new(Warned::default());
    let scene = Scene::signed_in().await;
    let credential = scene.run(|options| {
        options.authentication_record = Some(scene.record.clone());
        options.client.observer = Some(Arc::clone(&warned) as Arc<dyn SignInObserver>);
    });
    scene.store.is_full.store(true, Ordering::Relaxed);
    let kept = token(&*credential, OTHER_SCOPE).await.unwrap();
    let warnings = std::mem::take(&mut *warned.0.lock().unwrap());
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].to_string().contains("the disk is full"),
        "{}",
        warnings[0]
    );
    assert_eq!(token(&*credential, OTHER_SCOPE).await.unwrap(), kept);
    assert_eq!(
        scene.grants(),
        ["refresh_token"],
        "it is known here all the same"
    );
    // Also after somebody else's change, and even where the store is gone.
    scene
        .change(false, |document| document["More"] = json!(1))
        .await;
    assert_eq!(token(&*credential, OTHER_SCOPE).await.unwrap(), kept);
    scene.store.is_absent.store(true, Ordering::Relaxed);
    assert_eq!(token(&*credential, OTHER_SCOPE).await.unwrap(), kept);
    scene.store.is_absent.store(false, Ordering::Relaxed);
    scene.store.is_full.store(false, Ordering::Relaxed);
    token(&*credential, "https://graph.microsoft.com/User.Read")
        .await
        .unwrap();
    assert_eq!(scene.entries("AccessToken", false).await.len(), 3);
    assert!(warned.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_damaged_cache_is_set_aside_and_what_is_readable_is_kept() {
    let warned = Arc::new(Warned::default());
    let scene = Scene::signed_in().await;
    let mut text = scene.store.document(false).await.to_string();
    text.truncate(text.len() - 1);
    scene.store.write(false, &text).await;
    let credential = scene.run(|options| {
        options.authentication_record = Some(scene.record.clone());
        options.client.observer = Some(Arc::clone(&warned) as Arc<dyn SignInObserver>);
    });
    token(&*credential, SCOPE).await.unwrap();
    assert!(scene.entra.emulator.requests().is_empty());
    assert_eq!(*scene.store.aside.lock().unwrap(), [text.into_bytes()]);
    let warnings = std::mem::take(&mut *warned.0.lock().unwrap());
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].to_string().contains("a drawer"),
        "{}",
        warnings[0]
    );
    assert_eq!(scene.entries("AccessToken", false).await.len(), 1, "mended");
}

#[tokio::test(start_paused = true)]
async fn signing_out_is_for_every_run() {
    let scene = Scene::signed_in().await;
    let credential = scene.next_run();
    let other = scene.next_run();
    token(&*other, SCOPE).await.unwrap();
    credential.sign_out().await.unwrap();
    for credential in [&credential, &other, &scene.next_run()] {
        let error = token(&**credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    }
    assert!(scene.entra.emulator.requests().is_empty());
    for section in ["AccessToken", "Account", "IdToken", "RefreshToken"] {
        assert!(scene.entries(section, false).await.is_empty(), "{section}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_sign_out_nobody_else_is_taken_for_the_person() {
    let scene = Scene::signed_in().await;
    let guest = scene.entra.guest();
    scene
        .entra
        .person_answers(crate::testing::Answer::As(guest));
    let other = scene.run(|_| {});
    other.authenticate(None).await.unwrap();
    let credential = scene.next_run();
    credential.sign_out().await.unwrap();
    let error = token(&*credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    token(&*other, OTHER_SCOPE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_that_python_kept_under_the_name_of_all_tenants_is_found() {
    let scene = Scene::signed_in().await;
    scene
        .change(false, |document| {
            first(&mut document["AccessToken"])["realm"] = "organizations".into();
            first(&mut document["Account"])["realm"] = "organizations".into();
        })
        .await;
    token(&*scene.next_run(), SCOPE).await.unwrap();
    token(&*scene.run(|_| {}), SCOPE).await.unwrap();
    assert!(scene.entra.emulator.requests().is_empty());
    let elsewhere = scene.next_run_in(Some("fabrikam.example"));
    token(&*elsewhere, SCOPE).await.unwrap_err();
    assert_eq!(
        scene.grants(),
        ["refresh_token"],
        "it is of the home tenant"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_of_the_application_is_followed_by_its_familys() {
    let scene = Scene::signed_in().await;
    let sibling = scene.run(|options| options.client_id = Some(OTHER_FAMILY_MEMBER.into()));
    sibling.authenticate(None).await.unwrap();
    scene.entra.emulator.clear_requests();
    let answer = refusal("invalid_grant", "basic_action");
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, answer);
    token(&*scene.next_run(), OTHER_SCOPE).await.unwrap();
    assert_eq!(scene.grants(), ["refresh_token", "refresh_token"]);
    let sent = scene.entra.requests_to(Endpoint::Token);
    let secrets: Vec<_> = sent
        .iter()
        .map(|request| request.form_value("refresh_token").map(ToOwned::to_owned))
        .collect();
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(
        scene.entries("RefreshToken", false).await.len(),
        2,
        "both are kept"
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_are_listed_and_removed_without_a_request() {
    let scene = Scene::signed_in().await;
    let options = crate::PublicClientOptions {
        authority: Some(scene.record.authority.clone()),
        cache_persistence: Some(scene.store.options()),
        ..Default::default()
    };
    let environment = Environment::of::<&str>(&[]);
    let accounts = accounts_with(&options, &environment).await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].record(), scene.record);
    sign_out_with(&options, &accounts[0], &environment)
        .await
        .unwrap();
    assert!(
        accounts_with(&options, &environment)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(scene.entra.emulator.requests().is_empty());
    let error = accounts_with(&crate::PublicClientOptions::default(), &environment).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn token_cache_persistence_options() {
    let default = crate::TokenCachePersistenceOptions::default();
    assert_eq!(
        (default.name.as_str(), default.allow_unencrypted_storage),
        ("msal.cache", false)
    );
    for (name, allow_unencrypted_storage) in [("my_application", false), ("msal.cache", true)] {
        let options = crate::TokenCachePersistenceOptions {
            name: name.into(),
            allow_unencrypted_storage,
            ..default.clone()
        };
        let client = crate::PublicClientOptions {
            cache_persistence: Some(options),
            ..Default::default()
        };
        DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
            client,
            ..Default::default()
        }))
        .unwrap();
    }
}

#[test]
fn a_cache_name_that_is_no_file_name_is_refused() {
    for name in [
        "",
        " ",
        "a/b",
        "..",
        ".hidden",
        "a\\b",
        "a\n",
        "a:b",
        &"x".repeat(201),
    ] {
        let options = crate::TokenCachePersistenceOptions {
            name: name.into(),
            ..Default::default()
        };
        let client = crate::PublicClientOptions {
            cache_persistence: Some(options),
            ..Default::default()
        };
        let error = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
            client,
            ..Default::default()
        }));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
        assert!(
            error.to_string().contains("cache_persistence.name"),
            "{error}"
        );
    }
}

impl Scene {
    fn entra_host(&self) -> String {
        let host = self.record.authority.split(':').next();
        host.unwrap_or_default().to_owned()
    }

    pub(super) fn next_run_in(&self, tenant: Option<&str>) -> Arc<DeviceCodeCredential> {
        let record = Some(self.record.clone());
        self.run(|options| {
            options.authentication_record = record;
            options.client.tenant_id = tenant.map(Into::into);
        })
    }
}
