//! Accounts as brokers write them, and which of them is meant.

use super::text;
use crate::written;
use doorkey::BrokerAccount;
use serde_json::Value;

/// An account, and as the broker wrote it: it is given back whole, as the broker may look at members
/// that nobody here knows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::linux) struct Known {
    pub(in crate::linux) account: BrokerAccount,
    pub(in crate::linux) written: Value,
}

/// One account for each person: who is a guest in another tenant is there twice, and is then who they
/// are at home.
pub(in crate::linux) fn people(known: Vec<Known>) -> Vec<BrokerAccount> {
    let mut people: Vec<Known> = Vec::new();
    for one in known {
        match people.iter_mut().find(|other| other.is(&one.account)) {
            Some(other) if one.is_at_home() => *other = one,
            Some(_) => {}
            None => people.push(one),
        }
    }
    people.into_iter().map(|known| known.account).collect()
}

/// The one that is `account`: in its tenant, else at home, else in any.
pub(in crate::linux) fn find(known: Vec<Known>, account: &BrokerAccount) -> Option<Known> {
    let theirs = known.into_iter().filter(|known| known.is(account));
    theirs.min_by_key(|known| {
        let is_there = same(&known.account.tenant_id, &account.tenant_id);
        (!is_there, !known.is_at_home())
    })
}

/// The only person of that name, as they are at home; of any name, where none is given.
pub(in crate::linux) fn only(known: Vec<Known>, username: Option<&str>) -> Option<Known> {
    let is_named = |known: &Known| {
        username.is_none_or(|name| known.account.username.eq_ignore_ascii_case(name))
    };
    let named: Vec<_> = known.into_iter().filter(is_named).collect();
    let first = BrokerAccount::new(named.first()?.account.home_account_id.as_str());
    let is_one = named.iter().all(|known| known.is(&first));
    is_one.then(|| find(named, &first)).flatten()
}

impl Known {
    /// `None` is one that cannot be told from others.
    pub(super) fn read(written: &Value) -> Option<Self> {
        let mut account = BrokerAccount::new(home_account_id(written)?);
        let member = |name| text(written, name).unwrap_or_default().to_owned();
        account.username = member("username");
        account.tenant_id = member("realm");
        account.local_account_id = text(written, "localAccountId").map(str::to_owned);
        Some(Self {
            account,
            written: written.clone(),
        })
    }

    fn is(&self, account: &BrokerAccount) -> bool {
        same(&self.account.home_account_id, &account.home_account_id)
    }

    fn is_at_home(&self) -> bool {
        let home = self.account.home_account_id.rsplit_once('.');
        home.is_some_and(|(_, tenant)| same(tenant, &self.account.tenant_id))
    }
}

pub(in crate::linux) fn same(id: &str, other: &str) -> bool {
    id.eq_ignore_ascii_case(other)
}

/// Who it is: by `clientInfo`, which is the authority's own word, else as the broker says.
pub(super) fn home_account_id(object: &Value) -> Option<String> {
    by_client_info(object).or_else(|| {
        let home = text(object, "homeAccountId")?;
        match home.split_at_checked(36) {
            // Two ids of 36 letters each, which some brokers join by a hyphen.
            Some((object, tenant)) if home.len() == 73 && tenant.starts_with('-') => {
                Some(format!("{object}.{}", &tenant[1..]))
            }
            // himmelblau may not know the tenant yet.
            _ => {
                let (object, tenant) = home.rsplit_once('.')?;
                let is_whole = !object.is_empty() && !tenant.is_empty();
                is_whole.then(|| home.to_owned())
            }
        }
    })
}

pub(super) fn by_client_info(object: &Value) -> Option<String> {
    written::home_account_id(text(object, "clientInfo")?)
}
