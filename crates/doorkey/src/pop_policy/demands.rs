use crate::session::lock;
use std::{collections::VecDeque, sync::Mutex, time::Duration};
use tokio::time::Instant;

/// How many access tokens are remembered, those that were refused last. A client has one at a time.
const MOST_TOKENS: usize = 32;

/// For so long, a token that was got for some claims is not replaced for the same ones: a resource that
/// is never content would have the person asked on every request.
const SATISFIED: Duration = Duration::from_secs(300);

/// And one is not replaced more often than this meanwhile, whatever the claims are.
const MOST_REPLACED: u32 = 5;

pub(super) type Digest = [u8; 32];

/// Which access tokens were refused for claims, and which were got for them. A digest of each, as
/// nothing that could be used is kept here.
#[derive(Debug, Default)]
pub(super) struct Demands {
    tokens: Mutex<VecDeque<(Digest, Standing)>>,
    /// Claims for which a token was got, and refused for the same: a broker may give another token each
    /// time, of which the above knows nothing.
    hopeless: Mutex<Vec<(String, Instant)>>,
}

#[derive(Clone, Debug)]
enum Standing {
    /// There is one that satisfied these claims.
    Replaced(String),
    Got {
        claims: String,
        at: Instant,
        /// How often such a token had been replaced shortly before.
        times: u32,
    },
}

/// What is to be done about claims.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// Many requests were refused at once, and one of them has brought what all need.
    IsThere,
    GetOne,
    /// The resource is never content.
    GiveUp,
}

impl Demands {
    pub(super) fn answer(&self, refused: &Digest, claims: &str) -> Answer {
        let is_hopeless = {
            let mut hopeless = lock(&self.hopeless);
            hopeless.retain(|(_, since)| since.elapsed() < SATISFIED);
            hopeless.iter().any(|(known, _)| known == claims)
        };
        match self.find(refused) {
            Some(Standing::Replaced(for_these)) if for_these == claims => Answer::IsThere,
            _ if is_hopeless => Answer::GiveUp,
            Some(Standing::Got {
                claims: for_these,
                at,
                times,
            }) if at.elapsed() < SATISFIED && (for_these == claims || times >= MOST_REPLACED) => {
                Answer::GiveUp
            }
            _ => Answer::GetOne,
        }
    }

    /// A request was refused for claims, and nothing more is done about it.
    pub(super) fn refused_again(&self, refused: &Digest, claims: String) {
        let was_for_these = matches!(self.find(refused),
            Some(Standing::Got { claims: got, .. }) if got == claims);
        let mut hopeless = lock(&self.hopeless);
        if was_for_these && hopeless.iter().all(|(known, _)| *known != claims) {
            hopeless.truncate(MOST_TOKENS - 1);
            hopeless.insert(0, (claims, Instant::now()));
        }
    }

    pub(super) fn satisfied(&self, refused: Digest, claims: String, newer: Digest) {
        let times = match self.find(&refused) {
            Some(Standing::Got { at, times, .. }) if at.elapsed() < SATISFIED => times,
            _ => 0,
        };
        let got = Standing::Got {
            claims: claims.clone(),
            at: Instant::now(),
            times: times + 1,
        };
        let mut known = lock(&self.tokens);
        for (digest, standing) in [(refused, Standing::Replaced(claims)), (newer, got)] {
            known.retain(|(other, _)| *other != digest);
            known.truncate(MOST_TOKENS - 1);
            known.push_front((digest, standing));
        }
    }

    fn find(&self, digest: &Digest) -> Option<Standing> {
        let known = lock(&self.tokens);
        let found = known.iter().find(|(other, _)| other == digest);
        found.map(|(_, standing)| standing.clone())
    }
}
