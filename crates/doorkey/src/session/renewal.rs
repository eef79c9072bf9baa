//! Without a person: by the broker, or by a refresh token: which one, when not, and what a refusal means.

use super::{
    Inner, TokenRequest,
    answer::handed_out,
    failures::{Fingerprint, Pause},
    state::How,
};
use crate::{
    error::{Error, ErrorKind},
    events,
    oauth::{AuthorityKind, LONGEST_PAUSE},
    options::AccessTokenInfo,
    record::AuthenticationRecord,
    source::{Patience, Silence},
    tenant::{self, TenantId},
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a failed renewal is not repeated while there is a token that still lives.
const PAUSE: Duration = Duration::from_secs(30);

impl Inner {
    /// A newer token, ahead of time: nobody waits for it, and nobody is told where it fails.
    pub(super) async fn renew_ahead(&self, request: &TokenRequest) {
        let now = self.clock.now();
        let Some(record) = self.record() else {
            return;
        };
        self.see_other_half(request).await;
        let deadline = Instant::now() + Patience::Full.total();
        let renewing = self.renew(request, &record, Patience::Full, deadline);
        let why = match renewing.await {
            Ok(token) if !token.is_signed_request => return,
            Err(Some(error)) => {
                events::renewal_failed(&error);
                return self.pause_after(request, &error, true);
            }
            // Nothing came of it that is kept.
            Ok(_) => "the broker signs each request itself",
            Err(None) => "there is no refresh token",
        };
        let pause = Pause {
            until: now + seconds(PAUSE),
            why: Error::new(ErrorKind::AuthenticationRequired, why),
            is_asked: false,
        };
        self.write_state().failures.set_pause(request, now, pause);
    }

    /// By the broker, where there is one, else by a refresh token. `None` is failure too, where there is
    /// nothing to renew with.
    pub(super) async fn renew(
        &self,
        request: &TokenRequest,
        record: &AuthenticationRecord,
        patience: Patience,
        deadline: Instant,
    ) -> Result<AccessTokenInfo, Option<Error>> {
        let deadline = deadline.min(Instant::now() + patience.total());
        let Some(broker) = self.source.broker() else {
            return self.redeem(request, record, patience, deadline).await;
        };
        let sign_ins = self.sign_ins();
        let (has_refresh_token, broker_account_id) = {
            let state = self.read_state();
            let oauth = self.source.oauth();
            let candidates = state.refresh_candidates(oauth, record, request.cae);
            let broker_account_id = state.broker_account_id(oauth, record);
            (!candidates.is_empty(), broker_account_id)
        };
        let broker_deadline = match has_refresh_token {
            // So that there is time to redeem it, should the broker not answer.
            true => Instant::now() + (deadline - Instant::now()) / 2,
            false => deadline,
        };
        let renewing = broker.renew(request.wanted(), record, broker_account_id, broker_deadline);
        let why = match renewing.await {
            Ok(Silence::Token(reply)) => {
                self.check_account(&reply, Some(record))?;
                let is_theirs = |current: &AuthenticationRecord| {
                    current.home_account_id == record.home_account_id
                };
                // Signed out meanwhile, and that stays so.
                if self.sign_ins() != sign_ins && !self.record().as_ref().is_some_and(is_theirs) {
                    return Ok(handed_out(&reply));
                }
                let kept = self.keep(request, &reply, Some(record), How::Broker).await;
                return kept.map(|(token, _)| token).map_err(Some);
            }
            Ok(Silence::NeedsPerson(why)) => why,
            Err(error) => return Err(Some(error)),
        };
        // Whoever signed in by the browser is not known to it.
        match self.redeem(request, record, patience, deadline).await {
            Err(None) => Err(Some(why)),
            outcome => outcome,
        }
    }

    /// By a refresh token of the person: the application's own, else one of its family.
    async fn redeem(
        &self,
        request: &TokenRequest,
        record: &AuthenticationRecord,
        patience: Patience,
        deadline: Instant,
    ) -> Result<AccessTokenInfo, Option<Error>> {
        let oauth = self.source.oauth();
        let candidates = || {
            self.read_state()
                .refresh_candidates(oauth, record, request.cae)
        };
        let fingerprint = Fingerprint::of(&candidates());
        if let Some(refusal) = self.read_state().failures.refusal(request, fingerprint) {
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
            let renewing = self.source.entra().renew(
                request.wanted(),
                &candidate.secret,
                &record.home_account_id,
                patience,
            );
            // All of them together have the time of one.
            let renewed = timeout_at(deadline, renewing).await;
            let renewed = renewed.unwrap_or_else(|_| Err(too_slow(patience)));
            let renewed = renewed.and_then(|reply| {
                // Without `client_info` a renewal says whose it is in the record's terms only where
                // those are the id token's.
                let is_subject = *oauth.authority().kind() == AuthorityKind::Adfs;
                if reply.client_info.is_some() || is_subject {
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
            state
                .failures
                .set_refusal(request, fingerprint, error.clone());
        }
        Err(Some(error))
    }

    /// Whether this half has a refresh token of the person.
    pub(super) async fn lends(&self, record: &AuthenticationRecord, cae: bool) -> bool {
        if let Err(error) = self.see_changes(cae).await {
            self.tell_unreadable(cae, &error);
        }
        let state = self.read_state();
        let candidates = state.refresh_candidates(self.source.oauth(), record, cae);
        candidates.iter().any(|candidate| candidate.cae == cae)
    }

    /// Whether this request goes to the account's home tenant.
    fn is_at_home(&self, request: &TokenRequest, record: &AuthenticationRecord) -> bool {
        let state = self.read_state();
        let asked = state.realm_of(self.source.oauth(), record, &request.tenant);
        match tenant::home_of(&record.home_account_id) {
            // Personal accounts are no organization's, whatever it says of them.
            Some(tenant::PERSONAL_ACCOUNTS)
                if request.tenant.as_str() == TenantId::ORGANIZATIONS =>
            {
                false
            }
            Some(home) => asked == Some(home),
            // An account without a home tenant is of the only one that there is.
            None => true,
        }
    }

    /// Leaves an authority alone that asks for it, or that failed while a token lives: then there
    /// is time. A person can be asked at once.
    pub(super) fn pause_after(&self, request: &TokenRequest, error: &Error, is_living: bool) {
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
            self.write_state().failures.set_pause(request, now, pause);
        }
    }
}

fn too_slow(patience: Patience) -> Error {
    let seconds = patience.total().as_secs();
    Error::new(
        ErrorKind::Network,
        format!("the authority did not answer within {seconds} seconds; try again"),
    )
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
