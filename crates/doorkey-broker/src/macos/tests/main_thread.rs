//! The thread that the framework wants, which is the program's.

use super::super::messages::{Availability, Failure};
use super::recorder::MainThread;
use super::*;
use doorkey::{Broker as _, BrokerInteractiveRequest, BrokerSilentRequest, ErrorKind};
use std::time::Duration;
use tokio::time::{Instant, timeout};

fn silent() -> BrokerSilentRequest {
    BrokerSilentRequest::new(
        application("organizations"),
        account(),
        vec!["scope".into()],
    )
}

fn mac(main_thread: MainThread) -> Recorder {
    Recorder::answering([reply(&token())]).main_thread(main_thread)
}

#[tokio::test(start_paused = true)]
async fn who_waits_on_the_main_thread_runs_its_loop() {
    let system = mac(MainThread::Ours);
    let since = Instant::now();
    let token = system.extension().acquire_silently(&silent()).await;
    assert_eq!(token.unwrap().access_token.secret(), "token");
    assert!(since.elapsed() < Duration::from_millis(100));
    assert_eq!(system.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_main_thread_that_takes_up_nothing_is_no_broker_and_soon() {
    for main_thread in [MainThread::Asleep, MainThread::Busy] {
        let system = mac(main_thread);
        let since = Instant::now();
        let error = system.extension().acquire_silently(&silent()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains("event loop"), "{error}");
        let seconds = since.elapsed().as_secs_f64();
        assert!((2.9..3.2).contains(&seconds), "{seconds}");
        // It must not begin when nobody waits for it any more.
        assert_eq!(system.calls()[1..], ["cancel"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_has_the_time_that_the_caller_gives() {
    let system = mac(MainThread::Thinking);
    let extension = system.extension();
    let request = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let asking = extension.acquire_interactively(&request);
    let outcome = timeout(Duration::from_secs(900), asking).await;
    assert!(outcome.is_err(), "it ended by itself");
    assert_eq!(system.calls()[1..], ["cancel"]);
}

/// As Linux' broker is waited for by whoever has no limit of their own.
#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_no_longer_than_anybody_would() {
    let accounts = doorkey::BrokerAccountsRequest::new(application("organizations"));
    let mut the_default = accounts.clone();
    the_default.default_account = true;
    let sign_out = doorkey::BrokerSignOutRequest::new(application("organizations"), account());
    let mut unasked = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    unasked.prompt = doorkey::Prompt::None;
    unasked.account = Some(account());
    let silent = silent();
    for question in 0..5 {
        let system = mac(MainThread::Thinking);
        let extension = system.extension();
        let since = Instant::now();
        let asking = async {
            match question {
                0 => extension.accounts(&accounts).await.map(drop),
                1 => extension.accounts(&the_default).await.map(drop),
                2 => extension.sign_out(&sign_out).await,
                3 => extension.acquire_silently(&silent).await.map(drop),
                _ => extension.acquire_interactively(&unasked).await.map(drop),
            }
        };
        let outcome = timeout(Duration::from_secs(100), asking).await;
        let error = outcome.expect("it waits").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert_eq!(since.elapsed().as_secs(), 40);
        assert_eq!(system.calls()[1..], ["cancel"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_forgotten_is_no_broker() {
    let system = mac(MainThread::Forgetful);
    let error = system.extension().acquire_silently(&silent()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("without an answer"), "{error}");
}

#[tokio::test]
async fn without_an_extension_the_browser_steps_in() {
    for (availability, words) in [
        (Availability::NoExtension, "Company Portal"),
        (Availability::TooOld, "10.15"),
    ] {
        let system = Recorder::answering([]).available(Some(availability));
        let extension = system.extension();
        let mut unasked = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
        unasked.prompt = doorkey::Prompt::None;
        let mut asked = unasked.clone();
        asked.prompt = doorkey::Prompt::Login;
        let accounts = doorkey::BrokerAccountsRequest::new(application("organizations"));
        let sign_out = doorkey::BrokerSignOutRequest::new(application("organizations"), account());
        for error in [
            extension.accounts(&accounts).await.unwrap_err(),
            extension.acquire_silently(&silent()).await.unwrap_err(),
            extension.acquire_interactively(&asked).await.unwrap_err(),
            extension.acquire_interactively(&unasked).await.unwrap_err(),
            extension.sign_out(&sign_out).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.to_string().contains("by the browser"), "{error}");
        }
        assert!(system.calls().is_empty());
    }
}

/// A person would wait for the browser for as long as for a window.
#[tokio::test(start_paused = true)]
async fn a_system_that_does_not_say_whether_there_is_an_extension_is_left_soon() {
    let system = Recorder::answering([]).available(None);
    let since = Instant::now();
    let request = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let extension = system.extension();
    let asking = extension.acquire_interactively(&request);
    let outcome = timeout(Duration::from_secs(300), asking).await;
    let error = outcome.expect("it waits").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("by the browser"), "{error}");
    assert_eq!(since.elapsed().as_secs(), 15);
    assert!(system.calls().is_empty());
}

#[test]
fn without_a_runtime_nothing_panics() {
    let system = Recorder::answering([]);
    let extension = system.extension();
    let request = silent();
    let mut asking = std::pin::pin!(extension.acquire_silently(&request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = asking.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("Tokio"), "{error}");
    assert!(system.calls().is_empty());
}

#[tokio::test]
async fn a_window_that_is_not_there_is_the_callers_affair() {
    let system = Recorder::failing(Failure::NoSuchWindow);
    let request = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let error = system.extension().acquire_interactively(&request).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("parent_window"), "{error}");
}
