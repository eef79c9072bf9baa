//! Who signed in, and by what.

use crate::{
    cache::{
        Owner, Reply,
        dialect::text,
        members::Members,
        section::{Entity, Place},
    },
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};

/// The `account_source` of whoever came by a broker.
pub(in crate::cache) const BROKER: &str = "broker";

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Account {
    #[serde(deserialize_with = "text")]
    pub(in crate::cache) home_account_id: String,
    #[serde(deserialize_with = "text")]
    pub(in crate::cache) environment: String,
    #[serde(default, deserialize_with = "text")]
    pub(in crate::cache) realm: String,
    #[serde(default, deserialize_with = "text")]
    pub(in crate::cache) username: String,
    #[serde(default, deserialize_with = "text")]
    local_account_id: String,
    #[serde(default, deserialize_with = "text")]
    account_source: String,
}

impl Account {
    /// A broker's own id for it, if it came from one.
    pub(in crate::cache) fn broker_account_id(&self) -> Option<&str> {
        let is_brokers = self.account_source == BROKER && !self.local_account_id.is_empty();
        is_brokers.then_some(&*self.local_account_id)
    }

    pub(in crate::cache) fn written(
        owner: Owner<'_>,
        environment: &str,
        reply: &Reply,
        account_source: &str,
    ) -> (String, Members) {
        let Reply { realm, tokens, .. } = reply;
        let home = owner.home_account_id;
        #[derive(Serialize)]
        struct Written<'a> {
            home_account_id: &'a str,
            environment: &'a str,
            realm: &'a str,
            local_account_id: &'a str,
            username: &'a str,
            authority_type: &'static str,
            /// The grant that brought the person, or `broker`.
            account_source: &'a str,
        }
        let members = Members::of(&Written {
            home_account_id: home,
            environment,
            realm,
            local_account_id: tokens.local_account_id().unwrap_or_default(),
            username: tokens.username().unwrap_or_default(),
            authority_type: match realm.as_str() {
                TenantId::ADFS => "ADFS",
                _ => "MSSTS",
            },
            account_source,
        });
        (
            format!("{home}-{environment}-{realm}").to_lowercase(),
            members,
        )
    }
}

impl Entity for Account {
    fn place(&self) -> Option<Place> {
        Some(Place::of_person(&self.home_account_id, &self.environment))
    }
}
