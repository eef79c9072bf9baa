use super::*;

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    Some(fs::metadata(path).unwrap().permissions().mode() & 0o777)
}

/// Windows has none: what is in a person's profile is theirs.
#[cfg(windows)]
fn mode(_: &Path) -> Option<u32> {
    None
}

fn if_there_are_modes(mode: u32) -> Option<u32> {
    cfg!(unix).then_some(mode)
}

#[test]
fn what_is_written_is_private_and_read_back() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(SHARED_FOLDER);
    let path = folder.join("cache");
    assert_eq!(read(&path).unwrap().version, CacheVersion::default());
    assert_eq!(version(&path).unwrap(), CacheVersion::default());
    let written = replace(&path, b"one").unwrap();
    assert_eq!(mode(&path), if_there_are_modes(0o600));
    assert_eq!(mode(&folder), if_there_are_modes(0o700));
    let stored = read(&path).unwrap();
    assert_eq!(stored.bytes, b"one");
    assert_eq!(stored.version, written);
    assert_eq!(version(&path).unwrap(), written);
    assert_ne!(replace(&path, b"two").unwrap(), written);
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        1,
        "nothing else is left"
    );
}

#[cfg(unix)]
#[test]
fn what_others_left_open_is_closed() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(SHARED_FOLDER);
    fs::create_dir(&folder).unwrap();
    let path = folder.join("cache");
    fs::write(&path, "{}").unwrap();
    for path in [&folder, &path] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    replace(&path, b"one").unwrap();
    assert_eq!((mode(&folder), mode(&path)), (Some(0o700), Some(0o600)));
    let own = home.path().join("a folder of the user's");
    fs::create_dir(&own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    replace(&own.join("cache"), b"one").unwrap();
    assert_eq!(mode(&own), Some(0o755), "it is theirs to close");
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_nothing_else_than_a_file_is_read() {
    use std::os::unix::fs::symlink;

    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    fs::write(&target, "precious").unwrap();
    let link = home.path().join("link");
    symlink(&target, &link).unwrap();
    let folder_link = home.path().join("folder");
    symlink(home.path(), &folder_link).unwrap();
    let pipe = home.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let folder = home.path().join("a folder");
    fs::create_dir(&folder).unwrap();
    for path in [&link, &pipe, &folder] {
        for error in [read(path).unwrap_err(), replace(path, b"new").unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
    }
    replace(&folder_link.join("cache"), b"new").unwrap_err();
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

#[test]
fn a_home_that_is_none_is_an_error_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("cache"), home.path().join("missing/folder/cache")] {
        let error = replace(&path, b"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
        assert!(error.to_string().contains("HOME"), "{error}");
    }
}

#[test]
fn a_peer_that_looked_a_moment_ago_sees_each_write() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cache");
    for _ in 0..2 {
        // They note the time after they have read.
        let looked = SystemTime::now();
        replace(&path, b"x").unwrap();
        assert!(fs::metadata(&path).unwrap().modified().unwrap() > looked);
    }
    let far = SystemTime::now() + Duration::from_secs(3_600);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_times(FileTimes::new().set_modified(far)).unwrap();
    drop(file);
    replace(&path, b"y").unwrap();
    assert!(
        fs::metadata(&path).unwrap().modified().unwrap() > far,
        "the clock was set back"
    );
}

#[test]
fn what_is_set_aside_is_private_and_never_in_the_way() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cache");
    let (one, two) = (
        set_aside(&path, b"one").unwrap(),
        set_aside(&path, b"two").unwrap(),
    );
    assert_ne!(one, two);
    assert_eq!(fs::read(&one).unwrap(), b"one");
    assert_eq!(fs::read(&two).unwrap(), b"two");
    assert_eq!(mode(&one), if_there_are_modes(0o600));
}

#[test]
fn the_temporary_files_of_the_dead_are_removed_and_those_of_the_living_are_not() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cache");
    let (old, new) = (
        home.path().join(".cache.old.tmp"),
        home.path().join(".cache.new.tmp"),
    );
    for path in [&old, &new] {
        fs::write(path, "half").unwrap();
    }
    let past = SystemTime::now() - 2 * ABANDONED;
    let file = File::options().write(true).open(&old).unwrap();
    file.set_times(FileTimes::new().set_modified(past)).unwrap();
    drop(file);
    replace(&path, b"x").unwrap();
    assert!(!old.exists());
    assert!(new.exists());
}

/// Python opens a file so that it cannot be replaced until it is closed.
#[cfg(windows)]
#[test]
fn a_reader_who_shares_nothing_is_waited_for() {
    use std::os::windows::fs::OpenOptionsExt;

    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cache");
    replace(&path, b"one").unwrap();
    let share_mode = windows_sys::Win32::Storage::FileSystem::FILE_SHARE_READ;
    let mut options = OpenOptions::new();
    let reader = options.read(true).share_mode(share_mode).open(&path);
    let reader = reader.unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| replace(&path, b"two"));
        // Until the writer has only the last step to take.
        while fs::read_dir(home.path()).unwrap().count() < 2 && !writer.is_finished() {
            thread::yield_now();
        }
        drop(reader);
        writer.join().unwrap().unwrap();
    });
    assert_eq!(read(&path).unwrap().bytes, b"two");
}

/// As other libraries write, on a file system whose clock has ticks.
#[test]
fn two_writes_of_one_length_at_one_time_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cache");
    let tick = SystemTime::now();
    let write = |text: &str| {
        fs::write(&path, text).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(tick)).unwrap();
    };
    write("one");
    let first = read(&path).unwrap();
    write("two");
    assert_ne!(first.version, version(&path).unwrap());
    let ours = replace(&path, b"three").unwrap();
    assert_eq!(read(&path).unwrap().version, ours, "and ours are read once");
}
