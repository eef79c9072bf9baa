//! One flight: what is known, what can be renewed, and when a person is asked.

use super::{
    Answer, Inner, TokenRequest,
    answer::{info, secret, time},
    state,
};
use crate::{
    claims,
    error::{Error, ErrorKind, Result},
    options::AccessTokenInfo,
    record::AuthenticationRecord,
    source::{Patience, Wanted},
    tokens::Tokens,
};
use futures_util::future::FutureExt;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

/// How long a failed renewal is not repeated while there is a token that still lives.
const PAUSE: Duration = Duration::from_secs(30);

/// The longest rest that an authority can ask for, as in MSAL: a mistake must not end a session.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

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
        let Some(record) = self.record() else {
            return Ok(Silently::NeedsPerson(None));
        };
        let now = self.clock.now();
        let (living, refresh_token, paused) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (
                self.find(&state, request)
                    .filter(|token| token.expires_on > now)
                    .map(info),
                state.refresh_token(&self.source.oauth, request.cae),
                state.pause(request, now),
            )
        };
        let Some(refresh_token) = refresh_token else {
            return Ok(living.map_or(Silently::NeedsPerson(None), Silently::Done));
        };
        if let Some(failure) = paused {
            return living.map(Silently::Done).ok_or(failure);
        }
        // With a token in hand nobody waits long for a newer one.
        let patience = if living.is_some() {
            Patience::Short
        } else {
            Patience::Full
        };
        let renewed = self
            .source
            .renew(
                request.wanted(),
                &refresh_token,
                &record.home_account_id,
                patience,
            )
            .await;
        let kept = renewed.and_then(|reply| {
            // Without `client_info` a renewal does not say whose it is in the record's terms.
            if reply.client_info.is_some() {
                self.check_account(&reply, Some(&record))?;
            }
            self.keep(request, &reply, Some(&record), None)
        });
        let error = match kept {
            Ok((token, _)) => return Ok(Silently::Done(token)),
            Err(error) => error,
        };
        let now = self.clock.now();
        // An authority that asks for rest gets it, and while a token lives there is time anyway. A
        // person can be asked at once.
        let asked = error
            .retry_after()
            .filter(|_| !error.needs_person())
            .map(|wait| wait.min(LONGEST_PAUSE));
        let own = living.is_some().then_some(PAUSE);
        if let Some(pause) = asked.max(own) {
            let until = now + i64::try_from(pause.as_secs()).unwrap_or_default();
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.set_pause(request.clone(), now, until, error.clone());
        }
        match living {
            Some(token) => {
                let (kind, code) = (
                    error.kind(),
                    error.oauth().map(|oauth| oauth.error.as_str()),
                );
                tracing::warn!(
                    ?kind,
                    code,
                    "no newer token could be had; the old one still lives"
                );
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
        self.keep(request, &reply, expected, Some(self.source.sign_in.grant()))
    }

    /// A token of somebody else than it was asked for is not kept.
    fn check_account(&self, reply: &Tokens, expected: Option<&AuthenticationRecord>) -> Result<()> {
        let Some(expected) = expected else {
            return Ok(());
        };
        match reply.home_account_id() {
            Some(account) if account != expected.home_account_id => {
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
    fn keep(
        &self,
        request: &TokenRequest,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
        sign_in: Option<&'static str>,
    ) -> Result<Answer> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let record = state.keep(&self.source.oauth, request, reply, expected, sign_in)?;
        if sign_in.is_some() {
            let username = self
                .enable_support_logging
                .then_some(record.username.as_str());
            tracing::info!(username, "signed in");
        }
        let token = AccessTokenInfo {
            token: secret(&reply.access_token),
            expires_on: time(reply.expires_on),
            token_type: reply.token_type.clone(),
            refresh_on: reply.refresh_on.map(time),
        };
        Ok((token, record))
    }
}

fn authentication_required(request: &TokenRequest, why: Option<&Error>) -> Error {
    let reason = why.map_or_else(
        || "no token for these scopes can be had without asking".to_owned(),
        ToString::to_string,
    );
    let error = Error::new(
        ErrorKind::AuthenticationRequired,
        format!(
            "a person has to sign in ({reason}), and this credential may not ask them \
             (`disable_automatic_authentication`); call `authenticate` with this error's scopes \
             and claims"
        ),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone());
    match why.and_then(Error::oauth) {
        Some(oauth) => error.with_oauth(oauth.clone()),
        None => error,
    }
}
