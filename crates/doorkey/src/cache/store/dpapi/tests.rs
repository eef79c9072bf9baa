use super::*;
use crate::{cache::Persistence, error::ErrorKind};
use std::{fs, path::Path, sync::Arc};

struct Scene {
    home: tempfile::TempDir,
    store: DpapiStore,
    partition: Partition,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::of(&[("LOCALAPPDATA", home.path())]);
        Self {
            home,
            store: DpapiStore::new(environment),
            partition: Partition::new("msal.cache", false),
        }
    }

    fn file(&self) -> PathBuf {
        self.home
            .path()
            .join(".IdentityService")
            .join("msal.cache.nocae")
    }

    /// As any of the libraries leaves it.
    fn left(&self, bytes: &[u8]) {
        file::replace(&self.file(), bytes).unwrap();
    }

    async fn loaded(&self) -> Vec<u8> {
        self.store.load(&self.partition).await.unwrap().bytes
    }
}

fn unprotected(path: impl AsRef<Path>) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    protection::unprotect(&bytes).unwrap().unwrap().to_vec()
}

#[tokio::test]
async fn file_persistence_with_data_protection_is_the_shared_file() {
    let scene = Scene::new();
    assert_eq!(scene.loaded().await, b"");
    let mut seen = Vec::new();
    for text in ["{\"one\": 1}", "{\"two\": \"\u{fc}\"}"] {
        let mut change = |old: &[u8]| {
            seen.push(old.to_vec());
            Some(text.as_bytes().to_vec())
        };
        let version = scene.store.update(&scene.partition, &mut change).await;
        let stored = scene.store.load(&scene.partition).await.unwrap();
        assert_eq!(stored.bytes, text.as_bytes());
        assert_eq!(stored.version, version.unwrap());
        let bytes = fs::read(scene.file()).unwrap();
        assert!(protection::is_protected(&bytes), "{bytes:02x?}");
        assert!(
            !bytes
                .windows(3)
                .any(|window| window == &text.as_bytes()[2..5])
        );
        assert_eq!(unprotected(scene.file()), text.as_bytes());
    }
    assert_eq!(seen, [&b""[..], b"{\"one\": 1}"]);
    let files = fs::read_dir(scene.file().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1, "no lock, no temporary file");
}

#[tokio::test]
async fn a_change_of_nothing_leaves_all_as_it_is() {
    let scene = Scene::new();
    let none = &mut |_: &[u8]| None;
    let version = scene.store.update(&scene.partition, none).await.unwrap();
    assert_eq!(version, CacheVersion::default());
    assert!(!scene.file().exists());
    scene.left(&protection::protect(b"{}").unwrap());
    let before = fs::read(scene.file()).unwrap();
    scene.store.update(&scene.partition, none).await.unwrap();
    assert_eq!(fs::read(scene.file()).unwrap(), before);
}

#[tokio::test]
async fn read_msal_cache_direct_and_its_empty_file_is_an_empty_cache() {
    let scene = Scene::new();
    scene.left(&protection::protect(b"{\"peer\": 1}").unwrap());
    assert_eq!(scene.loaded().await, b"{\"peer\": 1}");
    scene.left(b"");
    assert_eq!(scene.loaded().await, b"");
}

#[tokio::test]
async fn what_cannot_be_decrypted_is_no_cache_and_is_set_aside_as_it_is() {
    let scene = Scene::new();
    let mut damaged = protection::protect(b"{}").unwrap();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    scene.left(&damaged);
    assert_eq!(scene.loaded().await, damaged);
    let place = scene.store.set_aside(&scene.partition, &damaged).await;
    let place = place.unwrap().unwrap();
    assert!(place.contains("cannot decrypt"), "{place}");
    let path = place.split(',').next().unwrap();
    assert_eq!(fs::read(path).unwrap(), damaged);
}

#[tokio::test]
async fn a_new_cache_begins_where_the_old_one_cannot_be_decrypted_and_the_person_is_told() {
    let scene = Scene::new();
    let mut damaged = protection::protect(b"{}").unwrap();
    damaged.truncate(100);
    scene.left(&damaged);
    let cache = Persistence::new(Arc::new(scene.store.clone()), "msal.cache");
    let notice = cache.load(false).await.unwrap().notice.unwrap();
    assert!(notice.to_string().contains("cannot decrypt"), "{notice}");
    assert!(cache.load(false).await.unwrap().notice.is_none());
    assert!(unprotected(scene.file()).starts_with(b"{"));
}

#[tokio::test]
async fn what_is_damaged_inside_is_set_aside_encrypted() {
    let scene = Scene::new();
    let place = scene.store.set_aside(&scene.partition, b"{\"secret").await;
    let place = place.unwrap().unwrap();
    let path = place.split(',').next().unwrap();
    assert!(protection::is_protected(&fs::read(path).unwrap()));
    assert_eq!(unprotected(path), b"{\"secret");
}

#[tokio::test]
async fn a_plain_cache_of_before_is_encrypted_with_the_next_write() {
    let scene = Scene::new();
    scene.left(b"{\"plain\": 1}");
    assert_eq!(scene.loaded().await, b"{\"plain\": 1}");
    let mut change = |old: &[u8]| Some(old.to_vec());
    let updated = scene.store.update(&scene.partition, &mut change).await;
    updated.unwrap();
    assert_eq!(unprotected(scene.file()), b"{\"plain\": 1}");
}

#[test]
fn reading_and_writing_need_no_runtime() {
    let scene = Scene::new();
    let mut change = |_: &[u8]| Some(b"{}".to_vec());
    let updated = scene.store.update(&scene.partition, &mut change);
    futures_util::FutureExt::now_or_never(updated)
        .unwrap()
        .unwrap();
    let loaded = futures_util::FutureExt::now_or_never(scene.loaded());
    assert_eq!(loaded.unwrap(), b"{}");
}

#[tokio::test]
async fn without_a_profile_there_is_no_place() {
    let none: [(&str, &str); 0] = [];
    let store = DpapiStore::new(Environment::of(&none));
    let error = store.load(&Partition::new("msal.cache", false)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("LOCALAPPDATA"), "{error}");
}
