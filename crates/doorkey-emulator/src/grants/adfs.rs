//! Token replies of AD FS: no `client_info`, no tenant, and on a refresh no new refresh token.

use super::{
    Issue,
    tokens::{CLOCK_SKEW, ID_TOKEN_LIFETIME},
};
use crate::{
    exchange::Exchange, scopes::ResourceScopes, service::Service, tenant::access_token_issuer,
};
use serde_json::{Value, json};
use time::Duration;

impl Issue<'_> {
    pub(super) fn adfs_reply(
        &self,
        service: &Service,
        exchange: &Exchange,
        resource: &ResourceScopes,
    ) -> Value {
        let lifetime = service.settings.access_token_lifetime(false);
        let access_token = self.adfs_access_token(exchange, resource, lifetime);
        let mut reply = json!({
            "access_token": service.signing_key.sign(&access_token),
            "token_type": "bearer",
            "expires_in": lifetime.whole_seconds(),
            "resource": resource.resource.name,
            // Those that AD FS itself knows; the resource's are in its token.
            "scope": "openid",
        });
        let is_refresh = exchange.parameter("grant_type") == Some("refresh_token");
        if self.scopes.offline_access && !is_refresh {
            reply["refresh_token"] = json!(service.revocations.issue(
                &service.seal,
                self.grant,
                self.user,
                self.application,
                self.audience.own_tokens(),
                exchange.now,
            ));
            reply["refresh_token_expires_in"] =
                json!(service.settings.refresh_token_lifetime.whole_seconds());
        }
        if self.scopes.openid {
            reply["id_token"] = json!(service.signing_key.sign(&self.adfs_id_token(exchange)));
        }
        reply
    }

    fn adfs_access_token(
        &self,
        exchange: &Exchange,
        resource: &ResourceScopes,
        lifetime: Duration,
    ) -> Value {
        let now = exchange.now;
        json!({
            "aud": resource.resource.audience,
            "iss": access_token_issuer(&exchange.base),
            "iat": now.unix_timestamp(),
            "nbf": (now - CLOCK_SKEW).unix_timestamp(),
            "exp": (now + lifetime).unix_timestamp(),
            "upn": self.user.username,
            "unique_name": self.user.username,
            "sub": self.subject(&resource.resource.audience),
            "apptype": "Public",
            "appid": self.application.client_id,
            "scp": self.scopes.claim(resource),
            "ver": "1.0",
        })
    }

    fn adfs_id_token(&self, exchange: &Exchange) -> Value {
        let now = exchange.now;
        let mut claims = json!({
            "aud": self.application.client_id,
            "iss": self.audience.issuer_for(&exchange.base, self.tenant),
            "iat": now.unix_timestamp(),
            "nbf": now.unix_timestamp(),
            "exp": (now + ID_TOKEN_LIFETIME).unix_timestamp(),
            "auth_time": now.unix_timestamp(),
            "sub": self.subject(&self.application.client_id),
            "upn": self.user.username,
            "unique_name": self.user.username,
            "apptype": "Public",
            "appid": self.application.client_id,
            "ver": "1.0",
            "scp": "openid",
        });
        if let Some(nonce) = self.nonce {
            claims["nonce"] = json!(nonce);
        }
        claims
    }
}
