#![expect(
    clippy::disallowed_methods,
    reason = "another program writes so, which is what is tested"
)]

use super::*;
use std::time::SystemTime;

const CACHE: &str = r#"{"AccessToken":{},"Other":1}"#;

struct Scene {
    folder: tempfile::TempDir,
    store: BorrowedFileStore,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BorrowedFileStore::new(folder.path().join("cache.json"), "az");
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cache.json")
    }

    /// As if a while ago, so that the next write has another time.
    fn write(&self, bytes: &str, age: u64) {
        fs::write(self.path(), bytes).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(self.path())
            .unwrap();
        file.set_modified(time).unwrap();
    }

    async fn load(&self, cae: bool) -> Result<String> {
        let stored = self.store.load(&half(cae)).await?;
        Ok(String::from_utf8(stored.bytes).unwrap())
    }

    async fn change(&self, cae: bool, to: &str) {
        let mut change = |_: &[u8]| Some(to.as_bytes().to_vec());
        self.store.update(&half(cae), &mut change).await.unwrap();
    }

    /// Everything that can be seen of the folder.
    fn seen(&self) -> Vec<(String, Vec<u8>, SystemTime)> {
        let mut seen: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let modified = entry.metadata().unwrap().modified().unwrap();
                (name, fs::read(entry.path()).unwrap(), modified)
            })
            .collect();
        seen.sort();
        seen
    }
}

fn half(cae: bool) -> Partition {
    Partition::new("az", cae)
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_is_kept_in_memory_and_nothing_is_written() {
    let scene = Scene::new();
    scene.write(CACHE, 100);
    let before = scene.seen();
    let first = scene.store.version(&half(false)).await.unwrap();
    for cae in [false, true] {
        assert_eq!(scene.load(cae).await.unwrap(), CACHE);
        scene.change(cae, "{}").await;
        assert_eq!(scene.load(cae).await.unwrap(), "{}");
    }
    assert_ne!(scene.store.version(&half(false)).await.unwrap(), first);
    assert_eq!(
        scene.store.set_aside(&half(false), b"x").await.unwrap(),
        None
    );
    assert_eq!(scene.seen(), before);
}

#[tokio::test(start_paused = true)]
async fn what_the_other_program_writes_is_the_truth_again() {
    let scene = Scene::new();
    scene.write(CACHE, 100);
    scene.change(false, r#"{"ours":1}"#).await;
    scene.change(true, r#"{"ours":2}"#).await;
    let version = scene.store.version(&half(true)).await.unwrap();
    // The same once more is nothing new.
    scene.write(CACHE, 90);
    assert_eq!(scene.load(false).await.unwrap(), r#"{"ours":1}"#);
    assert_eq!(scene.store.version(&half(true)).await.unwrap(), version);
    scene.write("{}", 80);
    assert_ne!(scene.store.version(&half(true)).await.unwrap(), version);
    for cae in [false, true] {
        assert_eq!(scene.load(cae).await.unwrap(), "{}");
    }
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(scene.load(false).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn half_a_file_is_waited_for_and_never_taken_for_a_cache() {
    let scene = Scene::new();
    for half_written in ["", r#"{"AccessToken":{"k":{"secret":"ab"#] {
        scene.write(half_written, 100);
        let error = scene.load(false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cache);
        assert!(!error.to_string().contains("ab"), "{error}");
    }
    let writer = async {
        sleep(Duration::from_millis(500)).await;
        scene.write(CACHE, 90);
    };
    let (loaded, ()) = futures_util::join!(scene.load(false), writer);
    assert_eq!(loaded.unwrap(), CACHE);
    // Once it was whole, that is good until it is again.
    scene.write("{\"Acc", 80);
    assert_eq!(scene.load(false).await.unwrap(), CACHE);
    let version = scene.store.version(&half(false)).await.unwrap();
    scene.write("{}", 70);
    assert_ne!(scene.store.version(&half(false)).await.unwrap(), version);
    assert_eq!(scene.load(false).await.unwrap(), "{}");
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_linked_folder_is_followed() {
    let scene = Scene::new();
    scene.write(CACHE, 100);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.json");
    std::os::unix::fs::symlink(scene.path(), &link).unwrap();
    let store = BorrowedFileStore::new(link, "az");
    assert_eq!(
        store.load(&half(false)).await.unwrap().bytes,
        CACHE.as_bytes()
    );
}

#[cfg(windows)]
#[tokio::test]
async fn what_windows_encrypted_is_decrypted() {
    use super::super::dpapi::DpapiStore;
    let home = tempfile::tempdir().unwrap();
    let variables = [("LOCALAPPDATA", home.path().to_str().unwrap())];
    let writer = DpapiStore::new(crate::seams::Environment::of(&variables));
    let mut change = |_: &[u8]| Some(CACHE.as_bytes().to_vec());
    writer.update(&half(false), &mut change).await.unwrap();
    let path = home
        .path()
        .join(".IdentityService")
        .join(half(false).file_name());
    assert!(!fs::read(&path).unwrap().starts_with(b"{"));
    let store = BorrowedFileStore::new(path, "az");
    assert_eq!(
        store.load(&half(true)).await.unwrap().bytes,
        CACHE.as_bytes()
    );
}

#[test]
fn without_a_runtime_a_whole_file_is_read_and_half_a_one_is_an_error() {
    use futures_util::FutureExt;
    let scene = Scene::new();
    scene.write("{", 100);
    scene.load(false).now_or_never().unwrap().unwrap_err();
    scene.write(CACHE, 90);
    assert_eq!(scene.load(false).now_or_never().unwrap().unwrap(), CACHE);
}

/// A file of `az` is neither ours to remove nor bound to `HOME` or `cache_persistence`.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_without_orders_about_our_own_caches() {
    let in_its_place: [fn(PathBuf); 2] = [
        |path| fs::create_dir(path).unwrap(),
        |path| std::os::unix::fs::symlink("/nowhere/cache.json", path).unwrap(),
    ];
    for put in in_its_place {
        let scene = Scene::new();
        put(scene.path());
        let Err(error) = scene.load(false).await else {
            // A link to nothing may count as no cache.
            continue;
        };
        let text = error.to_string();
        for misleading in ["remove", "move the file away", "tokens are kept", "HOME"] {
            assert!(!text.contains(misleading), "{text}");
        }
    }
}

/// As where a home folder of the host is mounted in a container.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_mounted_folder_of_another_user_is_read() {
    let scene = Scene::new();
    scene.write(CACHE, 100);
    // Only root can give a file away; for anybody else it stays their own.
    let _ = std::os::unix::fs::chown(scene.path(), Some(1_000), None);
    assert_eq!(scene.load(false).await.unwrap(), CACHE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn who_reads_an_older_state_late_does_not_put_it_over_a_newer_one() {
    let scene = std::sync::Arc::new(Scene::new());
    let text = |name: &str, round: u32| {
        let rest = "x".repeat(200_000);
        format!(r#"{{"{name}":{round},"rest":"{rest}"}}"#)
    };
    for round in 0..150 {
        scene.write(&text("old", round), 100);
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let scene = std::sync::Arc::clone(&scene);
                tokio::spawn(async move {
                    for _ in 0..2 {
                        scene.load(false).await.unwrap();
                    }
                })
            })
            .collect();
        scene.write(&text("new", round), 90);
        for reader in readers {
            reader.await.unwrap();
        }
        // More than once, as what is wrong might be put right by a call.
        scene.load(false).await.unwrap();
        let last = scene.load(false).await.unwrap();
        assert!(last.starts_with(r#"{"new""#), "round {round}");
    }
}
