//! Whose refresh token of the shared cache is used, by the request that is sent.

use super::*;
use crate::{TokenCacheStore, testing::store::WatchedStore};
use serde_json::{Value, json};

const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const A: Account<'_> = Account {
    username: "a@foo.example",
    uid: "uid-a",
    utid: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    refresh_token: Some("refresh-a"),
};
const B: Account<'_> = Account {
    username: "b@foo.example",
    uid: "uid-b",
    utid: "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee",
    refresh_token: Some("refresh-b"),
};

/// Somebody in the cache.
#[derive(Clone, Copy)]
struct Account<'a> {
    username: &'a str,
    uid: &'a str,
    utid: &'a str,
    refresh_token: Option<&'a str>,
}

fn document(accounts: &[Account<'_>], host: &str) -> Value {
    let mut document = json!({"Account": {}, "RefreshToken": {}});
    for account in accounts {
        let home = format!("{}.{}", account.uid, account.utid);
        let key = format!("{home}-{host}");
        document["Account"][&key] = json!({
            "home_account_id": home, "environment": host, "realm": account.utid,
            "local_account_id": account.uid, "username": account.username,
            "authority_type": "MSSTS",
        });
        if let Some(secret) = account.refresh_token {
            document["RefreshToken"][&key] = json!({
                "credential_type": "RefreshToken", "secret": secret, "home_account_id": home,
                "environment": host, "client_id": CLIENT, "family_id": "1", "target": "",
            });
        }
    }
    document
}

/// A laptop whose authority gives `of-<refresh token>`.
fn authority(seen: &Seen) -> Fate {
    match (seen.url.host_str(), seen.form_value("refresh_token")) {
        (Some(METADATA), _) => Fate::Unreachable,
        (_, Some(refresh_token)) => issued(&format!("of-{refresh_token}")),
        _ => Fate::EntraId,
    }
}

/// The chain where nobody but the shared cache's people can be.
async fn with(document: &Value) -> Scene {
    let mut scene = Scene::new(authority).await;
    let store = Arc::new(WatchedStore::default());
    store.write(false, &document.to_string()).await;
    scene.options.client.cache_persistence = Some(store.options());
    scene
}

async fn outcome(
    accounts: &[Account<'_>],
    username: Option<&str>,
    tenant: Option<&str>,
) -> Result<String, String> {
    let mut scene = with(&document(accounts, "login.microsoftonline.com")).await;
    scene.options.shared_cache_username = username.map(Into::into);
    scene.options.shared_cache_tenant_id = tenant.map(Into::into);
    let outcome = token(&scene.credential(&[])).await;
    let sent = scene.machine.seen();
    let sent = sent
        .iter()
        .any(|seen| seen.url.host_str() != Some(METADATA));
    assert_eq!(sent, outcome.is_ok(), "nothing is sent for nobody");
    outcome.map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        let text = error.to_string();
        let line = text.lines().find(|line| line.contains("SharedTokenCache"));
        line.unwrap().to_owned()
    })
}

fn of_a() -> Result<String, String> {
    Ok("of-refresh-a".into())
}

fn of_b() -> Result<String, String> {
    Ok("of-refresh-b".into())
}

#[tokio::test(start_paused = true)]
async fn empty_cache() {
    for (username, tenant) in [
        (None, None),
        (Some("not@cache.example"), None),
        (None, Some("not-cached")),
        (Some("not@cache.example"), Some("not-cached")),
    ] {
        let error = outcome(&[], username, tenant).await.unwrap_err();
        assert!(error.contains("a person has to sign in"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_matching_account_for_username() {
    let error = outcome(&[A], Some("not@cache.example"), None).await;
    let error = error.unwrap_err();
    assert!(error.contains("not@cache.example"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn single_account_and_single_account_matching_username() {
    assert_eq!(outcome(&[A], None, None).await, of_a());
    assert_eq!(outcome(&[A], Some(A.username), None).await, of_a());
}

#[tokio::test(start_paused = true)]
async fn single_account_matching_tenant_and_single_account_matching_tenant_and_username() {
    assert_eq!(outcome(&[A], None, Some(A.utid)).await, of_a());
    assert_eq!(outcome(&[A], Some(A.username), Some(A.utid)).await, of_a());
}

#[tokio::test(start_paused = true)]
async fn no_refresh_token() {
    let without = Account {
        refresh_token: None,
        ..A
    };
    for username in [None, Some(A.username), Some("not@cache.example")] {
        let error = outcome(&[without], username, None).await.unwrap_err();
        assert!(error.contains("sign in"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_accounts_no_username_or_tenant() {
    let error = outcome(&[A, B], None, None).await.unwrap_err();
    for name in [A.username, B.username, "shared_cache_username"] {
        assert!(error.contains(name), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_accounts_username_specified_and_two_accounts_tenant_specified() {
    assert_eq!(outcome(&[A, B], Some(A.username), None).await, of_a());
    assert_eq!(outcome(&[A, B], Some("B@FOO.example"), None).await, of_b());
    assert_eq!(outcome(&[A, B], None, Some(A.utid)).await, of_a());
}

#[tokio::test(start_paused = true)]
async fn two_accounts_tenant_and_username_specified() {
    for (account, of) in [(A, of_a()), (B, of_b())] {
        let chosen = outcome(&[A, B], Some(account.username), Some(account.utid)).await;
        assert_eq!(chosen, of);
    }
}

#[tokio::test(start_paused = true)]
async fn same_username_different_tenants() {
    let namesake = Account {
        username: A.username,
        ..B
    };
    let both = [A, namesake];
    let error = outcome(&both, Some(A.username), None).await.unwrap_err();
    assert!(error.contains(A.username), "{error}");
    assert_eq!(outcome(&both, Some(A.username), Some(A.utid)).await, of_a());
    assert_eq!(outcome(&both, None, Some(B.utid)).await, of_b());
}

#[tokio::test(start_paused = true)]
async fn same_tenant_different_usernames() {
    let colleague = Account { utid: A.utid, ..B };
    let both = [A, colleague];
    let error = outcome(&both, None, Some(A.utid)).await.unwrap_err();
    assert!(error.contains(A.utid), "{error}");
    assert_eq!(outcome(&both, Some(B.username), None).await, of_b());
    assert_eq!(outcome(&both, Some(A.username), Some(A.utid)).await, of_a());
}

#[tokio::test(start_paused = true)]
async fn authority_aliases() {
    let clouds: [&[&str]; 3] = [
        &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
        &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    ];
    for names in clouds {
        for (kept, asked) in names
            .iter()
            .flat_map(|kept| names.iter().map(move |asked| (kept, asked)))
        {
            let mut scene = with(&document(&[A], kept)).await;
            scene.options.client.authority = Some((*asked).into());
            let token = token(&scene.credential(&[])).await;
            assert_eq!(token.unwrap(), "of-refresh-a", "{kept} {asked}");
            // The issuer of old tokens is a name in caches and records; nobody signs in there.
            let host = match *asked {
                "sts.windows.net" => "login.microsoftonline.com",
                host => host,
            };
            assert_eq!(scene.seen_by(host).len(), 1, "{kept} {asked}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn authority_with_no_known_alias_and_authority_environment_variable() {
    let host = "login.no-alias.example";
    for variables in [&[][..], &[("AZURE_AUTHORITY_HOST", host)]] {
        let mut scene = with(&document(&[A], host)).await;
        scene.options.client.disable_instance_discovery = true;
        if variables.is_empty() {
            scene.options.client.authority = Some(host.into());
        }
        let token = token(&scene.credential(variables)).await;
        assert_eq!(token.unwrap(), "of-refresh-a");
        let of_token = |seen: &&Seen| seen.form_value("refresh_token").is_some();
        assert_eq!(scene.seen_by(host).iter().filter(of_token).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn writes_to_cache() {
    let renewing = |seen: &Seen| match seen.form_value("refresh_token") {
        Some(used) => Fate::Answered(
            200,
            json!({
                "access_token": format!("of-{used}"), "refresh_token": format!("after-{used}"),
                "expires_in": 3600, "token_type": "Bearer",
            })
            .to_string(),
        ),
        None => Fate::Unreachable,
    };
    let mut scene = Scene::new(renewing).await;
    let store = Arc::new(WatchedStore::default());
    let kept = document(&[A], "login.microsoftonline.com");
    store.write(false, &kept.to_string()).await;
    scene.options.client.cache_persistence = Some(store.options());
    for _ in 0..2 {
        let token = token(&scene.credential(&[])).await;
        assert_eq!(token.unwrap(), "of-refresh-a", "the second one is known");
    }
    let other = scene.credential(&[]);
    let other = other.get_token(&[crate::testing::OTHER_SCOPE], None).await;
    assert_eq!(other.unwrap().token.secret(), "of-after-refresh-a");
    let written = store.document(false).await;
    assert_eq!(written["RefreshToken"].as_object().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn initialization_reads_nothing_and_a_cache_that_is_absent_is_tried_again() {
    let mut scene = Scene::new(authority).await;
    let store = Arc::new(WatchedStore::default());
    store
        .is_absent
        .store(true, std::sync::atomic::Ordering::Relaxed);
    scene.options.client.cache_persistence = Some(store.options());
    let credential = scene.credential(&[]);
    assert!(store.calls().is_empty());
    for _ in 0..2 {
        let error = token(&credential).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains("no keyring"), "{error}");
        assert!(!store.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn initialization_with_cache_options() {
    let mut scene = Scene::new(authority).await;
    let store = Arc::new(MemoryStore::default());
    let text = document(&[A], "login.microsoftonline.com").to_string();
    for cae in [false, true] {
        let partition = Partition::new("foo.cache", cae);
        let mut change = |_: &[u8]| Some(text.clone().into_bytes());
        store.update(&partition, &mut change).await.unwrap();
    }
    scene.options.client.cache_persistence = Some(TokenCachePersistenceOptions {
        store: Some(store.clone()),
        ..Default::default()
    });
    token(&scene.credential(&[])).await.unwrap_err();
    if let Some(options) = &mut scene.options.client.cache_persistence {
        options.name = "foo.cache".into();
    }
    assert_eq!(token(&scene.credential(&[])).await.unwrap(), "of-refresh-a");
}

#[tokio::test(start_paused = true)]
async fn within_dac_refresh_token_error() {
    let refusing = |seen: &Seen| match seen.form_value("refresh_token") {
        Some(_) => Fate::Answered(400, r#"{"error":"invalid_grant"}"#.into()),
        None => Fate::Unreachable,
    };
    let mut scene = Scene::new(refusing).await;
    let store = Arc::new(WatchedStore::default());
    let kept = document(&[A], "login.microsoftonline.com");
    store.write(false, &kept.to_string()).await;
    scene.options.client.cache_persistence = Some(store.options());
    let error = scene.error(&[]).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert_eq!(attempts(&error), ALL, "those behind it were asked, too");
    assert!(error.to_string().contains("invalid_grant"), "{error}");
}
