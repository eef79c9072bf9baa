//! Tokens as an authority or a broker gave them, and whose they are: what `oauth` reads and `cache` keeps.

use crate::{broker::BrokerAccount, sensitive::Sensitive};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// No token lives longer; a greater number is a mistake.
pub(crate) const LONGEST_LIFETIME_SECONDS: i64 = 10 * 365 * 24 * 3_600;

/// Which kind of token is asked for. The two never take each other's place.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum TokenKind {
    /// [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).
    #[default]
    Bearer,
    /// Bound to the key of this thumbprint.
    Pop { key_id: String },
}

impl TokenKind {
    /// The `token_type` of a request and of its reply.
    pub(crate) fn token_type(&self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Pop { .. } => "pop",
        }
    }

    /// `req_cnf`, by which the authority binds a token.
    pub(crate) fn confirmation(&self) -> Option<String> {
        let Self::Pop { key_id } = self else {
            return None;
        };
        Some(crate::pop::req_cnf(key_id))
    }
}

/// Tokens, and whose they are. Times are Unix seconds of our own clock.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: Sensitive,
    /// Whether that is a whole signed request, good for that request alone.
    pub(crate) is_signed_request: bool,
    pub(crate) token_type: String,
    pub(crate) received_on: i64,
    pub(crate) expires_on: i64,
    pub(crate) extended_expires_on: i64,
    pub(crate) refresh_on: Option<i64>,
    pub(crate) refresh_token: Option<Sensitive>,
    pub(crate) id_token: Option<IdToken>,
    pub(crate) client_info: Option<ClientInfo>,
    /// Whose they are according to a broker, which sends no `client_info`.
    pub(crate) account: Option<BrokerAccount>,
    /// What was granted; `None` where the authority does not say, which means all that was asked.
    pub(crate) scope: Option<String>,
    /// The family of applications that share refresh tokens (`foci`).
    pub(crate) family_id: Option<String>,
}

/// Entra ID's `client_info`: the account, whichever tenant it is used in.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ClientInfo {
    pub(crate) uid: String,
    pub(crate) utid: String,
}

/// An id token, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct IdToken {
    pub(crate) raw: Sensitive,
    pub(crate) claims: IdTokenClaims,
}

#[derive(Clone, Deserialize)]
pub(crate) struct IdTokenClaims {
    pub(crate) iss: String,
    aud: Audience,
    pub(crate) sub: String,
    pub(crate) oid: Option<String>,
    pub(crate) tid: Option<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
    /// Azure AD B2C's, which has no other name; of any shape, as custom policies write it.
    #[serde(default)]
    emails: Value,
    pub(crate) nonce: Option<String>,
    pub(crate) exp: f64,
    pub(crate) nbf: Option<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Tokens {
    /// `uid.utid`; the id token's subject where the authority sends no `client_info` (ADFS).
    pub(crate) fn home_account_id(&self) -> Option<String> {
        if let Some(account) = &self.account {
            return Some(account.home_account_id.clone());
        }
        match (&self.client_info, &self.id_token) {
            (Some(info), _) => Some(format!("{}.{}", info.uid, info.utid)),
            (None, Some(id_token)) => Some(id_token.claims.sub.clone()),
            (None, None) => None,
        }
    }

    /// The name that the person signs in with.
    pub(crate) fn username(&self) -> Option<&str> {
        let claims = self.id_token.as_ref().map(|token| &token.claims);
        let known = self.account.as_ref().map(|account| &*account.username);
        claims
            .and_then(IdTokenClaims::username)
            .or(known.filter(|name| !name.is_empty()))
    }

    /// The person in the tenant that the tokens are of.
    pub(crate) fn local_account_id(&self) -> Option<&str> {
        let account = self.account.as_ref();
        if let Some(id) = account.and_then(|account| account.local_account_id.as_deref()) {
            return Some(id);
        }
        match (&self.id_token, account) {
            (Some(token), _) => {
                let claims = &token.claims;
                Some(claims.oid.as_ref().unwrap_or(&claims.sub))
            }
            (None, Some(account)) => {
                let uid = account.home_account_id.rsplit_once('.');
                uid.map(|(uid, _)| uid)
            }
            (None, None) => None,
        }
    }
}

impl IdTokenClaims {
    pub(crate) fn is_for(&self, client_id: &str) -> bool {
        match &self.aud {
            Audience::One(audience) => audience.eq_ignore_ascii_case(client_id),
            Audience::Several(audiences) => audiences
                .iter()
                .any(|one| one.eq_ignore_ascii_case(client_id)),
        }
    }

    /// Takes the name that a person typed, where the token says none.
    #[cfg(feature = "username-password")]
    pub(crate) fn name_if_nameless(&mut self, username: &str) {
        if self.username().is_none() {
            self.preferred_username = Some(username.to_owned());
        }
    }

    /// The name that the person signs in with; older authorities write `upn`.
    pub(crate) fn username(&self) -> Option<&str> {
        let names = [self.preferred_username.as_deref(), self.upn.as_deref()];
        let names = names.into_iter().chain([self.emails[0].as_str()]);
        names.flatten().find(|name| !name.is_empty())
    }
}

impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdTokenClaims")
    }
}
