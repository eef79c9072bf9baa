//! Which way is taken, by what the broker was asked, and the tabs that opened.

mod answers;
mod people;
#[cfg(feature = "pop")]
mod pop;

use crate::{
    Broker, BrokerToken, BrowserLauncher, ErrorKind, InteractiveBrowserBrokerCredential,
    InteractiveBrowserBrokerCredentialOptions, InteractiveCredential, ParentWindow, Prompt,
    PromptOutcome, SignInObserver, SignInPrompt, TokenInfoOptions,
    testing::{
        Entra, OTHER_SCOPE, SCOPE,
        broker::{Call, Conduct, FakeBroker, account},
        browser::{Conduct as InBrowser, browser},
        turn_clock,
    },
};
use doorkey_emulator::Endpoint;
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

type Options = InteractiveBrowserBrokerCredentialOptions;
type Credential = Arc<InteractiveBrowserBrokerCredential>;

/// A machine with a broker, a person, and a browser.
struct Machine {
    entra: Entra,
    broker: Arc<FakeBroker>,
    tabs: Arc<AtomicUsize>,
}

impl Machine {
    async fn start() -> Self {
        let entra = Entra::start().await;
        Self {
            broker: FakeBroker::new(&entra),
            entra,
            tabs: Arc::default(),
        }
    }

    /// Without a browser: a tab that should open is counted, and that is the end of it.
    fn credential(&self, change: impl FnOnce(&mut Options)) -> Credential {
        let tabs = Arc::clone(&self.tabs);
        let mut options = Options {
            browser: BrowserLauncher::Callback(Arc::new(move |_| {
                tabs.fetch_add(1, Ordering::Relaxed);
                Err(io::Error::other("there is no display"))
            })),
            client: self.entra.client(),
            ..Default::default()
        };
        change(&mut options);
        let broker: Arc<dyn Broker> = Arc::clone(&self.broker) as _;
        InteractiveBrowserBrokerCredential::with_seams(broker, options, self.entra.seams(&[]))
            .unwrap()
    }

    /// One in which the first person signs in. Its sockets are real, so the clock has to be.
    fn browser(&self) -> BrowserLauncher {
        let tabs = Arc::clone(&self.tabs);
        let person = InBrowser::SignIn(self.entra.username(0));
        let BrowserLauncher::Callback(opens) =
            browser(&self.entra.emulator, person, Arc::default())
        else {
            unreachable!("the person is played by a callback");
        };
        BrowserLauncher::Callback(Arc::new(move |url| {
            tabs.fetch_add(1, Ordering::Relaxed);
            opens(url)
        }))
    }

    fn tabs(&self) -> usize {
        self.tabs.load(Ordering::Relaxed)
    }

    /// Silently, or else because a person is needed, and another one comes.
    fn gives_tokens_of_another(&self, silently: bool) {
        let other = account(&self.entra, 1);
        if silently {
            let changes = move |token: &mut BrokerToken| {
                token.account = Some(other.clone());
                token.id_token = None;
            };
            let conduct = Conduct::Changes(Arc::new(changes));
            self.broker.set(Call::Silently, conduct);
        } else {
            let required = Conduct::Fails(ErrorKind::AuthenticationRequired);
            self.broker.set(Call::Silently, required);
            *self.broker.person.lock().unwrap() = other;
        }
    }
}

async fn token(credential: &Credential, scope: &str) -> crate::Result<String> {
    let info = credential.get_token_info(&[scope], None).await?;
    Ok(info.token.secret().to_owned())
}

async fn kind(credential: &Credential, scope: &str) -> ErrorKind {
    token(credential, scope).await.unwrap_err().kind()
}

#[tokio::test(start_paused = true)]
async fn interactive_flow_and_its_silent_call_should_invoke_broker() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let first = token(&credential, SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["interactive"]);
    assert_eq!(token(&credential, SCOPE).await.unwrap(), first);
    assert!(machine.broker.calls().is_empty(), "the cache answers");
    token(&credential, OTHER_SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["silent"]);
    turn_clock(Duration::from_secs(3_400)).await;
    assert_ne!(token(&credential, SCOPE).await.unwrap(), first);
    assert_eq!(machine.broker.calls(), ["silent"]);
    assert!(machine.entra.emulator.requests().is_empty());
    assert_eq!(machine.tabs(), 0);

    let asked = machine.broker.interactive.lock().unwrap()[0].clone();
    assert_eq!(
        asked.application.client_id,
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    );
    let authority = "https://login.microsoftonline.com/organizations";
    assert_eq!(asked.application.authority, authority);
    assert_eq!(asked.scopes, [SCOPE]);
    assert_eq!(asked.prompt, Prompt::SelectAccount);
    assert_eq!((asked.account, asked.parent_window), (None, None));
}

/// The peers drop the hint where the person may choose.
#[tokio::test(start_paused = true)]
async fn what_the_options_say_reaches_the_broker_in_signin_interactively_and_select_account() {
    let machine = Machine::start().await;
    let credential = machine.credential(|options| {
        options.login_hint = Some("someone@contoso.example".into());
        options.domain_hint = Some("contoso.example".into());
        options.prompt = Some(Prompt::Login);
        options.extra_query_parameters = vec![("dc".into(), "x".into())];
        options.enable_msa_passthrough = true;
        options.parent_window = ParentWindow::handle(|| 42);
        options.client.tenant_id = Some("contoso.example".into());
        options.client.enable_cae = true;
        options.client.disable_instance_discovery = true;
    });
    let claims = r#"{"access_token":{"nbf":{"essential":true}}}"#;
    let options = TokenInfoOptions {
        claims: Some(claims.into()),
        ..Default::default()
    };
    let info = credential.get_token_info(&[SCOPE], Some(options));
    info.await.unwrap();
    let asked = machine.broker.interactive.lock().unwrap()[0].clone();
    assert_eq!(asked.login_hint.as_deref(), Some("someone@contoso.example"));
    assert_eq!(asked.domain_hint.as_deref(), Some("contoso.example"));
    assert_eq!(asked.prompt, Prompt::Login);
    assert_eq!(asked.extra_query_parameters, [("dc".into(), "x".into())]);
    assert_eq!(asked.parent_window.map(isize::from), Some(42));
    assert!(asked.application.enable_msa_passthrough);
    assert!(asked.application.authority.ends_with("/contoso.example"));
    let sent: serde_json::Value = serde_json::from_str(&asked.claims.unwrap()).unwrap();
    assert_eq!(sent["access_token"]["nbf"]["essential"], true);
    assert_eq!(sent["access_token"]["xms_cc"]["values"][0], "cp1");
}

#[tokio::test(start_paused = true)]
async fn interactive_browser_broker_cred_signed_in_account_and_signin_silently_ask_nobody() {
    let machine = Machine::start().await;
    machine.broker.sign_in_by_default();
    let credential = machine.credential(|options| {
        options.use_default_broker_account = true;
        options.disable_automatic_authentication = true;
    });
    token(&credential, SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["default", "silent"]);
    token(&credential, OTHER_SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["silent"], "it is known who it is");
}

#[tokio::test(start_paused = true)]
async fn default_account_that_will_not_do_leads_to_a_question_unless_nobody_may_be_asked() {
    for (has_default, hint, conduct) in [
        (false, None, Conduct::Serves),
        (true, Some("else@contoso.example"), Conduct::Serves),
        (
            true,
            None,
            Conduct::Fails(ErrorKind::AuthenticationRequired),
        ),
    ] {
        for nobody in [false, true] {
            let machine = Machine::start().await;
            if has_default {
                machine.broker.sign_in_by_default();
            }
            machine.broker.set(Call::Silently, conduct.clone());
            let credential = machine.credential(|options| {
                options.use_default_broker_account = true;
                options.login_hint = hint.map(str::to_owned);
                options.disable_interactive_fallback = nobody;
            });
            let outcome = token(&credential, SCOPE).await;
            let calls = machine.broker.calls();
            assert_eq!(calls.contains(&"interactive"), !nobody, "{calls:?}");
            assert_eq!(machine.tabs(), 0);
            if nobody {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
                assert!(error.to_string().contains("operating system"), "{error}");
                let error = credential.authenticate(None).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
                assert!(!machine.broker.calls().contains(&"interactive"));
            } else {
                outcome.unwrap();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn authenticate_asks_and_where_nobody_may_be_asked_takes_the_default_account() {
    for (nobody, calls) in [
        (false, vec!["interactive"]),
        (true, vec!["default", "silent"]),
    ] {
        let machine = Machine::start().await;
        machine.broker.sign_in_by_default();
        let credential = machine.credential(|options| {
            options.use_default_broker_account = true;
            options.disable_interactive_fallback = nobody;
        });
        let record = credential.authenticate(None).await.unwrap();
        assert_eq!(record.username, machine.entra.username(0));
        assert_eq!(machine.broker.calls(), calls);
    }
}

#[tokio::test]
async fn without_a_broker_one_tab_opens_and_later_it_goes_by_the_refresh_token() {
    for use_default in [false, true] {
        let machine = Machine::start().await;
        machine
            .broker
            .set_all(&Conduct::Fails(ErrorKind::CredentialUnavailable));
        let credential = machine.credential(|options| {
            options.use_default_broker_account = use_default;
            options.browser = machine.browser();
        });
        token(&credential, SCOPE).await.unwrap();
        token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(machine.tabs(), 1);
        let grants = machine.entra.grants();
        assert_eq!(grants, ["authorization_code", "refresh_token"]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_broker_and_a_browser_the_error_tells_of_both() {
    let machine = Machine::start().await;
    machine
        .broker
        .set_all(&Conduct::Fails(ErrorKind::CredentialUnavailable));
    let credential = machine.credential(|_| {});
    let error = token(&credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    let text = error.to_string();
    assert!(text.contains("no display"), "{text}");
    assert!(text.contains("as the test wants it"), "{text}");
    assert_eq!(machine.tabs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_fallback_opens_no_tab_and_still_asks_in_the_brokers_window() {
    let machine = Machine::start().await;
    let credential = machine.credential(|options| options.disable_interactive_fallback = true);
    token(&credential, SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["interactive"]);

    for use_default in [false, true] {
        let machine = Machine::start().await;
        machine
            .broker
            .set_all(&Conduct::Fails(ErrorKind::CredentialUnavailable));
        let credential = machine.credential(|options| {
            options.disable_interactive_fallback = true;
            options.use_default_broker_account = use_default;
        });
        assert_eq!(
            kind(&credential, SCOPE).await,
            ErrorKind::CredentialUnavailable
        );
        assert_eq!(machine.tabs(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_silently_costs_thirty_seconds_once() {
    let machine = Machine::start().await;
    machine.broker.set_all(&Conduct::Hangs);
    let credential = machine.credential(|options| options.use_default_broker_account = true);
    let begun = Instant::now();
    assert_eq!(
        kind(&credential, SCOPE).await,
        ErrorKind::CredentialUnavailable
    );
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(machine.broker.calls(), ["default"]);
    assert_eq!(machine.tabs(), 1, "no second wait in its window");
    kind(&credential, SCOPE).await;
    assert_eq!(
        begun.elapsed().as_secs(),
        30,
        "it is left alone for a while"
    );
    assert!(machine.broker.calls().is_empty());

    turn_clock(Duration::from_secs(300)).await;
    machine.broker.set_all(&Conduct::Serves);
    token(&credential, SCOPE).await.unwrap();
    assert_eq!(machine.broker.calls(), ["default", "interactive"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_step_in_it_is_asked_again_but_not_waited_for() {
    let machine = Machine::start().await;
    machine.broker.set_all(&Conduct::Hangs);
    let credential = machine.credential(|options| {
        options.use_default_broker_account = true;
        options.disable_interactive_fallback = true;
    });
    for seconds in [30, 5, 5] {
        let begun = Instant::now();
        assert_eq!(kind(&credential, SCOPE).await, ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
    // It answers: nobody is signed in.
    machine.broker.set_all(&Conduct::Serves);
    let answer = kind(&credential, SCOPE).await;
    assert_eq!(answer, ErrorKind::AuthenticationRequired);
}

#[tokio::test(start_paused = true)]
async fn a_broker_whose_window_gives_no_answer_has_the_persons_time() {
    for falls_back in [true, false] {
        let machine = Machine::start().await;
        machine.broker.set_all(&Conduct::Hangs);
        let credential = machine.credential(|options| {
            options.disable_interactive_fallback = !falls_back;
            options.timeout = Some(Duration::from_secs(40));
        });
        let begun = Instant::now();
        let kind = kind(&credential, SCOPE).await;
        assert_eq!(begun.elapsed().as_secs(), 40);
        assert_eq!(machine.tabs(), usize::from(falls_back));
        assert_eq!(machine.broker.cancelled.load(Ordering::Relaxed), 1);
        let expected = match falls_back {
            true => ErrorKind::CredentialUnavailable,
            false => ErrorKind::TimedOut,
        };
        assert_eq!(kind, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_living_token_waits_five_seconds_for_a_newer_one() {
    let machine = Machine::start().await;
    let credential = machine.credential(|_| {});
    let first = token(&credential, SCOPE).await.unwrap();
    turn_clock(Duration::from_secs(3_400)).await;
    machine.broker.set_all(&Conduct::Hangs);
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(token(&credential, SCOPE).await.unwrap(), first);
    }
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(machine.tabs(), 0);
}

#[tokio::test(start_paused = true)]
async fn callers_that_start_together_share_one_question_and_the_last_to_go_cancels_it() {
    let machine = Machine::start().await;
    let wait = Conduct::Waits(Duration::from_secs(20));
    machine.broker.set(Call::Interactively, wait);
    let credential = machine.credential(|_| {});
    let (one, two, other) = tokio::join!(
        token(&credential, SCOPE),
        token(&credential, SCOPE),
        token(&credential, OTHER_SCOPE),
    );
    assert_eq!(one.unwrap(), two.unwrap());
    other.unwrap();
    assert_eq!(machine.broker.calls(), ["interactive", "silent"]);

    let alone = machine.credential(|_| {});
    let waiting = tokio::spawn(async move { token(&alone, SCOPE).await });
    turn_clock(Duration::from_secs(10)).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(machine.broker.cancelled.load(Ordering::Relaxed), 1);
    assert_eq!(machine.tabs(), 0);
}

#[derive(Debug, Default)]
struct Window(Mutex<Vec<String>>);

impl SignInObserver for Window {
    fn prompt_began(&self, prompt: &SignInPrompt) {
        assert!(matches!(prompt, SignInPrompt::Broker), "{prompt:?}");
        self.0.lock().unwrap().push("began".into());
    }

    fn prompt_ended(&self, outcome: &PromptOutcome) {
        self.0.lock().unwrap().push(match outcome {
            PromptOutcome::Failed(error) => format!("{:?}", error.kind()),
            other => format!("{other:?}"),
        });
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_the_brokers_window_and_how_it_ended() {
    for (conduct, end) in [
        (Conduct::Serves, "SignedIn"),
        (Conduct::Fails(ErrorKind::Declined), "Declined"),
        (Conduct::Hangs, "Cancelled"),
    ] {
        let machine = Machine::start().await;
        machine.broker.set(Call::Interactively, conduct);
        let window = Arc::new(Window::default());
        let credential = machine.credential(|options| {
            options.client.observer = Some(window.clone());
        });
        let asking = token(&credential, SCOPE);
        let _ = tokio::time::timeout(Duration::from_secs(10), asking).await;
        assert_eq!(*window.0.lock().unwrap(), ["began", end]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_without_a_handle_is_refused_before_anything_is_asked() {
    let machine = Machine::start().await;
    let credential = machine.credential(|options| {
        options.parent_window = ParentWindow::handle(|| 0);
    });
    let error = token(&credential, SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("`parent_window`"), "{error}");
    assert!(machine.broker.calls().is_empty());
    assert_eq!(machine.tabs(), 0);
}

#[tokio::test(start_paused = true)]
async fn should_fallback_to_non_broker_when_using_adfs_and_should_fallback_to_non_broker_when_using_b2c()
 {
    for authority in [
        "https://fs.contoso.example/adfs",
        "https://contoso.b2clogin.com/contoso.example/b2c_1_sign_in",
    ] {
        let machine = Machine::start().await;
        machine.broker.sign_in_by_default();
        let credential = machine.credential(|options| {
            options.use_default_broker_account = true;
            options.client.authority = Some(authority.into());
        });
        token(&credential, SCOPE).await.unwrap_err();
        assert!(machine.broker.calls().is_empty(), "{authority}");
        let pages = machine.entra.requests_to(Endpoint::OpenIdConfiguration);
        assert_eq!(pages.len(), 1, "the browser was next: {authority}");
    }
}
