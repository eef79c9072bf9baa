//! What is logged: every event and the one span, here and nowhere else, so that names and fields
//! stay what `docs/logging.md` says.
//!
//! No secret goes in, and no free text of an authority or a file, which may name a person: the
//! observer and errors have those. [`Person`] and [`Detail`] are what `enable_support_logging` adds.

use crate::{
    error::{Error, ErrorKind, Result},
    record::AuthenticationRecord,
};
use azure_core::Uuid;
use futures_util::future::{BoxFuture, FutureExt};
use std::{cell::Cell, fmt, future::Future, io, time::Duration};
use tracing::{Instrument as _, Span, debug, field, info, info_span, warn};

/// Who signed in, where events may say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a>(Option<&'a AuthenticationRecord>);

impl<'a> Person<'a> {
    pub(crate) fn new(record: &'a AuthenticationRecord, enable_support_logging: bool) -> Self {
        Self(enable_support_logging.then_some(record))
    }
}

/// The text of an error, where events may have it: an authority's names people, and a file's path
/// may.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail<'a>(Option<&'a Error>);

impl<'a> Detail<'a> {
    pub(crate) fn new(error: &'a Error, enable_support_logging: bool) -> Self {
        Self(enable_support_logging.then_some(error))
    }
}

tokio::task_local! {
    /// Tries sent since [`acquire`] began. It goes with the future, not with the task: whoever polls
    /// a flight that several wait for, counts for it.
    static REQUESTS: Cell<u32>;
}

/// The span around all requests that one sign-in or one renewal sends, by `flow`: `silent`,
/// `browser`, ...
pub(crate) fn acquire<'a, T: 'a>(
    flow: &'static str,
    correlation_id: Uuid,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    let span = info_span!(
        target: "doorkey",
        "doorkey.acquire",
        %correlation_id,
        flow,
        requests = field::Empty,
        outcome = field::Empty,
        error = field::Empty,
        code = field::Empty,
    );
    let whole = async move {
        let mut ending = Ending {
            outcome: "cancelled",
            error: None,
            code: None,
        };
        let outcome = work.await;
        ending.outcome = outcome
            .as_ref()
            .map_or_else(|error| kind(error.kind()), |_| "token");
        let refused = outcome.as_ref().err();
        ending.error = refused.and_then(refusal).map(str::to_owned);
        ending.code = refused.and_then(first_code);
        drop(ending);
        outcome
    };
    let counted = REQUESTS.scope(Cell::new(0), whole);
    counted.instrument(span).boxed()
}

/// One try of one request, whatever becomes of it.
pub(crate) fn request_sent() {
    // Discovery may run outside of any sign-in.
    let _ = REQUESTS.try_with(|requests| requests.set(requests.get() + 1));
}

/// Tells how it ended when it is dropped, since a flight that nobody waits for any more just is.
struct Ending {
    outcome: &'static str,
    error: Option<String>,
    code: Option<u64>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let span = Span::current();
        let requests = REQUESTS.try_with(Cell::get).unwrap_or_default();
        let (outcome, error, code) = (self.outcome, self.error.as_deref(), self.code);
        info!(
            name: "doorkey.acquire.finished", target: "doorkey",
            requests, outcome, error, code,
            "asking for a token has ended"
        );
        span.record("requests", requests);
        span.record("outcome", outcome);
        span.record("error", error);
        span.record("code", code);
    }
}

pub(crate) fn sign_in_began(flow: &'static str) {
    info!(name: "doorkey.sign_in.began", target: "doorkey", flow, "a sign-in begins");
}

pub(crate) fn sign_in_finished(person: Person<'_>) {
    let username = person.0.map(|record| record.username.as_str());
    let home_account_id = person.0.map(|record| record.home_account_id.as_str());
    info!(
        name: "doorkey.sign_in.finished", target: "doorkey",
        username, home_account_id,
        "a person signed in"
    );
}

pub(crate) fn renewal_failed(error: &Error) {
    warn!(
        name: "doorkey.renewal.failed", target: "doorkey",
        kind = kind(error.kind()), error = refusal(error), code = first_code(error),
        "no newer token could be had; the old one still lives"
    );
}

pub(crate) fn request_answered(host: Option<&str>, attempt: u32, status: u16) {
    debug!(
        name: "doorkey.request.answered", target: "doorkey",
        host, attempt, status,
        "the authority answered"
    );
}

pub(crate) fn request_failed(host: Option<&str>, attempt: u32, error: &Error) {
    debug!(
        name: "doorkey.request.failed", target: "doorkey",
        host, attempt, kind = kind(error.kind()),
        "the authority did not answer"
    );
}

pub(crate) fn request_repeated(host: Option<&str>, attempt: u32, wait: Duration) {
    debug!(
        name: "doorkey.request.repeated", target: "doorkey",
        host, attempt, wait_ms = milliseconds(wait),
        "the same is asked again after a pause"
    );
}

pub(crate) fn poll_failed(error: &Error) {
    debug!(
        name: "doorkey.device_code.poll_failed", target: "doorkey",
        kind = kind(error.kind()),
        "a poll for the device code failed; going on"
    );
}

pub(crate) fn browser_not_accepted(error: &io::Error) {
    warn!(
        name: "doorkey.browser.not_accepted", target: "doorkey",
        %error,
        "a connection of the browser cannot be accepted"
    );
}

/// `reason` is the name of the rule that it broke.
pub(crate) fn browser_stray(reason: impl fmt::Debug) {
    debug!(
        name: "doorkey.browser.stray", target: "doorkey",
        ?reason,
        "a request that is not the awaited redirect"
    );
}

pub(crate) fn broker_absent(reason: &Error, detail: Detail<'_>) {
    warn!(
        name: "doorkey.broker.absent", target: "doorkey",
        kind = kind(reason.kind()), detail = detail.0.map(field::display),
        "there is no broker, or it did not answer; the person is asked in the browser"
    );
}

pub(crate) fn cache_unreadable(cae: bool, error: &Error, detail: Detail<'_>) {
    warn!(
        name: "doorkey.cache.unreadable", target: "doorkey",
        cae, kind = kind(error.kind()), detail = detail.0.map(field::display),
        "the token cache could not be read; what is known has to do"
    );
}

/// What the observer is told, too.
pub(crate) fn cache_warned(warning: &Error, detail: Detail<'_>) {
    warn!(
        name: "doorkey.cache.warned", target: "doorkey",
        kind = kind(warning.kind()), detail = detail.0.map(field::display),
        "something is wrong with the token cache; the observer has the whole text"
    );
}

pub(crate) fn cache_set_aside(reason: &'static str) {
    warn!(
        name: "doorkey.cache.set_aside", target: "doorkey",
        reason,
        "a token cache that nobody can open was moved aside, and a new one begins"
    );
}

/// `reason` is one of our own sentences about the machine, without a path.
pub(crate) fn cache_in_plain_file(reason: &Error) {
    warn!(
        name: "doorkey.cache.plain_file", target: "doorkey",
        %reason,
        "tokens are kept in a plain file"
    );
}

#[cfg(all(target_os = "linux", feature = "secret-service"))]
/// `emptied`: whether the plain file is empty now; somebody may have written it meanwhile.
pub(crate) fn cache_moved(emptied: bool) {
    info!(
        name: "doorkey.cache.moved", target: "doorkey",
        emptied,
        "the plain token cache was moved into the keyring"
    );
}

#[cfg(all(target_os = "linux", feature = "secret-service"))]
pub(crate) fn cache_not_emptied(error: &Error) {
    warn!(
        name: "doorkey.cache.not_emptied", target: "doorkey",
        kind = kind(error.kind()),
        "the plain token cache was moved into the keyring, and could not be emptied"
    );
}

pub(crate) fn claims_not_understood(error: &Error) {
    warn!(
        name: "doorkey.claims.not_understood", target: "doorkey",
        kind = kind(error.kind()),
        "a resource demands claims that cannot be asked for; its answer is left as it is"
    );
}

#[cfg(all(feature = "chain", feature = "username-password"))]
pub(crate) fn password_in_environment() {
    warn!(
        name: "doorkey.chain.password", target: "doorkey",
        "AZURE_USERNAME and AZURE_PASSWORD are used: an account with a password alone is easily stolen, \
         and more and more organizations refuse it; use a service principal or a managed identity"
    );
}

#[cfg(feature = "chain")]
pub(crate) fn link_chosen(credential: &'static str, link: &str) {
    info!(
        name: "doorkey.chain.chosen", target: "doorkey",
        credential, link,
        "this link gave a token, and is kept"
    );
}

/// `error` of the authority: a name out of an RFC.
fn refusal(error: &Error) -> Option<&str> {
    error.oauth().map(|oauth| oauth.error.as_str())
}

/// The number of its first AADSTS code.
fn first_code(error: &Error) -> Option<u64> {
    error.oauth().and_then(|oauth| oauth.codes.first().copied())
}

/// The kinds, as events name them.
fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::CredentialUnavailable => "credential_unavailable",
        ErrorKind::AuthenticationRequired => "authentication_required",
        ErrorKind::Declined => "declined",
        ErrorKind::TimedOut => "timed_out",
        ErrorKind::Refused => "refused",
        ErrorKind::Network => "network",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Cache => "cache",
        ErrorKind::WrongAccount => "wrong_account",
        ErrorKind::InvalidArgument => "invalid_argument",
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
