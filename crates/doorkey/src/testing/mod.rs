//! What the tests of this crate share: an emulated Entra ID inside the process, under a clock that
//! they turn. No socket is involved, so Tokio's paused time is exact.

pub(crate) mod broker;
pub(crate) mod browser;
#[cfg(feature = "chain")]
pub(crate) mod machine;
pub(crate) mod resource;
pub(crate) mod store;

use crate::{
    DeviceCodeCredential, DeviceCodeCredentialOptions, DeviceCodeInfo, Error, PublicClientOptions,
    Result,
    seams::{Clock, Environment, Seams},
    sensitive::Sensitive,
    tokens::IdToken,
};
use azure_core::{
    http::{ClientOptions, Transport},
    time::OffsetDateTime,
};
use doorkey_emulator::{DeviceDecision, Emulator, EmulatorBuilder, Endpoint, RecordedRequest};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

pub(crate) const SCOPE: &str = "https://storage.azure.com/.default";
pub(crate) const OTHER_SCOPE: &str = "https://vault.azure.net/.default";

/// When the tests begin: 2026-11-25T00:00:00Z.
const EPOCH: i64 = 1_795_564_800;

/// Entra ID, and the person who answers it.
pub(crate) struct Entra {
    pub(crate) emulator: Emulator,
    started: Instant,
    /// The codes that were shown, and who types them.
    pub(crate) person: Arc<Person>,
}

pub(crate) struct Person {
    emulator: Emulator,
    answer: Mutex<Answer>,
    pub(crate) codes: Mutex<Vec<DeviceCodeInfo>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    As(String),
    Decline,
    Nothing,
}

impl Entra {
    /// Needs `#[tokio::test(start_paused = true)]`.
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(
        change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder,
    ) -> Self {
        let started = Instant::now();
        let clock = Arc::new(move || now(started));
        let emulator = change(Emulator::builder().clock(clock))
            .start()
            .await
            .unwrap();
        let first = emulator.users()[0].username.clone();
        let person = Arc::new(Person {
            emulator: emulator.clone(),
            answer: Mutex::new(Answer::As(first)),
            codes: Mutex::default(),
        });
        Self {
            emulator,
            started,
            person,
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        now(self.started)
    }

    /// A machine whose clock is the emulator's, with these environment variables.
    pub(crate) fn seams(&self, variables: &[(&str, &str)]) -> Seams {
        let started = self.started;
        Seams {
            clock: Clock::turned_by(move || now(started).unix_timestamp()),
            environment: Environment::of(variables),
        }
    }

    pub(crate) fn username(&self, index: usize) -> String {
        self.emulator.users()[index].username.clone()
    }

    /// Somebody else than the first person.
    pub(crate) fn guest(&self) -> String {
        let mut users = self.emulator.users().iter();
        users
            .find(|user| !user.guest_in.is_empty())
            .unwrap()
            .username
            .clone()
    }

    pub(crate) fn person_answers(&self, answer: Answer) {
        *self.person.answer.lock().unwrap() = answer;
    }

    pub(crate) fn prompts(&self) -> usize {
        self.person.codes.lock().unwrap().len()
    }

    /// Options whose requests go to the emulator, whatever host they name.
    pub(crate) fn client(&self) -> PublicClientOptions {
        PublicClientOptions {
            client_options: ClientOptions {
                transport: Some(Transport::new(self.emulator.transport())),
                ..Default::default()
            },
            ..Default::default()
        }
    }

    pub(crate) fn options(&self) -> DeviceCodeCredentialOptions {
        let person = Arc::clone(&self.person);
        DeviceCodeCredentialOptions {
            prompt_callback: Some(Arc::new(move |info| person.is_shown(info))),
            client: self.client(),
            ..Default::default()
        }
    }

    pub(crate) fn credential(
        &self,
        change: impl FnOnce(&mut DeviceCodeCredentialOptions),
    ) -> Arc<DeviceCodeCredential> {
        let mut options = self.options();
        change(&mut options);
        DeviceCodeCredential::with_seams(options, self.seams(&[])).unwrap()
    }

    pub(crate) fn requests_to(&self, endpoint: Endpoint) -> Vec<RecordedRequest> {
        let requests = self.emulator.requests();
        requests
            .into_iter()
            .filter(|request| request.endpoint == Some(endpoint))
            .collect()
    }

    pub(crate) fn grants(&self) -> Vec<String> {
        self.requests_to(Endpoint::Token)
            .iter()
            .map(|request| {
                request
                    .form_value("grant_type")
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }
}

impl Person {
    fn is_shown(&self, info: &DeviceCodeInfo) -> Result<()> {
        self.codes.lock().unwrap().push(info.clone());
        let answer = self.answer.lock().unwrap().clone();
        self.answers(&info.user_code, answer)
    }

    pub(crate) fn answers(&self, user_code: &str, answer: Answer) -> Result<()> {
        let decision = match answer {
            Answer::As(username) => DeviceDecision::Approve { username },
            Answer::Decline => DeviceDecision::Decline,
            Answer::Nothing => return Ok(()),
        };
        let decided = self.emulator.decide_device_code(user_code, decision);
        decided.map_err(|error| Error::invalid_argument(error.to_string()))
    }
}

fn now(started: Instant) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(EPOCH).unwrap() + started.elapsed()
}

/// Lets everybody run, and so much time pass; none of it is waited for.
pub(crate) async fn turn_clock(by: Duration) {
    tokio::time::sleep(by).await;
}

/// An id token as Entra ID writes it, without a signature.
pub(crate) fn id_token(username: &str) -> IdToken {
    let claims = serde_json::json!({
        "iss": "https://login.microsoftonline.com/t/v2.0", "aud": "client", "sub": "s",
        "oid": "11111111-2222-3333-4444-555555555555", "tid": "t",
        "preferred_username": username, "exp": 1_764_024_799,
    });
    IdToken {
        raw: Sensitive::new("header.payload.signature"),
        claims: serde_json::from_value(claims).unwrap(),
    }
}
