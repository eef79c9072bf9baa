use super::{
    super::place::{Machine, found},
    apart,
};
use doorkey::ErrorKind;
use std::path::{Path, PathBuf};

const KERNEL: &str = "5.15.167.4-microsoft-standard-WSL2\n";

fn machine<'a>(
    kernel: &str,
    has_interop: bool,
    search_path: &str,
    is_file: &'a dyn Fn(&Path) -> bool,
) -> Machine<'a> {
    Machine {
        kernel: kernel.to_owned(),
        is_marked: false,
        has_interop,
        search_path: search_path.into(),
        is_file,
    }
}

#[test]
fn what_is_missing_is_named_and_another_way_is_left() {
    for (kernel, has_interop, words) in [
        ("6.1.0-40-amd64", true, "does not run within Windows"),
        ("", true, "does not run within Windows"),
        (KERNEL, false, "turn interop on"),
        ("4.4.0-19041-Microsoft", false, "turn interop on"),
        (KERNEL, true, "no `doorkey.exe` in PATH"),
    ] {
        let machine = machine(kernel, has_interop, "/usr/bin:/mnt/c/Windows", &|_| false);
        let error = machine.program().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        let text = error.to_string();
        assert!(text.contains(words), "{kernel}: {text}");
        assert!(text.ends_with("sign in by the browser"), "{text}");
    }
}

/// Who builds the kernel names it.
#[test]
fn a_kernel_of_ones_own_is_known_by_its_name_or_by_what_is_around_it() {
    for (kernel, is_marked, is_wsl) in [
        (KERNEL, false, true),
        ("4.4.0-19041-Microsoft", false, true),
        ("6.12.9-locietta-WSL2-xanmod1.1+", false, true),
        ("6.9.0-mine", true, true),
        ("6.9.0-mine", false, false),
        ("6.1.0-40-amd64", false, false),
        ("", true, true),
        ("", false, false),
    ] {
        let mut machine = machine(kernel, true, "", &|_| false);
        machine.is_marked = is_marked;
        assert_eq!(machine.is_wsl(), is_wsl, "{kernel} {is_marked}");
    }
}

#[test]
fn only_absolute_folders_of_the_path_are_searched_in_their_order() {
    let there = |path: &Path| path.ends_with("doorkey.exe");
    for (search_path, found) in [
        ("/mnt/c/a:/mnt/c/b", Some("/mnt/c/a/doorkey.exe")),
        ("::.:tools:./x:../x:/mnt/c/a", Some("/mnt/c/a/doorkey.exe")),
        (
            "/mnt/c/Program Files/a",
            Some("/mnt/c/Program Files/a/doorkey.exe"),
        ),
        (":.:tools", None),
        ("", None),
    ] {
        let machine = machine(KERNEL, true, search_path, &there);
        let program = machine.program().ok();
        assert_eq!(program.as_deref(), found.map(Path::new), "{search_path}");
    }
    let second = |path: &Path| path.starts_with("/b");
    let machine = machine(KERNEL, true, "/a:/b:/c", &second);
    assert_eq!(machine.program().unwrap(), Path::new("/b/doorkey.exe"));
}

/// A drive that is away may keep whoever looks at it for minutes.
#[test]
fn a_search_that_hangs_holds_up_neither_who_waits_nor_the_programs_end() {
    let (answer, seconds) = apart(|never| async move {
        let search = move || {
            let _ = never.recv();
            Ok(PathBuf::from("/doorkey.exe"))
        };
        found(search).await
    });
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("PATH"), "{error}");
    assert_eq!(seconds, 15);
}
