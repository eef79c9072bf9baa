//! A call that blocks its thread blocks nobody else.

use super::super::{apart::Apart, system::Console};
use super::*;
use doorkey::{
    Broker, BrokerAccountsRequest, BrokerInteractiveRequest, ErrorKind,
    InteractiveBrowserBrokerCredential, InteractiveBrowserBrokerCredentialOptions,
    InteractiveCredential as _, PublicClientOptions,
};
use std::{num::NonZeroIsize, sync::mpsc, time::Duration};
use tokio::time::timeout;

/// Longer than any call that does not hang.
const LONG: Duration = Duration::from_secs(30);

fn apart(system: &Recorder) -> Apart<Recorder> {
    Apart::new(system.wam(), || ())
}

fn everybody() -> BrokerAccountsRequest {
    BrokerAccountsRequest::new(application("organizations"))
}

#[tokio::test]
async fn an_answer_comes_back() {
    let system = Recorder::answering([work_token()]).knowing([written()]);
    let people = apart(&system).accounts(&everybody()).await.unwrap();
    assert_eq!(people[0].home_account_id, account().home_account_id);
    let absent = Recorder::default().without_provider();
    let error = apart(&absent).accounts(&everybody()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_passes_while_a_call_blocks() {
    let (sender, _told) = mpsc::channel();
    let broker = Arc::new(apart(&Recorder::default().blocking(sender)));
    assert!(timeout(LONG, broker.accounts(&everybody())).await.is_err());

    let options = InteractiveBrowserBrokerCredentialOptions {
        use_default_broker_account: true,
        disable_interactive_fallback: true,
        client: PublicClientOptions {
            disable_instance_discovery: true,
            ..Default::default()
        },
        ..Default::default()
    };
    let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options)).unwrap();
    let scopes = ["https://graph.microsoft.com/.default"];
    let error = credential.get_token_info(&scopes, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_never_comes_is_not_waited_for_as_long_as_a_person() {
    let (sender, _told) = mpsc::channel();
    let request = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    let blocking = Recorder::default().blocking(sender);
    let begun = tokio::time::Instant::now();
    let asking = apart(&blocking);
    let error = asking.acquire_interactively(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    assert_eq!(begun.elapsed().as_secs(), 15);

    // Server Core, where nothing is called at all.
    let core = blocking.in_console(Console::NoDesktop);
    let calls = core.calls().len();
    let error = core.wam().check_presence(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    assert!(error.to_string().contains("Server Core"), "{error}");
    assert_eq!(core.calls().len(), calls);
}

#[tokio::test]
async fn whoever_is_there_is_asked() {
    let mut request = BrokerInteractiveRequest::new(application("organizations"), Vec::new());
    request.parent_window = NonZeroIsize::new(42);
    let system = Recorder::answering([work_token()]);
    let asking = apart(&system);
    let token = asking.acquire_interactively(&request).await.unwrap();
    assert_eq!(token.access_token.secret(), "token");
    let last = system.calls().pop().unwrap();
    assert!(last.starts_with("window 42 "), "{last}");
}

#[tokio::test]
async fn questions_that_block_do_not_pile_up() {
    let (sender, told) = mpsc::channel();
    let broker = apart(&Recorder::default().blocking(sender));
    let request = everybody();
    for _ in 0..4 {
        let mut asking = broker.accounts(&request);
        assert!(timeout(Duration::ZERO, &mut asking).await.is_err());
        assert_eq!(told.recv_timeout(LONG), Ok("begun"));
    }
    let error = broker.accounts(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[tokio::test]
async fn who_leaves_cancels_the_question() {
    let (sender, told) = mpsc::channel();
    let broker = apart(&Recorder::default().pending(sender));
    let request = everybody();
    // More often than questions may hang: none of these does.
    for _ in 0..5 {
        let mut asking = broker.accounts(&request);
        assert!(timeout(Duration::ZERO, &mut asking).await.is_err());
        assert_eq!(told.recv_timeout(LONG), Ok("begun"));
        drop(asking);
        assert_eq!(told.recv_timeout(LONG), Ok("dropped"));
    }
}

#[tokio::test]
async fn a_panic_is_an_error() {
    let system = Recorder::default().signed_in_by("organizations");
    let mut request = everybody();
    request.default_account = true;
    // There is no answer to be given.
    let error = apart(&system).accounts(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("panicked"), "{error}");
}
