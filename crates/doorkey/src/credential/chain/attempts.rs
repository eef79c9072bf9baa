//! What a chain tells of its links when it has no token.

use crate::{
    error::{Error, ErrorKind},
    oauth_error::OAuthError,
};

/// How much of one link's error is told: a program that failed may have said a lot.
const LONGEST_REASON: usize = 600;

#[derive(Debug)]
pub(super) struct Attempts {
    chain: &'static str,
    lines: Vec<String>,
    /// What the authority demanded, the first time that it did.
    demanded: Option<OAuthError>,
}

impl Attempts {
    pub(super) fn new(chain: &'static str) -> Self {
        Self {
            chain,
            lines: Vec::new(),
            demanded: None,
        }
    }

    pub(super) fn failed(&mut self, link: &str, error: &Error) {
        self.lines.push(line(link, &error.to_string()));
        let demanded = error.oauth().filter(|oauth| oauth.claims.is_some());
        self.demanded = self.demanded.take().or_else(|| demanded.cloned());
    }

    pub(super) fn skipped(&mut self, link: &str, lacking: impl std::fmt::Display) {
        let reason = format!("was not asked, as it {lacking}");
        self.lines.push(line(link, &reason));
    }

    /// No link gave a token, and none was refused one.
    pub(super) fn exhausted(self, scopes: &[&str], claims: Option<String>) -> Error {
        let message = format!(
            "{} got a token from none of its credentials; make one of them work:{}",
            self.chain,
            self.lines.concat()
        );
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let error = Error::new(ErrorKind::CredentialUnavailable, message);
        let error = error.with_request(scopes, claims);
        match self.demanded {
            Some(demanded) => error.with_oauth(demanded),
            None => error,
        }
    }

    /// A link could work here, and failed: the next one might be somebody else.
    pub(super) fn ended_by(mut self, link: &str, error: Error) -> Error {
        let before = if self.lines.is_empty() {
            String::new()
        } else {
            self.lines.insert(0, "\nBefore it:".to_owned());
            self.lines.concat()
        };
        let message = format!(
            "{} was stopped by {}{before}",
            self.chain,
            line(link, &error.to_string()).trim_start(),
        );
        error.within(message)
    }
}

fn line(link: &str, reason: &str) -> String {
    // The official crate's errors have line breaks and blanks in them, and a program's output may
    // have anything.
    let printable: String = reason
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    let words: Vec<_> = printable.split_whitespace().collect();
    let mut reason = words.join(" ");
    if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
        reason.truncate(end);
        reason.push('…');
    }
    format!("\n  {link}: {reason}")
}
