//! Who somebody is, by what Windows says of an account and the authority of a token.

use super::messages::{Properties, WebAccount};
use crate::written;
use doorkey::BrokerAccount;
use serde_json::Value;

/// The tenant in which all personal accounts are at home.
pub(super) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// `None` is one that cannot be told from others.
///
/// A guest's is not always the account at home; a token's `client_info` is.
pub(super) fn described(written: &WebAccount) -> Option<BrokerAccount> {
    let mut account = BrokerAccount::new(home_account_id(&written.properties)?);
    account.username.clone_from(&written.username);
    account.tenant_id = tenant(&written.properties).to_owned();
    account.local_account_id = Some(written.id.clone()).filter(|id| !id.is_empty());
    Some(account)
}

/// Whose a token is: by the authority's own words, else by Windows'.
pub(super) fn of_token(
    client_info: Option<&str>,
    id_token: Option<&str>,
    written: Option<&WebAccount>,
) -> Option<BrokerAccount> {
    let claims = id_token.and_then(claims).unwrap_or_default();
    let mut account = match client_info.and_then(written::home_account_id) {
        Some(home) => BrokerAccount::new(home),
        None => described(written?)?,
    };
    if let Some(written) = written {
        account.username.clone_from(&written.username);
        account.local_account_id = Some(written.id.clone()).filter(|id| !id.is_empty());
        account.tenant_id = tenant(&written.properties).to_owned();
    }
    if let Some(tenant) = claims["tid"].as_str() {
        account.tenant_id = tenant.to_owned();
    }
    if account.username.is_empty()
        && let Some(username) = claims["preferred_username"].as_str()
    {
        account.username = username.to_owned();
    }
    Some(account)
}

pub(super) fn same(id: &str, other: &str) -> bool {
    id.eq_ignore_ascii_case(other)
}

/// Whether somebody may be the account by their name alone: a guest is written as they are in the
/// other tenant. Who is of the account's own tenant is somebody else, as if they got its name later.
pub(super) fn is_namesake(written: &WebAccount, account: &BrokerAccount) -> bool {
    let name = &account.username;
    if name.is_empty() || written.username.to_lowercase() != name.to_lowercase() {
        return false;
    }
    let tenant = |id: &str| id.rsplit_once('.').map(|(_, tenant)| tenant.to_lowercase());
    let theirs = home_account_id(&written.properties);
    theirs.is_none_or(|id| tenant(&id) != tenant(&account.home_account_id))
}

/// Whether the account is a personal one, by its home account id.
pub(super) fn is_personal(account: &BrokerAccount) -> bool {
    let home = account.home_account_id.rsplit_once('.');
    home.is_some_and(|(_, tenant)| same(tenant, PERSONAL_TENANT))
}

fn tenant(properties: &Properties) -> &str {
    properties.get("TenantId").map_or("", |tenant| &**tenant)
}

fn home_account_id(properties: &Properties) -> Option<String> {
    let member = |name| properties.get(name).filter(|value| !value.is_empty());
    if let Some(number) = member("SafeCustomerId") {
        return personal_account_id(number);
    }
    Some(format!("{}.{}", member("OID")?, member("TenantId")?))
}

/// A personal account's number, 16 hexadecimal digits, as the object id that it has in tokens.
fn personal_account_id(number: &str) -> Option<String> {
    if number.len() != 16 || !number.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let (group, rest) = number.split_at(4);
    let object = format!("00000000-0000-0000-{group}-{rest}").to_ascii_lowercase();
    Some(format!("{object}.{PERSONAL_TENANT}"))
}

/// The claims of an id token, which is believed as far as Windows is.
pub(super) fn claims(id_token: &str) -> Option<Value> {
    written::json(id_token.split('.').nth(1)?)
}
