//! The scopes of a token, in one text.

use crate::{scopes::Scopes, tokens::Tokens};

/// What was granted; all that was asked, where the authority does not say.
pub(super) fn target_of(reply: &Tokens, requested: &Scopes) -> String {
    match &reply.scope {
        Some(granted) => sorted(granted.split_whitespace()),
        None => requested.parameter(),
    }
}

pub(super) fn sorted<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    let mut scopes: Vec<_> = scopes.collect();
    scopes.sort_unstable();
    scopes.join(" ")
}

/// Scopes are compared as sets, and without case: Entra ID writes them as it pleases.
pub(super) fn has_all<S: AsRef<str>>(target: &str, scopes: &[S]) -> bool {
    scopes.iter().all(|scope| {
        target
            .split(' ')
            .any(|granted| granted.eq_ignore_ascii_case(scope.as_ref()))
    })
}

/// Whether exactly these scopes were asked for. Fewer might be the ones that were not granted.
pub(super) fn is_same<S: AsRef<str>>(requested: &str, scopes: &[S]) -> bool {
    requested.split(' ').count() == scopes.len() && has_all(requested, scopes)
}
