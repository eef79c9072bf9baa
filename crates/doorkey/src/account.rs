//! Who is signed in.

use crate::{
    cache::{Identity, Loaded, Owner, Persistence, TokenCache},
    credential::{authority, persistence},
    error::{Error, Result},
    events::{self, Detail},
    oauth::Authority,
    options::PublicClientOptions,
    record::AuthenticationRecord,
    seams::{Clock, Environment},
};
use std::sync::Arc;

/// Somebody who is signed in to an application, according to a token cache.
///
/// ```no_run
/// use doorkey::{PublicClientOptions, TokenCachePersistenceOptions};
///
/// # async fn example() -> doorkey::Result<()> {
/// let options = PublicClientOptions {
///     cache_persistence: Some(TokenCachePersistenceOptions::default()),
///     ..Default::default()
/// };
/// for account in doorkey::accounts(&options).await? {
///     println!("{} ({})", account.username, account.client_id);
///     if account.username == "someone@contoso.example" {
///         doorkey::sign_out(&options, &account).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// The authority's host.
    pub authority: String,
    /// The application.
    pub client_id: String,
    /// The account, whichever tenant it is used in: `uid.utid`.
    pub home_account_id: String,
    /// The tenant that they signed in to, by id.
    pub tenant_id: String,
    /// The name that they sign in with; empty where the authority does not say.
    pub username: String,
}

impl Account {
    /// The record with which a credential is silent for this account.
    #[must_use]
    pub fn record(&self) -> AuthenticationRecord {
        AuthenticationRecord {
            authority: self.authority.clone(),
            client_id: self.client_id.clone(),
            home_account_id: self.home_account_id.clone(),
            tenant_id: self.tenant_id.clone(),
            username: self.username.clone(),
        }
    }
}

/// Who is signed in to the authority of `options`, in the cache that their `cache_persistence`
/// names, for each application that knows them. Sends nothing.
///
/// # Errors
///
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where `cache_persistence` is `None`;
/// [`CredentialUnavailable`](crate::ErrorKind::CredentialUnavailable) and
/// [`Cache`](crate::ErrorKind::Cache) where the cache cannot be read.
pub async fn accounts(options: &PublicClientOptions) -> Result<Vec<Account>> {
    accounts_with(options, &Environment::default()).await
}

/// Removes an account from the cache that the `cache_persistence` of `options` names: what its
/// application and that application's family have of it, and nobody else's. This is local: the
/// browser and the authority still know the person.
///
/// # Errors
///
/// As [`accounts`], and where the cache cannot be written to; then some of it may still be there.
pub async fn sign_out(options: &PublicClientOptions, account: &Account) -> Result<()> {
    sign_out_with(options, account, &Environment::default()).await
}

pub(crate) async fn accounts_with(
    options: &PublicClientOptions,
    environment: &Environment,
) -> Result<Vec<Account>> {
    let authority = authority(options, None, environment)?;
    // As far as it is known: the people of a host of B2C are listed without a policy, too.
    let tenant_id = options.tenant_id.as_deref();
    let whole = authority
        .clone()
        .with_tenant(tenant_id.filter(|tenant| !tenant.is_empty()), None);
    let authority = whole.map_or(authority, |(whole, _)| whole);
    let store = stored(options, environment)?;
    let mut cache = TokenCache::default();
    for cae in [false, true] {
        let loaded = store.load(cae).await?;
        adopt(options, &mut cache, cae, loaded);
    }
    let is_empty = |cache: &TokenCache| !cache.knows_somebody(false) && !cache.knows_somebody(true);
    for cae in [false, true] {
        // It looks the same where a peer has emptied its file, to fill it anew.
        if is_empty(&cache)
            && let Ok(loaded) = store.update(cae, &[]).await
        {
            adopt(options, &mut cache, cae, loaded);
        }
    }
    let owner = Owner {
        home_account_id: "",
        environment: authority.host(),
        aliases: authority.aliases(),
        client_id: "",
    };
    let people = cache.signed_in(owner, Clock::default().now()).into_iter();
    Ok(people
        .filter(|person| authority.has_account(&person.home_account_id, &person.tenant_id()))
        .map(|person| Account {
            authority: authority.host_and_port(),
            tenant_id: person.tenant_id(),
            client_id: person.client_id,
            home_account_id: person.home_account_id,
            username: person.username,
        })
        .collect())
}

pub(crate) async fn sign_out_with(
    options: &PublicClientOptions,
    account: &Account,
    environment: &Environment,
) -> Result<()> {
    let authority = Authority::parse(&account.authority, "the account's authority")?;
    let store = stored(options, environment)?;
    let mut cache = TokenCache::default();
    for cae in [false, true] {
        // Under the lock: a peer may be halfway through writing.
        let loaded = store.update(cae, &[]).await?;
        adopt(options, &mut cache, cae, loaded);
    }
    let change = Arc::new(cache.sign_out(Identity {
        home_account_id: account.home_account_id.clone(),
        environment: authority.host().to_owned(),
        aliases: authority.aliases().to_vec(),
        client_id: account.client_id.clone(),
    }));
    for cae in [false, true] {
        // What was never stored is not made for this.
        if cache.knows_somebody(cae) {
            let loaded = store.update(cae, &[Arc::clone(&change)]).await?;
            adopt(options, &mut cache, cae, loaded);
        }
    }
    Ok(())
}

fn adopt(options: &PublicClientOptions, cache: &mut TokenCache, cae: bool, mut loaded: Loaded) {
    if let Some(notice) = loaded.notice.take() {
        events::cache_warned(
            &notice,
            Detail::new(&notice, options.enable_support_logging),
        );
        if let Some(observer) = &options.observer {
            observer.warned(&notice);
        }
    }
    cache.adopt(cae, loaded);
}

fn stored(options: &PublicClientOptions, environment: &Environment) -> Result<Persistence> {
    match options.cache_persistence.clone() {
        Some(options) => persistence(options, environment),
        None => Err(Error::invalid_argument(
            "`cache_persistence` is not set, so no account is kept; name the cache to look into, \
             such as `Some(TokenCachePersistenceOptions::default())`",
        )),
    }
}
