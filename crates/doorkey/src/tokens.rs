//! Tokens as an authority gave them, and whose they are: what `oauth` reads and `cache` keeps.

use crate::sensitive::Sensitive;
use serde::Deserialize;
use std::fmt;

/// Tokens, and whose they are. Times are Unix seconds of our own clock.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: Sensitive,
    pub(crate) token_type: String,
    pub(crate) received_on: i64,
    pub(crate) expires_on: i64,
    pub(crate) extended_expires_on: i64,
    pub(crate) refresh_on: Option<i64>,
    pub(crate) refresh_token: Option<Sensitive>,
    pub(crate) id_token: Option<IdToken>,
    pub(crate) client_info: Option<ClientInfo>,
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
        match (&self.client_info, &self.id_token) {
            (Some(info), _) => Some(format!("{}.{}", info.uid, info.utid)),
            (None, Some(id_token)) => Some(id_token.claims.sub.clone()),
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
        let name = self.preferred_username.as_deref().or(self.upn.as_deref());
        name.filter(|name| !name.is_empty())
    }
}

impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdTokenClaims")
    }
}
