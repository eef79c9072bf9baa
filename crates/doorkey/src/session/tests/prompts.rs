//! Flights, and one prompt at a time.

use super::{DEVICE, minutes, poll_once, token};
use crate::{
    ErrorKind,
    testing::{Answer, Entra, OTHER_SCOPE, SCOPE, turn_clock},
};
use azure_core::credentials::TokenCredential;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_polls_any_more_does_not_hold_up_the_others() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let (scopes, others) = ([SCOPE], [OTHER_SCOPE]);
    let mut kept = credential.get_token(&scopes, None);
    assert!(poll_once(&mut kept).is_pending());
    let begun = Instant::now();
    credential.get_token(&others, None).await.unwrap();
    assert!(begun.elapsed() < minutes(1));
    assert_eq!(entra.prompts(), 1);
    kept.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_is_an_error_for_all_who_wait() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| {
        options.prompt_callback = Some(std::sync::Arc::new(|_| panic!("a bug of the caller's")));
    });
    let (one, other) = tokio::join!(token(&*credential, SCOPE), token(&*credential, SCOPE));
    for outcome in [one, other] {
        assert_eq!(
            outcome.unwrap_err().kind(),
            ErrorKind::CredentialUnavailable
        );
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_start_together_ask_one_person_once() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    let same = tokio::join!(
        token(&*credential, SCOPE),
        token(&*credential, SCOPE),
        token(&*credential, OTHER_SCOPE),
    );
    let (one, two, other) = (same.0.unwrap(), same.1.unwrap(), same.2.unwrap());
    assert_eq!(one, two);
    assert_ne!(one, other);
    assert_eq!(entra.prompts(), 1);
    assert_eq!(entra.grants(), [DEVICE, "refresh_token"]);
}

#[tokio::test(start_paused = true)]
async fn a_flight_lives_as_long_as_somebody_waits_for_it() {
    let entra = Entra::start().await;
    entra.person_answers(Answer::Nothing);
    let credential = entra.credential(|_| {});
    let begin = || {
        let credential = credential.clone();
        tokio::spawn(async move { token(&*credential, SCOPE).await })
    };
    let (one, two) = (begin(), begin());
    turn_clock(Duration::from_secs(11)).await;
    one.abort();
    turn_clock(Duration::from_secs(10)).await;
    let polls = entra.grants().len();
    let code = entra.person.codes.lock().unwrap()[0].user_code.clone();
    entra
        .person
        .answers(&code, Answer::As(entra.username(0)))
        .unwrap();
    two.await.unwrap().unwrap();
    assert!(
        entra.grants().len() > polls && entra.prompts() == 1,
        "the second waiter was served"
    );

    let alone = entra.credential(|_| {});
    let waiting = tokio::spawn(async move { token(&*alone, SCOPE).await });
    turn_clock(Duration::from_secs(11)).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let polls = entra.grants().len();
    turn_clock(minutes(10)).await;
    assert_eq!(entra.grants().len(), polls, "nobody waits, so nobody polls");
}
