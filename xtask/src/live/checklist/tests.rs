use super::*;
use crate::live::doorkey::Outcome;
use std::cell::RefCell;

/// A program that says what it was asked, and ends as the test wants.
struct Fake {
    outcome: fn(&[String]) -> (i32, &'static str),
    /// But signing out.
    ran: RefCell<Vec<String>>,
    signed_out: RefCell<Vec<String>>,
}

impl Runner for Fake {
    fn run(&self, _: Program, arguments: &[String], input: Option<&str>) -> Result<Outcome> {
        let input = input.map(|input| format!(" < {input}"));
        let ran = arguments.join(" ") + &input.unwrap_or_default();
        self.ran.borrow_mut().push(ran);
        if arguments[0] == "logout" {
            self.ran.borrow_mut().pop();
            self.signed_out.borrow_mut().push(arguments.join(" "));
        }
        let (status, stderr) = (self.outcome)(arguments);
        Ok(Outcome {
            status: Some(status),
            stdout: printed(arguments),
            stderr: stderr.to_owned(),
        })
    }

    fn version(&self) -> Result<String> {
        Ok("0.1.0 (abc1234)".to_owned())
    }
}

fn printed(arguments: &[String]) -> String {
    match arguments[..2] {
        [ref command, ref option] if option == "--output" => match command.as_str() {
            "login" => {
                let authority = value_of(arguments, "--authority").unwrap_or("https://host");
                let host = authority.trim_start_matches("https://");
                let host = host.split('/').next().unwrap_or_default();
                format!("{{\"authority\":\"{host}\",\"tenantId\":\"t\"}}")
            }
            _ => "{\"tokenType\":\"Bearer\",\"accessToken\":\"planted\",\"tenantId\":\"t\",\
                  \"expires_on\":99999999999}"
                .to_owned(),
        },
        _ => String::new(),
    }
}

fn well(_: &[String]) -> (i32, &'static str) {
    (0, "")
}

/// The page that comes of these options and answers, whether nothing failed, and what was run.
fn run(
    options: &[&str],
    answers: &str,
    outcome: fn(&[String]) -> (i32, &'static str),
) -> (String, bool, Vec<String>) {
    let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
    let fake = Fake {
        outcome,
        ran: RefCell::default(),
        signed_out: RefCell::default(),
    };
    let mut page = Page::default();
    let mut kept = 0;
    let passed = Checklist {
        live: Live::parse(&options).expect("known options"),
        answers: Answers::of(answers),
        runner: &fake,
        known: HashMap::new(),
    }
    .go(&mut page, &mut |_| {
        kept += 1;
        Ok(())
    })
    .expect("a page");
    let text = page.render(LINES);
    assert_eq!(kept, 1 + text.matches("| 0.1.0 (abc1234) |").count());
    assert!(!text.contains("planted"), "{text}");
    // Before each sign-in, there where it is to be.
    let ran = fake.ran.borrow();
    let sign_ins = ran.iter().filter(|ran| ran.starts_with("login --output"));
    let authority = |ran: &String| {
        let words: Vec<_> = ran.split(' ').map(str::to_owned).collect();
        value_of(&words, "--authority").map(str::to_owned)
    };
    let signed_out: Vec<_> = fake.signed_out.borrow().iter().map(authority).collect();
    assert_eq!(signed_out, sign_ins.map(authority).collect::<Vec<_>>());
    drop(ran);
    (text, passed, fake.ran.take())
}

#[track_caller]
fn assert_row(page: &str, name: &str, end: &str) {
    let start = format!("| `{name}` |");
    let row = page.lines().find(|line| line.starts_with(&start));
    let row = row.expect("a row");
    assert!(row.ends_with(end), "{row}");
}

#[test]
fn what_passed_is_written_and_what_was_skipped_is_not() {
    let answers = "workforce\nrun\n\nquick\nskip\nr\npass\n\nquit\n";
    let (page, passed, ran) = run(&[], answers, well);
    assert!(passed);
    let end = format!("| pass | {} | 0.1.0 (abc1234) | workforce |", today());
    assert_row(&page, "browser", &format!("{end} quick |"));
    assert_row(&page, "device-code", "| never | | | | |");
    assert_row(&page, "silent", &format!("{end} |"));
    assert_row(&page, "broker", "| never | | | | |");
    let cache = "--cache-name doorkey-live";
    assert_eq!(
        ran,
        [
            format!("login --output json --browser --scope {SCOPE} {cache}"),
            format!("token --output json --silent --scope {SCOPE} {cache}"),
            format!(
                "token --output json --silent --scope https://vault.azure.net/.default {cache}"
            ),
        ]
    );
}

#[test]
fn where_a_check_fails_no_pass_can_be_given() {
    let options = ["--only", "browser", "--kind", "workforce"];
    let fails: fn(&[String]) -> _ = |_| (1, "");
    let (page, passed, ran) = run(&options, "run\npass\np\n\nfailed as before\n", fails);
    assert!(!passed);
    assert_row(&page, "browser", "| workforce | failed as before |");
    assert!(page.contains("| fail |"), "{page}");
    assert_eq!(ran.len(), 1, "{ran:?}");
    let (page, passed, _) = run(&options, "run\nskip\n", fails);
    assert!(passed);
    assert_row(&page, "browser", "| never | | | | |");
}

#[test]
fn only_what_a_line_needs_is_asked() {
    let options = ["--only", "guest", "--only", "adfs", "--kind", "Workforce"];
    let answers = "\nfabrikam.example\n\n\n\nhttps://fs.fabrikam.example/adfs\nan-app\napi/read\n\
                   \n\n";
    let options: Vec<_> = options
        .into_iter()
        .chain(["--tenant", "contoso.example"])
        .chain(["--authority", "https://login.contoso.example"])
        .collect();
    let (page, _, ran) = run(&options, answers, well);
    assert!(ran[0].contains("--tenant fabrikam.example"), "{ran:?}");
    assert!(!ran[0].contains("--tenant contoso"), "{ran:?}");
    assert!(
        ran[0].contains("--authority https://login.contoso"),
        "{ran:?}"
    );
    assert!(
        ran[2].contains("--authority https://fs.fabrikam.example/adfs --client-id an-app"),
        "{ran:?}"
    );
    assert!(!ran[2].contains("contoso"), "{ran:?}");
    assert_row(&page, "guest", "| workforce | |");
    assert_row(&page, "adfs", "| AD FS | |");
    for name in ["fabrikam", "contoso", "an-app"] {
        assert!(!page.contains(name), "{page}");
    }
    // An empty answer skips the line.
    let (page, _, ran) = run(&options, "\n\n\n\n\n", well);
    assert_eq!(ran, [""; 0]);
    assert!(!page.contains("| pass |"), "{page}");
}

#[test]
fn a_password_goes_to_standard_input_and_nowhere_else() {
    let options = ["--only", "password-managed", "--kind", "workforce"];
    let answers = "\nadele@contoso.example\n planted \n\nas adele@contoso.example\nwell\n";
    let (page, passed, ran) = run(&options, answers, well);
    assert!(passed);
    assert!(ran[0].starts_with("login --output json --username adele@contoso.example"));
    assert!(ran[0].ends_with(" <  planted "), "{ran:?}");
    assert!(!ran[1].contains("planted"), "{ran:?}");
    assert_row(&page, "password-managed", "| workforce | well |");
    assert!(!page.contains("adele"), "{page}");
}

#[test]
fn an_authority_on_this_machine_is_never_taken_for_the_real_one() {
    let local = "https://localhost:7";
    let only = ["--only", "browser", "--authority", local];
    let options = only
        .into_iter()
        .chain(["--kind", "workforce", "--page", "elsewhere.md"]);
    let (page, ..) = run(&options.collect::<Vec<_>>(), "\n\n\n", well);
    assert_row(&page, "browser", "| emulator | |");
    let options = ["--only", "ciam", "--kind", "External ID"];
    let answers = format!("\n{local}\nan-app\napi/read\n\n\n");
    let (page, ..) = run(&options, &answers, well);
    assert_row(&page, "ciam", "| never | | | | |");
}

#[test]
fn without_a_terminal_it_says_so() {
    // Cargo's tests may have one; then there is nothing to refuse.
    use std::io::IsTerminal as _;
    match Answers::from(None) {
        Err(failure) => assert!(failure.to_string().contains("--answers"), "{failure}"),
        Ok(_) => assert!(std::io::stdin().is_terminal()),
    }
}

#[test]
fn every_line_can_be_run() {
    for (index, line) in LINES.iter().enumerate() {
        assert!(!line.shows.contains('|'), "{}", line.name);
        assert!(LINES[..index].iter().all(|other| other.name != line.name));
        for name in line.asks {
            assert!(QUESTIONS.iter().any(|(known, _)| known == name), "{name}");
        }
        for step in line.steps {
            let asked = |name: &str| line.asks.contains(&name) || name == "scope";
            assert!(step.input.is_none_or(asked), "{}", line.name);
            let words = step.arguments.split_whitespace();
            let places = words.filter(|word| word.starts_with('{') && word.ends_with('}'));
            for place in places.filter(|word| !word.contains('"')) {
                assert!(asked(&place[1..place.len() - 1]), "{}: {place}", line.name);
            }
        }
    }
}
