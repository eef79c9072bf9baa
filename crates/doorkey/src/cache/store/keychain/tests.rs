use super::*;
use std::fs;

/// A home of its own, and a cache of its own name, as all tests share the items.
struct Scene {
    home: tempfile::TempDir,
    store: KeychainStore,
    partition: Partition,
}

impl Scene {
    fn new(name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::of(&[("HOME", home.path())]);
        Self {
            home,
            store: KeychainStore::new(environment),
            partition: Partition::new(name, false),
        }
    }

    fn signal(&self) -> PathBuf {
        let folder = self.home.path().join(".IdentityService");
        folder.join(self.partition.file_name())
    }

    fn item(&self) -> Item {
        Item::of(SERVICE, &account(&self.partition))
    }

    async fn load(&self) -> Result<StoredCache> {
        self.store.load(&self.partition).await
    }

    async fn update(&self, new: Option<&str>) -> Result<(Vec<u8>, CacheVersion)> {
        let mut old = Vec::new();
        let mut change = |bytes: &[u8]| {
            old = bytes.to_vec();
            new.map(|new| new.as_bytes().to_vec())
        };
        let version = self.store.update(&self.partition, &mut change).await?;
        Ok((old, version))
    }
}

#[test]
fn persistent_cache_macos_has_the_account_of_the_other_libraries() {
    for (name, cae, expected) in [
        ("msal.cache", false, "MSALCache"),
        ("msal.cache", true, "msal.cache.cae"),
        ("mine", false, "mine.nocae"),
        ("MSALCache", false, "MSALCache.nocae"),
    ] {
        assert_eq!(account(&Partition::new(name, cae)), expected);
    }
}

#[tokio::test]
async fn keychain_persistence_is_the_item_alone_and_the_signal_tells_of_it() {
    let scene = Scene::new("kept");
    assert_eq!(scene.load().await.unwrap().bytes, b"");
    let mut versions = vec![scene.store.version(&scene.partition).await.unwrap()];
    for (old, new) in [("", "one"), ("one", "two")] {
        let (seen, version) = scene.update(Some(new)).await.unwrap();
        assert_eq!(seen, old.as_bytes());
        let stored = scene.load().await.unwrap();
        assert_eq!(stored.bytes, new.as_bytes());
        assert_eq!(stored.version, version);
        assert!(!versions.contains(&version));
        versions.push(version);
        let item = scene.item();
        assert_eq!(
            item.0.lock().unwrap().bytes.as_deref(),
            Some(new.as_bytes())
        );
        assert_eq!(fs::read(scene.signal()).unwrap(), b"");
    }
    let (seen, version) = scene.update(None).await.unwrap();
    assert_eq!((&seen[..], &version), (&b"two"[..], &versions[2]));
    let lock_file = scene.signal().with_extension("nocae.lockfile");
    assert!(!lock_file.exists());
}

#[tokio::test]
async fn what_is_damaged_is_kept_under_an_account_of_its_own() {
    let scene = Scene::new("damaged");
    for damaged in [&b"one"[..], b"two"] {
        let place = scene.store.set_aside(&scene.partition, damaged).await;
        let place = place.unwrap().unwrap();
        assert!(place.contains("damaged.nocae.damaged"), "{place}");
        let item = Item::of(SERVICE, "damaged.nocae.damaged");
        assert_eq!(item.0.lock().unwrap().bytes.as_deref(), Some(damaged));
    }
    assert_eq!(scene.load().await.unwrap().bytes, b"");
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let scene = Scene::new("refused");
    scene.update(Some("one")).await.unwrap();
    for (code, kind, says) in [
        (-128, ErrorKind::CredentialUnavailable, "Always Allow"),
        (-25_293, ErrorKind::CredentialUnavailable, "Always Allow"),
        (
            -25_308,
            ErrorKind::CredentialUnavailable,
            "security unlock-keychain",
        ),
        (-25_307, ErrorKind::CredentialUnavailable, "Keychain Access"),
        (-67_000, ErrorKind::Cache, "-67000"),
    ] {
        scene.item().0.lock().unwrap().refusal = Some(code);
        for error in [
            scene.load().await.unwrap_err(),
            scene.update(Some("two")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
    scene.item().0.lock().unwrap().refusal = None;
    assert_eq!(scene.load().await.unwrap().bytes, b"one");
}

#[expect(
    clippy::await_holding_lock,
    reason = "the dialog of a person who is away"
)]
#[tokio::test]
async fn a_dialog_is_not_waited_for_and_what_was_allowed_late_is_seen_later() {
    let scene = Scene::new("asked");
    scene.update(Some("one")).await.unwrap();
    let item = scene.item();
    tokio::time::pause();
    let dialog = item.0.lock().unwrap();
    for _ in 0..2 {
        let error = scene.load().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains("dialog"), "{error}");
    }
    tokio::time::resume();
    drop(dialog);
    assert_eq!(scene.load().await.unwrap().bytes, b"one");
}

#[test]
fn without_a_runtime_it_says_so() {
    let scene = Scene::new("alone");
    let loaded = futures_util::FutureExt::now_or_never(scene.load());
    let error = loaded.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("Tokio"), "{error}");
}
