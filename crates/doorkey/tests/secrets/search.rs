//! Finds secrets in texts, in the forms in which programs print them by mistake.

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use url::form_urlencoded;

/// What must not be seen, and what each of them is.
#[derive(Default)]
pub(crate) struct Secrets(BTreeMap<String, &'static str>);

/// Where a secret may be all the same, and why.
pub(crate) struct Exception {
    /// The beginning of the place's name.
    pub(crate) place: &'static str,
    pub(crate) secrets: &'static [&'static str],
    pub(crate) why: &'static str,
}

/// Looks through one place after the other.
pub(crate) struct Search {
    automaton: AhoCorasick,
    /// What each needle of the automaton is, and in which form.
    needles: Vec<(&'static str, &'static str)>,
    exceptions: &'static [Exception],
    /// The exceptions that were needed.
    met: BTreeSet<usize>,
    found: Vec<String>,
}

impl Secrets {
    pub(crate) fn add(&mut self, what: &'static str, secret: &str) {
        // Shorter ones would be found by chance.
        assert!(secret.len() >= 8, "{what} is too short to be searched for");
        self.0.insert(secret.to_owned(), what);
    }

    pub(crate) fn kinds(&self) -> BTreeSet<&'static str> {
        self.0.values().copied().collect()
    }

    pub(crate) fn search(&self, exceptions: &'static [Exception]) -> Search {
        let mut needles = Vec::new();
        let mut patterns = Vec::new();
        for (secret, what) in &self.0 {
            let others = || self.0.iter().filter(|(_, other)| *other != what);
            for (form, pattern) in forms(secret) {
                // Tokens of one person and one key are alike in part.
                let is_shared = form == "a part"
                    && others().any(|(other, _)| {
                        other.as_bytes().windows(PART).any(|part| part == pattern)
                    });
                if is_shared {
                    continue;
                }
                needles.push((*what, form));
                patterns.push(pattern);
            }
        }
        Search {
            automaton: AhoCorasick::new(&patterns).unwrap(),
            needles,
            exceptions,
            met: BTreeSet::new(),
            found: Vec::new(),
        }
    }
}

impl Search {
    /// The kinds of secrets that `text` holds, each with its form.
    pub(crate) fn in_text(&self, text: impl AsRef<[u8]>) -> BTreeSet<(&'static str, &'static str)> {
        let matches = self.automaton.find_overlapping_iter(text.as_ref());
        matches.map(|found| self.needles[found.pattern()]).collect()
    }

    pub(crate) fn look(&mut self, place: &str, text: impl AsRef<[u8]>) {
        for (what, form) in self.in_text(text) {
            let mut exceptions = self.exceptions.iter();
            let allowed = exceptions.position(|exception| {
                place.starts_with(exception.place) && exception.secrets.contains(&what)
            });
            match allowed {
                Some(exception) => drop(self.met.insert(exception)),
                None => self.found.push(format!("{what} ({form}) in {place}")),
            }
        }
    }

    /// Nothing was found but what is allowed, and no exception is out of date.
    pub(crate) fn assert_clean(self) {
        assert!(self.found.is_empty(), "{:#?}", self.found);
        for (index, exception) in self.exceptions.iter().enumerate() {
            assert!(
                self.met.contains(&index),
                "no secret any more in {} ({})",
                exception.place,
                exception.why
            );
        }
    }
}

/// How a secret can look. What ends in a padding is found without it.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let mut forms = vec![("as it is", bytes.to_vec())];
    // Of a long one a part is enough. Not of XML, which has addresses in it that are no secret.
    if bytes.len() > 2 * PART && !secret.contains("</") {
        let parts = bytes.chunks_exact(PART);
        forms.extend(parts.map(|part| ("a part", part.to_vec())));
    }
    let hex = |capital: bool| {
        let mut text = String::new();
        for byte in bytes {
            let _ = match capital {
                true => write!(text, "{byte:02X}"),
                false => write!(text, "{byte:02x}"),
            };
        }
        text
    };
    let form: String = form_urlencoded::byte_serialize(bytes).collect();
    let json = serde_json::Value::from(secret).to_string();
    let xml = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
    ]
    .iter()
    .fold(secret.to_owned(), |text, (from, to)| text.replace(from, to));
    let quoted = format!("{secret:?}");
    let texts = [
        ("percent-encoded", form.replace('+', "%20")),
        ("percent-encoded", lower_escapes(&form.replace('+', "%20"))),
        ("percent-encoded", lower_escapes(&form)),
        ("percent-encoded", form),
        ("escaped", xml),
        ("escaped", json.trim_matches('"').to_owned()),
        ("escaped", quoted.trim_matches('"').to_owned()),
        ("hex", hex(false)),
        ("hex", hex(true)),
    ];
    forms.extend(texts.map(|(form, text)| (form, text.into_bytes())));
    for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            forms.push(("base64", inner_base64(alphabet, bytes, before).into_bytes()));
        }
    }
    forms
}

const PART: usize = 32;

/// The characters that `bytes` alone decide, where so many other bytes stand before them.
fn inner_base64(alphabet: &GeneralPurpose, bytes: &[u8], before: usize) -> String {
    let all = [&[0; 3][..before], bytes].concat();
    let text = alphabet.encode(&all);
    let start = (before * 8).div_ceil(6);
    let end = all.len() * 8 / 6;
    text[start..end].to_owned()
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(2);
        let _ = write!(lower, "%{}{rest}", escape.to_ascii_lowercase());
    }
    lower
}

mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    /// Every byte that some form writes in another way is in it.
    const PLANTED: &str = "sïlly p+ss/w\"rd&=?~>\u{ff}\\100%";

    const LONG: &str =
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSIsImF1ZCI6ImEgcmVzb3VyY2UifQ.c2ln";

    #[test]
    fn every_planted_form_is_found() {
        let mut secrets = Secrets::default();
        secrets.add("password", PLANTED);
        let search = secrets.search(&[]);
        let mut planted = vec![
            ("as it is", PLANTED.to_owned()),
            // By hand, not by the functions that the search uses.
            (
                "percent-encoded",
                "s%C3%AFlly+p%2Bss%2Fw%22rd%26%3D%3F%7E%3E%C3%BF%5C100%25".into(),
            ),
            (
                "percent-encoded",
                "s%C3%AFlly%20p%2Bss%2Fw%22rd%26%3D%3F%7E%3E%C3%BF%5C100%25".into(),
            ),
            (
                "percent-encoded",
                "s%c3%aflly%20p%2bss%2fw%22rd%26%3d%3f%7e%3e%c3%bf%5c100%25".into(),
            ),
            ("escaped", "sïlly p+ss/w&quot;rd&amp;=?~&gt;ÿ\\100%".into()),
            ("escaped", r#"sïlly p+ss/w\"rd&=?~>ÿ\\100%"#.into()),
            (
                "hex",
                "73c3af6c6c7920702b73732f77227264263d3f7e3ec3bf5c31303025".into(),
            ),
            (
                "hex",
                "73C3AF6C6C7920702B73732F77227264263D3F7E3EC3BF5C31303025".into(),
            ),
        ];
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "z", "yz"] {
                let whole = format!("{before}{PLANTED}{after}");
                for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
                    planted.push(("base64", engine.encode(&whole)));
                }
            }
        }
        for (form, text) in planted {
            let found = search.in_text(format!("header: {text}\nmore"));
            assert!(found.contains(&("password", form)), "{form}: {text}");
        }
        let others = "silly password, s%C3%AFlly, 73c3af6c6c79, c8OvbGx5";
        assert!(search.in_text(others).is_empty());
    }

    #[test]
    fn a_part_of_a_long_one_is_found() {
        let mut secrets = Secrets::default();
        secrets.add("access token", LONG);
        let search = secrets.search(&[]);
        let part = &LONG[..66];
        let found = search.in_text(format!("{part}..."));
        assert_eq!(found, [("access token", "a part")].into());
        assert!(search.in_text(&LONG[..30]).is_empty());
    }

    const ALLOWED: &[Exception] = &[Exception {
        place: "the file",
        secrets: &["password"],
        why: "it is kept there",
    }];

    #[test]
    fn an_exception_is_for_one_place_and_one_kind() {
        let mut secrets = Secrets::default();
        secrets.add("password", PLANTED);
        secrets.add("access token", LONG);
        let mut search = secrets.search(ALLOWED);
        search.look("the file of adele", PLANTED);
        search.look("the file of adele", LONG);
        search.look("the log", PLANTED);
        assert_eq!(search.met, [0].into());
        for expected in [
            "access token (as it is) in the file of adele",
            "password (as it is) in the log",
        ] {
            assert!(
                search.found.iter().any(|found| found == expected),
                "{:?}",
                search.found
            );
        }
        let clean = std::panic::catch_unwind(|| search.assert_clean());
        assert!(clean.is_err());
        let outdated = std::panic::catch_unwind(|| secrets.search(ALLOWED).assert_clean());
        assert!(outdated.is_err());
    }
}
