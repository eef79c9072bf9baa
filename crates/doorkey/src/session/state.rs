use super::{TokenRequest, failures::Failures};
use crate::{
    cache::{
        AccessToken, Change, Event, Identity, KnownBy, Owner, RefreshCandidate, Reply, TokenCache,
    },
    error::{Error, Result},
    oauth::OAuthClient,
    record::AuthenticationRecord,
    sensitive::Sensitive,
    source::Way,
    tenant::{self, TenantId},
    tokens::Tokens,
};

/// What a session knows, behind its one lock.
#[derive(Debug)]
pub(super) struct State {
    /// Whose session it is.
    pub(super) record: Option<AuthenticationRecord>,
    /// Whether somebody who is signed in in the cache may be taken for who is meant. Not any more
    /// once a person has signed out here: whoever comes next, comes in person.
    pub(super) guesses: bool,
    /// How often a person has signed in or out, by which a waiter sees that somebody did.
    pub(super) sign_ins: u64,
    pub(super) cache: TokenCache,
    /// Which tenant stands behind a name: `organizations`, or a domain. Few, so a list.
    tenant_ids: Vec<(TenantId, String)>,
    pub(super) failures: Failures,
}

/// What became of a reply.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) record: AuthenticationRecord,
    /// To be stored.
    pub(super) changes: Changes,
    /// To be kept in its half if the other one still has the refresh token that was used: else the
    /// person has signed out meanwhile, and that stays so.
    pub(super) borrowed: Option<(bool, Change)>,
}

/// What is to be stored, and in which half.
pub(super) type Changes = Vec<(bool, Change)>;

impl State {
    pub(super) fn new(record: Option<AuthenticationRecord>, guesses: bool) -> Self {
        Self {
            record,
            guesses,
            sign_ins: 0,
            cache: TokenCache::default(),
            tenant_ids: Vec::new(),
            failures: Failures::default(),
        }
    }

    pub(super) fn access_token<S: AsRef<str>>(
        &self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
        tenant: &TenantId,
        scopes: &[S],
        cae: bool,
        now: i64,
    ) -> Option<&AccessToken> {
        let owner = owner(oauth, &record.home_account_id);
        let realm = self.realm_of(oauth, record, tenant)?;
        let in_realm = |realm: &str| self.cache.access_token(owner, realm, scopes, cae, now);
        let found = in_realm(realm);
        if found.is_some_and(|token| token.expires_on > now)
            || tenant::home_of(&record.home_account_id) != Some(realm)
        {
            return found;
        }
        // Python's library keeps a token of the home tenant under the name that it asked for.
        let under_names = tenant::NAMES_OF_HOME
            .iter()
            .filter_map(|name| in_realm(name));
        under_names
            .chain(found)
            .max_by_key(|token| token.expires_on)
    }

    /// As [`access_token`](Self::access_token), for a request for a token that is bound to a key. None
    /// but ours are found, so they are where we keep them.
    pub(super) fn bound_access_token(
        &self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
        request: &TokenRequest,
        key_id: &str,
    ) -> Option<&AccessToken> {
        let owner = owner(oauth, &record.home_account_id);
        let realm = self.realm_of(oauth, record, &request.tenant)?;
        let scopes: Vec<_> = request.scopes.iter().collect();
        let cache = &self.cache;
        cache.bound_access_token(owner, realm, &scopes, request.cae, key_id)
    }

    pub(super) fn access_token_by_secret(
        &self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
        secret: &str,
    ) -> Option<(bool, &AccessToken)> {
        let owner = owner(oauth, &record.home_account_id);
        self.cache.access_token_by_secret(owner, secret)
    }

    pub(super) fn refresh_candidates(
        &self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
        cae: bool,
    ) -> Vec<RefreshCandidate> {
        let owner = owner(oauth, &record.home_account_id);
        self.cache.refresh_candidates(owner, cae)
    }

    pub(super) fn broker_account_id(
        &self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
    ) -> Option<String> {
        let owner = owner(oauth, &record.home_account_id);
        self.cache.broker_account_id(owner)
    }

    /// The people in the cache whom this application can be silent for, as far as `login_hint`
    /// does not exclude them.
    pub(super) fn people(
        &self,
        oauth: &OAuthClient,
        login_hint: Option<&str>,
        cae: bool,
        known_by: KnownBy,
    ) -> Vec<AuthenticationRecord> {
        let people = self.cache.people(owner(oauth, ""), cae, known_by);
        let fits = |username: &str| {
            login_hint.is_none_or(|hint| hint.to_lowercase() == username.to_lowercase())
        };
        people
            .into_iter()
            .filter(|person| {
                let is_there = oauth
                    .authority()
                    .has_account(&person.home_account_id, &person.tenant_id());
                is_there && fits(&person.username)
            })
            .map(|person| AuthenticationRecord {
                authority: oauth.authority().host_and_port(),
                client_id: oauth.client_id().to_owned(),
                tenant_id: person.tenant_id(),
                home_account_id: person.home_account_id,
                username: person.username,
            })
            .collect()
    }

    /// Keeps a reply under the tenant that it is really of. A sign-in makes the session that
    /// person's.
    pub(super) fn keep(
        &mut self,
        oauth: &OAuthClient,
        request: &TokenRequest,
        tokens: &Tokens,
        expected: Option<&AuthenticationRecord>,
        how: How<'_>,
    ) -> Result<Kept> {
        let signed_in = matches!(how, How::SignIn(_));
        let record = match (expected, &tokens.id_token) {
            // A renewal need not say again who it is for.
            (Some(expected), _) if !signed_in => expected.clone(),
            _ => record_of(oauth, request, tokens)?,
        };
        let tid = tokens
            .id_token
            .as_ref()
            .and_then(|token| token.claims.tid.clone());
        let is_domain = !request.tenant.is_id()
            && !tenant::NAMES_OF_HOME.contains(&request.tenant.as_str())
            && request.tenant.as_str() != TenantId::ADFS;
        let realm = tid.unwrap_or_else(|| {
            // A domain may be another tenant's than the person's.
            let unknown = match is_domain {
                true => request.tenant.as_str(),
                false => &record.tenant_id,
            };
            let known = self.realm_of(oauth, &record, &request.tenant);
            known.unwrap_or(unknown).to_owned()
        });
        let reply = Reply {
            asked_tenant: is_domain.then(|| request.tenant.as_str().to_owned()),
            realm: realm.clone(),
            requested: request.scopes.clone(),
            kind: request.kind.clone(),
            tokens: tokens.clone(),
        };
        let mut changes = self.changes(oauth, &record.home_account_id, request.cae, reply, how);
        // What a borrowed refresh token brought waits until its own half has been seen again.
        let is_borrowed = matches!(how, How::Renewal(used) if used.cae != request.cae);
        let borrowed = is_borrowed.then(|| changes.remove(0));
        for (cae, change) in &changes {
            self.cache.apply(*cae, change);
        }
        if signed_in {
            let same = self
                .record
                .as_ref()
                .is_some_and(|old| old.home_account_id == record.home_account_id);
            if !same {
                self.tenant_ids.clear();
            }
            // A person who already was somebody stays the same somebody, in whichever tenant this
            // token is.
            if !same || expected.is_none() {
                self.record = Some(record.clone());
            }
            self.failures.clear();
            self.sign_ins += 1;
        }
        // A renewal may come in after somebody else signed in; their tenants are not this one's.
        let current = self
            .record
            .as_ref()
            .is_none_or(|current| current.home_account_id == record.home_account_id);
        if current && !request.tenant.is_id() {
            self.tenant_ids
                .retain(|(tenant, _)| *tenant != request.tenant);
            self.tenant_ids.push((request.tenant.clone(), realm));
        }
        self.failures.forget(request);
        Ok(Kept {
            record,
            changes,
            borrowed,
        })
    }

    /// What a reply changes: the half that was asked for, and the other one where it has a refresh
    /// token that is no longer the person's newest.
    fn changes(
        &self,
        oauth: &OAuthClient,
        home_account_id: &str,
        cae: bool,
        reply: Reply,
        how: How<'_>,
    ) -> Changes {
        let identity = identity(oauth, home_account_id);
        let (event, used) = match how {
            How::SignIn(Way::Grant(grant)) => {
                let reply = reply.clone();
                (Event::SignedIn { reply, grant }, None)
            }
            How::SignIn(Way::Broker) | How::Broker => {
                let reply = reply.clone();
                (Event::Brokered { reply }, None)
            }
            How::Renewal(used) => {
                let event = Event::Renewed {
                    reply: reply.clone(),
                    used: used.secret.clone(),
                    borrowed: used.cae != cae,
                };
                (event, Some(used.secret.clone()))
            }
        };
        let replaced = reply.tokens.refresh_token.is_some()
            && self
                .cache
                .has_refresh_token(identity.owner(), !cae, used.as_ref());
        let mut changes = vec![(cae, Change::new(identity.clone(), event))];
        if replaced {
            let event = Event::Replaced { reply, used };
            changes.push((!cae, Change::new(identity, event)));
        }
        changes
    }

    /// Forgets a refresh token that its home tenant calls dead, in whichever half it is.
    pub(super) fn forget_refresh_token(
        &mut self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
        refresh_token: &Sensitive,
    ) -> Changes {
        let identity = identity(oauth, &record.home_account_id);
        let changes: Changes = [false, true]
            .into_iter()
            .filter(|cae| {
                self.cache
                    .has_refresh_token(identity.owner(), *cae, Some(refresh_token))
            })
            .map(|cae| {
                let event = Event::Died {
                    refresh_token: refresh_token.clone(),
                };
                (cae, Change::new(identity.clone(), event))
            })
            .collect();
        for (cae, change) in &changes {
            self.cache.apply(*cae, change);
        }
        changes
    }

    /// Forgets a person; whoever is asked next may be somebody else.
    pub(super) fn sign_out(
        &mut self,
        oauth: &OAuthClient,
        record: &AuthenticationRecord,
    ) -> Changes {
        let identity = identity(oauth, &record.home_account_id);
        let change = self.cache.sign_out(identity);
        let changes: Changes = [false, true]
            .into_iter()
            .filter(|cae| self.cache.knows_somebody(*cae))
            .map(|cae| (cae, change.clone()))
            .collect();
        for (cae, change) in &changes {
            self.cache.apply(*cae, change);
        }
        self.record = None;
        self.guesses = false;
        self.tenant_ids.clear();
        self.failures.clear();
        self.sign_ins += 1;
        changes
    }

    /// The tenant id under which the tokens of `tenant` are kept, if it is known. What stands behind
    /// a domain is learned, not guessed; behind `organizations` stands a person's home tenant.
    pub(super) fn realm_of<'a>(
        &'a self,
        oauth: &OAuthClient,
        record: &'a AuthenticationRecord,
        tenant: &'a TenantId,
    ) -> Option<&'a str> {
        if tenant.is_id() {
            return Some(tenant.as_str());
        }
        let known = self.tenant_ids.iter().find(|(name, _)| name == tenant);
        let known = known.map(|(_, id)| id.as_str());
        known.or_else(|| match tenant.as_str() {
            name if tenant::NAMES_OF_HOME.contains(&name) => {
                tenant::home_of(&record.home_account_id)
            }
            // One tenant, under a name of its own.
            TenantId::ADFS => Some(TenantId::ADFS),
            domain => {
                let owner = owner(oauth, &record.home_account_id);
                let learned = self.cache.tenant_id_of(owner, domain);
                // Python's library keeps the tokens of B2C under the name in its address.
                learned.or_else(|| oauth.authority().is_b2c().then_some(domain))
            }
        })
    }
}

/// By which way tokens came.
#[derive(Clone, Copy)]
pub(super) enum How<'a> {
    /// A person signed in.
    SignIn(Way),
    Renewal(&'a RefreshCandidate),
    /// A broker gave them silently.
    Broker,
}

/// Nobody's tokens are kept: an answer to a person's sign-in must say who signed in.
pub(super) fn check_known(reply: &Tokens) -> Result<()> {
    let says_who = reply.id_token.is_some() || reply.account.is_some();
    match reply.home_account_id() {
        Some(_) if says_who => Ok(()),
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
            .or_else(|| tenant_of_brokered(request, reply))
            .unwrap_or(request.tenant.as_str())
            .to_owned(),
        username: reply.username().unwrap_or_default().to_owned(),
    })
}

/// Of a broker's token without an id token. What its account says of a tenant may be another one.
fn tenant_of_brokered<'a>(request: &'a TokenRequest, reply: &'a Tokens) -> Option<&'a str> {
    let account = reply.account.as_ref()?;
    let asked = request.tenant.as_str();
    match tenant::home_of(&account.home_account_id) {
        Some(home) if tenant::NAMES_OF_HOME.contains(&asked) => Some(home),
        _ => Some(asked),
    }
}

fn owner<'a>(oauth: &'a OAuthClient, home_account_id: &'a str) -> Owner<'a> {
    Owner {
        home_account_id,
        environment: oauth.authority().host(),
        aliases: oauth.authority().aliases(),
        client_id: oauth.client_id(),
    }
}

fn identity(oauth: &OAuthClient, home_account_id: &str) -> Identity {
    Identity {
        home_account_id: home_account_id.to_owned(),
        environment: oauth.authority().host().to_owned(),
        aliases: oauth.authority().aliases().to_vec(),
        client_id: oauth.client_id().to_owned(),
    }
}
