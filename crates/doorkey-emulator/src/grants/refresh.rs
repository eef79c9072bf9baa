//! Refresh tokens (RFC 6749, section 6).

use super::Grant;
use crate::{
    directory::{Application, User},
    refusal::Refusal,
    seal::Seal,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// What a refresh token carries, sealed.
///
/// As in Entra ID, using it does not end it: each reply brings a new one, and the old ones go on.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct RefreshToken {
    pub(crate) grant: Grant,
    /// The family whose members may use it, where the application is of one.
    family: Option<String>,
    /// The AD FS or the policy that it is of; of Entra ID where there is none.
    #[serde(default)]
    pub(crate) own: Option<String>,
    /// Seconds since 1970.
    issued: i64,
    /// How often the person's tokens had been revoked when it was issued. A count and not a time:
    /// a test's clock may stand still.
    revocations: u32,
}

/// The refresh tokens that were taken back.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    /// By the person's object id: how often, and when last.
    people: Mutex<HashMap<String, (u32, OffsetDateTime)>>,
}

impl Revocations {
    /// Takes back all refresh tokens that `user` has.
    pub(crate) fn revoke(&self, user: &User, now: OffsetDateTime) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = people.entry(user.object_id.clone()).or_insert((0, now));
        *entry = (entry.0 + 1, now);
    }

    /// A new refresh token for a grant.
    pub(crate) fn issue(
        &self,
        seal: &Seal,
        grant: &Grant,
        user: &User,
        application: &Application,
        own: Option<&str>,
        now: OffsetDateTime,
    ) -> String {
        seal.seal(&RefreshToken {
            grant: Grant {
                client_id: application.client_id.clone(),
                ..grant.clone()
            },
            family: application.family.clone().filter(|_| own.is_none()),
            own: own.map(str::to_owned),
            issued: now.unix_timestamp(),
            revocations: self.of(user).map_or(0, |(count, _)| count),
        })
    }

    /// Checks that a refresh token is still good for `user` and `application`.
    pub(crate) fn check(
        &self,
        token: &RefreshToken,
        user: &User,
        application: &Application,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let of_family = token.family.is_some() && token.family == application.family;
        if token.grant.client_id != application.client_id && !of_family {
            return Err(Refusal::grant_of_another_client());
        }
        let issued = OffsetDateTime::from_unix_timestamp(token.issued).unwrap_or(now);
        if let Some((_, at)) = self
            .of(user)
            .filter(|(count, _)| token.revocations < *count)
        {
            return Err(Refusal::revoked_refresh_token(
                &rfc3339(issued),
                &rfc3339(at),
            ));
        }
        if issued + lifetime <= now {
            let inactive = format!("{} days", (now - issued).whole_days());
            return Err(Refusal::expired_refresh_token(&rfc3339(issued), &inactive));
        }
        Ok(())
    }

    fn of(&self, user: &User) -> Option<(u32, OffsetDateTime)> {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(&user.object_id).copied()
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
