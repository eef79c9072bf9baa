//! What the program knows, and what it has under way. It never waits: sign-ins run on a runtime of
//! their own and send word, and the window asks for news before it paints.

use doorkey::{
    AuthenticateOptions, AuthenticationRecord, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential, PromptOutcome, PublicClientOptions,
    Result, SignInObserver, SignInPrompt,
};
use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};
use tokio::{runtime::Handle, task::AbortHandle};

const SCOPES: [&str; 1] = ["https://management.azure.com/.default"];

/// Everything that the window shows.
pub struct Desk {
    runtime: Handle,
    client: PublicClientOptions,
    people: Vec<Person>,
    selected: usize,
    /// The page of a sign-in that waits for its person.
    page: Option<String>,
    work: Option<AbortHandle>,
    notice: String,
    news: Receiver<News>,
    messenger: Arc<Messenger>,
}

/// Somebody who is signed in, with the credential that is theirs.
#[derive(Clone, Debug)]
pub struct Person {
    credential: Arc<InteractiveBrowserCredential>,
    record: AuthenticationRecord,
}

/// What comes from the other threads.
enum News {
    Known(Result<Vec<AuthenticationRecord>>),
    Page(Option<String>),
    SignedIn(Result<Person>),
    Token(Result<String>),
    SignedOut(String, Result<()>),
}

/// Sends news, and has the window painted again.
struct Messenger {
    news: Sender<News>,
    repaint: Box<dyn Fn() + Send + Sync>,
}

impl Messenger {
    fn send(&self, news: News) {
        // Where nobody listens any more, the window is closed.
        let _ = self.news.send(news);
        (self.repaint)();
    }
}

impl fmt::Debug for Messenger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Messenger")
    }
}

/// The library calls it on the threads of the runtime.
impl SignInObserver for Messenger {
    fn prompt_began(&self, prompt: &SignInPrompt) {
        if let SignInPrompt::Browser { url, .. } = prompt {
            self.send(News::Page(Some(url.clone())));
        }
    }

    fn prompt_ended(&self, _outcome: &PromptOutcome) {
        self.send(News::Page(None));
    }

    fn shows_url(&self) -> bool {
        true
    }
}

impl Desk {
    /// With the people who signed in in earlier runs. `repaint` is called when there is news.
    pub fn new(
        runtime: Handle,
        client: PublicClientOptions,
        repaint: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (sender, news) = mpsc::channel();
        let messenger = Arc::new(Messenger {
            news: sender,
            repaint: Box::new(repaint),
        });
        let mut desk = Self {
            runtime,
            client: PublicClientOptions {
                observer: Some(messenger.clone()),
                ..client
            },
            people: Vec::new(),
            selected: 0,
            page: None,
            work: None,
            notice: "Nobody is signed in.".into(),
            news,
            messenger,
        };
        let client = desk.client.clone();
        desk.begin(async move {
            let accounts = doorkey::accounts(&client).await;
            News::Known(accounts.map(|known| known.iter().map(doorkey::Account::record).collect()))
        });
        desk
    }

    /// Opens the browser; who signs in there is added.
    pub fn sign_in(&mut self) {
        self.notice = "Finish signing in in your browser.".into();
        match self.credential(None) {
            Ok(credential) => self.begin(async move {
                let options = AuthenticateOptions {
                    scopes: SCOPES.map(str::to_owned).to_vec(),
                    ..Default::default()
                };
                let record = credential.authenticate(Some(options)).await;
                News::SignedIn(record.map(|record| Person { credential, record }))
            }),
            Err(error) => self.notice = error.to_string(),
        }
    }

    /// Gives up what is under way: dropping a sign-in's future ends it, with its port.
    pub fn cancel(&mut self) {
        if let Some(work) = self.work.take() {
            work.abort();
            self.page = None;
            self.notice = "Cancelled.".into();
        }
    }

    /// Gets a token for the person who is selected.
    pub fn token(&mut self) {
        let Some(Person { credential, .. }) = self.person().cloned() else {
            return;
        };
        self.begin(async move {
            let token = credential.get_token_info(&SCOPES, None).await;
            News::Token(token.map(|token| token.expires_on.to_string()))
        });
    }

    /// Forgets the person who is selected, here and in the cache.
    pub fn sign_out(&mut self) {
        let Some(Person { credential, record }) = self.person().cloned() else {
            return;
        };
        self.begin(async move {
            let outcome = credential.sign_out().await;
            News::SignedOut(record.home_account_id, outcome)
        });
    }

    /// Takes in what has happened since it was last asked.
    pub fn hear_news(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            self.hear(news);
        }
    }

    fn hear(&mut self, news: News) {
        if !matches!(news, News::Page(_)) {
            self.work = None;
        }
        match news {
            News::Page(page) => self.page = page,
            News::Known(Ok(records)) => {
                for record in records {
                    match self.credential(Some(record.clone())) {
                        Ok(credential) => self.add(Person { credential, record }),
                        Err(error) => self.notice = error.to_string(),
                    }
                }
            }
            // A machine without a keyring: sign-ins end with the program.
            News::Known(Err(error)) if error.kind() == ErrorKind::CredentialUnavailable => {
                self.client.cache_persistence = None;
                self.notice = format!("Nothing is kept for the next run: {error}");
            }
            News::SignedIn(Ok(person)) => {
                self.notice = format!("{} signed in.", person.name());
                self.add(person);
            }
            News::Token(Ok(expires_on)) => {
                self.notice = format!("There is a token, good until {expires_on}.");
            }
            News::SignedOut(gone, Ok(())) => {
                self.people
                    .retain(|person| person.record.home_account_id != gone);
                self.selected = 0;
                self.notice = "Signed out. Your browser may still know you.".into();
            }
            News::Known(Err(error))
            | News::SignedIn(Err(error))
            | News::Token(Err(error))
            | News::SignedOut(_, Err(error)) => self.notice = error.to_string(),
        }
    }

    fn add(&mut self, person: Person) {
        let is_same =
            |other: &Person| other.record.home_account_id == person.record.home_account_id;
        self.selected = self.people.iter().position(is_same).unwrap_or_else(|| {
            self.people.push(person.clone());
            self.people.len() - 1
        });
        self.people[self.selected] = person;
    }

    fn credential(
        &self,
        authentication_record: Option<AuthenticationRecord>,
    ) -> Result<Arc<InteractiveBrowserCredential>> {
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            authentication_record,
            client: self.client.clone(),
            ..Default::default()
        }))
    }

    fn begin(&mut self, work: impl Future<Output = News> + Send + 'static) {
        let messenger = self.messenger.clone();
        let task = self
            .runtime
            .spawn(async move { messenger.send(work.await) });
        self.work = Some(task.abort_handle());
    }

    /// Who is signed in.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Which of them the buttons are about.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Makes the buttons be about somebody else.
    pub fn select(&mut self, index: usize) {
        self.selected = index;
    }

    /// The person whom the buttons are about.
    pub fn person(&self) -> Option<&Person> {
        self.people.get(self.selected)
    }

    /// The page that the person has to open, where the browser has not.
    pub fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// Whether something is under way, which [`cancel`](Self::cancel) would end.
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// What happened last, in a sentence.
    pub fn notice(&self) -> &str {
        &self.notice
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Desk")
            .field("people", &self.people.len())
            .field("is_busy", &self.is_busy())
            .finish_non_exhaustive()
    }
}

impl Person {
    /// Their user name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.record.username
    }

    /// The tenant that they signed in to.
    #[must_use]
    pub fn tenant_id(&self) -> &str {
        &self.record.tenant_id
    }
}
