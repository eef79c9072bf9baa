//! Who consented to what.

use crate::{
    directory::{Application, User},
    scopes::Scopes,
};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The consents given since the emulator started.
#[derive(Debug, Default)]
pub(crate) struct Consents {
    /// Person, application, audience.
    given: Mutex<HashSet<(String, String, String)>>,
}

impl Consents {
    /// The audiences of `scopes` that still need the person's consent.
    pub(crate) fn needed(
        &self,
        user: &User,
        application: &Application,
        scopes: &Scopes,
    ) -> Vec<String> {
        if !user.must_consent && !application.must_consent {
            return Vec::new();
        }
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        audiences(scopes)
            .filter(|audience| !given.contains(&entry(user, application, audience)))
            .collect()
    }

    /// Remembers that the person agreed to all of `scopes`.
    pub(crate) fn give(&self, user: &User, application: &Application, scopes: &Scopes) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.extend(audiences(scopes).map(|audience| entry(user, application, &audience)));
    }
}

/// The audiences that `scopes` are for.
pub(crate) fn audiences(scopes: &Scopes) -> impl Iterator<Item = String> {
    scopes
        .resources
        .iter()
        .map(|entry| entry.resource.audience.trim_end_matches('/').to_owned())
}

fn entry(user: &User, application: &Application, audience: &str) -> (String, String, String) {
    (
        user.object_id.clone(),
        application.client_id.clone(),
        audience.to_owned(),
    )
}
