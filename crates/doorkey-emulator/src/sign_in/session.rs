//! Which browser is which, who is signed in in it, and what they are in the middle of.

use super::transaction::Transaction;
use crate::{directory::User, exchange::Exchange, random};
use axum::body::Body;
use http::{HeaderValue, Response, header::SET_COOKIE};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::OffsetDateTime;

/// The cookie that tells browsers apart. Its prefix keeps it to this host and to HTTPS (RFC 6265bis,
/// section 4.1.3.2).
const COOKIE: &str = "__Host-doorkey";

/// A browser, by the value of its cookie.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    id: String,
    is_new: bool,
}

impl Browser {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// `response` with the cookie, where the browser has none yet.
    ///
    /// `Lax` is enough: all pages are navigated to, and all forms are posted from our own pages.
    pub(super) fn remember(&self, mut response: Response<Body>) -> Response<Body> {
        let cookie = format!(
            "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax",
            self.id
        );
        if self.is_new
            && let Ok(value) = HeaderValue::from_str(&cookie)
        {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }
}

/// Somebody who is signed in in a browser.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) object_id: String,
    pub(super) second_factor: bool,
}

/// All browsers and all sign-ins that are under way.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    browsers: HashMap<String, Vec<Session>>,
    transactions: HashMap<String, Transaction>,
}

impl SignIns {
    /// The browser that sent a request, and who is signed in in it.
    pub(super) fn browser(&self, exchange: &Exchange) -> (Browser, Vec<Session>) {
        let sent = exchange
            .request
            .headers
            .iter()
            .filter(|(name, _)| name == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // An id that was not given out here is replaced, so that nobody can fix one beforehand.
        if let Some((_, id)) = sent
            && let Some(sessions) = state.browsers.get(id)
        {
            return (
                Browser {
                    id: id.to_owned(),
                    is_new: false,
                },
                sessions.clone(),
            );
        }
        (
            Browser {
                id: random::secret(),
                is_new: true,
            },
            Vec::new(),
        )
    }

    pub(super) fn sessions(&self, browser: &Browser) -> Vec<Session> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.browsers.get(&browser.id).cloned().unwrap_or_default()
    }

    /// Remembers that `user` signed in in `browser`.
    pub(super) fn signed_in(&self, browser: &str, user: &User, second_factor: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = state.browsers.entry(browser.to_owned()).or_default();
        let before = sessions
            .iter()
            .position(|session| session.object_id == user.object_id);
        let had_second_factor = before.is_some_and(|at| sessions.remove(at).second_factor);
        sessions.push(Session {
            object_id: user.object_id.clone(),
            second_factor: second_factor || had_second_factor,
        });
    }

    /// Signs everybody out of `browser`.
    pub(super) fn forget(&self, browser: &Browser) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.browsers.remove(&browser.id);
        state
            .transactions
            .retain(|_, transaction| transaction.browser != browser.id);
    }

    /// Keeps a sign-in until its next form.
    pub(super) fn put(&self, transaction: Transaction, now: OffsetDateTime) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            browsers,
            transactions,
        } = &mut *state;
        browsers.entry(transaction.browser.clone()).or_default();
        transactions.insert(transaction.id.clone(), transaction);
        transactions.retain(|_, known| known.expires > now);
        // Browsers that nobody went on with are forgotten.
        browsers.retain(|id, sessions| {
            !sessions.is_empty() || transactions.values().any(|known| known.browser == *id)
        });
    }

    /// Takes up a sign-in that `browser` began.
    pub(super) fn take(
        &self,
        id: &str,
        browser: &Browser,
        now: OffsetDateTime,
    ) -> Option<Transaction> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.transactions.get(id)?;
        // A form from another browser leaves the sign-in where it is.
        if known.browser != browser.id || known.expires <= now {
            return None;
        }
        state.transactions.remove(id)
    }
}
