//! What `az` leaves behind, by the requests that Entra ID saw and the files that are left.

#![expect(
    clippy::disallowed_methods,
    reason = "another program writes so, which is what is tested"
)]

mod files;

use super::{AzureCliTokenCacheCredential, AzureCliTokenCacheCredentialOptions};
use crate::{
    DeviceCodeCredential, Error, ErrorKind, InteractiveCredential, MemoryStore, Partition,
    TokenCachePersistenceOptions, TokenCacheStore, TokenInfoOptions,
    testing::{Answer, Entra, OTHER_SCOPE, SCOPE, resource::claim, turn_clock},
};
use azure_core::credentials::TokenCredential;
use doorkey_emulator::{Endpoint, Reply};
use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

struct Az {
    entra: Entra,
    folder: tempfile::TempDir,
    options: AzureCliTokenCacheCredentialOptions,
    written: std::cell::Cell<u64>,
}

impl Az {
    async fn new() -> Self {
        let entra = Entra::start().await;
        let options = AzureCliTokenCacheCredentialOptions {
            client: entra.client(),
            ..Default::default()
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            entra,
            options,
            written: std::cell::Cell::new(0),
        }
    }

    /// Each write has a time of its own, long ago.
    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        self.written.set(self.written.get() + 1);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + self.written.get());
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }

    /// `az login`: tokens for the management of Azure, and a profile with this person's subscription.
    async fn login(&self, username: &str) -> String {
        let store = Arc::new(MemoryStore::new());
        let mut options = self.entra.options();
        options.client.cache_persistence = Some(TokenCachePersistenceOptions {
            store: Some(store.clone()),
            ..Default::default()
        });
        self.entra.person_answers(Answer::As(username.into()));
        let seams = self.entra.seams(&[]);
        let credential = DeviceCodeCredential::with_seams(options, seams).unwrap();
        let record = credential.authenticate(None).await.unwrap();
        let partition = Partition::new("msal.cache", false);
        let cache = store.load(&partition).await.unwrap().bytes;
        self.write("msal_token_cache.json", &String::from_utf8(cache).unwrap());
        self.profile(username, &record.tenant_id, "AzureCloud");
        self.entra.emulator.clear_requests();
        record.tenant_id
    }

    fn profile(&self, username: &str, tenant: &str, cloud: &str) {
        // With the byte-order mark that `az` writes.
        let profile = format!(
            "\u{feff}{}",
            serde_json::json!({"installationId": "i", "subscriptions": [{
                "id": "a-subscription", "name": "A subscription", "state": "Enabled",
                "user": {"name": username, "type": "user"}, "isDefault": true,
                "tenantId": tenant, "environmentName": cloud, "homeTenantId": tenant,
                "managedByTenants": [],
            }]})
        );
        self.write("azureProfile.json", &profile);
    }

    fn credential(&self) -> Arc<AzureCliTokenCacheCredential> {
        self.credential_with(&[])
    }

    fn credential_with(&self, variables: &[(&str, &str)]) -> Arc<AzureCliTokenCacheCredential> {
        let folder = self.folder.path().to_str().unwrap();
        // Windows' encrypts it unless it is told not to.
        let own = [
            ("AZURE_CONFIG_DIR", folder),
            ("AZURE_CORE_ENCRYPT_TOKEN_CACHE", "no"),
        ];
        let variables = [&own, variables].concat();
        let seams = self.entra.seams(&variables);
        AzureCliTokenCacheCredential::with_seams(self.options.clone(), seams).unwrap()
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let modified = entry.metadata().unwrap().modified().unwrap();
                (entry.path(), fs::read(entry.path()).unwrap(), modified)
            })
            .collect();
        files.sort();
        files
    }
}

async fn token(credential: &dyn TokenCredential, scope: &str) -> Result<String, Error> {
    let outcome = credential.get_token(&[scope], None).await;
    outcome
        .map(|token| token.token.secret().to_owned())
        .map_err(|error| Error::find(&error).unwrap().clone())
}

const MANAGEMENT: &str = "https://management.core.windows.net//.default";

#[tokio::test(start_paused = true)]
async fn whoever_ran_az_login_has_a_token_without_a_request_and_nothing_is_written() {
    let az = Az::new().await;
    let username = az.entra.username(0);
    let tenant = az.login(&username).await;
    let files = az.files();
    let credential = az.credential();
    let account = credential.account().unwrap();
    assert_eq!(account.username, username);
    assert_eq!(account.tenant_id, tenant);
    assert_eq!(account.subscription_name, "A subscription");
    let first = token(&*credential, MANAGEMENT).await.unwrap();
    assert_eq!(claim(&first, "upn"), username.as_str());
    assert!(az.entra.emulator.requests().is_empty());

    // Other resources come by the refresh token, and stay in memory.
    let other = token(&*credential, SCOPE).await.unwrap();
    assert_eq!(token(&*credential, SCOPE).await.unwrap(), other);
    assert_eq!(az.entra.grants(), ["refresh_token"]);
    let requests = az.entra.requests_to(Endpoint::Token);
    assert!(requests[0].path.contains(&tenant), "{}", requests[0].path);
    let with_cae = TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    };
    let info = credential
        .get_token_info(&[OTHER_SCOPE], Some(with_cae))
        .await
        .unwrap();
    assert_eq!(claim(info.token.secret(), "upn"), username.as_str());
    turn_clock(Duration::from_secs(24 * 3_600)).await;
    token(&*credential, MANAGEMENT).await.unwrap();
    assert_eq!(az.entra.grants().len(), 3);
    assert_eq!(az.files(), files);
    assert_eq!(az.entra.prompts(), 1, "that of az");
    let shown = format!("{credential:?}");
    assert!(!shown.contains(&first) && !shown.contains(&other));
}

#[tokio::test(start_paused = true)]
async fn what_az_does_meanwhile_is_seen_by_the_next_call() {
    let az = Az::new().await;
    let credential = az.credential();
    let error = token(&*credential, MANAGEMENT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("run `az login`"), "{error}");
    let (first, second) = (az.entra.username(0), az.entra.guest());
    for username in [&first, &second] {
        az.login(username).await;
        let upn = claim(&token(&*credential, MANAGEMENT).await.unwrap(), "upn");
        assert_eq!(upn, username.as_str());
        token(&*credential, SCOPE).await.unwrap();
    }
    // az logout
    az.write("msal_token_cache.json", "{}");
    for scope in [MANAGEMENT, SCOPE] {
        let error = token(&*credential, scope).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert!(error.to_string().ends_with("; run `az login`"), "{error}");
    }
    az.write("azureProfile.json", r#"{"subscriptions": []}"#);
    let error = token(&*credential, MANAGEMENT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_token_says_what_to_run() {
    let az = Az::new().await;
    let username = az.entra.username(0);
    az.login(&username).await;
    az.entra.emulator.revoke_refresh_tokens(&username);
    let files = az.files();
    let error = token(&*az.credential(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    let text = error.to_string();
    assert!(
        text.contains("AADSTS") && text.ends_with("; run `az login`"),
        "{text}"
    );
    assert_eq!(az.files(), files);
}

#[tokio::test(start_paused = true)]
async fn the_tenant_is_that_of_the_subscription_unless_another_is_given() {
    let mut az = Az::new().await;
    let guest = az.entra.guest();
    az.login(&guest).await;
    let users = az.entra.emulator.users();
    let user = users.iter().find(|user| user.username == guest).unwrap();
    let (home, away) = (user.tenant_id.clone(), user.guest_in[0].tenant_id.clone());
    az.profile(&guest, &away, "AzureCloud");
    let tid = |token: String| claim(&token, "tid");
    assert_eq!(
        tid(token(&*az.credential(), SCOPE).await.unwrap()),
        away.as_str()
    );
    // For one request, any.
    let options = || TokenInfoOptions {
        tenant_id: Some(home.clone()),
        ..Default::default()
    };
    let credential = az.credential();
    let info = credential.get_token_info(&[SCOPE], Some(options())).await;
    assert_eq!(tid(info.unwrap().token.secret().to_owned()), home.as_str());
    let scoped = credential.scoped(options());
    assert_eq!(tid(token(&*scoped, SCOPE).await.unwrap()), home.as_str());
    az.options.client.tenant_id = Some(home.clone());
    assert_eq!(
        tid(token(&*az.credential(), SCOPE).await.unwrap()),
        home.as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_while_a_token_lives_is_nobodys_concern() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let credential = az.credential();
    turn_clock(Duration::from_secs(56 * 60)).await;
    az.entra
        .emulator
        .replace_next(Endpoint::Token, 100, Reply::new(500));
    token(&*credential, MANAGEMENT).await.unwrap();
}

#[test]
fn a_cache_of_ones_own_is_refused() {
    let mut options = AzureCliTokenCacheCredentialOptions::default();
    options.client.cache_persistence = Some(TokenCachePersistenceOptions::default());
    let error = AzureCliTokenCacheCredential::new(Some(options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// The token cache of `az`, as JSON.
fn cache_of(az: &Az) -> serde_json::Value {
    let text = fs::read(az.folder.path().join("msal_token_cache.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The same entities once more, of another home account.
fn as_other_account(cache: &serde_json::Value, home_account_id: &str) -> serde_json::Value {
    let account = cache["Account"].as_object().unwrap().values().next();
    let old = account.unwrap()["home_account_id"].as_str().unwrap();
    let text = cache.to_string().replace(old, home_account_id);
    serde_json::from_str(&text).unwrap()
}

/// A work account and a personal one with the same address.
#[tokio::test(start_paused = true)]
async fn of_two_accounts_of_one_name_the_one_at_home_in_the_subscriptions_tenant_is_meant() {
    const OTHER: &str = "00000000-0000-0000-0000-000000000001.9188040d-6c67-4c5b-b112-36a304b66dad";
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let mut cache = cache_of(&az);
    let other = as_other_account(&cache, OTHER);
    for (section, entities) in other.as_object().unwrap() {
        let theirs = entities.as_object().unwrap().clone();
        cache[section].as_object_mut().unwrap().extend(theirs);
    }
    az.write("msal_token_cache.json", &cache.to_string());
    token(&*az.credential(), MANAGEMENT).await.unwrap();
}

/// The person's account was made anew, so it has another object id; the profile is the same.
#[tokio::test(start_paused = true)]
async fn another_account_of_the_same_name_is_seen_after_az_login() {
    let az = Az::new().await;
    let tenant = az.login(&az.entra.username(0)).await;
    let credential = az.credential();
    token(&*credential, MANAGEMENT).await.unwrap();
    let home = format!("00000000-0000-0000-0000-000000000001.{tenant}");
    let cache = as_other_account(&cache_of(&az), &home);
    az.write("msal_token_cache.json", &cache.to_string());
    token(&*az.credential(), MANAGEMENT)
        .await
        .expect("a new credential sees them");
    token(&*credential, MANAGEMENT).await.unwrap();
}

/// By Windows' broker, which is the default there, `az` has access tokens and no refresh token; it
/// answers with the former itself.
async fn signed_in_by_a_broker() -> Az {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let mut cache = cache_of(&az);
    cache.as_object_mut().unwrap().remove("RefreshToken");
    for account in cache["Account"].as_object_mut().unwrap().values_mut() {
        account["account_source"] = "broker".into();
    }
    az.write("msal_token_cache.json", &cache.to_string());
    az
}

#[tokio::test(start_paused = true)]
async fn a_living_token_of_a_sign_in_by_a_broker_is_given() {
    let az = signed_in_by_a_broker().await;
    let credential = az.credential();
    token(&*credential, MANAGEMENT).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_by_a_broker_is_not_sent_to_sign_in_again() {
    let az = signed_in_by_a_broker().await;
    let error = token(&*az.credential(), SCOPE).await.unwrap_err();
    assert!(!error.to_string().ends_with("run `az login`"), "{error}");
}
