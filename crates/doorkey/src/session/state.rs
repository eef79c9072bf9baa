use super::TokenRequest;
use crate::{
    cache::{AccessToken, Owner, TokenCache},
    error::{Error, Result},
    oauth::OAuthClient,
    record::AuthenticationRecord,
    sensitive::Sensitive,
    tenant::TenantId,
    tokens::Tokens,
};
use std::collections::HashMap;

/// What a session knows, behind its one lock.
#[derive(Debug)]
pub(super) struct State {
    /// Whose session it is.
    pub(super) record: Option<AuthenticationRecord>,
    /// How often a person has signed in, by which a waiter sees that somebody did.
    pub(super) sign_ins: u64,
    cache: TokenCache,
    /// Which tenant stands behind a name: `organizations`, or a domain. Few, so a list.
    tenant_ids: Vec<(TenantId, String)>,
    /// Until when a request is not sent again (Unix seconds), and why.
    pauses: HashMap<TokenRequest, (i64, Error)>,
}

impl State {
    pub(super) fn new(record: Option<AuthenticationRecord>) -> Self {
        Self {
            record,
            sign_ins: 0,
            cache: TokenCache::default(),
            tenant_ids: Vec::new(),
            pauses: HashMap::new(),
        }
    }

    pub(super) fn access_token<S: AsRef<str>>(
        &self,
        oauth: &OAuthClient,
        tenant: &TenantId,
        scopes: &[S],
        cae: bool,
    ) -> Option<&AccessToken> {
        let record = self.record.as_ref()?;
        let realm = self.realm(tenant)?;
        self.cache
            .access_token(owner(oauth, &record.home_account_id), realm, scopes, cae)
    }

    pub(super) fn refresh_token(&self, oauth: &OAuthClient, cae: bool) -> Option<Sensitive> {
        let record = self.record.as_ref()?;
        self.cache
            .refresh_token(owner(oauth, &record.home_account_id), cae)
            .cloned()
    }

    /// Keeps a reply under the tenant that it is really of. A sign-in makes the session that
    /// person's.
    pub(super) fn keep(
        &mut self,
        oauth: &OAuthClient,
        request: &TokenRequest,
        reply: &Tokens,
        expected: Option<&AuthenticationRecord>,
        sign_in: Option<&'static str>,
    ) -> Result<AuthenticationRecord> {
        let record = match (expected, &reply.id_token) {
            // A renewal need not say again who it is for.
            (Some(expected), _) if sign_in.is_none() => expected.clone(),
            _ => record_of(oauth, request, reply)?,
        };
        let tid = reply
            .id_token
            .as_ref()
            .and_then(|token| token.claims.tid.clone());
        let realm = tid.unwrap_or_else(|| {
            self.realm(&request.tenant)
                .unwrap_or(&record.tenant_id)
                .to_owned()
        });
        let home_account_id = &record.home_account_id;
        let owner = owner(oauth, home_account_id);
        self.cache
            .keep(owner, &realm, &request.scopes, request.cae, reply, sign_in);
        if sign_in.is_some() {
            let same = self
                .record
                .as_ref()
                .is_some_and(|old| old.home_account_id == *home_account_id);
            if !same {
                self.tenant_ids.clear();
            }
            // A person who already was somebody stays the same somebody, in whichever tenant this
            // token is.
            if !same || expected.is_none() {
                self.record = Some(record.clone());
            }
            self.pauses.clear();
            self.sign_ins += 1;
        }
        // A renewal may come in after somebody else signed in; their tenants are not this one's.
        let current = self
            .record
            .as_ref()
            .is_some_and(|current| current.home_account_id == record.home_account_id);
        if current && !request.tenant.is_id() {
            self.tenant_ids
                .retain(|(tenant, _)| *tenant != request.tenant);
            self.tenant_ids.push((request.tenant.clone(), realm));
        }
        self.pauses.remove(request);
        Ok(record)
    }

    /// Leaves a request alone until `until`, because of `error`.
    pub(super) fn set_pause(&mut self, request: TokenRequest, now: i64, until: i64, error: Error) {
        self.pauses.retain(|_, (until, _)| *until > now);
        self.pauses.insert(request, (until, error));
    }

    /// Why a request is not to be sent now.
    pub(super) fn pause(&self, request: &TokenRequest, now: i64) -> Option<Error> {
        let (until, error) = self.pauses.get(request)?;
        (*until > now).then(|| error.clone())
    }

    /// The tenant id under which the tokens of `tenant` are kept, if it is known. What stands behind
    /// a name is learned, not guessed: a guest's `organizations` is not where they signed in last.
    fn realm<'a>(&'a self, tenant: &'a TenantId) -> Option<&'a str> {
        if tenant.is_id() {
            return Some(tenant.as_str());
        }
        let known = self.tenant_ids.iter().find(|(name, _)| name == tenant);
        known.map(|(_, id)| id.as_str())
    }
}

/// Nobody's tokens are kept: an answer to a person's sign-in must say who signed in.
pub(super) fn check_known(reply: &Tokens) -> Result<()> {
    match (&reply.id_token, reply.home_account_id()) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(Error::protocol(
            "the authority sent no id token, so it is unknown who signed in, and nothing was kept; \
             check `authority`",
        )),
    }
}

fn record_of(
    oauth: &OAuthClient,
    request: &TokenRequest,
    reply: &Tokens,
) -> Result<AuthenticationRecord> {
    check_known(reply)?;
    let claims = reply.id_token.as_ref().map(|token| &token.claims);
    Ok(AuthenticationRecord {
        authority: oauth.authority().host_and_port(),
        client_id: oauth.client_id().to_owned(),
        home_account_id: reply.home_account_id().unwrap_or_default(),
        tenant_id: claims
            .and_then(|claims| claims.tid.as_deref())
            .unwrap_or(request.tenant.as_str())
            .to_owned(),
        username: claims
            .and_then(|claims| claims.username())
            .unwrap_or_default()
            .to_owned(),
    })
}

fn owner<'a>(oauth: &'a OAuthClient, home_account_id: &'a str) -> Owner<'a> {
    Owner {
        home_account_id,
        environment: oauth.authority().host(),
        client_id: oauth.client_id(),
    }
}
