//! What every store promises, on every system.

#![expect(
    clippy::disallowed_methods,
    reason = "a key file as somebody else leaves it"
)]

use super::*;
use crate::seams::Environment;
use std::{fs, path::Path};

fn key_file(folder: &Path) -> EncryptionKey {
    let path = folder.join("key");
    fs::write(&path, [7; 32]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    EncryptionKey::from_file(path)
}

fn stores(folder: &Path) -> Vec<Box<dyn TokenCacheStore>> {
    let environment = Environment::of(&[("HOME", folder), ("LOCALAPPDATA", folder)]);
    vec![
        Box::new(MemoryStore::new()),
        Box::new(PlainFileStore::in_folder(folder.join("plain"))),
        Box::new(EncryptedFileStore::new(key_file(folder)).in_folder(folder.join("encrypted"))),
        // Without a session bus, this is the plain file on Linux.
        Box::new(SystemStore::with_environment(true, environment)),
    ]
}

/// The bytes that the change got, and the version after it.
async fn update(
    store: &dyn TokenCacheStore,
    partition: &Partition,
    new: Option<&[u8]>,
) -> (Vec<u8>, CacheVersion) {
    let mut old = Vec::new();
    let mut change = |bytes: &[u8]| {
        old = bytes.to_vec();
        new.map(<[u8]>::to_vec)
    };
    let version = store.update(partition, &mut change).await.unwrap();
    (old, version)
}

#[tokio::test]
async fn file_persistence_and_nonexistent_file_persistence_under_a_version_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let partition = Partition::new("msal.cache", false);
    for store in stores(folder.path()) {
        let loaded = store.load(&partition).await.unwrap();
        assert_eq!(loaded.bytes, b"", "{store:?}");
        let mut versions = vec![loaded.version];
        for (old, new) in [(&b""[..], &b"{\"one\": 1}"[..]), (b"{\"one\": 1}", b"{}")] {
            let (seen, version) = update(&*store, &partition, Some(new)).await;
            assert_eq!(seen, old, "{store:?}");
            assert!(!versions.contains(&version), "{store:?}");
            let loaded = store.load(&partition).await.unwrap();
            assert_eq!(loaded.bytes, new, "{store:?}");
            assert_eq!(loaded.version, version, "{store:?}");
            assert_eq!(store.version(&partition).await.unwrap(), version);
            versions.push(version);
        }
        let (seen, version) = update(&*store, &partition, None).await;
        assert_eq!((&seen[..], Some(&version)), (&b"{}"[..], versions.last()));
        let other = store.load(&Partition::new("msal.cache", true)).await;
        assert_eq!(other.unwrap().bytes, b"", "{store:?}");
    }
}

/// Threads, each of which would lose updates if an update of another one came between.
#[test]
fn lock_for_normal_workload_loses_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let partition = &Partition::new("msal.cache", false);
    for store in &stores(folder.path()) {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut builder = tokio::runtime::Builder::new_current_thread();
                    let runtime = builder.enable_all().build().unwrap();
                    for _ in 0..10 {
                        let mut change = |old: &[u8]| Some([old, b"x"].concat());
                        let updated = store.update(partition, &mut change);
                        runtime.block_on(updated).unwrap();
                    }
                });
            }
        });
        let loaded = futures_util::FutureExt::now_or_never(store.load(partition));
        assert_eq!(loaded.unwrap().unwrap().bytes, b"x".repeat(40), "{store:?}");
    }
}
