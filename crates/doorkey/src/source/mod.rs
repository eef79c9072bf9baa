//! Where tokens come from when the cache has none: Entra ID, or a broker of the operating system, which
//! answers silence, accounts and sign-out itself.

mod broker;
mod entra;

pub(crate) use crate::oauth::Patience;
pub(crate) use broker::{BrokerSettings, BrokerSource, DefaultAccount, Silence};
pub(crate) use entra::{Entra, Wanted};

use crate::{
    error::Result, oauth::OAuthClient, options::SignInObserver, record::AuthenticationRecord,
    sign_in::SignIn, tokens::Tokens,
};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) enum Source {
    Entra(Entra),
    Broker(BrokerSource),
}

/// A person, to be asked for tokens.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Who it has to be, if anybody in particular.
    pub(crate) expected: Option<&'a AuthenticationRecord>,
    /// Whether the caller insists: they know what was refused before, and want it tried again.
    pub(crate) insists: bool,
    /// May still refuse what came, and the person is told.
    pub(crate) accept: &'a (dyn Fn(&Tokens) -> Result<()> + Sync),
}

/// By which way a person came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// By this grant, as MSAL names it.
    Grant(&'static str),
    /// The broker keeps what they can be renewed with.
    Broker,
}

impl Source {
    /// By asking a person.
    pub(crate) async fn ask(&self, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<(Tokens, Way)> {
        match self {
            Self::Entra(entra) => entra.ask(wanted, asked).await,
            Self::Broker(broker) => broker.ask(wanted, asked).await,
        }
    }

    pub(crate) fn broker(&self) -> Option<&BrokerSource> {
        match self {
            Self::Entra(_) => None,
            Self::Broker(broker) => Some(broker),
        }
    }

    pub(crate) fn oauth(&self) -> &OAuthClient {
        &self.entra().oauth
    }

    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.entra().sign_in
    }

    /// What else a person can do, where there is no way to ask them.
    pub(crate) fn instead(&self) -> Option<&'static str> {
        match self {
            Self::Entra(entra) => entra.sign_in.instead(),
            Self::Broker(broker) => broker.instead(),
        }
    }

    pub(crate) fn observer(&self) -> Option<&Arc<dyn SignInObserver>> {
        self.entra().observer.as_ref()
    }

    /// What there is without a broker.
    pub(crate) fn entra(&self) -> &Entra {
        match self {
            Self::Entra(entra) => entra,
            Self::Broker(broker) => &broker.entra,
        }
    }
}
