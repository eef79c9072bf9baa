//! The sign-in of `az`, for those who have none of their own here.

use crate::{client::ClientArguments, console, people::AccountArgument};
use doorkey::{
    AccessTokenInfo, AzureCliAccount, AzureCliTokenCacheCredential,
    AzureCliTokenCacheCredentialOptions, PublicClientOptions, TokenInfoOptions,
};

/// A token of whoever is signed in to `az`, where they fit what was asked for. Silent; and what fails
/// is as if `az` were not there.
pub(crate) async fn token(
    client: &ClientArguments,
    account: &AccountArgument,
    options: PublicClientOptions,
    scopes: &[&str],
    wanted: TokenInfoOptions,
) -> Option<(AccessTokenInfo, AzureCliAccount)> {
    if !client.is_shared_with_azure_cli() {
        return None;
    }
    let options = AzureCliTokenCacheCredentialOptions {
        client: PublicClientOptions {
            authority: Some(client.authority()),
            cache_persistence: None,
            ..options
        },
        ..Default::default()
    };
    let credential = AzureCliTokenCacheCredential::new(Some(options)).ok()?;
    let person = credential.account().ok()?;
    let is_meant = account
        .given()
        .is_none_or(|given| given.to_lowercase() == person.username.to_lowercase());
    if !is_meant {
        return None;
    }
    let token = credential.get_token_info(scopes, Some(wanted)).await.ok()?;
    Some((token, person))
}

/// Whose token it is, said to whoever did not sign in here.
pub(crate) fn notice(person: &AzureCliAccount) -> String {
    format!(
        "The token is of the Azure CLI's sign-in: {} (subscription {}).",
        console::one_line(&person.username),
        console::one_line(&person.subscription_name)
    )
}
