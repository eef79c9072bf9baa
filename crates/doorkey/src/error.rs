use crate::{claims, oauth_error::OAuthError};
use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

/// The result of everything in this crate that can fail.
///
/// Only [`TokenCredential`](azure_core::credentials::TokenCredential)'s own method returns
/// [`azure_core::Error`]; [`Error::find`] gets ours back out of it.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a token could not be had.
///
/// The text says what happened, why, and what to do next; [`kind`](Self::kind) says the same to a
/// program. Cloning is cheap: everyone who waited for the same sign-in gets the same error.
///
/// ```
/// use doorkey::{Error, ErrorKind};
///
/// fn exit_status(error: &azure_core::Error) -> u8 {
///     match Error::find(error).map(Error::kind) {
///         Some(ErrorKind::AuthenticationRequired) => 3,
///         Some(ErrorKind::CredentialUnavailable) => 4,
///         _ => 1,
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error(
    // Shared because all waiters of a flight get it.
    Arc<Inner>,
);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    oauth: Option<OAuthError>,
    scopes: Vec<String>,
    claims: Option<String>,
    retry_after: Option<Duration>,
    /// Asking again does not help, whatever the kind.
    is_lasting: bool,
    // Shared because `Inner` is cloned where a shared error is completed.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Which case an [`Error`] is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// This credential cannot work here: no browser, no runtime, no trusted certificates. Another
    /// credential may.
    CredentialUnavailable,
    /// A person has to sign in, and this credential was told not to ask. Call
    /// [`authenticate`](crate::InteractiveCredential::authenticate), with
    /// [`Error::scopes`] and [`Error::claims`].
    AuthenticationRequired,
    /// The person said no.
    Declined,
    /// Nobody finished signing in in time.
    TimedOut,
    /// The authority answered, and refused. [`Error::oauth`] has its words.
    Refused,
    /// The authority could not be reached, or is in trouble itself.
    Network,
    /// An answer that makes no sense, or that may be an attack: a wrong nonce, another issuer, a
    /// reply that is not JSON.
    Protocol,
    /// The token cache could not be read or written.
    Cache,
    /// Somebody signed in, but not the person whose token was asked for. Nothing of it was kept.
    WrongAccount,
    /// An option or an argument is wrong, or one that a broker cannot honour. Nothing was sent, unless
    /// by that broker.
    InvalidArgument,
}

impl Error {
    /// An error of your own, for a callback of yours that has to return one. Let `message` say what
    /// happened, and what to do next.
    ///
    /// ```
    /// use doorkey::{Error, ErrorKind};
    ///
    /// let error = std::io::Error::other("the window is closed");
    /// let error = Error::new(
    ///     ErrorKind::CredentialUnavailable,
    ///     "the code cannot be shown; open the window again",
    /// )
    /// .with_source(error);
    /// assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            oauth: None,
            scopes: Vec::new(),
            claims: None,
            retry_after: None,
            is_lasting: false,
            source: None,
        }))
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CredentialUnavailable, message)
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message)
    }

    /// Keeps the cause, for [`source`](StdError::source).
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with(|inner| inner.source = Some(Arc::from(source.into())))
    }

    /// Keeps the authority's own words, for [`oauth`](Self::oauth) and [`claims`](Self::claims): a
    /// [`Broker`](crate::Broker) may know them.
    #[must_use]
    pub fn with_oauth(self, oauth: OAuthError) -> Self {
        let asked = self.0.claims.clone();
        self.with(|inner| inner.oauth = Some(oauth))
            .with_demand(asked.as_deref())
    }

    /// Where the authority demands something, whoever signs in has to satisfy the caller's claims as
    /// well.
    fn with_demand(self, asked: Option<&str>) -> Self {
        let theirs = self.oauth().and_then(|oauth| oauth.claims.as_deref());
        let (Some(asked), Some(theirs)) = (asked, theirs) else {
            return self;
        };
        let both = claims::merge(theirs, asked).unwrap_or_else(|_| theirs.to_owned());
        self.with(|inner| inner.claims = Some(both))
    }

    /// What the caller asked for, so that [`AuthenticationRequired`](ErrorKind::AuthenticationRequired)
    /// can be answered with `authenticate`.
    pub(crate) fn with_request(self, scopes: Vec<String>, claims: Option<String>) -> Self {
        let asked = claims.clone();
        self.with(|inner| {
            inner.scopes = scopes;
            inner.claims = claims;
        })
        .with_demand(asked.as_deref())
    }

    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = retry_after)
    }

    /// One that is not [transient](Self::is_transient), though others of its kind are.
    pub(crate) fn lasting(self) -> Self {
        self.with(|inner| inner.is_lasting = true)
    }

    /// The same error inside a larger story; the error itself becomes its source.
    pub(crate) fn within(self, message: String) -> Self {
        let source = self.clone();
        self.with(|inner| inner.message = message)
            .with_source(source)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Which case this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The authority's own error, if it answered with one.
    #[must_use]
    pub fn oauth(&self) -> Option<&OAuthError> {
        self.0.oauth.as_ref()
    }

    /// The scopes that were asked for, to be given to
    /// [`authenticate`](crate::InteractiveCredential::authenticate). Empty unless a person is needed.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// The claims that a token must satisfy, as JSON: the caller's and the authority's, whose word
    /// counts where both name the same claim.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        let authority = || self.0.oauth.as_ref()?.claims.as_deref();
        self.0.claims.as_deref().or_else(authority)
    }

    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        (self.0.kind == ErrorKind::Network && !self.0.is_lasting)
            || self.0.oauth.as_ref().is_some_and(OAuthError::is_transient)
    }

    /// Whether a person has to act (sign in, consent, satisfy a policy) before a token can be had.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.0.kind == ErrorKind::AuthenticationRequired
            || self.0.oauth.as_ref().is_some_and(OAuthError::needs_person)
    }

    /// How long the authority asked to be left alone, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Finds the `Error` inside an [`azure_core::Error`], however deep the SDK's policies have
    /// wrapped it.
    #[must_use]
    pub fn find(error: &azure_core::Error) -> Option<&Self> {
        let mut current: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = current {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            current = error.source();
        }
        None
    }

    /// From any credential's error: [`find`](Self::find)s ours in it. Another's is `Refused` where a
    /// service has answered, `Network` where none could be reached, `Protocol` where an answer makes no
    /// sense, else `CredentialUnavailable`, as such errors do not say more to a program.
    pub(crate) fn of_any(error: azure_core::Error) -> Self {
        if let Some(ours) = Self::find(&error) {
            return ours.clone();
        }
        use azure_core::error::ErrorKind as Theirs;
        let mut kind = ErrorKind::CredentialUnavailable;
        let mut current: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(error) = current {
            match error.downcast_ref().map(azure_core::Error::kind) {
                Some(Theirs::HttpResponse { .. }) => kind = ErrorKind::Refused,
                Some(Theirs::Connection | Theirs::Io) => kind = ErrorKind::Network,
                Some(Theirs::DataConversion) => kind = ErrorKind::Protocol,
                _ => {}
            }
            current = error.source();
        }
        Self::new(kind, error.to_string()).with_source(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("oauth", &self.0.oauth)
            // In its own words: its `Debug` may hold a whole reply.
            .field("source", &self.0.source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

impl From<Error> for azure_core::Error {
    /// Always of kind `Credential`: an SDK client authenticates inside its retry loop, and would
    /// repeat a failed sign-in that left as an `Io` error.
    fn from(error: Error) -> Self {
        let message = error.to_string();
        Self::with_error(azure_core::error::ErrorKind::Credential, error, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_under_the_wrappings_of_the_sdk() {
        let ours = Error::new(ErrorKind::Declined, "no");
        let theirs = azure_core::Error::from(ours)
            .with_context("retry policy")
            .with_context("more");
        assert_eq!(
            Error::find(&theirs).map(Error::kind),
            Some(ErrorKind::Declined)
        );
        assert_eq!(*theirs.kind(), azure_core::error::ErrorKind::Credential);
    }

    #[test]
    fn is_not_found_where_it_is_not() {
        let theirs = azure_core::Error::with_message(azure_core::error::ErrorKind::Io, "disk");
        assert!(Error::find(&theirs).is_none());
    }

    #[test]
    fn others_are_told_apart_by_what_they_are_made_of() {
        use azure_core::error::ErrorKind as Theirs;
        let answered = azure_core::Error::with_message(
            Theirs::HttpResponse {
                status: azure_core::http::StatusCode::Unauthorized,
                error_code: None,
                raw_response: None,
            },
            "no",
        );
        let ours = azure_core::Error::from(Error::new(ErrorKind::Declined, "no"));
        for (theirs, kind) in [
            (answered, ErrorKind::Refused),
            (
                azure_core::Error::with_message(Theirs::Connection, "no"),
                ErrorKind::Network,
            ),
            (
                azure_core::Error::with_message(Theirs::DataConversion, "no"),
                ErrorKind::Protocol,
            ),
            (
                azure_core::Error::with_message(Theirs::Credential, "no"),
                ErrorKind::CredentialUnavailable,
            ),
            (ours, ErrorKind::Declined),
        ] {
            let wrapped = azure_core::Error::with_error(Theirs::Credential, theirs, "failed");
            assert_eq!(Error::of_any(wrapped).kind(), kind);
        }
    }

    #[test]
    fn the_authoritys_claims_come_before_the_callers() {
        let oauth = OAuthError {
            claims: Some("theirs".into()),
            ..OAuthError::default()
        };
        let error = Error::new(ErrorKind::AuthenticationRequired, "")
            .with_request(vec!["scope".into()], Some("ours".into()));
        assert_eq!(error.claims(), Some("ours"));
        assert_eq!(error.with_oauth(oauth).claims(), Some("theirs"));
    }

    #[test]
    fn both_demands_are_told_in_whichever_order_they_came() {
        let oauth = OAuthError {
            claims: Some(r#"{"a":{"x":1}}"#.into()),
            ..OAuthError::default()
        };
        let refused = || Error::new(ErrorKind::Refused, "").with_oauth(oauth.clone());
        let asked = || Some(r#"{"b":{"y":2}}"#.to_owned());
        let both = Some(r#"{"b":{"y":2},"a":{"x":1}}"#);
        assert_eq!(refused().with_request(Vec::new(), asked()).claims(), both);
        let required = Error::new(ErrorKind::AuthenticationRequired, "");
        let required = required.with_request(Vec::new(), asked());
        assert_eq!(required.with_oauth(oauth.clone()).claims(), both);
        let alone = refused().with_request(Vec::new(), None);
        assert_eq!(alone.claims(), oauth.claims.as_deref());
    }
}
