use super::{super::InOrder, *};
use async_trait::async_trait;
use azure_core::{credentials::Secret, time::OffsetDateTime};
use doorkey::{Broker, BrokerToken, Error, ErrorKind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers everything so, and counts how often.
#[derive(Debug)]
struct Side {
    name: &'static str,
    error: Option<ErrorKind>,
    asked: AtomicUsize,
}

impl Side {
    fn answer<T>(&self, answer: T) -> Result<T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match self.error {
            Some(kind) => Err(Error::new(kind, format!("{} said no", self.name))),
            None => Ok(answer),
        }
    }

    fn token(&self) -> BrokerToken {
        BrokerToken::new(Secret::new(self.name), OffsetDateTime::UNIX_EPOCH)
    }
}

#[async_trait]
impl Broker for &Side {
    async fn accounts(&self, _: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        self.answer(vec![BrokerAccount::new(self.name)])
    }

    async fn acquire_silently(&self, _: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.answer(self.token())
    }

    async fn acquire_interactively(&self, _: &BrokerInteractiveRequest) -> Result<BrokerToken> {
        self.answer(self.token())
    }

    async fn sign_out(&self, _: &BrokerSignOutRequest) -> Result<()> {
        self.answer(())
    }
}

fn side(name: &'static str, error: Option<ErrorKind>) -> Side {
    Side {
        name,
        error,
        asked: AtomicUsize::new(0),
    }
}

/// What each method says: who answered, or the error.
async fn answers(broker: &impl Broker) -> Vec<Result<String>> {
    let accounts = broker.accounts(&everybody()).await;
    let secret = |token: BrokerToken| token.access_token.secret().to_owned();
    vec![
        accounts.map(|accounts| accounts[0].home_account_id.clone()),
        broker.acquire_silently(&silent()).await.map(secret),
        broker
            .acquire_interactively(&interactive())
            .await
            .map(secret),
        broker.sign_out(&sign_out()).await.map(|()| String::new()),
    ]
}

#[tokio::test]
async fn linux_is_asked_where_windows_is_not_there_and_only_then() {
    use ErrorKind::{AuthenticationRequired, CredentialUnavailable, InvalidArgument, TimedOut};
    for (of_windows, of_linux, answer) in [
        (None, None, Ok("windows")),
        (Some(CredentialUnavailable), None, Ok("linux")),
        (Some(AuthenticationRequired), None, Err("windows said no")),
        (Some(InvalidArgument), None, Err("windows said no")),
        (Some(TimedOut), None, Err("windows said no")),
        (
            Some(CredentialUnavailable),
            Some(AuthenticationRequired),
            Err("linux said no"),
        ),
        (
            Some(CredentialUnavailable),
            Some(CredentialUnavailable),
            Err("linux said no (and Windows' broker was no way either: windows said no)"),
        ),
    ] {
        let windows = side("windows", of_windows);
        let linux = side("linux", of_linux);
        let told = answers(&InOrder::new(&windows, &linux)).await;
        assert_eq!(windows.asked.into_inner(), 4);
        let is_absent = of_windows == Some(CredentialUnavailable);
        assert_eq!(linux.asked.into_inner(), if is_absent { 4 } else { 0 });
        for told in told {
            match (told, answer) {
                (Ok(who), Ok(expected)) => assert!(who == expected || who.is_empty()),
                (Err(error), Err(expected)) => {
                    assert_eq!(error.to_string(), expected);
                    let kind = if is_absent { of_linux } else { of_windows };
                    assert_eq!(Some(error.kind()), kind);
                }
                (told, _) => panic!("{of_windows:?} {of_linux:?}: {told:?}"),
            }
        }
    }
}
