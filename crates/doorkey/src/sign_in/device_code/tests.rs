//! Every answer that an authority has for a device code, and when it is asked.

use crate::{
    ErrorKind, InteractiveCredential,
    testing::{Answer, Entra, SCOPE, turn_clock},
};
use doorkey_emulator::{Endpoint, Reply};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

fn error(error: &str) -> Reply {
    let body = serde_json::json!({ "error": error, "error_description": "AADSTS1: why." });
    Reply::new(400)
        .header("content-type", "application/json")
        .body(body.to_string())
}

async fn sign_in(entra: &Entra, timeout: Option<Duration>) -> (crate::Result<()>, u64) {
    let credential = entra.credential(|options| options.timeout = timeout);
    let begun = Instant::now();
    let outcome = credential.get_token_info(&[SCOPE], None).await.map(drop);
    (outcome, begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn each_answer_has_its_outcome_and_its_time() {
    let pending = || error("authorization_pending");
    let busy = |seconds: &str| Reply::new(503).header("retry-after", seconds);
    // The emulator's interval is 5 seconds, and its person answers at once.
    let cases: [(&str, Vec<Reply>, Option<ErrorKind>, u64); 13] = [
        ("success", vec![], None, 5),
        ("pending", vec![pending(), pending()], None, 15),
        ("slow_down", vec![error("slow_down")], None, 5 + 10),
        (
            "slow_down is for ever",
            vec![error("slow_down"), pending()],
            None,
            5 + 10 + 10,
        ),
        (
            "slow_down adds up",
            vec![error("slow_down"), error("slow_down")],
            None,
            5 + 10 + 15,
        ),
        (
            "declined",
            vec![error("authorization_declined")],
            Some(ErrorKind::Declined),
            5,
        ),
        (
            "access_denied",
            vec![error("access_denied")],
            Some(ErrorKind::Declined),
            5,
        ),
        (
            "expired",
            vec![error("expired_token")],
            Some(ErrorKind::TimedOut),
            5,
        ),
        (
            "bad code",
            vec![error("bad_verification_code")],
            Some(ErrorKind::Refused),
            5,
        ),
        (
            "policy",
            vec![error("invalid_grant")],
            Some(ErrorKind::Refused),
            5,
        ),
        ("outage", vec![busy("0")], None, 5 + 10),
        ("rest", vec![busy("30")], None, 5 + 30),
        ("cut", vec![Reply::cut()], None, 5 + 10),
    ];
    for (name, replies, kind, seconds) in cases {
        let entra = Entra::start().await;
        for reply in replies {
            entra.emulator.replace_next(Endpoint::Token, 1, reply);
        }
        let (outcome, elapsed) = sign_in(&entra, None).await;
        assert_eq!(outcome.err().map(|error| error.kind()), kind, "{name}");
        assert_eq!(elapsed, seconds, "{name}");
        assert_eq!(entra.prompts(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn device_flow_retry_should_not_be_cached_and_the_person_may_take_their_time() {
    let entra = Entra::start().await;
    entra.person_answers(Answer::Nothing);
    let credential = entra.credential(|_| {});
    let waiting = tokio::spawn(async move { credential.get_token_info(&[SCOPE], None).await });
    turn_clock(Duration::from_secs(62)).await;
    let code = entra.person.codes.lock().unwrap()[0].user_code.clone();
    entra
        .person
        .answers(&code, Answer::As(entra.username(0)))
        .unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(
        entra.grants().len(),
        13,
        "every 5 seconds, no oftener: 5 to 65"
    );
}

#[tokio::test(start_paused = true)]
async fn timeout_of_the_code_and_of_the_callers_patience() {
    for (timeout, seconds) in [(None, 900), (Some(12), 12), (Some(u64::MAX), 900)] {
        let entra = Entra::start().await;
        entra.person_answers(Answer::Nothing);
        let (outcome, elapsed) = sign_in(&entra, timeout.map(Duration::from_secs)).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(elapsed, seconds, "{timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_shows_no_code() {
    let entra = Entra::start().await;
    entra
        .emulator
        .replace_next(Endpoint::DeviceCode, 1, error("invalid_scope"));
    let (outcome, _) = sign_in(&entra, None).await;
    let refused = outcome.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert_eq!(refused.oauth().unwrap().error, "invalid_scope");
    assert_eq!(entra.prompts(), 0);
}

#[tokio::test(start_paused = true)]
async fn replies_that_make_no_sense_are_errors() {
    for body in ["<html>", "{}", ""] {
        let entra = Entra::start().await;
        entra
            .emulator
            .replace_next(Endpoint::DeviceCode, 1, Reply::new(200).body(body));
        assert_eq!(
            sign_in(&entra, None).await.0.unwrap_err().kind(),
            ErrorKind::Protocol,
            "{body}"
        );

        let entra = Entra::start().await;
        entra
            .emulator
            .replace_next(Endpoint::Token, 1, Reply::new(200).body(body));
        assert_eq!(
            sign_in(&entra, None).await.0.unwrap_err().kind(),
            ErrorKind::Protocol,
            "{body}"
        );
    }
    let entra = Entra::start().await;
    let huge = Reply::new(200).body(vec![b' '; (1 << 20) + 1]);
    entra.emulator.replace_next(Endpoint::DeviceCode, 1, huge);
    assert_eq!(
        sign_in(&entra, None).await.0.unwrap_err().kind(),
        ErrorKind::Protocol
    );
}

#[tokio::test(start_paused = true)]
async fn device_code_credential_tells_the_person_what_signs_in_and_what_to_beware_of() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| options.application_name = Some("Example".into()));
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    let info = entra.person.codes.lock().unwrap()[0].clone();
    // The code lives 15 minutes, and the first poll came after 5 seconds.
    let left = info.expires_on - entra.now();
    assert_eq!(left.whole_seconds(), 15 * 60 - 5);
    let text = info.to_string();
    for part in [
        &info.verification_uri,
        &info.user_code,
        "Example",
        "only if you began this",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(!info.verification_uri.contains(&info.user_code));
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_fails_ends_the_sign_in_with_its_error() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| {
        options.prompt_callback = Some(Arc::new(|_| {
            Err(crate::Error::invalid_argument("no screen"))
        }));
    });
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.to_string(), "no screen");
    assert_eq!(entra.grants().len(), 0);
}

#[derive(Debug, Default)]
struct Observer(Mutex<Vec<&'static str>>);

impl crate::SignInObserver for Observer {
    fn prompt_began(&self, prompt: &crate::SignInPrompt) {
        assert!(matches!(prompt, crate::SignInPrompt::DeviceCode(_)));
        self.0.lock().unwrap().push("began");
    }

    fn prompt_ended(&self, outcome: &crate::PromptOutcome) {
        self.0.lock().unwrap().push(match outcome {
            crate::PromptOutcome::SignedIn => "signed in",
            crate::PromptOutcome::Failed(_) => "failed",
            crate::PromptOutcome::Cancelled => "cancelled",
        });
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_learns_of_every_end() {
    for (answer, end) in [
        (Answer::Decline, "failed"),
        (Answer::Nothing, "cancelled"),
        (Answer::As(String::new()), "signed in"),
    ] {
        let entra = Entra::start().await;
        let answer = match answer {
            Answer::As(_) => Answer::As(entra.username(0)),
            other => other,
        };
        entra.person_answers(answer);
        let observer = Arc::new(Observer::default());
        let credential =
            entra.credential(|options| options.client.observer = Some(observer.clone()));
        let call = credential.get_token_info(&[SCOPE], None);
        let _ = tokio::time::timeout(Duration::from_secs(60), call).await;
        assert_eq!(*observer.0.lock().unwrap(), ["began", end]);
    }
}
