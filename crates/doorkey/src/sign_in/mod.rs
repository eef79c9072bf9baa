//! The ways to ask a person.

pub(crate) mod browser;
pub(crate) mod device_code;
mod observed;
#[cfg(feature = "username-password")]
pub(crate) mod password;

pub(crate) use observed::Observed;

use crate::{
    error::{Error, ErrorKind, Result},
    oauth::{OAuthClient, Parameters},
    options::SignInObserver,
    tokens::Tokens,
};
use std::{future::Future, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long a person has, unless an option says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// One of the ways.
#[derive(Debug)]
pub(crate) enum SignIn {
    Browser(browser::BrowserSignIn),
    DeviceCode(device_code::DeviceCodeSignIn),
    #[cfg(feature = "username-password")]
    Password(password::PasswordSignIn),
    Nobody(Nobody),
}

/// No way at all: for those who live on the sign-ins of others.
#[derive(Debug)]
pub(crate) struct Nobody {
    pub(crate) login_hint: Option<String>,
    /// Of several people with that name, the one who is at home there.
    pub(crate) home_tenant: Option<String>,
    /// What a person can do about it, said to them: a clause.
    pub(crate) instead: &'static str,
    /// The same, where the person is known, and nothing by which to get another token.
    pub(crate) without_refresh_token: &'static str,
}

/// What a person is asked for.
pub(crate) struct Question<'a> {
    pub(crate) parameters: Parameters<'a>,
    pub(crate) login_hint: Option<&'a str>,
    pub(crate) observer: Option<&'a dyn SignInObserver>,
    /// Whether the caller insists: they know what was refused before, and want it tried again.
    #[cfg_attr(
        not(feature = "username-password"),
        expect(dead_code, reason = "pages and codes are asked for anew in any case")
    )]
    pub(crate) insists: bool,
    /// Has the last word, while the person still looks at the page.
    pub(crate) accept: &'a (dyn Fn(&Tokens) -> Result<()> + Sync),
}

impl SignIn {
    pub(crate) async fn ask(&self, oauth: &OAuthClient, question: &Question<'_>) -> Result<Tokens> {
        match self {
            Self::Browser(browser) => browser.ask(oauth, question).await,
            Self::DeviceCode(device_code) => device_code.ask(oauth, question).await,
            #[cfg(feature = "username-password")]
            Self::Password(password) => password.ask(oauth, question).await,
            Self::Nobody(Nobody { instead, .. }) => Err(Error::new(
                ErrorKind::AuthenticationRequired,
                format!("a person has to sign in; {instead}"),
            )),
        }
    }

    /// The grant, as MSAL names it in the account that it brings.
    pub(crate) fn grant(&self) -> &'static str {
        match self {
            Self::Browser(_) => "authorization_code",
            Self::DeviceCode(_) => device_code::GRANT,
            #[cfg(feature = "username-password")]
            Self::Password(_) => "password",
            Self::Nobody(_) => "",
        }
    }

    /// The way, as events name it.
    pub(crate) fn flow(&self) -> &'static str {
        match self {
            Self::Browser(_) => "browser",
            Self::DeviceCode(_) => "device_code",
            #[cfg(feature = "username-password")]
            Self::Password(_) => "password",
            Self::Nobody(_) => "nobody",
        }
    }

    /// The name that a person is expected to sign in with.
    pub(crate) fn login_hint(&self) -> Option<&str> {
        match self {
            Self::Browser(browser) => browser.login_hint(),
            Self::DeviceCode(_) => None,
            #[cfg(feature = "username-password")]
            Self::Password(password) => Some(password.username()),
            Self::Nobody(nobody) => nobody.login_hint.as_deref(),
        }
    }

    /// What else a person can do, where there is no way to ask them.
    pub(crate) fn instead(&self) -> Option<&'static str> {
        self.nobody().map(|nobody| nobody.instead)
    }

    pub(crate) fn nobody(&self) -> Option<&Nobody> {
        match self {
            Self::Nobody(nobody) => Some(nobody),
            _ => None,
        }
    }

    /// Whether tokens may be bound to a key. Not by a password, as in Microsoft's libraries, which ask a
    /// person first.
    pub(crate) fn takes_pop(&self) -> bool {
        match self {
            #[cfg(feature = "username-password")]
            Self::Password(_) => false,
            _ => true,
        }
    }

    /// Whether somebody who is signed in in the cache may be taken for who is meant. Not for a
    /// password, which nobody would have proved then.
    pub(crate) fn guesses(&self) -> bool {
        match self {
            #[cfg(feature = "username-password")]
            Self::Password(_) => false,
            _ => true,
        }
    }
}

/// `timeout` may be `Duration::MAX`, for a person who has all the time there is.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    const LONG: Duration = Duration::from_secs(365 * 24 * 3_600);
    Instant::now() + timeout.min(LONG)
}

/// One deadline for all that waits for a person.
async fn before<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T>>,
    late: impl FnOnce() -> String,
) -> Result<T> {
    match timeout_at(deadline, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::new(ErrorKind::TimedOut, late())),
    }
}
