//! What authorities, networks and proxies really answer, and what becomes of it: each answer is served by
//! the emulator, and the outcome is a table in `docs/answers.md`.

mod served;

use crate::{
    AuthenticationRecord, DeviceCodeCredential, Error, ErrorKind, InteractiveCredential as _,
    MemoryStore, TokenCachePersistenceOptions, UsernamePasswordCredential,
    UsernamePasswordCredentialOptions,
    sensitive::Sensitive,
    testing::{Entra, OTHER_SCOPE, SCOPE},
};
use azure_core::{credentials::Secret, http::Transport};
use doorkey_emulator::{Endpoint, Reply};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use served::{REFUSALS, odd_answers, once};
use std::{
    fmt::Write as _, io::Write as _, num::NonZeroUsize, path::Path, sync::Arc, time::Duration,
};

/// Written anew by the test where this variable is set.
const WRITE: &str = "DOORKEY_WRITE_DOCS";
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/answers.md");

/// What the token endpoint answers once, or for ever.
struct Answer {
    what: &'static str,
    reply: Reply,
    count: usize,
}

/// What came of it.
struct Outcome {
    result: Result<(), Error>,
    requests: usize,
}

#[derive(Clone, Copy)]
enum Flow {
    Silent,
    Password,
    DeviceCode,
}

const FLOWS: [Flow; 3] = [Flow::Silent, Flow::Password, Flow::DeviceCode];

/// More than anybody asks in a sign-in.
const EVER: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn each_odd_answer_has_its_right_outcome_and_each_refusal_a_sentence() {
    let mut page = String::from(
        "# What authorities answer, and what becomes of it\n\n\
         Made by a test (`session/tests/answers/`), which serves each of these answers once at the token \
         endpoint, under a clock that is turned. How many requests went there is in brackets.\n\n\
         - *silent*: a refresh token is redeemed, and nobody may be asked.\n\
         - *password*: `UsernamePasswordCredential`.\n\
         - *device code*: a poll, after the person has signed in.\n\n\
         ## Odd answers\n\n\
         | answer | silent | password | device code | what the person reads |\n|---|---|---|---|---|\n",
    );
    for answer in odd_answers() {
        let mut cells = Vec::new();
        let mut sentence = String::new();
        for flow in FLOWS {
            let outcome = run(flow, &answer).await;
            if let (Err(error), true) = (&outcome.result, sentence.is_empty()) {
                sentence = error.to_string();
            }
            // An authority in trouble is polled as long as its code lives, more and more rarely.
            assert!(
                outcome.requests <= 20,
                "{}: {}",
                answer.what,
                outcome.requests
            );
            cells.push(outcome.cell());
        }
        let row = format!(
            "| {} | {} | {} |",
            answer.what,
            cells.join(" | "),
            escaped(&sentence)
        );
        writeln!(page, "{row}").unwrap();
    }
    page += "\n## Refusals\n\n\
             The number is for people: it chooses the hint at the end of a sentence, and nothing else. \
             `claims` says that the refusal had some, and that they are in `Error::claims`.\n\n\
             | `error` | number | `suberror` | silent | device code | what the person reads |\n\
             |---|---|---|---|---|---|\n";
    for &(error, code, suberror, claims) in REFUSALS {
        let answer = once("", Reply::refusal(error, code, suberror, claims));
        let silent = run(Flow::Silent, &answer).await;
        let device = run(Flow::DeviceCode, &answer).await;
        let mut sentence = String::new();
        for outcome in [&silent, &device] {
            let Err(refused) = &outcome.result else {
                continue;
            };
            let oauth = refused
                .oauth()
                .unwrap_or_else(|| panic!("{code}: {refused}"));
            assert_eq!((oauth.error.as_str(), &*oauth.codes), (error, &[code][..]));
            assert_eq!(oauth.suberror.as_deref(), suberror);
            assert_eq!(refused.claims(), claims, "{code}");
            if sentence.is_empty() {
                sentence = refused.to_string();
            }
        }
        let claims = if claims.is_some() { ", claims" } else { "" };
        let row = format!(
            "| `{error}` | {code} | {}{claims} | {} | {} | {} |",
            suberror.map(|name| format!("`{name}`")).unwrap_or_default(),
            silent.cell(),
            device.cell(),
            escaped(&sentence.replace("AADSTS999999: ", "")),
        );
        writeln!(page, "{row}").unwrap();
    }
    compare(Path::new(PAGE), &page);
}

fn compare(path: &Path, page: &str) {
    if std::env::var_os(WRITE).is_some() {
        #[expect(clippy::disallowed_methods, reason = "a page of the docs, no secret")]
        std::fs::write(path, page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = page
        .lines()
        .zip(written.lines().chain(std::iter::repeat("")));
    if let Some((now, before)) = lines.find(|(now, before)| now != before) {
        panic!(
            "{} says\n{before}\nand it is\n{now}\nSet {WRITE}=1 to write it anew.",
            path.display()
        );
    }
    assert_eq!(
        page.lines().count(),
        written.lines().count(),
        "{}",
        path.display()
    );
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

impl Outcome {
    fn cell(&self) -> String {
        match &self.result {
            Ok(()) => format!("token ({})", self.requests),
            Err(error) => format!("`{:?}` ({})", error.kind(), self.requests),
        }
    }
}

async fn run(flow: Flow, answer: &Answer) -> Outcome {
    let entra = Entra::start().await;
    let replace = || {
        entra.emulator.clear_requests();
        let reply = answer.reply.clone();
        entra
            .emulator
            .replace_next(Endpoint::Token, answer.count, reply);
    };
    let result = match flow {
        Flow::Silent => {
            let (credential, _) = signed_in(&entra).await;
            replace();
            credential.get_token_info(&[OTHER_SCOPE], None).await
        }
        Flow::Password => {
            replace();
            password(&entra).get_token_info(&[SCOPE], None).await
        }
        Flow::DeviceCode => {
            replace();
            let credential = entra.credential(|_| {});
            credential.get_token_info(&[SCOPE], None).await
        }
    };
    if let Ok(info) = &result {
        assert!(!info.token.secret().is_empty(), "{}", answer.what);
        assert_eq!(info.authorization_header().secret().split(' ').count(), 2);
    }
    Outcome {
        result: result.map(drop),
        requests: entra.requests_to(Endpoint::Token).len(),
    }
}

/// Somebody who signed in in another run, and is not to be asked in this one.
async fn signed_in(entra: &Entra) -> (Arc<DeviceCodeCredential>, AuthenticationRecord) {
    let store = TokenCachePersistenceOptions {
        store: Some(Arc::new(MemoryStore::default())),
        ..Default::default()
    };
    let first = entra.credential(|options| {
        options.client.cache_persistence = Some(store.clone());
    });
    let record = first.authenticate(Some(crate::AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        ..Default::default()
    }));
    let record = record.await.unwrap();
    let credential = entra.credential(|options| {
        options.client.cache_persistence = Some(store);
        options.authentication_record = Some(record.clone());
        options.disable_automatic_authentication = true;
    });
    (credential, record)
}

fn password(entra: &Entra) -> Arc<UsernamePasswordCredential> {
    let user = &entra.emulator.users()[0];
    let options = UsernamePasswordCredentialOptions {
        client: entra.client(),
    };
    UsernamePasswordCredential::with_seams(
        entra.emulator.client_id().into(),
        user.username.clone(),
        Sensitive::new(user.password.clone()),
        options,
        entra.seams(&[]),
    )
    .unwrap()
}

/// The emulator's clock and ours may be that far apart.
#[tokio::test(start_paused = true)]
async fn clocks_that_are_off_by_ten_minutes_do_no_harm() {
    for minutes in [-10, 10] {
        let entra = Entra::start().await;
        entra.emulator.set_clock_offset(time_span(minutes));
        for result in [
            password(&entra).get_token_info(&[SCOPE], None).await,
            entra
                .credential(|_| {})
                .get_token_info(&[SCOPE], None)
                .await,
        ] {
            // By our own clock, as nobody else's says when to renew.
            let lives = result.unwrap().expires_on - entra.now();
            assert!(lives > time_span(30), "{minutes}");
        }
        let (credential, _) = signed_in(&entra).await;
        credential
            .get_token_info(&[OTHER_SCOPE], None)
            .await
            .unwrap();
    }
    let entra = Entra::start().await;
    entra.emulator.set_clock_offset(time_span(60));
    let error = password(&entra)
        .get_token_info(&[SCOPE], None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("clock"), "{error}");
}

fn time_span(minutes: i64) -> azure_core::time::Duration {
    azure_core::time::Duration::minutes(minutes)
}

/// By a real client, over real sockets.
#[tokio::test]
async fn what_is_compressed_or_comes_in_chunks_is_read() {
    let emulator = doorkey_emulator::Emulator::builder().start().await.unwrap();
    let authority = reqwest::Certificate::from_pem(emulator.ca_certificate_pem().as_bytes());
    let compressed = || {
        Reply::rewritten(|body| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&body).unwrap();
            encoder.finish().unwrap().into()
        })
        .header("content-encoding", "gzip")
    };
    let piece = NonZeroUsize::new(7).unwrap();
    let replies = [
        compressed(),
        compressed().in_pieces(piece),
        Reply::rewritten(|body| body).in_pieces(piece),
    ];
    for (reply, is_http_1) in replies.into_iter().flat_map(|reply| {
        let both = [true, false];
        both.map(|is_http_1| (reply.clone(), is_http_1))
    }) {
        let mut http = reqwest::Client::builder()
            .tls_certs_only([authority.as_ref().unwrap().clone()])
            .no_proxy();
        if is_http_1 {
            http = http.http1_only();
        }
        for endpoint in [
            Endpoint::OpenIdConfiguration,
            Endpoint::UserRealm,
            Endpoint::Token,
        ] {
            emulator.replace_next(endpoint, 1, reply.clone());
        }
        let user = &emulator.users()[0];
        let mut client = crate::PublicClientOptions {
            authority: Some(emulator.authority().into()),
            disable_instance_discovery: true,
            ..Default::default()
        };
        client.client_options.transport = Some(Transport::new(Arc::new(http.build().unwrap())));
        let credential = UsernamePasswordCredential::new(
            emulator.client_id().into(),
            user.username.clone(),
            Secret::new(user.password.clone()),
            Some(UsernamePasswordCredentialOptions { client }),
        );
        credential
            .unwrap()
            .get_token_info(&[SCOPE], None)
            .await
            .unwrap();
    }
}

/// A lifetime of nothing: each request asks once, and none asks twice.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_born_expired_is_no_loop_of_requests() {
    let entra = Entra::start().await;
    let reply = Reply::altered(|body| body["expires_in"] = json!(0));
    entra.emulator.replace_next(Endpoint::Token, EVER, reply);
    let credential = entra.credential(|_| {});
    for times in 1..4 {
        credential.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(entra.requests_to(Endpoint::Token).len(), times);
        assert_eq!(entra.prompts(), 1);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(entra.requests_to(Endpoint::Token).len(), 3);
}
