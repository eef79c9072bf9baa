use super::*;
use crate::{
    AuthenticateOptions, InteractiveCredential,
    testing::{Answer, Entra, OTHER_SCOPE, SCOPE, turn_clock},
};
use azure_core::credentials::TokenCredential;
use doorkey_emulator::{Endpoint, Reply};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{DefaultGuard, NoSubscriber},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*, registry::LookupSpan};

/// What `docs/logging.md` says, and what is there: name, level, fields.
type Described = (String, String, BTreeSet<String>);

/// What came of an event, or of a span that has ended.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: String,
    values: BTreeMap<String, String>,
    description: Option<Described>,
}

/// Everything that this thread logs while it lives.
struct Log {
    seen: Arc<Mutex<Vec<Seen>>>,
    _here: DefaultGuard,
}

struct Recorder(Arc<Mutex<Vec<Seen>>>);

/// Where a process has one subscriber alone, `tracing` asks the thread that comes first whether an
/// event is wanted by anybody. That thread may be another test's, which listens to nothing.
static NOBODY: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

impl Log {
    fn listen() -> Self {
        LazyLock::force(&NOBODY);
        let seen = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Recorder(Arc::clone(&seen)));
        Self {
            seen,
            _here: tracing::subscriber::set_default(subscriber),
        }
    }

    fn of(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let seen = self.seen.lock().unwrap();
        let named = seen.iter().filter(|seen| seen.name == name);
        named.map(|seen| seen.values.clone()).collect()
    }

    fn spans(&self) -> Vec<BTreeMap<String, String>> {
        self.of("doorkey.acquire")
    }

    fn text(&self) -> String {
        format!("{:?}", self.seen.lock().unwrap())
    }
}

impl Seen {
    fn new(metadata: &Metadata<'_>) -> Self {
        let fields = metadata
            .fields()
            .iter()
            .map(|field| field.name().to_owned());
        Self {
            name: metadata.name().to_owned(),
            values: BTreeMap::new(),
            description: Some((
                metadata.name().to_owned(),
                metadata.level().to_string().to_lowercase(),
                fields.filter(|field| field != "message").collect(),
            )),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let mut seen = Seen::new(attributes.metadata());
        attributes.record(&mut seen);
        context.span(id).unwrap().extensions_mut().insert(seen);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Seen>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut seen = Seen::new(event.metadata());
        event.record(&mut seen);
        self.0.lock().unwrap().push(seen);
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let seen = span.extensions_mut().remove::<Seen>().unwrap();
        self.0.lock().unwrap().push(seen);
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.values.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.values
            .insert(field.name().into(), format!("{value:?}"));
    }
}

#[test]
fn the_document_describes_every_event_and_no_other() {
    let log = Log::listen();
    let error = Error::new(ErrorKind::Cache, "it is full");
    let record = AuthenticationRecord {
        authority: "login.example".into(),
        client_id: "client".into(),
        home_account_id: "person.tenant".into(),
        tenant_id: "tenant".into(),
        username: "adele@contoso.example".into(),
    };
    let nothing = async { Ok(()) };
    acquire("silent", Uuid::nil(), nothing)
        .now_or_never()
        .unwrap()
        .unwrap();
    sign_in_began("browser");
    sign_in_finished(Person::new(&record, true));
    renewal_failed(&error);
    request_answered(Some("login.example"), 1, 200);
    request_failed(Some("login.example"), 1, &error);
    request_repeated(Some("login.example"), 1, Duration::from_secs(1));
    poll_failed(&error);
    browser_not_accepted(&io::Error::other("no file is left"));
    browser_stray(ErrorKind::Cache);
    broker_absent(&error, Detail::new(&error, true));
    cache_unreadable(false, &error, Detail::new(&error, true));
    cache_warned(&error, Detail::new(&error, true));
    cache_set_aside("the key is gone");
    cache_in_plain_file(&error);
    claims_not_understood(&error);
    #[cfg(all(target_os = "linux", feature = "secret-service"))]
    {
        cache_moved(true);
        cache_not_emptied(&error);
    }
    #[cfg(all(feature = "chain", feature = "username-password"))]
    password_in_environment();
    #[cfg(feature = "chain")]
    link_chosen("DefaultAzureCredential", "AzureCliCredential");

    let seen = log.seen.lock().unwrap();
    let mut emitted: Vec<Described> = seen
        .iter()
        .map(|seen| seen.description.clone().unwrap())
        .collect();
    let written = include_str!("../events.rs").matches("\"doorkey.").count();
    let everywhere = cfg!(all(
        target_os = "linux",
        feature = "secret-service",
        feature = "chain",
        feature = "username-password"
    ));
    if everywhere {
        assert_eq!(emitted.len(), written, "one is not emitted by this test");
    }
    let mut described = described();
    if !everywhere {
        described.retain(|one| emitted.contains(one));
    }
    emitted.sort();
    described.sort();
    assert_eq!(described, emitted);
}

/// The rows of the tables in `docs/logging.md`.
fn described() -> Vec<Described> {
    let lines = include_str!("../../../../docs/logging.md").lines();
    let rows = lines.filter(|line| line.starts_with("| `doorkey."));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let fields = cells[3].split_whitespace();
        let plain = |text: &str| text.trim_matches('`').to_owned();
        (
            plain(cells[1]),
            cells[2].to_owned(),
            fields.map(plain).collect(),
        )
    })
    .collect()
}

/// Else a name or a field could drift.
#[cfg(unix)]
#[test]
fn nobody_else_logs() {
    fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path, found),
                false => found.push(path),
            }
        }
    }
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&sources, &mut found);
    let logging: Vec<_> = found
        .into_iter()
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("tracing::"))
        .map(|path| path.strip_prefix(&sources).unwrap().to_owned())
        .collect();
    let events = logging
        .iter()
        .filter(|path| path.starts_with("events") || **path == std::path::Path::new("events.rs"));
    assert_eq!(events.count(), logging.len(), "{logging:?}");
    assert_eq!(logging.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_span_says_how_many_requests_a_sign_in_took() {
    let log = Log::listen();
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    credential.get_token(&[SCOPE], None).await.unwrap();
    credential.get_token(&[SCOPE], None).await.unwrap();
    let overrun = Reply::new(503);
    entra.emulator.replace_next(Endpoint::Token, 2, overrun);
    credential.get_token(&[OTHER_SCOPE], None).await.unwrap();

    let spans = log.spans();
    let told = |at: usize, field: &str| spans[at].get(field).map_or("", String::as_str);
    assert_eq!(spans.len(), 2, "none for what the cache answers: {spans:?}");
    let all = entra.emulator.requests();
    for (at, flow, requests) in [(0, "device_code", all.len() - 3), (1, "silent", 3)] {
        assert_eq!(told(at, "flow"), flow);
        assert_eq!(told(at, "requests"), requests.to_string());
        assert_eq!(told(at, "outcome"), "token");
        assert_eq!(told(at, "error"), "");
    }
    let sent: BTreeSet<_> = all
        .iter()
        .filter_map(|one| one.header("client-request-id"))
        .collect();
    let ids: BTreeSet<_> = spans
        .iter()
        .map(|span| span["correlation_id"].as_str())
        .collect();
    assert_eq!(ids, sent);
    assert_eq!(log.of("doorkey.request.repeated").len(), 2);
    let ends = log.of("doorkey.acquire.finished");
    assert_eq!(ends[1]["requests"], "3");
}

/// What asks where the password is checked counts, too.
#[cfg(feature = "username-password")]
#[tokio::test(start_paused = true)]
async fn a_password_takes_one_span() {
    for (who, requests) in [("adele", 2), ("avery", 4)] {
        let log = Log::listen();
        let entra = Entra::start().await;
        let mut users = entra.emulator.users().iter();
        let user = users.find(|user| user.username.starts_with(who)).unwrap();
        let credential = crate::UsernamePasswordCredential::with_seams(
            entra.emulator.client_id().to_owned(),
            user.username.clone(),
            crate::sensitive::Sensitive::new(&*user.password),
            crate::UsernamePasswordCredentialOptions {
                client: entra.client(),
            },
            entra.seams(&[]),
        );
        let credential = credential.unwrap();
        credential.get_token(&[SCOPE], None).await.unwrap();
        let spans = log.spans();
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert_eq!(spans[0]["flow"], "password");
        assert_eq!(spans[0]["requests"], requests.to_string());
        assert_eq!(entra.emulator.requests().len(), requests);
    }
}

#[cfg(all(feature = "chain", feature = "username-password"))]
#[test]
fn username_password_deprecation_warning_where_the_environment_has_a_person() {
    for (password, warnings) in [(None, 0), (Some("not-a-secret"), 1)] {
        let mut variables = vec![("AZURE_CLIENT_ID", "c"), ("AZURE_USERNAME", "a@b.example")];
        variables.extend(password.map(|password| ("AZURE_PASSWORD", password)));
        let seams = crate::seams::Seams {
            environment: crate::seams::Environment::of(&variables),
            ..Default::default()
        };
        let log = Log::listen();
        let options = crate::DefaultAzureCredentialOptions::default();
        crate::DefaultAzureCredential::with_seams(options, &seams).unwrap();
        assert_eq!(log.of("doorkey.chain.password").len(), warnings);
        assert!(!log.text().contains("not-a-secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn log_get_token_says_how_it_ended() {
    let log = Log::listen();
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    entra.person_answers(Answer::Decline);
    credential.get_token(&[SCOPE], None).await.unwrap_err();
    entra.person_answers(Answer::As(entra.username(0)));
    credential.get_token(&[SCOPE], None).await.unwrap();
    entra.emulator.revoke_refresh_tokens(&entra.username(0));
    entra.person_answers(Answer::Nothing);
    // Silently in vain; then a person who never comes, and a caller who goes away.
    let scopes = [OTHER_SCOPE];
    let waiting = credential.get_token(&scopes, None);
    tokio::time::timeout(Duration::from_secs(12), waiting)
        .await
        .unwrap_err();

    let spans = log.spans();
    let ends: Vec<_> = spans
        .iter()
        .map(|span| {
            let told = |field: &str| span.get(field).map_or("", String::as_str);
            (told("flow"), told("outcome"), told("error"), told("code"))
        })
        .collect();
    assert_eq!(
        ends,
        [
            ("device_code", "declined", "authorization_declined", "70017"),
            ("device_code", "token", "", ""),
            ("silent", "refused", "invalid_grant", "50173"),
            ("device_code", "cancelled", "", ""),
        ]
    );
    // One request for the code, and a poll each five seconds.
    assert_eq!(spans[3]["requests"], "3");
}

#[tokio::test(start_paused = true)]
async fn enable_support_logging_alone_names_a_person() {
    for support in [false, true] {
        let log = Log::listen();
        let entra = Entra::start().await;
        let credential = entra.credential(|options| {
            options.client.enable_support_logging = support;
        });
        let asked = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        let record = credential.authenticate(Some(asked)).await.unwrap();
        turn_clock(Duration::from_secs(24 * 3_600)).await;
        credential.get_token(&[SCOPE], None).await.unwrap();
        let person = entra.emulator.users()[0].clone();
        let ours = log.seen.lock().unwrap().clone();
        let ours: Vec<_> = ours
            .into_iter()
            .filter(|seen| seen.name.starts_with("doorkey."))
            .collect();
        let text = format!("{ours:?}");
        for private in [&record.username, &record.home_account_id, &person.object_id] {
            assert_eq!(
                text.contains(private.as_str()),
                support,
                "{private} in {text}"
            );
        }
    }
}

/// Nothing that slows it down, and nothing to read.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_known_is_not_worth_an_event() {
    let entra = Entra::start().await;
    let credential = entra.credential(|_| {});
    credential.get_token(&[SCOPE], None).await.unwrap();
    let log = Log::listen();
    credential.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(log.text(), "[]");
}

#[tokio::test(start_paused = true)]
async fn should_fallback_when_pymsalruntime_failed_to_initialize_broker_and_say_so_once() {
    use crate::testing::broker::{Conduct, FakeBroker};
    let log = Log::listen();
    let entra = Entra::start().await;
    let broker = FakeBroker::new(&entra);
    broker.set_all(&Conduct::Fails(ErrorKind::CredentialUnavailable));
    let options = crate::InteractiveBrowserBrokerCredentialOptions {
        use_default_broker_account: true,
        browser: crate::BrowserLauncher::Command(Vec::new()),
        client: entra.client(),
        ..Default::default()
    };
    let credential =
        crate::InteractiveBrowserBrokerCredential::with_seams(broker, options, entra.seams(&[]));
    let credential = credential.unwrap();
    credential.get_token(&[SCOPE], None).await.unwrap_err();
    let told = log.of("doorkey.broker.absent");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["kind"], "credential_unavailable");
    assert!(!told[0].contains_key("detail"), "without support logging");
}
