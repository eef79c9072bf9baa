//! What is known already. Never talks to the network.
//!
//! The entities are those of MSAL's unified cache, and so are the two partitions: tokens that can
//! be revoked in the middle of their life (continuous access evaluation) are kept apart from those
//! that cannot. The account and the refresh token of one serve the other: there is one person.

mod entities;
mod partition;
mod store;

pub(crate) use entities::AccessToken;
pub use store::{
    CacheChange, CacheVersion, MemoryStore, Partition, PlainFileStore, StoredCache, SystemStore,
    TokenCacheStore,
};

use crate::{scopes::Scopes, sensitive::Sensitive, tokens::Tokens};
use entities::{Account, AppMetadata, IdToken, RefreshToken};
use partition::Partition as Half;

/// The tokens of one credential.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    without_cae: Half,
    with_cae: Half,
}

/// Whose tokens, at which authority, for which application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) home_account_id: &'a str,
    /// The authority's host, without a port: so MSAL writes it.
    pub(crate) environment: &'a str,
    pub(crate) client_id: &'a str,
}

impl TokenCache {
    /// The newest token of this tenant that has all the scopes. Allocates nothing.
    pub(crate) fn access_token<S: AsRef<str>>(
        &self,
        owner: Owner<'_>,
        realm: &str,
        scopes: &[S],
        cae: bool,
    ) -> Option<&AccessToken> {
        self.partition(cae).access_token(owner, realm, scopes)
    }

    /// A refresh token serves every tenant and every scope of its account.
    pub(crate) fn refresh_token(&self, owner: Owner<'_>, cae: bool) -> Option<&Sensitive> {
        let own = self.partition(cae).refresh_token(owner);
        own.or_else(|| self.partition(!cae).refresh_token(owner))
            .map(|token| &token.secret)
    }

    /// Keeps a reply, for `realm`, the tenant that it is of. `sign_in` is the grant by which a
    /// person came; `None` for a refresh.
    pub(crate) fn keep(
        &mut self,
        owner: Owner<'_>,
        realm: &str,
        requested: &Scopes,
        cae: bool,
        reply: &Tokens,
        sign_in: Option<&'static str>,
    ) {
        if let Some(secret) = &reply.refresh_token {
            let token = RefreshToken::new(owner, secret, requested, reply);
            // There is one person, and so one current refresh token.
            if self.partition(!cae).refresh_token(owner).is_some() {
                self.partition_mut(!cae).keep_refresh_token(token.clone());
            }
            self.partition_mut(cae).keep_refresh_token(token);
        }
        let partition = self.partition_mut(cae);
        partition.keep_access_token(AccessToken::new(owner, realm, requested, reply));
        if let Some(id_token) = &reply.id_token {
            partition.keep_id_token(IdToken::new(owner, realm, id_token));
            if let Some(grant) = sign_in {
                partition.keep_account(Account::new(owner, realm, id_token, grant));
            }
        }
        partition.keep_app_metadata(AppMetadata::new(owner, reply));
    }

    fn partition(&self, cae: bool) -> &Half {
        if cae {
            &self.with_cae
        } else {
            &self.without_cae
        }
    }

    fn partition_mut(&mut self, cae: bool) -> &mut Half {
        if cae {
            &mut self.with_cae
        } else {
            &mut self.without_cae
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWNER: Owner<'_> = Owner {
        home_account_id: "11111111-2222-3333-4444-555555555555.aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        environment: "login.microsoftonline.com",
        client_id: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    };
    const REALM: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

    fn reply(secret: &str, scope: Option<&str>, expires_on: i64) -> Tokens {
        Tokens {
            access_token: Sensitive::new(secret),
            token_type: "Bearer".into(),
            received_on: 1_764_020_000,
            expires_on,
            extended_expires_on: 1_764_106_399,
            refresh_on: Some(1_764_022_399),
            refresh_token: Some(Sensitive::new(format!("refresh {secret}"))),
            id_token: Some(crate::testing::id_token("Alice@Contoso.com")),
            client_info: None,
            scope: scope.map(Into::into),
            family_id: Some("1".into()),
        }
    }

    fn keep(cache: &mut TokenCache, requested: &[&str], cae: bool, reply: &Tokens) {
        let requested = Scopes::parse(requested).unwrap();
        cache.keep(
            OWNER,
            REALM,
            &requested,
            cae,
            reply,
            Some("authorization_code"),
        );
    }

    fn found(cache: &TokenCache, scopes: &[&str], cae: bool) -> Option<String> {
        let token = cache.access_token(OWNER, REALM, scopes, cae)?;
        Some(token.secret.expose().to_owned())
    }

    #[test]
    fn the_document_is_the_one_that_msal_for_python_writes() {
        let mut cache = TokenCache::default();
        let scope = "User.Read https://graph.microsoft.com/.default openid profile email";
        keep(
            &mut cache,
            &["User.Read"],
            false,
            &reply("AT", Some(scope), 1_764_024_799),
        );
        let document = serde_json::to_value(&cache.without_cae).unwrap();

        let home = OWNER.home_account_id;
        let target = "User.Read email https://graph.microsoft.com/.default openid profile";
        let lower = target.to_lowercase();
        let (host, client) = (OWNER.environment, OWNER.client_id);
        let expected = json!({
            "AccessToken": {
                format!("{home}-{host}-accesstoken-{client}-{REALM}-{lower}"): {
                    "credential_type": "AccessToken", "secret": "AT", "home_account_id": home,
                    "environment": host, "client_id": client, "target": target, "realm": REALM,
                    "token_type": "Bearer", "cached_at": "1764020000", "expires_on": "1764024799",
                    "extended_expires_on": "1764106399", "refresh_on": "1764022399",
                }
            },
            "Account": {
                format!("{home}-{host}-{REALM}"): {
                    "home_account_id": home, "environment": host, "realm": REALM,
                    "local_account_id": "11111111-2222-3333-4444-555555555555",
                    "username": "Alice@Contoso.com", "authority_type": "MSSTS",
                    "account_source": "authorization_code",
                }
            },
            "IdToken": {
                format!("{home}-{host}-idtoken-{client}-{REALM}-"): {
                    "credential_type": "IdToken",
                    "secret": "header.payload.signature",
                    "home_account_id": home, "environment": host, "realm": REALM,
                    "client_id": client,
                }
            },
            "RefreshToken": {
                format!("{home}-{host}-refreshtoken-{client}--{lower}"): {
                    "credential_type": "RefreshToken", "secret": "refresh AT",
                    "home_account_id": home, "environment": host, "client_id": client,
                    "target": target, "last_modification_time": "1764020000", "family_id": "1",
                }
            },
            "AppMetadata": {
                format!("appmetadata-{host}-{client}"): {
                    "client_id": client, "environment": host, "family_id": "1",
                }
            }
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn scopes_are_a_set_without_case() {
        let mut cache = TokenCache::default();
        keep(
            &mut cache,
            &["Mail.Read"],
            false,
            &reply("one", Some("openid Mail.Read User.Read"), 9),
        );
        assert_eq!(found(&cache, &["mail.read"], false).as_deref(), Some("one"));
        assert_eq!(
            found(&cache, &["User.Read", "Mail.Read"], false).as_deref(),
            Some("one")
        );
        assert_eq!(found(&cache, &["Mail"], false), None);
        assert_eq!(found(&cache, &["Mail.Read", "Other"], false), None);
    }

    #[test]
    fn the_same_question_finds_the_token_however_the_authority_names_the_scope() {
        let mut cache = TokenCache::default();
        let asked = ["https://management.core.windows.net//.default"];
        let written = "https://management.azure.com/user_impersonation";
        keep(&mut cache, &asked, false, &reply("one", Some(written), 9));
        assert_eq!(found(&cache, &asked, false).as_deref(), Some("one"));
        keep(&mut cache, &asked, false, &reply("two", Some(written), 8));
        assert_eq!(
            found(&cache, &asked, false).as_deref(),
            Some("two"),
            "the newer one is kept"
        );
    }

    #[test]
    fn a_scope_that_was_not_granted_is_not_served() {
        let mut cache = TokenCache::default();
        keep(
            &mut cache,
            &["Mail.Send", "User.Read"],
            false,
            &reply("one", Some("User.Read"), 9),
        );
        assert_eq!(found(&cache, &["User.Read"], false).as_deref(), Some("one"));
        assert_eq!(found(&cache, &["Mail.Send"], false), None);
        let both = found(&cache, &["User.Read", "Mail.Send"], false);
        assert_eq!(both.as_deref(), Some("one"), "no question is asked twice");
    }

    #[test]
    fn the_halves_share_the_refresh_token_and_nothing_else() {
        let mut cache = TokenCache::default();
        keep(&mut cache, &["a"], false, &reply("one", None, 9));
        assert_eq!(found(&cache, &["a"], true), None);
        assert_eq!(
            cache.refresh_token(OWNER, true).unwrap().expose(),
            "refresh one"
        );
        keep(&mut cache, &["a"], true, &reply("two", None, 9));
        assert_eq!(found(&cache, &["a"], false).as_deref(), Some("one"));
        assert_eq!(
            cache.refresh_token(OWNER, false).unwrap().expose(),
            "refresh two"
        );
    }

    #[test]
    fn another_account_tenant_or_application_finds_nothing() {
        let mut cache = TokenCache::default();
        keep(&mut cache, &["a"], false, &reply("one", None, 9));
        for owner in [
            Owner {
                home_account_id: "other",
                ..OWNER
            },
            Owner {
                environment: "login.microsoftonline.us",
                ..OWNER
            },
            Owner {
                client_id: "other",
                ..OWNER
            },
        ] {
            assert!(cache.access_token(owner, REALM, &["a"], false).is_none());
            assert!(cache.refresh_token(owner, false).is_none());
        }
        assert!(cache.access_token(OWNER, "other", &["a"], false).is_none());
    }
}
