//! Many programs write one plain cache at once: ours, and Python's with msal-extensions. They are
//! killed at any moment, and the disk is full.

mod home;

use home::Home;
use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Output},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::Duration,
};

const WRITES: u32 = 200;

fn ended(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    text
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn lock_for_high_workload_of_sixteen_programs_in_two_languages() {
    let home = Home::new();
    let ours: Vec<_> = (0..8)
        .map(|program| {
            let prefix = format!("ours{program}");
            let mut command = home.ours(&["fill", &WRITES.to_string(), &prefix]);
            command.spawn().expect("it starts")
        })
        .collect();
    let python: Vec<_> = (0..8)
        .map(|program| {
            let mut command = home.python(WRITES, &format!("python{program}"));
            command.spawn().expect("Python starts")
        })
        .collect();
    for program in ours {
        ended(program);
    }
    let locked_out: u32 = python
        .into_iter()
        .map(|program| ended(program).parse::<u32>().expect("a number"))
        .sum();
    println!("Python's writers were locked out, and tried again, {locked_out} times");

    let mut expected = HashSet::new();
    for program in 0..8 {
        for number in 0..WRITES {
            expected.insert(format!("ours{program}-{number}"));
            expected.insert(format!("python{program}-{number}"));
        }
    }
    let keys = home.keys();
    let lost: Vec<_> = expected.difference(&keys).collect();
    assert!(lost.is_empty(), "{} lost: {lost:?}", lost.len());
    assert!(!home.lock_file().exists());
}

/// If we did not wait, the peer would write over what we wrote.
#[test]
fn a_peer_is_waited_for_by_either_kind_of_lock() {
    for kind in ["default", "portalocker"] {
        let home = Home::new();
        ended(
            home.ours(&["fill", "1", "first"])
                .spawn()
                .expect("it starts"),
        );
        let mut peer = home.python_holder(kind).spawn().expect("Python starts");
        let mut held = String::new();
        let stdout = peer.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut held).expect("a line");
        assert_eq!(held.trim(), "held", "{kind}");
        let ours = home
            .ours(&["fill", "1", "ours"])
            .spawn()
            .expect("it starts");
        // Long enough for one that does not wait.
        thread::sleep(Duration::from_millis(500));
        drop(peer.stdin.take());
        assert!(peer.wait().expect("it ends").success());
        ended(ours);
        let expected = [kind, "first-0", "ours-0"].map(str::to_owned);
        assert_eq!(home.keys(), HashSet::from(expected));
        assert!(!home.lock_file().exists());
    }
}

#[test]
fn what_our_writers_leave_is_whole_at_every_moment() {
    let home = Home::new();
    ended(
        home.ours(&["fill", "1", "first"])
            .spawn()
            .expect("it starts"),
    );
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                assert!(home.keys().contains("first-0"));
                looks += 1;
            }
            looks
        });
        let writers: Vec<_> = (0..4)
            .map(|program| {
                let mut command = home.ours(&["fill", "100", &format!("ours{program}")]);
                command.spawn().expect("it starts")
            })
            .collect();
        for writer in writers {
            ended(writer);
        }
        over.store(true, Ordering::Relaxed);
        assert!(watcher.join().expect("each look is whole") > 0);
    });
    let left: Vec<_> = fs::read_dir(home.folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["msal.cache.nocae"], "nothing else is left");
}

/// How a writer that was killed left the cache.
struct Killed {
    /// The lock was held, and what was being written is not there.
    before_the_rename: bool,
}

/// When a writer is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// So long after its first write.
    Any(Duration),
    /// So long after it was seen to take the lock.
    Locked(Duration),
}

impl Moment {
    fn wait(self, home: &Home) {
        let (delay, for_lock) = match self {
            Self::Any(delay) => (delay, false),
            Self::Locked(delay) => (delay, true),
        };
        for _ in 0..20_000 {
            if !for_lock || home.lock_file().exists() {
                break;
            }
            thread::sleep(Duration::from_micros(100));
        }
        thread::sleep(delay);
    }
}

/// Lets a writer write, kills it, and looks at what it left; `known` is what must be there.
fn kill_one(home: &Home, prefix: &str, moment: Moment, known: &mut HashSet<String>) -> Killed {
    let mut writer = home
        .ours(&["fill", "1000000", prefix])
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(writer.stdout.take().expect("it is piped")).lines();
    let mut done = Vec::new();
    // It has the lock at once, whoever was killed before it.
    done.push(lines.next().expect("a line").expect("it is text"));
    moment.wait(home);
    writer.kill().expect("it still runs");
    writer.wait().expect("it is dead");
    // The last line may be half.
    done.extend(
        lines
            .map_while(Result::ok)
            .filter(|line| line.parse::<u32>().is_ok()),
    );
    let written: u32 = done
        .iter()
        .filter_map(|line| line.parse().ok())
        .max()
        .expect("one");
    known.extend((0..=written).map(|number| format!("{prefix}-{number}")));

    let lock = fs::read_to_string(home.lock_file()).unwrap_or_default();
    let keys = home.keys();
    let lost: Vec<_> = known.difference(&keys).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let in_flight = format!("{prefix}-{}", written + 1);
    let was_written = keys.contains(&in_flight);
    known.extend(was_written.then_some(in_flight));
    Killed {
        before_the_rename: lock.starts_with(&writer.id().to_string()) && !was_written,
    }
}

#[test]
fn nothing_but_the_write_in_flight_is_lost_with_a_program_that_is_killed() {
    const THREADS: u64 = 4;
    const KILLS: u64 = 125;
    let before_the_rename = AtomicU32::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let before_the_rename = &before_the_rename;
            scope.spawn(move || {
                let (mut home, mut known) = (Home::new(), HashSet::new());
                for kill in 0..KILLS {
                    // Caches that grow make slow writers.
                    if kill % 25 == 0 {
                        (home, known) = (Home::new(), HashSet::new());
                    }
                    // The same moments in each run.
                    let spread = (thread * KILLS + kill) * 7_919;
                    let moment = match kill % 2 {
                        0 => Moment::Any(Duration::from_micros(spread % 60_000)),
                        _ => Moment::Locked(Duration::from_micros(spread % 1_000)),
                    };
                    let killed = kill_one(&home, &kill.to_string(), moment, &mut known);
                    before_the_rename
                        .fetch_add(u32::from(killed.before_the_rename), Ordering::Relaxed);
                }
            });
        }
    });
    let before_the_rename = before_the_rename.into_inner();
    println!(
        "{before_the_rename} of {} died between lock and rename",
        THREADS * KILLS
    );
    assert!(before_the_rename >= 100, "{before_the_rename}");
}

#[test]
fn a_full_disk_is_an_error_that_says_so_and_loses_nothing() {
    let home = Home::new();
    let mut command = home.on_small_disk(
        "\"$PROGRAM\" overflow || echo failed; \
         cd \"$HOME/.IdentityService\" && ls -A | tr '\\n' ' '; \
         tr -d -c '\"' <msal.cache.nocae | wc -c",
    );
    let line = home_line(&mut command);
    let text = line.replace('\n', " ");
    assert!(
        text.starts_with("0 1 ") && text.contains(" failed "),
        "{text}"
    );
    assert!(text.contains("Cache: cannot write"), "{text}");
    assert!(text.contains("make room on the disk"), "{text}");
    assert!(
        text.contains(" msal.cache.nocae "),
        "nothing else is left: {text}"
    );
    // Two quotes for each key, member and secret, of as many entries as were written.
    let written = text.split(' ').filter_map(|word| word.parse::<u32>().ok());
    let numbers: Vec<_> = written.collect();
    let (quotes, entries) = (numbers[numbers.len() - 1], numbers.len() as u32 - 1);
    assert_eq!(quotes, 2 + 6 * entries, "{text}");
}

#[test]
fn a_home_that_cannot_be_written_to_is_an_error_that_names_the_ways_out() {
    let home = Home::new();
    let mut command = home.on_small_disk(
        "mount -o remount,ro \"$HOME\"; ALLOW_UNENCRYPTED_STORAGE=1 \"$PROGRAM\" put one || true",
    );
    let text = home_line(&mut command);
    assert!(text.starts_with("CredentialUnavailable: "), "{text}");
    assert!(text.contains("set another HOME"), "{text}");
}

fn home_line(command: &mut std::process::Command) -> String {
    let output = command.output().expect("unshare starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "this test needs to mount a small disk, as root or in a user namespace: {errors}"
    );
    text(&output)
}
