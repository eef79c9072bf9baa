#![expect(
    clippy::disallowed_methods,
    reason = "lock files as the other libraries leave them"
)]

use super::*;
use std::fs::FileTimes;

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.path().join("cache.lockfile")
    }

    /// Somebody else's lock file, of that age.
    fn left(&self, text: &str, seconds: u64) -> File {
        fs::write(self.lock_file(), text).unwrap();
        let file = File::options()
            .write(true)
            .read(true)
            .open(self.lock_file())
            .unwrap();
        let time = SystemTime::now() - Duration::from_secs(seconds);
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
        file
    }

    /// How many seconds were waited, and how that ended.
    async fn acquire(&self) -> (u64, Result<Lock>) {
        let begun = Instant::now();
        let outcome = acquire(&self.cache()).await;
        (begun.elapsed().as_secs(), outcome)
    }
}

/// The number of a process that has ended.
fn dead() -> u32 {
    let itself = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(itself);
    let mut child = command
        .arg("--help")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    let number = child.id();
    drop(child);
    // Wine keeps the number for a moment.
    for _ in 0..500 {
        if platform::is_dead(number.cast_signed()) {
            return number;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{number} has ended, and is still there");
}

#[tokio::test(start_paused = true)]
async fn ensure_file_deleted_after_the_lock_as_the_others_expect_it() {
    let scene = Scene::new();
    let lock = acquire(&scene.cache()).await.unwrap();
    // Windows lets nobody else read what is locked.
    if cfg!(unix) {
        let text = fs::read_to_string(scene.lock_file()).unwrap();
        assert_eq!(
            text,
            format!("{} doorkey (and the system's lock)\n", std::process::id())
        );
    }
    let peer = File::open(scene.lock_file()).unwrap();
    assert!(matches!(peer.try_lock(), Err(TryLockError::WouldBlock)));
    drop(peer);
    drop(lock);
    assert!(!scene.lock_file().exists());
}

#[tokio::test(start_paused = true)]
async fn lock_for_timeout_is_waited_for_and_then_given_up_by_name() {
    let scene = Scene::new();
    let held = acquire(&scene.cache()).await.unwrap();
    let (waited, outcome) = scene.acquire().await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cache);
    let error = error.to_string();
    let lock_file = scene.lock_file().display().to_string();
    assert!(error.contains(&lock_file), "{error}");
    let holder = std::process::id().to_string();
    assert!(cfg!(windows) || error.contains(&holder), "{error}");
    assert_eq!(waited, 10);
    let waiting = tokio::spawn({
        let cache = scene.cache();
        async move { acquire(&cache).await }
    });
    sleep(Duration::from_secs(1)).await;
    drop(held);
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn ours_without_the_systems_lock_is_nobodys_at_once() {
    let scene = Scene::new();
    scene.left(
        &format!("{} doorkey (and the system's lock)\n", std::process::id()),
        0,
    );
    let (waited, outcome) = scene.acquire().await;
    outcome.unwrap();
    assert_eq!(waited, 0);
}

#[tokio::test(start_paused = true)]
async fn a_peers_is_taken_over_when_it_is_old_and_its_process_dead_and_not_before() {
    for (text, seconds, taken) in [
        (format!("{} python", dead()), 61, true),
        // Another program of that name, and one of ours where the system knows no locks.
        (format!("{} doorkey", std::process::id()), 0, false),
        (
            format!("{} doorkey (alone)\n", std::process::id()),
            0,
            false,
        ),
        (format!("{} python", dead()), 30, false),
        (format!("{} python", std::process::id()), 3_600, false),
        ("what is this".into(), 3_600, false),
        (String::new(), 30, false),
        (String::new(), 61, true),
    ] {
        let scene = Scene::new();
        drop(scene.left(&text, seconds));
        let (_, outcome) = scene.acquire().await;
        assert_eq!(outcome.is_ok(), taken, "{text:?} {seconds}");
        assert_eq!(scene.lock_file().exists(), !taken || outcome.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_holds_the_systems_lock_is_waited_for_however_old_its_file() {
    let scene = Scene::new();
    let peer = scene.left(&format!("{} dotnet", dead()), 3_600);
    peer.try_lock().unwrap();
    let (_, outcome) = scene.acquire().await;
    outcome.unwrap_err();
}

/// On Windows it cannot be: what is open has its name until it is closed.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn the_lock_file_of_somebody_else_is_not_removed() {
    let scene = Scene::new();
    let lock = acquire(&scene.cache()).await.unwrap();
    fs::remove_file(scene.lock_file()).unwrap();
    drop(scene.left("1 python", 0));
    drop(lock);
    assert_eq!(fs::read_to_string(scene.lock_file()).unwrap(), "1 python");
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_lock_file_that_is_a_link_is_not_followed() {
    let scene = Scene::new();
    let target = scene.folder.path().join("target");
    fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, scene.lock_file()).unwrap();
    let (_, outcome) = scene.acquire().await;
    outcome.unwrap_err();
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

/// Threads, each of which would lose updates if two of them ever held it.
#[test]
fn two_never_hold_it() {
    let scene = Scene::new();
    let counter = scene.folder.path().join("counter");
    fs::write(&counter, "0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                let runtime = builder.enable_time().build().unwrap();
                for _ in 0..25 {
                    let _lock = runtime.block_on(acquire(&scene.cache())).unwrap();
                    let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                    fs::write(&counter, (count + 1).to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "100");
}
