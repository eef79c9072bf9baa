#![expect(
    clippy::disallowed_methods,
    reason = "files as somebody else leaves them"
)]

use super::*;
use azure_core::credentials::Secret;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

const CONTENT: &[u8] = b"{\"RefreshToken\": \"precious\"}";

fn partition() -> Partition {
    Partition::new("msal.cache", false)
}

fn passphrase(folder: &Path, passphrase: &str) -> EncryptedFileStore {
    let key = EncryptionKey::from_passphrase(Secret::new(passphrase.to_owned()));
    EncryptedFileStore::new(key).in_folder(folder)
}

fn key_file(folder: &Path, content: &[u8]) -> EncryptedFileStore {
    let path = folder.join("key");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    EncryptedFileStore::new(EncryptionKey::from_file(path)).in_folder(folder)
}

/// A key of one test, as the kernel's keyring is everybody's; gone with the test.
struct TestKey(String);

impl TestKey {
    /// Of another run.
    fn store(&self, folder: &Path) -> EncryptedFileStore {
        let description = self.0.clone();
        let key = EncryptionKey(key::Source::KernelKeyring { description });
        EncryptedFileStore::new(key).in_folder(folder)
    }
}

impl Drop for TestKey {
    fn drop(&mut self) {
        let ring = linux_keyutils::KeyRingIdentifier::User;
        let key = linux_keyutils::KeyRing::from_special_id(ring, false)
            .and_then(|ring| ring.search(&self.0));
        // It may never have been made.
        let _ = key.and_then(|key| key.invalidate());
    }
}

fn kernel(folder: &Path) -> (EncryptedFileStore, TestKey) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let description = format!("doorkey:test:{}:{number}", std::process::id());
    let key = EncryptionKey(key::Source::KernelKeyring {
        description: description.clone(),
    });
    let store = EncryptedFileStore::new(key).in_folder(folder);
    (store, TestKey(description))
}

async fn write(store: &EncryptedFileStore, bytes: &[u8]) -> Result<()> {
    let mut change = |_: &[u8]| Some(bytes.to_vec());
    store.update(&partition(), &mut change).await.map(drop)
}

async fn read(store: &EncryptedFileStore) -> Result<Vec<u8>> {
    Ok(store.load(&partition()).await?.bytes)
}

fn path(folder: &Path) -> PathBuf {
    folder.join("msal.cache.nocae.doorkey")
}

fn envelope(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(path(folder)).unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_kept_is_found_by_the_next_run_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (kernel_store, kernel_key) = kernel(folder);
    let next_kernel_store = kernel_key.store(folder);
    let next_runs = [
        (passphrase(folder, "a"), passphrase(folder, "a")),
        (key_file(folder, &[7; 32]), key_file(folder, &[7; 32])),
        (kernel_store, next_kernel_store),
    ];
    for (store, next_run) in next_runs {
        let _ = fs::remove_file(path(folder));
        assert_eq!(read(&store).await.unwrap(), b"");
        write(&store, CONTENT).await.unwrap();
        assert_eq!(read(&next_run).await.unwrap(), CONTENT);
        let mut seen = Vec::new();
        let mut change = |bytes: &[u8]| {
            seen = bytes.to_vec();
            None
        };
        next_run.update(&partition(), &mut change).await.unwrap();
        assert_eq!(seen, CONTENT);
        let text = fs::read_to_string(path(folder)).unwrap();
        assert!(!text.contains("precious"));
        let mode = fs::metadata(path(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn another_key_is_refused_and_destroys_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (store, others) in [
        (
            passphrase(folder, "right"),
            [passphrase(folder, "wrong"), kernel(folder).0],
        ),
        (
            key_file(folder, &[7; 32]),
            [passphrase(folder, "right"), {
                let other = folder.join("other");
                fs::create_dir(&other).unwrap();
                key_file(&other, &[8; 32]).in_folder(folder)
            }],
        ),
    ] {
        let _ = fs::remove_file(path(folder));
        write(&store, CONTENT).await.unwrap();
        let before = fs::read(path(folder)).unwrap();
        for other in others {
            for error in [
                read(&other).await.unwrap_err(),
                write(&other, b"new").await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::Cache);
                assert!(error.to_string().contains("left as it is"), "{error}");
            }
        }
        assert_eq!(fs::read(path(folder)).unwrap(), before);
        assert_eq!(read(&store).await.unwrap(), CONTENT);
    }
}

#[tokio::test]
async fn what_somebody_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = key_file(folder, &[7; 32]);
    write(&store, CONTENT).await.unwrap();
    let good = envelope(folder);
    let changed = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        changed
    };
    let mut other = good["ciphertext"].as_str().unwrap().to_owned();
    let first = if other.starts_with('A') { "B" } else { "A" };
    other.replace_range(..1, first);
    let mut other_tag = good["ciphertext"].as_str().unwrap().to_owned();
    // Not the last characters, which may hold bits that nobody reads.
    let place = other_tag.len() - 8;
    let in_tag = if other_tag[place..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    other_tag.replace_range(place..=place, in_tag);
    for envelope in [
        changed("ciphertext", other.into()),
        changed("ciphertext", other_tag.into()),
        changed("ciphertext", "".into()),
        changed("ciphertext", "!".into()),
        changed("nonce", "".into()),
        changed("nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()),
        changed("cipher", "none".into()),
        changed("version", 2.into()),
        changed("version", "1".into()),
        changed("more", 1.into()),
        changed("key", json!({"kind": "file", "more": 1})),
        changed("key", json!({"kind": "another"})),
    ] {
        let text = envelope.to_string();
        fs::write(path(folder), &text).unwrap();
        for error in [
            read(&store).await.unwrap_err(),
            write(&store, b"new").await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Cache, "{text}");
        }
        assert_eq!(fs::read_to_string(path(folder)).unwrap(), text);
    }
    fs::write(path(folder), changed("version", 2.into()).to_string()).unwrap();
    let error = read(&store).await.unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_person_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = Arc::new(Mutex::new(Vec::new()));
    let store = key_file(folder, &[7; 32]).on_notice({
        let told = Arc::clone(&told);
        move |notice| told.lock().unwrap().push(notice.to_owned())
    });
    write(&store, CONTENT).await.unwrap();
    let whole = fs::read(path(folder)).unwrap();
    for damaged in [
        &whole[..whole.len() / 2],
        b"[]",
        b"\0\0\0",
        b"{\"format\": \"another\"}",
    ] {
        fs::write(path(folder), damaged).unwrap();
        assert_eq!(read(&store).await.unwrap(), b"");
        assert_eq!(
            fs::read(path(folder)).unwrap(),
            damaged,
            "reading changes nothing"
        );
        write(&store, CONTENT).await.unwrap();
        assert_eq!(read(&store).await.unwrap(), CONTENT);
        let notices = std::mem::take(&mut *told.lock().unwrap());
        assert!(
            notices.len() == 1 && notices[0].contains("damaged"),
            "{notices:?}"
        );
    }
    let aside = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let aside = aside.filter(|path| path.to_string_lossy().contains(".damaged-"));
    assert_eq!(aside.count(), 4);
}

/// As where containers share a home.
#[tokio::test]
async fn the_key_of_another_kernels_keyring_is_not_called_gone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (store, _key) = kernel(folder);
    write(&store, CONTENT).await.unwrap();
    let mut elsewhere = envelope(folder);
    elsewhere["key"]["place"] = "another".into();
    fs::write(path(folder), elsewhere.to_string()).unwrap();
    for error in [
        read(&store).await.unwrap_err(),
        write(&store, b"new").await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("another machine"), "{error}");
        assert!(
            error.to_string().contains(path(folder).to_str().unwrap()),
            "{error}"
        );
    }
    assert_eq!(
        fs::read_to_string(path(folder)).unwrap(),
        elsewhere.to_string()
    );
}

#[tokio::test]
async fn the_halves_cannot_be_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = key_file(folder, &[7; 32]);
    write(&store, CONTENT).await.unwrap();
    let exchanged = folder.join("msal.cache.cae.doorkey");
    fs::copy(path(folder), &exchanged).unwrap();
    let other_half = Partition::new("msal.cache", true);
    let mut change = |_: &[u8]| Some(b"new".to_vec());
    for error in [
        store.load(&other_half).await.map(drop).unwrap_err(),
        store
            .update(&other_half, &mut change)
            .await
            .map(drop)
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Cache);
    }
    assert_eq!(
        fs::read(exchanged).unwrap(),
        fs::read(path(folder)).unwrap()
    );
}

#[tokio::test]
async fn no_two_writes_are_encrypted_alike() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = passphrase(folder, "a");
    write(&store, CONTENT).await.unwrap();
    let first = envelope(folder);
    write(&store, CONTENT).await.unwrap();
    let second = envelope(folder);
    assert_ne!(first["nonce"], second["nonce"]);
    assert_ne!(first["ciphertext"], second["ciphertext"]);
    assert_eq!(first["key"], second["key"], "the key is derived once");
}

#[tokio::test]
async fn a_file_cannot_ask_for_all_memory_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = passphrase(folder, "a");
    write(&store, CONTENT).await.unwrap();
    let good = envelope(folder);
    for (parameter, value) in [
        ("memory_kib", json!(u32::MAX)),
        ("memory_kib", json!(0)),
        ("passes", json!(1_000_000)),
        ("lanes", json!(1_000)),
        ("salt", json!("AAAA".repeat(100))),
        ("salt", json!("!")),
    ] {
        let mut hostile = good.clone();
        hostile["key"][parameter] = value;
        fs::write(path(folder), hostile.to_string()).unwrap();
        let error = read(&passphrase(folder, "a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cache, "{parameter}");
    }
}

#[tokio::test]
async fn when_the_kernel_has_lost_the_key_the_file_is_set_aside_and_the_person_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (store, key) = kernel(folder);
    let description = key.0.as_str();
    let told = Arc::new(Mutex::new(Vec::new()));
    let store = store.on_notice({
        let told = Arc::clone(&told);
        move |notice| told.lock().unwrap().push(notice.to_owned())
    });
    write(&store, CONTENT).await.unwrap();
    let before = fs::read(path(folder)).unwrap();
    for is_made_anew in [false, true] {
        fs::write(path(folder), &before).unwrap();
        // As by a restart; the second time, another cache has a new key already.
        let ring = linux_keyutils::KeyRing::from_special_id(
            linux_keyutils::KeyRingIdentifier::User,
            false,
        )
        .unwrap();
        ring.search(description).unwrap().invalidate().unwrap();
        if is_made_anew {
            kernel_keyring::add(description, &[1; 32]).unwrap();
        }
        assert_eq!(read(&store).await.unwrap(), b"");
        assert_eq!(
            fs::read(path(folder)).unwrap(),
            before,
            "reading changes nothing"
        );
        write(&store, b"new").await.unwrap();
        assert_eq!(read(&store).await.unwrap(), b"new");
        let notices = std::mem::take(&mut *told.lock().unwrap());
        assert_eq!(notices.len(), 1);
        let aside = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().contains(".damaged-"))
            .unwrap();
        assert!(notices[0].contains(aside.to_str().unwrap()), "{notices:?}");
        assert_eq!(fs::read(&aside).unwrap(), before);
        fs::remove_file(aside).unwrap();
    }
}

#[tokio::test]
async fn a_key_file_that_is_no_secret_is_refused_before_anything_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let short = key_file(folder, b"too short");
    let missing =
        EncryptedFileStore::new(EncryptionKey::from_file(folder.join("missing"))).in_folder(folder);
    for store in [short, missing] {
        let error = read(&store).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains("key file"), "{error}");
    }
    let open = key_file(folder, &[7; 32]);
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = read(&open).await.unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    assert!(!path(folder).exists());
}

#[tokio::test]
async fn an_empty_passphrase_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = write(&passphrase(folder.path(), ""), CONTENT).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(!path(folder.path()).exists());
}

/// As when several programs sign in for the first time at once.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_begin_at_once_make_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let (one, key) = kernel(folder.path());
        let other = key.store(folder.path());
        let other_half = Partition::new("msal.cache", true);
        let begin = |store: EncryptedFileStore, partition: Partition| {
            tokio::spawn(async move {
                let mut change = |_: &[u8]| Some(CONTENT.to_vec());
                store.update(&partition, &mut change).await.map(drop)
            })
        };
        let tasks = [
            begin(one.clone(), partition()),
            begin(other, other_half.clone()),
        ];
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        for partition in [partition(), other_half] {
            assert_eq!(one.load(&partition).await.unwrap().bytes, CONTENT);
        }
    }
}

#[test]
fn no_key_is_shown() {
    let key = EncryptionKey::from_passphrase(Secret::new("hunter2"));
    let store = EncryptedFileStore::new(key.clone());
    assert!(!format!("{key:?} {store:?}").contains("hunter2"));
}
