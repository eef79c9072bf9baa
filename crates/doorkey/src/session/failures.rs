//! What did not succeed lately, so that it is not tried again at once. Whichever request a bound token is
//! for makes no difference to that.

use super::TokenRequest;
use crate::{cache::RefreshCandidate, error::Error};
use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

#[derive(Debug, Default)]
pub(super) struct Failures {
    pauses: HashMap<TokenRequest, Pause>,
    /// Which refresh tokens were refused for a request, and how: until they are others, they would
    /// be again.
    refusals: HashMap<TokenRequest, (Fingerprint, Error)>,
}

/// How many refused requests are remembered.
const MOST_REFUSALS: usize = 1_000;

/// Why a request is not sent for a while.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    /// Unix seconds.
    pub(super) until: i64,
    pub(super) why: Error,
    /// Whether the authority asked for it. Else it is our own, for as long as a token lives.
    pub(super) is_asked: bool,
}

/// Tells one set of refresh tokens from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fingerprint(u64);

impl Failures {
    pub(super) fn set_pause(&mut self, request: &TokenRequest, now: i64, pause: Pause) {
        self.pauses.retain(|_, pause| pause.until > now);
        let request = request.for_any_resource().into_owned();
        self.pauses.insert(request, pause);
    }

    /// Why a request is not to be sent now.
    pub(super) fn pause(&self, request: &TokenRequest, now: i64) -> Option<&Pause> {
        let pause = self.pauses.get(&*request.for_any_resource())?;
        (pause.until > now).then_some(pause)
    }

    pub(super) fn set_refusal(
        &mut self,
        request: &TokenRequest,
        refused: Fingerprint,
        error: Error,
    ) {
        if self.refusals.len() >= MOST_REFUSALS {
            self.refusals.clear();
        }
        let request = request.for_any_resource().into_owned();
        self.refusals.insert(request, (refused, error));
    }

    /// How these refresh tokens were refused for this request.
    pub(super) fn refusal(&self, request: &TokenRequest, of: Fingerprint) -> Option<Error> {
        let (refused, error) = self.refusals.get(&*request.for_any_resource())?;
        (*refused == of).then(|| error.clone())
    }

    /// It went well.
    pub(super) fn forget(&mut self, request: &TokenRequest) {
        let request = request.for_any_resource();
        self.pauses.remove(&*request);
        self.refusals.remove(&*request);
    }

    pub(super) fn clear(&mut self) {
        self.pauses.clear();
        self.refusals.clear();
    }
}

impl Fingerprint {
    pub(super) fn of(candidates: &[RefreshCandidate]) -> Self {
        let mut hasher = DefaultHasher::new();
        for candidate in candidates {
            candidate.secret.expose().hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}
