//! What is asked and answered arrives as it was.

use super::*;
use crate::exchange::reply::{accounts, done, token};
use doorkey::{Error, ErrorKind, OAuthError};
use serde_json::{Value, json};
use std::num::NonZeroIsize;

#[tokio::test]
async fn every_question_arrives_as_it_was_asked_and_so_does_its_answer() {
    let broker = Fake::new(Ok(given()));
    let mut everybody = BrokerAccountsRequest::new(application());
    everybody.default_account = true;
    let plain = BrokerSilentRequest::new(application(), bob(), Vec::new());
    let anybody = BrokerInteractiveRequest::new(application(), vec!["a".into()]);
    let sign_out = BrokerSignOutRequest::new(application(), ada());
    let mut asked = Vec::new();

    let reply = exchanged(&broker, &Question::Accounts(everybody.clone())).await;
    assert_eq!(accounts(&reply).unwrap(), [ada(), bob()]);
    asked.push(format!("{everybody:?}"));

    for request in [silent(), plain] {
        let reply = exchanged(&broker, &Question::Silent(request.clone())).await;
        assert_eq!(shown(&token(&reply).unwrap()), shown(&given()));
        asked.push(format!("{request:?}"));
    }
    for request in [interactive(), anybody] {
        let reply = exchanged(&broker, &Question::Interactive(request.clone())).await;
        assert_eq!(shown(&token(&reply).unwrap()), shown(&given()));
        asked.push(format!("{request:?}"));
    }

    let reply = exchanged(&broker, &Question::SignOut(sign_out.clone())).await;
    done(&reply).unwrap();
    asked.push(format!("{sign_out:?}"));
    assert_eq!(*broker.asked.lock().unwrap(), asked);
    // Which `Debug` leaves out.
    let written: Value = serde_json::from_str(&Question::Silent(silent()).written()).unwrap();
    assert_eq!(written["pop"]["nonce"], "nonce");
}

#[tokio::test]
async fn every_prompt_arrives() {
    for prompt in [
        Prompt::SelectAccount,
        Prompt::Login,
        Prompt::Consent,
        Prompt::None,
        Prompt::Omitted,
    ] {
        let broker = Fake::new(Ok(given()));
        let mut request = interactive();
        request.prompt = prompt;
        exchanged(&broker, &Question::Interactive(request)).await;
        let asked = broker.asked.lock().unwrap().concat();
        assert!(asked.contains(&format!("prompt: {prompt:?}")), "{asked}");
    }
}

#[tokio::test]
async fn a_window_of_one_side_is_none_of_the_other() {
    let mut request = interactive();
    request.parent_window = NonZeroIsize::new(42);
    let question = Question::Interactive(request).written();
    for (window, told) in [(None, "None"), (NonZeroIsize::new(7), "Some(7)")] {
        let broker = Fake::new(Ok(given()));
        answer_by(&broker, Ok(window), question.as_bytes()).await;
        let asked = broker.asked.lock().unwrap().concat();
        assert!(asked.contains(&format!("parent_window: {told}")), "{asked}");
    }
}

/// Who asks can do nothing about it: a window of theirs is none here.
#[tokio::test]
async fn where_there_is_no_window_another_way_is_left() {
    let absent = || Error::new(ErrorKind::CredentialUnavailable, "no window; wake Windows");
    let broker = Fake::new(Ok(given()));
    let question = Question::Interactive(interactive()).written();
    let answer = answer_by(&broker, Err(absent()), question.as_bytes()).await;
    let error = token(answer.secret().as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(error.to_string(), "no window; wake Windows");
    assert!(broker.asked.lock().unwrap().is_empty());

    // What asks nobody needs none.
    let mut unasked = interactive();
    unasked.prompt = Prompt::None;
    let everybody = BrokerAccountsRequest::new(application());
    for question in [
        Question::Interactive(unasked),
        Question::Silent(silent()),
        Question::Accounts(everybody),
    ] {
        let question = question.written();
        answer_by(&broker, Err(absent()), question.as_bytes()).await;
    }
    assert_eq!(broker.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_token_that_says_little_is_not_told_more_of() {
    let expires_on = OffsetDateTime::UNIX_EPOCH;
    let bare = BrokerToken::new(Secret::new("secret".to_owned()), expires_on);
    let broker = Fake::new(Ok(bare.clone()));
    let reply = exchanged(&broker, &Question::Silent(silent())).await;
    assert_eq!(shown(&token(&reply).unwrap()), shown(&bare));
}

#[tokio::test]
async fn every_error_arrives_as_it_was() {
    let mut oauth = OAuthError::default();
    oauth.error = "interaction_required".into();
    oauth.description = Some("AADSTS50076: more is needed".into());
    oauth.codes = vec![50076, 7];
    oauth.suberror = Some("basic_action".into());
    oauth.claims = Some(r#"{"access_token":{}}"#.into());
    oauth.correlation_id = Some("correlation".into());
    oauth.trace_id = Some("trace".into());
    oauth.status = Some(400);
    for kind in [
        ErrorKind::CredentialUnavailable,
        ErrorKind::AuthenticationRequired,
        ErrorKind::Declined,
        ErrorKind::TimedOut,
        ErrorKind::Refused,
        ErrorKind::Network,
        ErrorKind::Protocol,
        ErrorKind::Cache,
        ErrorKind::WrongAccount,
        ErrorKind::InvalidArgument,
    ] {
        let bare = Error::new(kind, "what  happened; what to do – “next”");
        for error in [bare.clone(), bare.with_oauth(oauth.clone())] {
            let broker = Fake::new(Err(error.clone()));
            let silent = exchanged(&broker, &Question::Silent(silent())).await;
            let everybody = BrokerAccountsRequest::new(application());
            let everybody = exchanged(&broker, &Question::Accounts(everybody)).await;
            let sign_out = BrokerSignOutRequest::new(application(), ada());
            let sign_out = exchanged(&broker, &Question::SignOut(sign_out)).await;
            for arrived in [
                token(&silent).unwrap_err(),
                accounts(&everybody).unwrap_err(),
                done(&sign_out).unwrap_err(),
            ] {
                assert_eq!(arrived.kind(), kind);
                assert_eq!(arrived.to_string(), error.to_string());
                assert_eq!(arrived.oauth(), error.oauth());
                assert_eq!(arrived.claims(), error.claims());
                assert_eq!(arrived.needs_person(), error.needs_person());
            }
        }
    }
}

#[tokio::test]
async fn what_a_newer_program_says_beside_it_is_ignored() {
    let asked = silent();
    let question = Question::Silent(asked.clone()).written();
    let mut question: Value = serde_json::from_str(&question).unwrap();
    question["later"] = json!({ "more": 1 });
    question["application"]["later"] = true.into();
    question["account"]["later"] = "x".into();
    let broker = Fake::new(Ok(given()));
    let answer = answer_by(&broker, Ok(None), question.to_string().as_bytes()).await;
    let mut answer: Value = serde_json::from_str(answer.secret()).unwrap();
    answer["later"] = json!([1]);
    answer["token"]["later"] = json!([2]);
    let answer = token(answer.to_string().as_bytes()).unwrap();
    assert_eq!(shown(&answer), shown(&given()));
    assert_eq!(*broker.asked.lock().unwrap(), [format!("{asked:?}")]);
}
