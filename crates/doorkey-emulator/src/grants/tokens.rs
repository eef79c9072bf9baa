//! Token replies (RFC 6749, section 5.1; OpenID Connect Core 1.0, sections 2 and 3.1.3.3).

use super::Grant;
use crate::{
    claims::Claims,
    directory::{Application, Tenant, User},
    exchange::Exchange,
    random,
    resources::TokenVersion,
    scopes::{ResourceScopes, Scopes},
    service::Service,
    tenant::Audience,
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// How far back a token's beginning is set, as in Entra ID, for clocks that are late.
pub(super) const CLOCK_SKEW: Duration = Duration::minutes(5);

/// How long an id token lives.
pub(super) const ID_TOKEN_LIFETIME: Duration = Duration::hours(1);

/// All that a token reply is made from.
#[derive(Debug)]
pub(crate) struct Issue<'a> {
    /// Where the tokens are asked for.
    pub(crate) audience: &'a Audience<'a>,
    pub(crate) grant: &'a Grant,
    pub(crate) user: &'a User,
    /// The tenant that the tokens are of.
    pub(crate) tenant: &'a Tenant,
    pub(crate) application: &'a Application,
    pub(crate) scopes: &'a Scopes,
    pub(crate) claims: &'a Claims,
    pub(crate) nonce: Option<&'a str>,
    /// The thumbprint of the key that the access token is to be bound to.
    pub(crate) key: Option<&'a str>,
}

impl Issue<'_> {
    /// The reply's body, with a token for `resource`.
    pub(crate) fn reply(
        &self,
        service: &Service,
        exchange: &Exchange,
        resource: &ResourceScopes,
    ) -> Value {
        if self.audience.is_adfs() {
            return self.adfs_reply(service, exchange, resource);
        }
        let lifetime = service
            .settings
            .access_token_lifetime(self.claims.continuous_access);
        let refresh_in = service.settings.refresh_in.unwrap_or(lifetime / 2);
        let access_token = match resource.resource.version {
            TokenVersion::V1 => self.access_token_v1(exchange, resource, lifetime),
            TokenVersion::V2 => self.access_token_v2(exchange, resource, lifetime),
        };
        let mut reply = json!({
            "token_type": if self.key.is_some() { "pop" } else { "Bearer" },
            "scope": self.scopes.granted(resource),
            "expires_in": lifetime.whole_seconds(),
            "ext_expires_in": lifetime.whole_seconds(),
            "refresh_in": refresh_in.whole_seconds(),
            "access_token": service.signing_key.sign(&access_token),
        });
        if self.scopes.offline_access {
            reply["refresh_token"] = json!(service.revocations.issue(
                &service.seal,
                self.grant,
                self.user,
                self.application,
                self.audience.own_tokens(),
                exchange.now,
            ));
            if let Some(family) = &self.application.family {
                reply["foci"] = json!(family);
            }
        }
        if self.scopes.openid {
            reply["id_token"] = json!(service.signing_key.sign(&self.id_token(exchange)));
        }
        if exchange.parameter("client_info") == Some("1") {
            reply["client_info"] = json!(self.audience.client_info(self.user));
        }
        reply
    }

    fn access_token_v1(
        &self,
        exchange: &Exchange,
        resource: &ResourceScopes,
        lifetime: Duration,
    ) -> Value {
        if let Audience::Policy { .. } = self.audience {
            return self.access_token_v2(exchange, resource, lifetime);
        }
        let mut claims = self.access_token(exchange.now, resource, lifetime);
        claims["iss"] = json!(format!("https://sts.windows.net/{}/", self.tenant.id));
        claims["appid"] = json!(self.application.client_id);
        claims["appidacr"] = json!("0");
        claims["acr"] = json!("1");
        claims["unique_name"] = json!(self.user.username);
        if self.is_guest() {
            claims["idp"] = json!(format!("https://sts.windows.net/{}/", self.user.tenant_id));
        } else {
            claims["upn"] = json!(self.user.username);
        }
        claims["ver"] = json!("1.0");
        claims
    }

    fn access_token_v2(
        &self,
        exchange: &Exchange,
        resource: &ResourceScopes,
        lifetime: Duration,
    ) -> Value {
        let mut claims = self.access_token(exchange.now, resource, lifetime);
        claims["iss"] = json!(self.issuer(exchange));
        claims["azp"] = json!(self.application.client_id);
        claims["azpacr"] = json!("0");
        claims["preferred_username"] = json!(self.user.username);
        claims["ver"] = json!("2.0");
        if let Audience::Policy { policy, .. } = self.audience {
            self.as_b2c(&mut claims, policy);
        }
        claims
    }

    /// The claims that access tokens of both versions have.
    fn access_token(
        &self,
        now: OffsetDateTime,
        resource: &ResourceScopes,
        lifetime: Duration,
    ) -> Value {
        let factors: &[&str] = if self.grant.second_factor {
            &["pwd", "mfa"]
        } else {
            &["pwd"]
        };
        let mut claims = json!({
            "aud": resource.resource.audience,
            "iat": now.unix_timestamp(),
            "nbf": (now - CLOCK_SKEW).unix_timestamp(),
            "exp": (now + lifetime).unix_timestamp(),
            "amr": factors,
            "name": self.user.name,
            "oid": self.object_id(),
            "scp": self.scopes.claim(resource),
            "sub": self.subject(&resource.resource.audience),
            "tid": self.tenant.id,
            "uti": URL_SAFE_NO_PAD.encode(random::bytes::<16>()),
        });
        if self.claims.continuous_access {
            claims["xms_cc"] = json!(["cp1"]);
        }
        if let Some(key) = self.key {
            // RFC 7800, section 3.4.
            claims["cnf"] = json!({"kid": key});
        }
        if !self.grant.contexts.is_empty() {
            claims["acrs"] = json!(self.grant.contexts);
        }
        claims
    }

    fn id_token(&self, exchange: &Exchange) -> Value {
        let now = exchange.now;
        let mut claims = json!({
            "aud": self.application.client_id,
            "iss": self.issuer(exchange),
            "iat": now.unix_timestamp(),
            "nbf": (now - CLOCK_SKEW).unix_timestamp(),
            "exp": (now + ID_TOKEN_LIFETIME).unix_timestamp(),
            "name": self.user.name,
            "oid": self.object_id(),
            "preferred_username": self.user.username,
            "sub": self.subject(&self.application.client_id),
            "tid": self.tenant.id,
            "uti": URL_SAFE_NO_PAD.encode(random::bytes::<16>()),
            "ver": "2.0",
        });
        if self.is_guest() {
            claims["idp"] = json!(format!("https://sts.windows.net/{}/", self.user.tenant_id));
        }
        if self.user.nameless
            && let Some(claims) = claims.as_object_mut()
        {
            claims.remove("preferred_username");
        }
        if let Some(nonce) = self.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Audience::Policy { policy, .. } = self.audience {
            self.as_b2c(&mut claims, policy);
        }
        claims
    }

    /// B2C names its policy and the person's addresses, and neither tenant nor user name.
    fn as_b2c(&self, claims: &mut Value, policy: &str) {
        claims["tfp"] = json!(policy);
        claims["emails"] = json!([self.user.username]);
        claims["sub"] = json!(self.object_id());
        claims["ver"] = json!("1.0");
        if let Value::Object(claims) = claims {
            claims.remove("tid");
            claims.remove("preferred_username");
        }
    }

    fn issuer(&self, exchange: &Exchange) -> String {
        self.audience.issuer_for(&exchange.base, self.tenant)
    }

    fn is_guest(&self) -> bool {
        self.user.tenant_id != self.tenant.id
    }

    fn object_id(&self) -> &str {
        self.user
            .object_id_in(self.tenant)
            .unwrap_or(&self.user.object_id)
    }

    /// A person's name for one audience alone (OpenID Connect Core 1.0, section 8.1).
    pub(super) fn subject(&self, audience: &str) -> String {
        let name = format!("{}/{}/{audience}", self.tenant.id, self.object_id());
        URL_SAFE_NO_PAD.encode(digest(&SHA256, name.as_bytes()))
    }
}

/// Who somebody is at home: `client_info`, which makes a cache's `home_account_id`.
pub(crate) fn client_info(uid: &str, utid: &str) -> String {
    let info = json!({"uid": uid, "utid": utid});
    URL_SAFE_NO_PAD.encode(info.to_string())
}
