//! A broker in memory: who is signed in to it, how it behaves, and what it was asked.

use super::{Entra, now};
use crate::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerPop,
    BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, Error, ErrorKind, OAuthError, Result,
};
use async_trait::async_trait;
use azure_core::{credentials::Secret, time::OffsetDateTime};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

pub(crate) struct FakeBroker {
    started: Instant,
    signed_in: Mutex<Vec<BrokerAccount>>,
    /// Who sits before the machine, and signs in when asked.
    pub(crate) person: Mutex<BrokerAccount>,
    /// Whether that person is signed in to the operating system.
    pub(crate) has_default: Mutex<bool>,
    conduct: Mutex<[Conduct; 4]>,
    pub(crate) binding: Mutex<Binding>,
    calls: Mutex<Vec<&'static str>>,
    pub(crate) silent: Mutex<Vec<BrokerSilentRequest>>,
    pub(crate) interactive: Mutex<Vec<BrokerInteractiveRequest>>,
    given: AtomicUsize,
    /// How many questions were dropped before their answer.
    pub(crate) cancelled: AtomicUsize,
}

/// What may be asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Accounts,
    Silently,
    Interactively,
    SignOut,
}

/// What it does where a token has to be bound to a key.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "pop"),
    expect(dead_code, reason = "without the feature nothing is bound")
)]
pub(crate) enum Binding {
    /// It has it bound.
    ToTheKey,
    /// It signs the request itself.
    ToItsOwn,
    /// It says so.
    Cannot,
    /// It gives a bearer token, as ever.
    Ignores,
}

/// How a call ends.
#[derive(Clone)]
pub(crate) enum Conduct {
    Serves,
    Fails(ErrorKind),
    /// A person, and these claims.
    Demands(&'static str),
    Hangs,
    Panics,
    /// After so long.
    Waits(Duration),
    /// With a token that was changed by this.
    Changes(Arc<dyn Fn(&mut BrokerToken) + Send + Sync>),
}

impl FakeBroker {
    /// One before which the first person of the emulator sits, and to which nobody is signed in.
    pub(crate) fn new(entra: &Entra) -> Arc<Self> {
        Arc::new(Self {
            started: entra.started,
            signed_in: Mutex::default(),
            person: Mutex::new(account(entra, 0)),
            has_default: Mutex::new(false),
            conduct: Mutex::new([const { Conduct::Serves }; 4]),
            binding: Mutex::new(Binding::ToTheKey),
            calls: Mutex::default(),
            silent: Mutex::default(),
            interactive: Mutex::default(),
            given: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
        })
    }

    pub(crate) fn set(&self, call: Call, conduct: Conduct) {
        self.conduct.lock().unwrap()[call as usize] = conduct;
    }

    pub(crate) fn set_all(&self, conduct: &Conduct) {
        self.conduct.lock().unwrap().fill(conduct.clone());
    }

    /// Somebody has signed in to it by another program.
    pub(crate) fn sign_in(&self, account: BrokerAccount) {
        self.signed_in.lock().unwrap().push(account);
    }

    /// The person is signed in to the operating system.
    pub(crate) fn sign_in_by_default(&self) {
        *self.has_default.lock().unwrap() = true;
        self.sign_in(self.person.lock().unwrap().clone());
    }

    /// What was called since this was asked last.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn called(&self, call: Call, name: &'static str) -> Result<Conduct> {
        self.calls.lock().unwrap().push(name);
        let conduct = self.conduct.lock().unwrap()[call as usize].clone();
        let unanswered = Unanswered(self);
        match &conduct {
            Conduct::Fails(kind) => {
                std::mem::forget(unanswered);
                return Err(Error::new(*kind, "as the test wants it"));
            }
            Conduct::Demands(claims) => {
                std::mem::forget(unanswered);
                let oauth = OAuthError {
                    error: "interaction_required".into(),
                    claims: Some((*claims).into()),
                    ..Default::default()
                };
                let error = Error::new(ErrorKind::Refused, "a policy demands more");
                return Err(error.with_oauth(oauth));
            }
            Conduct::Hangs => std::future::pending().await,
            Conduct::Panics => panic!("as the test wants it"),
            Conduct::Waits(time) => tokio::time::sleep(*time).await,
            Conduct::Serves | Conduct::Changes(_) => {}
        }
        std::mem::forget(unanswered);
        Ok(conduct)
    }

    fn token(
        &self,
        client_id: &str,
        account: BrokerAccount,
        scopes: &[String],
        pop: Option<&BrokerPop>,
        conduct: &Conduct,
    ) -> Result<BrokerToken> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let expires_on = now(self.started) + Duration::from_secs(3_600);
        let token = format!("token-{number}-of-{}", account.username);
        let mut token = BrokerToken::new(Secret::new(token), expires_on);
        if let Some(pop) = pop {
            self.bind(&mut token, pop)?;
        }
        token.scopes = scopes.to_vec();
        token.id_token = Some(Secret::new(raw_id_token(client_id, &account)));
        token.account = Some(account);
        if let Conduct::Changes(change) = conduct {
            change(&mut token);
        }
        Ok(token)
    }

    fn bind(&self, token: &mut BrokerToken, pop: &BrokerPop) -> Result<()> {
        let binding = *self.binding.lock().unwrap();
        let name = token.access_token.secret().to_owned();
        match binding {
            Binding::ToTheKey => token.access_token = bound_to(&pop.key_id, &name),
            Binding::ToItsOwn => {
                token.is_signed_request = true;
                token.access_token = signed_request(pop, &name, now(self.started));
            }
            Binding::Cannot => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "this broker binds no tokens",
                ));
            }
            Binding::Ignores => return Ok(()),
        }
        token.token_type = "pop".into();
        Ok(())
    }
}

/// An access token that names this key.
pub(crate) fn bound_to(key_id: &str, name: &str) -> Secret {
    let claims = serde_json::json!({ "cnf": { "kid": key_id }, "jti": name });
    Secret::new(jws(&serde_json::json!({}), &claims))
}

/// By a key that only the broker has.
pub(crate) fn signed_request(pop: &BrokerPop, name: &str, now: OffsetDateTime) -> Secret {
    let key_id = "the-broker's";
    let body = serde_json::json!({
        "at": bound_to(key_id, name).secret(), "ts": now.unix_timestamp(), "m": pop.http_method,
        "u": pop.host, "p": pop.path, "nonce": pop.nonce, "cnf": { "kid": key_id },
    });
    let header = serde_json::json!({ "alg": "RS256", "typ": "pop", "kid": key_id });
    Secret::new(jws(&header, &body))
}

fn jws(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    let [header, claims] = [header, claims].map(|part| {
        let part = part.to_string();
        BASE64_URL_SAFE_NO_PAD.encode(part)
    });
    format!("{header}.{claims}.c2lnbmF0dXJl")
}

#[async_trait]
impl Broker for FakeBroker {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let name = match request.default_account {
            true => "default",
            false => "accounts",
        };
        self.called(Call::Accounts, name).await?;
        if !request.default_account {
            return Ok(self.signed_in.lock().unwrap().clone());
        }
        let has_default = *self.has_default.lock().unwrap();
        let person = self.person.lock().unwrap().clone();
        Ok(has_default.then_some(person).into_iter().collect())
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.silent.lock().unwrap().push(request.clone());
        let conduct = self.called(Call::Silently, "silent").await?;
        let signed_in = self.signed_in.lock().unwrap();
        let account = signed_in
            .iter()
            .find(|known| known.home_account_id == request.account.home_account_id);
        let account = account.cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::AuthenticationRequired,
                "nobody by that name is here",
            )
        })?;
        let client_id = &request.application.client_id;
        let pop = request.pop.as_ref();
        self.token(client_id, account, &request.scopes, pop, &conduct)
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        self.interactive.lock().unwrap().push(request.clone());
        let conduct = self.called(Call::Interactively, "interactive").await?;
        let person = self.person.lock().unwrap().clone();
        self.sign_in(person.clone());
        let client_id = &request.application.client_id;
        let pop = request.pop.as_ref();
        self.token(client_id, person, &request.scopes, pop, &conduct)
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        self.called(Call::SignOut, "sign out").await?;
        let mut signed_in = self.signed_in.lock().unwrap();
        signed_in.retain(|known| known.home_account_id != request.account.home_account_id);
        Ok(())
    }
}

/// Counts, when it is dropped.
struct Unanswered<'a>(&'a FakeBroker);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.cancelled.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for FakeBroker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FakeBroker")
    }
}

/// A person of the emulator, as a broker knows them.
pub(crate) fn account(entra: &Entra, index: usize) -> BrokerAccount {
    let user = &entra.emulator.users()[index];
    let mut account = BrokerAccount::new(format!("{}.{}", user.object_id, user.tenant_id));
    account.username.clone_from(&user.username);
    account.tenant_id.clone_from(&user.tenant_id);
    account.local_account_id = Some(format!("local-{}", user.object_id));
    account
}

/// At home, without a signature.
pub(crate) fn raw_id_token(client_id: &str, account: &BrokerAccount) -> String {
    let (uid, utid) = account.home_account_id.split_once('.').unwrap();
    let claims = serde_json::json!({
        "iss": format!("https://login.microsoftonline.com/{utid}/v2.0"), "aud": client_id,
        "sub": "s", "oid": uid, "tid": utid, "preferred_username": account.username,
        "exp": 4_102_444_800_i64,
    });
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("e30.{payload}.signature")
}
