//! One flight: what is known, what can be renewed, and when a person is asked.

use super::{
    Answer, Inner, TokenRequest,
    answer::{info, secret, time},
    required::{authentication_required, several_people},
    state::{self, Fingerprint, How, Kept, Pause},
};
use crate::{
    claims,
    error::{Error, ErrorKind, Result},
    options::AccessTokenInfo,
    record::AuthenticationRecord,
    source::{Patience, Wanted},
    tenant::TenantId,
    tokens::Tokens,
};
use futures_util::future::FutureExt;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long a failed renewal is not repeated while there is a token that still lives.
const PAUSE: Duration = Duration::from_secs(30);

/// The longest rest that an authority can ask for, as in MSAL: a mistake must not end a session.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// The tenant of all personal Microsoft accounts.
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What can be done without a person.
enum Silently {
    Done(AccessTokenInfo),
    /// A person is needed, and perhaps the authority said why.
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
            return Err(authentication_required(&request, why.as_ref()));
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
            // What the authority demands of a new sign-in, it is told; else what the caller does.
            let theirs = why
                .as_ref()
                .and_then(Error::oauth)
                .and_then(|oauth| oauth.claims.as_deref());
            let claims = theirs
                .and_then(|theirs| claims::parameter(Some(theirs), request.cae).ok().flatten())
                .or_else(|| request.claims_parameter.clone());
            let expected = asking.record();
            asking
                .ask(&request, claims.as_deref(), expected.as_ref())
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
        let (record, is_guess) = match self.record() {
            Some(record) => (record, false),
            None => match self.only_person(request)? {
                Some(record) => (record, true),
                None => return Ok(Silently::NeedsPerson(None)),
            },
        };
        let outcome = self.silently_as(request, &record).await?;
        if is_guess && matches!(outcome, Silently::Done(_)) {
            // Their token is handed out, so from now on the session is theirs; unless they signed
            // out meanwhile.
            let mut state = self.write_state();
            if state.guesses {
                state.record.get_or_insert(record);
            }
        }
        Ok(outcome)
    }

    /// Where it cannot be read, this half has to do.
    async fn see_other_half(&self, request: &TokenRequest) {
        if let Err(error) = self.see_changes(!request.cae).await {
            tracing::warn!(kind = ?error.kind(), "half of the token cache: {error}");
        }
    }

    /// The one person in the cache who can be meant, if there is one.
    fn only_person(&self, request: &TokenRequest) -> Result<Option<AuthenticationRecord>> {
        let login_hint = self.source.sign_in.login_hint();
        let state = self.read_state();
        if !state.guesses {
            return Ok(None);
        }
        let mut people = state.people(&self.source.oauth, login_hint, request.cae);
        if people.len() > 1 && !self.automatic {
            return Err(several_people(request, &people));
        }
        let person = people.pop();
        Ok(person.filter(|_| people.is_empty()))
    }

    async fn silently_as(
        &self,
        request: &TokenRequest,
        record: &AuthenticationRecord,
    ) -> Result<Silently> {
        let now = self.clock.now();
        let (living, paused) = {
            let state = self.read_state();
            let found = self.find(&state, record, request);
            if let Some(token) = found.filter(|token| super::answer::has_margin(token, now)) {
                return Ok(Silently::Done(info(token)));
            }
            let living = found.filter(|token| token.expires_on > now).map(info);
            (living, state.pause(request, now).cloned())
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
        let failure = match self.renew(request, record, patience).await {
            Ok(token) => return Ok(Silently::Done(token)),
            Err(failure) => failure,
        };
        let Some(error) = failure else {
            return Ok(living.map_or(Silently::NeedsPerson(None), Silently::Done));
        };
        self.pause_after(request, &error, living.is_some());
        match living {
            Some(token) => {
                log_failure(&error);
                Ok(Silently::Done(token))
            }
            None if error.needs_person() => Ok(Silently::NeedsPerson(Some(error))),
            None => Err(error),
        }
    }

    /// A newer token, ahead of time: nobody waits for it, and nobody is told where it fails.
    pub(super) async fn renew_ahead(&self, request: &TokenRequest) {
        let now = self.clock.now();
        let Some(record) = self.record() else {
            return;
        };
        self.see_other_half(request).await;
        let outcome = self.renew(request, &record, Patience::Full).await;
        if let Err(Some(error)) = outcome {
            log_failure(&error);
            self.pause_after(request, &error, true);
        } else if outcome.is_err() {
            let why = Error::new(
                ErrorKind::AuthenticationRequired,
                "there is no refresh token",
            );
            let pause = Pause {
                until: now + seconds(PAUSE),
                why,
                is_asked: false,
            };
            self.write_state().set_pause(request.clone(), now, pause);
        }
    }

    /// By a refresh token of the person: the application's own, else one of its family. `None` is
    /// failure too, where there is no refresh token.
    async fn renew(
        &self,
        request: &TokenRequest,
        record: &AuthenticationRecord,
        patience: Patience,
    ) -> std::result::Result<AccessTokenInfo, Option<Error>> {
        let deadline = Instant::now() + patience.total();
        let oauth = &self.source.oauth;
        let candidates = || {
            self.read_state()
                .refresh_candidates(oauth, record, request.cae)
        };
        let fingerprint = Fingerprint::of(&candidates());
        if let Some(refusal) = self.read_state().refusal(request, fingerprint) {
            return Err(Some(refusal));
        }
        let mut tried = Vec::new();
        let mut refusal: Option<(Error, bool)> = None;
        // A sibling may have replaced the token that we know.
        let mut is_current = self.storage.is_none();
        loop {
            let untried = candidates()
                .into_iter()
                .find(|candidate| !tried.contains(&candidate.secret));
            let Some(candidate) = untried else {
                break;
            };
            let renewing = self.source.renew(
                request.wanted(),
                &candidate.secret,
                &record.home_account_id,
                patience,
            );
            // All of them together have the time of one.
            let renewed = timeout_at(deadline, renewing).await;
            let renewed = renewed.unwrap_or_else(|_| Err(too_slow(patience)));
            let renewed = renewed.and_then(|reply| {
                // Without `client_info` a renewal does not say whose it is in the record's terms.
                if reply.client_info.is_some() {
                    self.check_account(&reply, Some(record))?;
                }
                Ok(reply)
            });
            let error = match renewed {
                Ok(reply) => {
                    let how = How::Renewal(&candidate);
                    let kept = self.keep(request, &reply, Some(record), how).await;
                    return kept.map(|(token, _)| token).map_err(Some);
                }
                Err(error) => error,
            };
            let Some(refused) = error.oauth().filter(|oauth| !oauth.is_transient()) else {
                return Err(Some(error));
            };
            if !is_current && refused.error == "invalid_grant" {
                is_current = true;
                // Where it cannot be read, what is known has to do.
                let changed = self.read_again(request.cae).await.unwrap_or_default();
                if changed && let Some(token) = self.known(request) {
                    return Ok(token);
                }
            }
            let dead = refused.is_dead_token() && self.is_at_home(request, record);
            if dead {
                let changes =
                    self.write_state()
                        .forget_refresh_token(oauth, record, &candidate.secret);
                self.store_or_warn(changes).await;
            }
            // That a token is dead says less than what the next one was refused for.
            if refusal.as_ref().is_none_or(|(_, dead)| *dead) {
                refusal = Some((error, dead));
            }
            tried.push(candidate.secret);
        }
        let Some((error, _)) = refusal else {
            return Err(None);
        };
        // Until there are other refresh tokens, these would be refused again.
        if error.needs_person() {
            let fingerprint = Fingerprint::of(&candidates());
            let mut state = self.write_state();
            state.set_refusal(request.clone(), fingerprint, error.clone());
        }
        Err(Some(error))
    }

    /// Whether this half has a refresh token of the person.
    async fn lends(&self, record: &AuthenticationRecord, cae: bool) -> bool {
        if let Err(error) = self.see_changes(cae).await {
            tracing::warn!(kind = ?error.kind(), "half of the token cache: {error}");
        }
        let state = self.read_state();
        let candidates = state.refresh_candidates(&self.source.oauth, record, cae);
        candidates.iter().any(|candidate| candidate.cae == cae)
    }

    /// Whether this request goes to the account's home tenant.
    fn is_at_home(&self, request: &TokenRequest, record: &AuthenticationRecord) -> bool {
        let state = self.read_state();
        let asked = state.realm_of(&self.source.oauth, record, &request.tenant);
        match state::home_tenant(record) {
            // Personal accounts are no organization's, whatever it says of them.
            Some(PERSONAL_ACCOUNTS) if request.tenant.as_str() == TenantId::ORGANIZATIONS => false,
            Some(home) => asked == Some(home),
            // An account without a home tenant is of the only one that there is.
            None => true,
        }
    }

    /// Leaves an authority alone that asks for it, or that failed while a token lives: then there
    /// is time. A person can be asked at once.
    fn pause_after(&self, request: &TokenRequest, error: &Error, is_living: bool) {
        let asked = error
            .retry_after()
            .filter(|_| !error.needs_person())
            .map(|wait| wait.min(LONGEST_PAUSE));
        let own = is_living.then_some(PAUSE);
        if let Some(pause) = asked.max(own) {
            let now = self.clock.now();
            let pause = Pause {
                until: now + seconds(pause),
                why: error.clone(),
                is_asked: asked.is_some(),
            };
            self.write_state().set_pause(request.clone(), now, pause);
        }
    }

    /// Asks a person; `expected` is who it has to be, if anybody in particular.
    pub(super) async fn ask(
        &self,
        request: &TokenRequest,
        claims: Option<&str>,
        expected: Option<&AuthenticationRecord>,
    ) -> Result<Answer> {
        let accept = |reply: &Tokens| {
            state::check_known(reply)?;
            self.check_account(reply, expected)
        };
        let username = expected
            .map(|record| record.username.as_str())
            .filter(|name| !name.is_empty());
        let wanted = Wanted {
            claims,
            ..request.wanted()
        };
        let reply = self.source.ask(wanted, username, &accept).await?;
        let grant = self.source.sign_in.grant();
        self.keep(request, &reply, expected, How::SignIn(grant))
            .await
    }

    /// A token of somebody else than it was asked for is not kept.
    fn check_account(&self, reply: &Tokens, expected: Option<&AuthenticationRecord>) -> Result<()> {
        let Some(expected) = expected else {
            return Ok(());
        };
        match reply.home_account_id() {
            Some(account) if !account.eq_ignore_ascii_case(&expected.home_account_id) => {
                let other = reply
                    .id_token
                    .as_ref()
                    .and_then(|token| token.claims.username());
                Err(Error::new(
                    ErrorKind::WrongAccount,
                    format!(
                        "{} signed in, but a token of {} was asked for, so nothing was kept; sign \
                         in as that account, or call `authenticate` to switch",
                        other.unwrap_or("another account"),
                        expected.username
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a reply under the person's own tenant.
    async fn keep(
        &self,
        request: &TokenRequest,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
        how: How<'_>,
    ) -> Result<Answer> {
        let kept = self
            .write_state()
            .keep(&self.source.oauth, request, reply, expected, how);
        let Kept {
            record,
            changes,
            borrowed,
        } = kept?;
        if matches!(how, How::SignIn(_)) {
            let username = self
                .enable_support_logging
                .then_some(record.username.as_str());
            tracing::info!(username, "signed in");
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

fn handed_out(reply: &Tokens) -> AccessTokenInfo {
    AccessTokenInfo {
        token: secret(&reply.access_token),
        expires_on: time(reply.expires_on),
        token_type: reply.token_type.clone(),
        refresh_on: reply.refresh_on.map(time),
    }
}

fn too_slow(patience: Patience) -> Error {
    let seconds = patience.total().as_secs();
    Error::new(
        ErrorKind::Network,
        format!("the authority did not answer within {seconds} seconds; try again"),
    )
}

fn log_failure(error: &Error) {
    let (kind, code) = (
        error.kind(),
        error.oauth().map(|oauth| oauth.error.as_str()),
    );
    tracing::warn!(
        ?kind,
        code,
        "no newer token could be had; the old one still lives"
    );
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
