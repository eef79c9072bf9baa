//! The entities of MSAL's unified cache: the members that its libraries write, times as text of
//! Unix seconds, and a key made of the parts that tell one entity from another.

mod account;

pub(crate) use account::Account;
pub(super) use account::BROKER;

use super::{
    Owner, Reply,
    dialect::{
        as_text, bearer, bearer_unless_set, filled, is_set, optional_seconds, seconds, text,
    },
    members::Members,
    section::{Entity, Place},
    target::{has_all, is_same, sorted, target_of},
};
use crate::{
    scopes::Scopes,
    sensitive::Sensitive,
    tokens::{self, Tokens},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) secret: Sensitive,
    #[serde(default, deserialize_with = "text")]
    home_account_id: String,
    #[serde(deserialize_with = "text")]
    environment: String,
    #[serde(deserialize_with = "text")]
    client_id: String,
    /// The granted scopes, with spaces between.
    #[serde(default, deserialize_with = "text")]
    pub(super) target: String,
    #[serde(default, deserialize_with = "text")]
    realm: String,
    #[serde(default = "bearer", deserialize_with = "bearer_unless_set")]
    pub(crate) token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) cached_at: i64,
    #[serde(deserialize_with = "seconds")]
    pub(crate) expires_on: i64,
    #[serde(default, deserialize_with = "optional_seconds")]
    pub(crate) refresh_on: Option<i64>,
    /// What was asked for, where that is not what was granted: an authority may name a scope
    /// otherwise than it was asked, and the same question must find the token all the same. Ours
    /// alone; the other libraries pass it by.
    #[serde(default)]
    pub(super) doorkey_requested: Option<String>,
    /// By which name the tenant was asked for, where that was a domain: what stands behind it need
    /// not be asked again in each run. Ours alone, too.
    #[serde(default)]
    doorkey_tenant: Option<String>,
    // Each makes a token good for one question only, which is never ours.
    #[serde(default, deserialize_with = "is_set")]
    key_id: bool,
    #[serde(default, deserialize_with = "is_set")]
    ext_cache_key: bool,
    #[serde(default, deserialize_with = "is_set", alias = "userAssertionHash")]
    user_assertion_hash: bool,
    #[serde(default, deserialize_with = "is_set", rename = "requestedClaimsHash")]
    requested_claims_hash: bool,
}

/// What a newer token under the same key must not inherit.
pub(super) const OF_THE_OLD_ACCESS_TOKEN: [&str; 10] = [
    "refresh_on",
    "doorkey_requested",
    "doorkey_tenant",
    "key_id",
    "ext_cache_key",
    "userAssertionHash",
    "user_assertion_hash",
    "requestedClaims",
    "requestedClaimsHash",
    "tokenType",
];

impl AccessToken {
    pub(super) fn written(owner: Owner<'_>, environment: &str, reply: &Reply) -> (String, Members) {
        Self::written_as("AccessToken", None, owner, environment, reply)
    }

    /// The members of a token of this type, which may be bound to a key.
    pub(super) fn written_as(
        credential_type: &'static str,
        key_id: Option<&str>,
        owner: Owner<'_>,
        environment: &str,
        reply: &Reply,
    ) -> (String, Members) {
        let Reply {
            realm,
            asked_tenant,
            requested,
            tokens: reply,
            ..
        } = reply;
        let target = target_of(reply, requested);
        let asked = sorted(requested.iter());
        let answered = has_all(&target, &requested.iter().collect::<Vec<_>>());
        let key = key(
            owner.home_account_id,
            environment,
            credential_type,
            owner.client_id,
            realm,
            &target,
        );
        #[derive(Serialize)]
        struct Written<'a> {
            credential_type: &'static str,
            secret: &'a str,
            home_account_id: &'a str,
            environment: &'a str,
            client_id: &'a str,
            target: &'a str,
            realm: &'a str,
            token_type: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            key_id: Option<&'a str>,
            #[serde(serialize_with = "as_text")]
            cached_at: i64,
            #[serde(serialize_with = "as_text")]
            expires_on: i64,
            #[serde(serialize_with = "as_text")]
            extended_expires_on: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_on: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            doorkey_requested: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            doorkey_tenant: Option<&'a str>,
        }
        let members = Members::of(&Written {
            credential_type,
            secret: reply.access_token.expose(),
            home_account_id: owner.home_account_id,
            environment,
            client_id: owner.client_id,
            target: &target,
            realm,
            token_type: &reply.token_type,
            key_id,
            cached_at: reply.received_on,
            expires_on: reply.expires_on,
            extended_expires_on: reply.extended_expires_on,
            refresh_on: reply.refresh_on.map(|seconds| seconds.to_string()),
            doorkey_requested: (!answered).then_some(asked.as_str()),
            doorkey_tenant: asked_tenant.as_deref(),
        });
        (key, members)
    }

    /// Whether a plain question may be answered with it: not one that is bound to a key, to claims
    /// or to somebody's assertion.
    fn is_plain(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("Bearer")
            && !self.key_id
            && !self.ext_cache_key
            && !self.user_assertion_hash
            && !self.requested_claims_hash
    }

    /// Whether the question for these scopes is answered with it.
    pub(super) fn answers<S: AsRef<str>>(&self, scopes: &[S]) -> bool {
        has_all(&self.target, scopes)
            || self
                .doorkey_requested
                .as_ref()
                .is_some_and(|requested| is_same(requested, scopes))
    }

    /// Whether a lookup that finds `old` would always find this one as well.
    pub(super) fn replaces(&self, old: &Self) -> bool {
        let asked = self.doorkey_requested.as_deref();
        self.target.eq_ignore_ascii_case(&old.target)
            || asked.is_some_and(|asked| {
                let theirs = old.doorkey_requested.as_deref();
                theirs.is_some_and(|theirs| asked.eq_ignore_ascii_case(theirs))
            })
    }

    pub(super) fn is_of(&self, home_account_id: &str, client_id: &str) -> bool {
        self.home_account_id.eq_ignore_ascii_case(home_account_id)
            && self.client_id.eq_ignore_ascii_case(client_id)
    }

    pub(super) fn whole_place(&self) -> Place {
        Place {
            home_account_id: self.home_account_id.clone(),
            environment: self.environment.clone(),
            client_id: self.client_id.clone(),
            realm: self.realm.clone(),
        }
    }

    /// Account, environment and client.
    pub(super) fn whose(&self) -> (&str, &str, &str) {
        (&self.home_account_id, &self.environment, &self.client_id)
    }

    pub(super) fn environment(&self) -> &str {
        &self.environment
    }

    /// What it was asked for by, as far as it tells: the scopes of the question where they are not
    /// those that were granted.
    pub(crate) fn asked_scopes(&self) -> impl Iterator<Item = &str> {
        let asked = self.doorkey_requested.as_deref().unwrap_or(&self.target);
        asked.split_whitespace()
    }

    pub(crate) fn realm(&self) -> &str {
        &self.realm
    }

    pub(super) fn asked_tenant(&self) -> Option<&str> {
        self.doorkey_tenant.as_deref()
    }
}

impl Entity for AccessToken {
    fn place(&self) -> Option<Place> {
        self.is_plain().then(|| self.whole_place())
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RefreshToken {
    pub(super) secret: Sensitive,
    #[serde(default, deserialize_with = "text")]
    pub(super) home_account_id: String,
    #[serde(deserialize_with = "text")]
    pub(super) environment: String,
    #[serde(deserialize_with = "text")]
    pub(super) client_id: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) last_modification_time: i64,
    #[serde(default, deserialize_with = "filled")]
    pub(super) family_id: Option<String>,
}

impl RefreshToken {
    pub(super) fn written(
        owner: Owner<'_>,
        environment: &str,
        requested: &Scopes,
        reply: &Tokens,
        secret: &Sensitive,
    ) -> (String, Members) {
        let target = target_of(reply, requested);
        let key = key(
            owner.home_account_id,
            environment,
            "refreshtoken",
            owner.client_id,
            "",
            &target,
        );
        #[derive(Serialize)]
        struct Written<'a> {
            credential_type: &'static str,
            secret: &'a str,
            home_account_id: &'a str,
            environment: &'a str,
            client_id: &'a str,
            target: &'a str,
            #[serde(serialize_with = "as_text")]
            last_modification_time: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            family_id: Option<&'a str>,
        }
        let members = Members::of(&Written {
            credential_type: "RefreshToken",
            secret: secret.expose(),
            home_account_id: owner.home_account_id,
            environment,
            client_id: owner.client_id,
            target: &target,
            last_modification_time: reply.received_on,
            family_id: reply.family_id.as_deref(),
        });
        (key, members)
    }

    /// What a newer one changes in an entry that stays.
    pub(super) fn rotation(reply: &Tokens, secret: &Sensitive, family_id: Option<&str>) -> Members {
        #[derive(Serialize)]
        struct Rotation<'a> {
            secret: &'a str,
            #[serde(serialize_with = "as_text")]
            last_modification_time: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            family_id: Option<&'a str>,
        }
        Members::of(&Rotation {
            secret: secret.expose(),
            last_modification_time: reply.received_on,
            family_id,
        })
    }
}

impl Entity for RefreshToken {
    /// One serves every tenant and every scope, and a family's serves other applications.
    fn place(&self) -> Option<Place> {
        Some(Place::of_person(&self.home_account_id, &self.environment))
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct IdToken {
    #[serde(default, deserialize_with = "text")]
    home_account_id: String,
    #[serde(deserialize_with = "text")]
    environment: String,
    #[serde(deserialize_with = "text")]
    pub(super) client_id: String,
}

impl IdToken {
    pub(super) fn is_of(&self, home_account_id: &str, client_id: &str) -> bool {
        self.home_account_id.eq_ignore_ascii_case(home_account_id)
            && self.client_id.eq_ignore_ascii_case(client_id)
    }

    pub(super) fn written(
        owner: Owner<'_>,
        environment: &str,
        realm: &str,
        id_token: &tokens::IdToken,
    ) -> (String, Members) {
        let (home, client) = (owner.home_account_id, owner.client_id);
        #[derive(Serialize)]
        struct Written<'a> {
            credential_type: &'static str,
            secret: &'a str,
            home_account_id: &'a str,
            environment: &'a str,
            realm: &'a str,
            client_id: &'a str,
        }
        let members = Members::of(&Written {
            credential_type: "IdToken",
            secret: id_token.raw.expose(),
            home_account_id: home,
            environment,
            realm,
            client_id: client,
        });
        (
            key(home, environment, "idtoken", client, realm, ""),
            members,
        )
    }
}

impl Entity for IdToken {
    fn place(&self) -> Option<Place> {
        Some(Place::of_person(&self.home_account_id, &self.environment))
    }
}

/// Whether the application is of a family that shares refresh tokens.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AppMetadata {
    #[serde(deserialize_with = "text")]
    pub(super) client_id: String,
    #[serde(deserialize_with = "text")]
    environment: String,
    #[serde(default, deserialize_with = "filled")]
    pub(super) family_id: Option<String>,
}

impl AppMetadata {
    pub(super) fn written(
        owner: Owner<'_>,
        environment: &str,
        family_id: Option<&str>,
    ) -> (String, Members) {
        let client_id = owner.client_id;
        #[derive(Serialize)]
        struct Written<'a> {
            client_id: &'a str,
            environment: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            family_id: Option<&'a str>,
        }
        let members = Members::of(&Written {
            client_id,
            environment,
            family_id,
        });
        // The one key that is not in lower case.
        (format!("appmetadata-{environment}-{client_id}"), members)
    }
}

impl Entity for AppMetadata {
    fn place(&self) -> Option<Place> {
        Some(Place {
            environment: self.environment.clone(),
            client_id: self.client_id.clone(),
            ..Place::default()
        })
    }
}

pub(super) fn key(
    home: &str,
    environment: &str,
    kind: &str,
    client: &str,
    realm: &str,
    target: &str,
) -> String {
    format!("{home}-{environment}-{kind}-{client}-{realm}-{target}").to_lowercase()
}
