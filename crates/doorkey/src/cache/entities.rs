//! The entities of MSAL's unified cache, as its libraries write them: the same members, times as
//! text of Unix seconds, and a key made of the parts that tell one entity from another.

use super::Owner;
use crate::{
    scopes::Scopes,
    sensitive::Sensitive,
    tokens::{self, Tokens},
};
use serde::{Serialize, Serializer};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AccessToken {
    credential_type: &'static str,
    #[serde(serialize_with = "exposed")]
    pub(crate) secret: Sensitive,
    pub(super) home_account_id: String,
    pub(super) environment: String,
    pub(super) client_id: String,
    /// The granted scopes, sorted, with spaces between.
    pub(super) target: String,
    /// The tenant.
    pub(super) realm: String,
    pub(crate) token_type: String,
    #[serde(serialize_with = "as_text")]
    pub(crate) cached_at: i64,
    #[serde(serialize_with = "as_text")]
    pub(crate) expires_on: i64,
    #[serde(serialize_with = "as_text")]
    extended_expires_on: i64,
    #[serde(
        serialize_with = "as_optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) refresh_on: Option<i64>,
    /// What was asked for, sorted, with spaces between. An authority may name a scope otherwise
    /// than it was asked; the same question must find the token all the same.
    #[serde(skip)]
    pub(super) requested: String,
}

impl AccessToken {
    pub(super) fn new(owner: Owner<'_>, realm: &str, requested: &Scopes, reply: &Tokens) -> Self {
        Self {
            credential_type: "AccessToken",
            secret: reply.access_token.clone(),
            home_account_id: owner.home_account_id.to_owned(),
            environment: owner.environment.to_owned(),
            client_id: owner.client_id.to_owned(),
            target: target_of(reply, requested),
            realm: realm.to_owned(),
            token_type: reply.token_type.clone(),
            cached_at: reply.received_on,
            expires_on: reply.expires_on,
            extended_expires_on: reply.extended_expires_on,
            refresh_on: reply.refresh_on,
            requested: sorted(requested.iter()),
        }
    }

    pub(super) fn key(&self) -> String {
        let (client, realm) = (&self.client_id, &self.realm);
        key(
            &self.home_account_id,
            &self.environment,
            "accesstoken",
            client,
            realm,
            &self.target,
        )
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct RefreshToken {
    credential_type: &'static str,
    #[serde(serialize_with = "exposed")]
    pub(super) secret: Sensitive,
    pub(super) home_account_id: String,
    pub(super) environment: String,
    pub(super) client_id: String,
    target: String,
    #[serde(serialize_with = "as_text")]
    last_modification_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_id: Option<String>,
}

impl RefreshToken {
    pub(super) fn new(
        owner: Owner<'_>,
        secret: &Sensitive,
        requested: &Scopes,
        reply: &Tokens,
    ) -> Self {
        Self {
            credential_type: "RefreshToken",
            secret: secret.clone(),
            home_account_id: owner.home_account_id.to_owned(),
            environment: owner.environment.to_owned(),
            client_id: owner.client_id.to_owned(),
            target: target_of(reply, requested),
            last_modification_time: reply.received_on,
            family_id: reply.family_id.clone(),
        }
    }

    pub(super) fn key(&self) -> String {
        let client = &self.client_id;
        key(
            &self.home_account_id,
            &self.environment,
            "refreshtoken",
            client,
            "",
            &self.target,
        )
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct IdToken {
    credential_type: &'static str,
    #[serde(serialize_with = "exposed")]
    secret: Sensitive,
    home_account_id: String,
    environment: String,
    realm: String,
    client_id: String,
}

impl IdToken {
    pub(super) fn new(owner: Owner<'_>, realm: &str, id_token: &tokens::IdToken) -> Self {
        Self {
            credential_type: "IdToken",
            secret: id_token.raw.clone(),
            home_account_id: owner.home_account_id.to_owned(),
            environment: owner.environment.to_owned(),
            realm: realm.to_owned(),
            client_id: owner.client_id.to_owned(),
        }
    }

    pub(super) fn key(&self) -> String {
        let (client, realm) = (&self.client_id, &self.realm);
        key(
            &self.home_account_id,
            &self.environment,
            "idtoken",
            client,
            realm,
            "",
        )
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    home_account_id: String,
    environment: String,
    realm: String,
    local_account_id: String,
    username: String,
    authority_type: &'static str,
    /// The grant that brought the person.
    account_source: &'static str,
}

impl Account {
    pub(crate) fn new(
        owner: Owner<'_>,
        realm: &str,
        id_token: &tokens::IdToken,
        account_source: &'static str,
    ) -> Self {
        let claims = &id_token.claims;
        Self {
            home_account_id: owner.home_account_id.to_owned(),
            environment: owner.environment.to_owned(),
            realm: realm.to_owned(),
            local_account_id: claims.oid.as_ref().unwrap_or(&claims.sub).clone(),
            username: claims.username().unwrap_or_default().to_owned(),
            authority_type: if realm == "adfs" { "ADFS" } else { "MSSTS" },
            account_source,
        }
    }

    pub(super) fn key(&self) -> String {
        format!(
            "{}-{}-{}",
            self.home_account_id, self.environment, self.realm
        )
        .to_lowercase()
    }
}

/// Whether the application is of a family that shares refresh tokens.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AppMetadata {
    client_id: String,
    environment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_id: Option<String>,
}

impl AppMetadata {
    pub(super) fn new(owner: Owner<'_>, reply: &Tokens) -> Self {
        Self {
            client_id: owner.client_id.to_owned(),
            environment: owner.environment.to_owned(),
            family_id: reply.family_id.clone(),
        }
    }

    /// The one key that is not in lower case.
    pub(super) fn key(&self) -> String {
        format!("appmetadata-{}-{}", self.environment, self.client_id)
    }
}

fn key(
    home: &str,
    environment: &str,
    kind: &str,
    client: &str,
    realm: &str,
    target: &str,
) -> String {
    format!("{home}-{environment}-{kind}-{client}-{realm}-{target}").to_lowercase()
}

/// What was granted; all that was asked, where the authority does not say.
fn target_of(reply: &Tokens, requested: &Scopes) -> String {
    match &reply.scope {
        Some(granted) => sorted(granted.split_whitespace()),
        None => requested.parameter(),
    }
}

fn sorted<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    let mut scopes: Vec<_> = scopes.collect();
    scopes.sort_unstable();
    scopes.join(" ")
}

fn exposed<S: Serializer>(secret: &Sensitive, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn as_text<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seconds)
}

fn as_optional_text<S: Serializer>(
    seconds: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match seconds {
        Some(seconds) => serializer.collect_str(seconds),
        None => serializer.serialize_none(),
    }
}
