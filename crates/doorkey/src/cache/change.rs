use super::{
    Identity, Owner,
    document::Document,
    entities::{
        AccessToken, Account, AppMetadata, BROKER, IdToken, OF_THE_OLD_ACCESS_TOKEN, RefreshToken,
    },
    members::Members,
    section::{At, Entity, Section},
};
use crate::{
    scopes::Scopes,
    sensitive::Sensitive,
    tokens::{TokenKind, Tokens},
};

/// One thing that happened to a cache. It can be done again on a newer state of the same half: what
/// another process changed meanwhile stays.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) identity: Identity,
    pub(crate) event: Event,
    /// Whether it comes again after it could not be stored: what came meanwhile is newer.
    pub(super) is_late: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A person came, by this grant.
    SignedIn { reply: Reply, grant: &'static str },
    /// A broker gave an access token. It keeps the rest, and knows whether the person is signed in.
    Brokered { reply: Reply },
    /// A refresh token was redeemed.
    Renewed {
        reply: Reply,
        used: Sensitive,
        /// It is the other half's, and this one need not have it.
        borrowed: bool,
    },
    /// The refresh token of this half was redeemed for the other half, or replaced there by a
    /// sign-in (`used` is `None`).
    Replaced {
        reply: Reply,
        used: Option<Sensitive>,
    },
    /// Its home tenant says that this refresh token is dead.
    Died { refresh_token: Sensitive },
    /// Together with these applications of the same family.
    SignedOut { family: Vec<String> },
}

/// What an authority gave, and for which question.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The tenant that it is of.
    pub(crate) realm: String,
    /// The name by which that tenant was asked for, where it was a domain.
    pub(crate) asked_tenant: Option<String>,
    pub(crate) requested: Scopes,
    pub(crate) kind: TokenKind,
    pub(crate) tokens: Tokens,
}

impl Change {
    pub(crate) fn new(identity: Identity, event: Event) -> Self {
        Self {
            identity,
            event,
            is_late: false,
        }
    }

    pub(super) fn late(&self) -> Self {
        Self {
            is_late: true,
            ..self.clone()
        }
    }

    fn reply(&self) -> Option<&Reply> {
        match &self.event {
            Event::SignedIn { reply, .. }
            | Event::Brokered { reply }
            | Event::Renewed { reply, .. }
            | Event::Replaced { reply, .. } => Some(reply),
            Event::Died { .. } | Event::SignedOut { .. } => None,
        }
    }
}

impl Document {
    pub(super) fn apply(&mut self, change: &Change) {
        let owner = change.identity.owner();
        let is_past = |reply: &Reply| self.has_newer(owner, reply);
        if change.is_late && change.reply().is_some_and(is_past) {
            return;
        }
        match &change.event {
            Event::SignedIn { reply, grant } => self.sign_in(owner, reply, grant),
            Event::Brokered { reply } => self.take_from_broker(owner, reply),
            Event::Renewed {
                reply,
                used,
                borrowed,
            } => self.renew(owner, reply, used, *borrowed),
            Event::Replaced { reply, used } => self.replace(owner, reply, used.as_ref()),
            Event::Died { refresh_token } => {
                self.remove_refresh_tokens(owner, |token| token.secret == *refresh_token);
            }
            Event::SignedOut { family } => self.sign_out(owner, family),
        }
    }

    /// Whether the application has got another refresh token since the reply came.
    fn has_newer(&self, owner: Owner<'_>, reply: &Reply) -> bool {
        let Reply { tokens, .. } = reply;
        self.refresh_tokens_of(owner).any(|token| {
            token.client_id.eq_ignore_ascii_case(owner.client_id)
                && token.last_modification_time > tokens.received_on
                && Some(&token.secret) != tokens.refresh_token.as_ref()
        })
    }

    fn sign_in(&mut self, owner: Owner<'_>, reply: &Reply, grant: &str) {
        let environment = self.environment_of(owner).to_owned();
        self.keep_tokens(owner, &environment, reply);
        self.keep_family(owner, &environment, reply);
        if reply.tokens.id_token.is_some() {
            self.keep_account(owner, &environment, reply, grant);
        }
        if let Some(secret) = &reply.tokens.refresh_token {
            self.put_own_refresh_token(owner, &environment, reply, secret);
        }
    }

    /// As MSAL keeps it: without a refresh token, and of the application's family it says nothing.
    fn take_from_broker(&mut self, owner: Owner<'_>, reply: &Reply) {
        let environment = self.environment_of(owner).to_owned();
        self.keep_tokens(owner, &environment, reply);
        self.keep_account(owner, &environment, reply, BROKER);
    }

    fn keep_account(&mut self, owner: Owner<'_>, environment: &str, reply: &Reply, source: &str) {
        let (key, members) = Account::written(owner, environment, reply, source);
        put_over(&mut self.accounts, &key, &members, &[]);
    }

    fn renew(&mut self, owner: Owner<'_>, reply: &Reply, used: &Sensitive, borrowed: bool) {
        let clients = self.family_of(owner, &self.family(owner));
        let known = borrowed
            || self.refresh_tokens_of(owner).any(|token| {
                token.secret == *used
                    || clients
                        .iter()
                        .any(|ours| ours.eq_ignore_ascii_case(&token.client_id))
            });
        if !known {
            // Signed out meanwhile, and that stays so.
            return;
        }
        let environment = self.environment_of(owner).to_owned();
        self.keep_tokens(owner, &environment, reply);
        self.keep_family(owner, &environment, reply);
        let secret = reply.tokens.refresh_token.as_ref();
        let is_done = self
            .refresh_tokens_of(owner)
            .any(|token| Some(&token.secret) == secret);
        if is_done || self.rotate(owner, reply, used) {
            return;
        }
        if let Some(secret) = secret {
            self.put_own_refresh_token(owner, &environment, reply, secret);
        }
    }

    fn replace(&mut self, owner: Owner<'_>, reply: &Reply, used: Option<&Sensitive>) {
        if let Some(used) = used {
            self.rotate(owner, reply, used);
            return;
        }
        let is_own = |token: &RefreshToken| token.client_id.eq_ignore_ascii_case(owner.client_id);
        let own = self.refresh_tokens_of(owner).find(|token| is_own(token));
        if let (Some(own), Some(secret)) = (own, &reply.tokens.refresh_token) {
            let environment = own.environment.clone();
            self.put_own_refresh_token(owner, &environment, reply, secret);
        }
    }

    /// Access token and id token.
    fn keep_tokens(&mut self, owner: Owner<'_>, environment: &str, reply: &Reply) {
        let Reply { realm, tokens, .. } = reply;
        match &reply.kind {
            // It was for one request.
            _ if tokens.is_signed_request => {}
            TokenKind::Bearer => self.keep_bearer_token(owner, environment, reply),
            TokenKind::Pop { key_id } => self.keep_bound_token(owner, environment, reply, key_id),
        }
        if let Some(id_token) = &tokens.id_token {
            let (key, members) = IdToken::written(owner, environment, realm, id_token);
            put_over(&mut self.id_tokens, &key, &members, &[]);
        }
    }

    fn keep_bearer_token(&mut self, owner: Owner<'_>, environment: &str, reply: &Reply) {
        let Reply { realm, tokens, .. } = reply;
        let (key, members) = AccessToken::written(owner, environment, reply);
        put_over(
            &mut self.access_tokens,
            &key,
            &members,
            &OF_THE_OLD_ACCESS_TOKEN,
        );
        if let Some(token) = self
            .access_tokens
            .get(&key)
            .and_then(|entry| entry.entity.clone())
        {
            let place = At([owner.home_account_id, environment, owner.client_id, realm]);
            let keys = self.access_tokens.keys_at(place, |old| {
                old.expires_on <= tokens.received_on || token.replaces(old)
            });
            for old in keys.iter().filter(|old| **old != key) {
                self.access_tokens.remove(old);
            }
        }
    }

    /// What the reply says of the application.
    fn keep_family(&mut self, owner: Owner<'_>, environment: &str, reply: &Reply) {
        let family_id = reply.tokens.family_id.as_deref();
        let (key, members) = AppMetadata::written(owner, environment, family_id);
        let place = At(["", environment, owner.client_id, ""]);
        for other in self.app_metadata.keys_at(place, |_| true) {
            put_over(&mut self.app_metadata, &other, &members, &["family_id"]);
        }
        if self.app_metadata.at(place).next().is_none() {
            self.app_metadata.put(&key, members);
        }
    }

    /// Puts the new secret in the place of the one that was used, wherever that stands; `false`
    /// where it stands nowhere, or the new one is not for its owner.
    fn rotate(&mut self, owner: Owner<'_>, reply: &Reply, used: &Sensitive) -> bool {
        let family_id = reply.tokens.family_id.as_deref();
        let mut rotated = false;
        for environment in owner.environments() {
            let place = At::person(owner.home_account_id, environment);
            for key in self
                .refresh_tokens
                .keys_at(place, |token| token.secret == *used)
            {
                let Some(entry) = self.refresh_tokens.get(&key) else {
                    continue;
                };
                let is_own = entry
                    .entity
                    .as_ref()
                    .is_some_and(|token| token.client_id.eq_ignore_ascii_case(owner.client_id));
                // A sibling's stays as it is when we turn out to have left the family.
                if !is_own && family_id.is_none() {
                    continue;
                }
                let secret = reply.tokens.refresh_token.as_ref().unwrap_or(used);
                let newer = RefreshToken::rotation(&reply.tokens, secret, family_id);
                let dropped: &[&str] = if is_own { &["family_id"] } else { &[] };
                let members = entry.members.overlaid(dropped, &newer);
                self.refresh_tokens.put(&key, members);
                rotated = true;
            }
        }
        rotated
    }

    /// The one refresh token of an application for a person: older ones go, whatever their key.
    fn put_own_refresh_token(
        &mut self,
        owner: Owner<'_>,
        environment: &str,
        reply: &Reply,
        secret: &Sensitive,
    ) {
        let (key, members) =
            RefreshToken::written(owner, environment, &reply.requested, &reply.tokens, secret);
        put_over(&mut self.refresh_tokens, &key, &members, &["family_id"]);
        let is_own = |token: &RefreshToken| token.client_id.eq_ignore_ascii_case(owner.client_id);
        let own: Vec<_> = self
            .refresh_tokens_of(owner)
            .filter(|token| is_own(token))
            .map(|token| token.secret.clone())
            .collect();
        // A twin of ours may stand under a sibling's name.
        self.remove_refresh_tokens(owner, |token| {
            token.secret != *secret && (is_own(token) || own.contains(&token.secret))
        });
        let twins = |token: &RefreshToken| is_own(token) && token.secret == *secret;
        for environment in owner.environments() {
            let place = At::person(owner.home_account_id, environment);
            for twin in self.refresh_tokens.keys_at(place, twins) {
                if twin != key {
                    self.refresh_tokens.remove(&twin);
                }
            }
        }
    }

    fn remove_refresh_tokens(
        &mut self,
        owner: Owner<'_>,
        unwanted: impl Fn(&RefreshToken) -> bool,
    ) {
        for environment in owner.environments() {
            let place = At::person(owner.home_account_id, environment);
            self.refresh_tokens.remove_at(place, &unwanted);
        }
    }

    /// Removes what this application and its family have of the person, and nobody else's.
    fn sign_out(&mut self, owner: Owner<'_>, family: &[String]) {
        let mut clients = self.family_of(owner, &self.family(owner));
        clients.extend_from_slice(family);
        let is_ours = |client: &str| clients.iter().any(|ours| ours.eq_ignore_ascii_case(client));
        let secrets: Vec<_> = self
            .refresh_tokens_of(owner)
            .filter(|token| is_ours(&token.client_id))
            .map(|token| token.secret.clone())
            .collect();
        self.remove_refresh_tokens(owner, |token| secrets.contains(&token.secret));
        let home = owner.home_account_id;
        let is_here = |token: &AccessToken| {
            let mut environments = owner.environments();
            environments.any(|here| here.eq_ignore_ascii_case(token.environment()))
                && clients.iter().any(|client| token.is_of(home, client))
        };
        let keys: Vec<_> = self
            .access_tokens
            .entries()
            .filter(|entry| entry.entity.as_ref().is_some_and(is_here))
            .map(|entry| entry.key.clone())
            .collect();
        for key in keys {
            self.access_tokens.remove(&key);
        }
        self.remove_bound_tokens(is_here);
        for environment in owner.environments() {
            let place = At::person(home, environment);
            self.id_tokens
                .remove_at(place, |token| is_ours(&token.client_id));
        }
        let used = owner.environments().any(|environment| {
            let place = At::person(owner.home_account_id, environment);
            self.refresh_tokens.at(place).next().is_some()
                || self.id_tokens.at(place).next().is_some()
        });
        if !used {
            for environment in owner.environments() {
                let place = At::person(owner.home_account_id, environment);
                self.accounts.remove_at(place, |_| true);
            }
        }
    }
}

/// What a writer of the same entity put there besides, and nobody here knows, stays.
fn put_over<E: Entity>(section: &mut Section<E>, key: &str, members: &Members, dropped: &[&str]) {
    let members = match section.get(key) {
        Some(old) => old.members.overlaid(dropped, members),
        None => members.clone(),
    };
    section.put(key, members);
}
