//! What a broker gave, held against what was asked. It may be anybody's code, and a token is handed on.

use crate::{
    broker::{BrokerAccount, BrokerPop, BrokerToken},
    error::{Error, ErrorKind, Result},
    oauth::read_id_token,
    pop::check_foreign,
    sensitive::Sensitive,
    tenant::{self, TenantId},
    tokens::{IdToken, LONGEST_LIFETIME_SECONDS, Tokens},
};

/// What a token is held against.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    /// Whose token was asked for.
    pub(super) account: Option<&'a BrokerAccount>,
    /// What it has to be bound to, if to anything.
    pub(super) pop: Option<&'a BrokerPop>,
    pub(super) tenant: &'a TenantId,
    pub(super) now: i64,
}

pub(super) fn read(token: BrokerToken, expected: &Expected<'_>) -> Result<Tokens> {
    let access_token = token.access_token.secret();
    // RFC 6749, appendix A.12; anything else would break the header that it goes into.
    let is_visible = |byte| matches!(byte, 0x21..=0x7e);
    if access_token.is_empty() || !access_token.bytes().all(is_visible) {
        return Err(nonsense("an access token that is none"));
    }
    let now = expected.now;
    match expected.pop {
        None => check_bearer(&token)?,
        Some(pop) => check_bound(&token, pop, now)?,
    }
    let expires_on = token.expires_on.unix_timestamp();
    if expires_on <= now {
        return Err(nonsense(
            "a token that has expired; check this machine's clock",
        ));
    }
    let expires_on = expires_on.min(now + LONGEST_LIFETIME_SECONDS);
    let id_token = token
        .id_token
        .map(|raw| read_id_token(Sensitive::new(raw.secret())))
        .transpose();
    let id_token = match id_token {
        // Whose token it is is known without it.
        Err(_) if token.account.is_some() => None,
        id_token => id_token.map_err(|_| nonsense("an id token that cannot be read"))?,
    };
    let mut account = match (token.account, expected.account) {
        (Some(account), _) => account,
        (None, Some(asked_for)) if id_token.is_some() => asked_for.clone(),
        _ => return Err(nonsense("a token and does not say whose it is")),
    };
    check_account(&account)?;
    if let Some(id_token) = &id_token {
        check_id_token(id_token, &account, expected.client_id)?;
        check_tenant(id_token, expected.tenant)?;
    }
    if let Some(asked_for) = expected.account {
        check_whose(&account, asked_for)?;
        if account.username.is_empty() {
            account.username.clone_from(&asked_for.username);
        }
    }
    let scope = token.scopes.join(" ");
    Ok(Tokens {
        access_token: Sensitive::new(access_token),
        is_signed_request: token.is_signed_request,
        token_type: token.token_type,
        received_on: now,
        expires_on,
        extended_expires_on: expires_on,
        refresh_on: None,
        refresh_token: None,
        id_token,
        client_info: None,
        account: Some(account),
        scope: Some(scope).filter(|scope| !scope.trim().is_empty()),
        family_id: None,
    })
}

fn check_bearer(token: &BrokerToken) -> Result<()> {
    match token.token_type.eq_ignore_ascii_case("Bearer") && !token.is_signed_request {
        true => Ok(()),
        false => Err(nonsense(
            "a token of another type than Bearer, which was not asked for",
        )),
    }
}

/// A bearer token would be sent without anybody noticing, and so would one of another key's.
fn check_bound(token: &BrokerToken, pop: &BrokerPop, now: i64) -> Result<()> {
    if !token.token_type.eq_ignore_ascii_case("pop") {
        return Err(nonsense(
            "a token that is not bound to a key, and such a one was asked for (`pop`)",
        ));
    }
    let access_token = token.access_token.secret();
    if token.is_signed_request {
        return check_foreign(access_token, pop, now).map_err(|what| {
            nonsense(&format!(
                "a signed request {what}, and not the one that was asked for"
            ))
        });
    }
    match pop.is_named_by(access_token) {
        Some(false) => Err(nonsense("a token that is bound to another key, or to none")),
        // Who can read it is the resource.
        Some(true) | None => Ok(()),
    }
}

/// Whether it can be told from others.
pub(super) fn check_account(account: &BrokerAccount) -> Result<()> {
    match account.home_account_id.rsplit_once('.') {
        Some((uid, utid)) if !uid.is_empty() && !utid.is_empty() => Ok(()),
        _ => Err(nonsense("an account without a home account id")),
    }
}

/// It is believed as far as the broker is: what it says must fit all the same.
fn check_id_token(id_token: &IdToken, account: &BrokerAccount, client_id: &str) -> Result<()> {
    let claims = &id_token.claims;
    if !claims.is_for(client_id) {
        return Err(nonsense("an id token for another application"));
    }
    let home = tenant::home_of(&account.home_account_id);
    let is_at_home = home.is_some() && claims.tid.as_deref() == home;
    let uid = account.home_account_id.rsplit_once('.').map(|(uid, _)| uid);
    let is_somebody_else = match (&claims.oid, uid) {
        (Some(oid), Some(uid)) => !oid.eq_ignore_ascii_case(uid),
        _ => false,
    };
    // A guest has another object id in each tenant.
    match is_at_home && is_somebody_else {
        true => Err(nonsense("an id token of another account than it names")),
        false => Ok(()),
    }
}

/// Not every broker looks at the authority. Which tenant stands behind a name is not known here.
fn check_tenant(id_token: &IdToken, asked: &TenantId) -> Result<()> {
    match id_token.claims.tid.as_deref() {
        Some(given) if asked.is_id() && !given.eq_ignore_ascii_case(asked.as_str()) => {
            Err(Error::unavailable(format!(
                "the broker gave a token of tenant {given}, but one of {} was asked for, so nothing was \
                 kept; sign in to that tenant by the browser",
                asked.as_str()
            )))
        }
        _ => Ok(()),
    }
}

fn check_whose(account: &BrokerAccount, asked_for: &BrokerAccount) -> Result<()> {
    if account
        .home_account_id
        .eq_ignore_ascii_case(&asked_for.home_account_id)
    {
        return Ok(());
    }
    let name = |account: &BrokerAccount| match account.username.as_str() {
        "" => account.home_account_id.clone(),
        username => username.to_owned(),
    };
    Err(Error::new(
        ErrorKind::WrongAccount,
        format!(
            "the broker gave a token of {}, but one of {} was asked for, so nothing was kept; sign in \
             as that account, or call `authenticate` to switch",
            name(account),
            name(asked_for)
        ),
    ))
}

fn nonsense(what: &str) -> Error {
    Error::protocol(format!(
        "the broker gave {what}; nothing was kept. Update it, or tell its maker"
    ))
}
