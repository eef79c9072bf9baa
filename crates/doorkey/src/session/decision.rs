//! One flight: what is known, what can be renewed, and when a person is asked.

use super::{
    Answer, Inner, TokenRequest,
    answer::{handed_out, has_margin, info},
    required::{authentication_required, several_people},
    state::{self, How, Kept},
};
use crate::{
    cache::KnownBy,
    claims,
    error::{Error, ErrorKind, Result},
    events::{self, Person},
    options::AccessTokenInfo,
    record::AuthenticationRecord,
    source::{Asked, DefaultAccount, Patience, Wanted},
    tenant,
    tokens::Tokens,
};
use futures_util::future::FutureExt;
use std::sync::Arc;
use tokio::time::Instant;

/// What can be done without a person.
enum Silently {
    Done(AccessTokenInfo),
    /// A person is needed, and perhaps the authority said why.
    NeedsPerson(Option<Error>),
}

/// Who is meant, where nobody has been named.
enum Guess {
    Is(AuthenticationRecord),
    NeedsPerson(Option<Error>),
}

impl Inner {
    /// One flight: silent if it can be, else a person.
    pub(super) async fn acquire(self: Arc<Self>, request: TokenRequest) -> Result<AccessTokenInfo> {
        let answered = self.sign_ins();
        let mut why = match self.silently(&request).await? {
            Silently::Done(token) => return Ok(token),
            Silently::NeedsPerson(why) => why,
        };
        // Before anybody is asked: a writer may have been halfway when the store was read, and
        // where nothing can be kept, the person had better know before they sign in.
        let changed = match self.read_again(request.cae).await {
            Err(error) if self.automatic => return Err(error),
            outcome => outcome.unwrap_or_default(),
        };
        if changed {
            match self.silently(&request).await? {
                Silently::Done(token) => return Ok(token),
                Silently::NeedsPerson(newer) => why = newer,
            }
        }
        if !self.automatic {
            return Err(self.required(&request, why.as_ref()));
        }
        self.prompt.wait().await;
        let asking = Arc::clone(&self);
        let question = async move {
            let _alone = asking.prompt.alone().await;
            // Whoever answered meanwhile may have answered for this request too.
            if asking.sign_ins() != answered {
                match asking.silently(&request).await? {
                    Silently::Done(token) => {
                        if let Some(record) = asking.record() {
                            return Ok((token, record));
                        }
                    }
                    Silently::NeedsPerson(newer) => why = newer,
                }
            }
            // What the authority demands of a new sign-in, besides what the caller does.
            let theirs = why
                .as_ref()
                .and_then(Error::oauth)
                .and_then(|oauth| oauth.claims.as_deref());
            let both = theirs.and_then(|theirs| match request.claims.as_deref() {
                Some(asked) => claims::merge(theirs, asked).ok(),
                None => Some(theirs.to_owned()),
            });
            let claims = both
                .and_then(|both| claims::parameter(Some(&both), request.cae).ok().flatten())
                .or_else(|| request.claims_parameter.clone());
            let expected = asking.record();
            asking
                .ask(&request, claims.as_deref(), expected.as_ref(), false)
                .await
        };
        let question = self.prompt.put(question.boxed());
        question.await.map(|(token, _)| token)
    }

    async fn silently(&self, request: &TokenRequest) -> Result<Silently> {
        if let Some(token) = self.known(request) {
            return Ok(Silently::Done(token));
        }
        // The refresh token and the account may be in the other half.
        self.see_other_half(request).await;
        // All of it together has the time of one request.
        let deadline = Instant::now() + Patience::Full.total();
        let (record, is_guess) = match self.person(request) {
            Some(record) => (record, false),
            None => match self.guess(request, deadline).await? {
                Guess::Is(record) => (record, true),
                Guess::NeedsPerson(why) => return Ok(Silently::NeedsPerson(why)),
            },
        };
        let outcome = self.silently_as(request, &record, deadline).await?;
        if is_guess && matches!(outcome, Silently::Done(_)) {
            // Their token is handed out, so from now on the session is theirs; unless they signed
            // out meanwhile.
            let mut state = self.write_state();
            if state.guesses {
                if self.source.sign_in().nobody().is_some() {
                    state.record = Some(record);
                } else {
                    state.record.get_or_insert(record);
                }
            }
        }
        Ok(outcome)
    }

    /// Where it cannot be read, this half has to do.
    pub(super) async fn see_other_half(&self, request: &TokenRequest) {
        if let Err(error) = self.see_changes(!request.cae).await {
            self.tell_unreadable(!request.cae, &error);
        }
    }

    /// Who can be meant where nobody has been named: whoever is signed in to the operating system,
    /// where that is wanted, else the one person in the cache.
    async fn guess(&self, request: &TokenRequest, deadline: Instant) -> Result<Guess> {
        let broker = self.source.broker().filter(|_| self.read_state().guesses);
        let why = match broker {
            Some(broker) => match broker.default_person(&request.tenant, deadline).await? {
                DefaultAccount::Is(record) => return Ok(Guess::Is(record)),
                DefaultAccount::Nobody(why) => why,
            },
            None => None,
        };
        // Who may ask nobody, means that account and no other.
        let is_last = why.is_some() && self.source.instead().is_some();
        let known = match is_last {
            true => None,
            false => self.only_person(request)?,
        };
        match (known, why) {
            (Some(record), _) => Ok(Guess::Is(record)),
            (None, Some(why)) if !why.needs_person() => Err(why),
            (None, why) => Ok(Guess::NeedsPerson(why)),
        }
    }

    /// The one person in the cache who can be meant, if there is one.
    fn only_person(&self, request: &TokenRequest) -> Result<Option<AuthenticationRecord>> {
        if !self.read_state().guesses {
            return Ok(None);
        }
        let mut people = self.people(request);
        if people.len() > 1 && !self.automatic {
            let instead = self.source.instead();
            return Err(several_people(request, &people, instead));
        }
        let person = people.pop();
        Ok(person.filter(|_| people.is_empty()))
    }

    /// Those in the cache who can be meant.
    fn people(&self, request: &TokenRequest) -> Vec<AuthenticationRecord> {
        let sign_in = self.source.sign_in();
        let nobody = sign_in.nobody();
        let known_by = match (self.source.broker(), nobody) {
            (Some(_), _) => KnownBy::Anything,
            (None, Some(_)) => KnownBy::Living {
                now: self.clock.now(),
            },
            (None, None) => KnownBy::Renewal,
        };
        let state = self.read_state();
        let oauth = self.source.oauth();
        let mut people = state.people(oauth, sign_in.login_hint(), request.cae, known_by);
        if let Some(tenant) = nobody.and_then(|nobody| nobody.home_tenant.as_deref()) {
            let is_at_home = |person: &AuthenticationRecord| {
                tenant::home_of(&person.home_account_id)
                    .is_some_and(|home| home.eq_ignore_ascii_case(tenant))
            };
            if people.iter().any(is_at_home) {
                people.retain(is_at_home);
            }
        }
        people
    }

    /// Whose session this is. One that lives on the sign-ins of others is theirs who are there now.
    fn person(&self, request: &TokenRequest) -> Option<AuthenticationRecord> {
        let record = self.record()?;
        if self.source.sign_in().nobody().is_none() {
            return Some(record);
        }
        let people = self.people(request);
        let is_there = people
            .iter()
            .any(|person| person.home_account_id == record.home_account_id);
        is_there.then_some(record)
    }

    /// Why there is no token, where nobody may be asked.
    fn required(&self, request: &TokenRequest, why: Option<&Error>) -> Error {
        let nobody = self.source.sign_in().nobody();
        let instead = self.source.instead();
        let is_known =
            || self.person(request).is_some() || matches!(self.only_person(request), Ok(Some(_)));
        let is_known = why.is_some() || is_known();
        match nobody {
            Some(nobody) if why.is_none() && is_known => Error::new(
                ErrorKind::AuthenticationRequired,
                format!(
                    "no token for these scopes can be had: {}",
                    nobody.without_refresh_token
                ),
            )
            .with_request(request.scopes.to_vec(), request.claims.clone()),
            _ => {
                let missing = self.source.sign_in().login_hint().filter(|_| !is_known);
                authentication_required(request, why, missing, instead)
            }
        }
    }

    async fn silently_as(
        &self,
        request: &TokenRequest,
        record: &AuthenticationRecord,
        deadline: Instant,
    ) -> Result<Silently> {
        let now = self.clock.now();
        let (living, paused) = {
            let state = self.read_state();
            let found = self.find(&state, record, request);
            if let Some(token) = found.filter(|token| has_margin(token, now)) {
                return Ok(Silently::Done(info(token)));
            }
            let living = found.filter(|token| token.expires_on > now).map(info);
            (living, state.failures.pause(request, now).cloned())
        };
        match (paused, &living) {
            (Some(_), Some(token)) => return Ok(Silently::Done(token.clone())),
            (Some(pause), None) if pause.is_asked => return Err(pause.why),
            // Our own pause was for the sake of a token that has expired since.
            _ => {}
        }
        // With a token in hand nobody waits long for a newer one.
        let patience = if living.is_some() {
            Patience::Short
        } else {
            Patience::Full
        };
        let renewing = self.renew(request, record, patience, deadline);
        let failure = match renewing.await {
            Ok(token) => return Ok(Silently::Done(token)),
            Err(failure) => failure,
        };
        let Some(error) = failure else {
            return Ok(living.map_or(Silently::NeedsPerson(None), Silently::Done));
        };
        self.pause_after(request, &error, living.is_some());
        match living {
            Some(token) => {
                events::renewal_failed(&error);
                Ok(Silently::Done(token))
            }
            None if error.needs_person() => Ok(Silently::NeedsPerson(Some(error))),
            None => Err(error),
        }
    }

    /// Asks a person; `expected` is who it has to be, if anybody in particular.
    pub(super) async fn ask(
        &self,
        request: &TokenRequest,
        claims: Option<&str>,
        expected: Option<&AuthenticationRecord>,
        insists: bool,
    ) -> Result<Answer> {
        let accept = |reply: &Tokens| {
            state::check_known(reply)?;
            self.check_account(reply, expected)
        };
        let wanted = Wanted {
            claims,
            ..request.wanted()
        };
        let asked = Asked {
            expected,
            insists,
            accept: &accept,
        };
        let asked = self.source.ask(wanted, asked).await;
        let (reply, way) = asked.map_err(|error| match error.needs_person() {
            // What another sign-in can be asked for, with the claims that the refusal may have.
            true => error.with_request(request.scopes.to_vec(), request.claims.clone()),
            false => error,
        })?;
        self.keep(request, &reply, expected, How::SignIn(way)).await
    }

    /// A token of somebody else than it was asked for is not kept.
    pub(super) fn check_account(
        &self,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
    ) -> Result<()> {
        let Some(expected) = expected else {
            return Ok(());
        };
        match reply.home_account_id() {
            Some(account) if !account.eq_ignore_ascii_case(&expected.home_account_id) => {
                let other = reply.username();
                // A guest from outside may have no user name.
                let asked = match expected.username.as_str() {
                    "" => &expected.home_account_id,
                    username => username,
                };
                Err(Error::new(
                    ErrorKind::WrongAccount,
                    format!(
                        "{} signed in, but a token of {asked} was asked for, so nothing was kept; \
                         sign in as that account, or call `authenticate` to switch",
                        other.unwrap_or("another account"),
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a reply under the person's own tenant.
    pub(super) async fn keep(
        &self,
        request: &TokenRequest,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
        how: How<'_>,
    ) -> Result<Answer> {
        let kept = self
            .write_state()
            .keep(self.source.oauth(), request, reply, expected, how);
        let Kept {
            record,
            changes,
            borrowed,
        } = kept?;
        if matches!(how, How::SignIn(_)) {
            events::sign_in_finished(Person::new(&record, self.enable_support_logging));
        }
        self.store_or_warn(changes).await;
        if let Some((cae, change)) = borrowed
            && self.lends(&record, !cae).await
        {
            self.write_state().cache.apply(cae, &change);
            self.store_or_warn(vec![(cae, change)]).await;
        }
        Ok((handed_out(reply), record))
    }
}
