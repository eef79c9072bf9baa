//! Who somebody is, by what the extension writes of an account and the authority of a token.

use super::messages::{Reply, text};
use crate::written;
use azure_core::Uuid;
use doorkey::BrokerAccount;
use serde_json::Value;

/// An account of the extension's list. `None` is one that cannot be told from others.
pub(super) fn listed(written: &Value) -> Option<BrokerAccount> {
    let member = |name: &str| text(&written[name]);
    account(member)
}

/// The account whose members are among those of the reply.
pub(super) fn of_reply(reply: &Reply) -> Option<BrokerAccount> {
    account(|name| reply.text(name))
}

/// Whose a token is, by the authority's own words.
pub(super) fn of_token(client_info: Option<&str>, id_token: Option<&str>) -> Option<BrokerAccount> {
    let claims = id_token.and_then(claims).unwrap_or_default();
    let mut account = BrokerAccount::new(client_info.and_then(written::home_account_id)?);
    let tenant = text(&claims["tid"]).or_else(|| home_tenant(&account.home_account_id));
    account.tenant_id = tenant.unwrap_or_default().to_owned();
    let name = text(&claims["preferred_username"]).or_else(|| text(&claims["upn"]));
    account.username = name.unwrap_or_default().to_owned();
    Some(account)
}

pub(super) fn same(id: &str, other: &str) -> bool {
    id.eq_ignore_ascii_case(other)
}

/// Each person once: as they are at home, if that is known.
pub(super) fn once(accounts: impl IntoIterator<Item = BrokerAccount>) -> Vec<BrokerAccount> {
    let mut people: Vec<BrokerAccount> = Vec::new();
    for account in accounts {
        let home = account.home_account_id.clone();
        let known = people
            .iter_mut()
            .find(|one| same(&one.home_account_id, &home));
        match known {
            None => people.push(account),
            Some(known)
                if home_tenant(&home).is_some_and(|home| same(home, &account.tenant_id)) =>
            {
                *known = account;
            }
            Some(_) => {}
        }
    }
    people
}

fn account<'a>(member: impl Fn(&str) -> Option<&'a str>) -> Option<BrokerAccount> {
    let home = member("client_info").and_then(written::home_account_id);
    let home = home.or_else(|| member("home_account_id").map(str::to_owned))?;
    // `<object id>.<tenant id>`
    home_tenant(&home)?;
    let mut account = BrokerAccount::new(home);
    account.username = member("username").unwrap_or_default().to_owned();
    // `common` and the like are written, too, and are no tenants.
    let tenant = member("realm").filter(|realm| realm.parse::<Uuid>().is_ok());
    account.tenant_id = tenant.unwrap_or_default().to_owned();
    account.local_account_id = member("local_account_id").map(str::to_owned);
    Some(account)
}

fn home_tenant(home_account_id: &str) -> Option<&str> {
    let (object, tenant) = home_account_id.split_once('.')?;
    (!object.is_empty() && !tenant.is_empty()).then_some(tenant)
}

fn claims(id_token: &str) -> Option<Value> {
    written::json(id_token.split('.').nth(1)?)
}
