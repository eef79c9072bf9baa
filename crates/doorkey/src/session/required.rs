//! The errors of a session that may not ask a person.

use super::TokenRequest;
use crate::{
    error::{Error, ErrorKind},
    record::AuthenticationRecord,
};

pub(super) fn authentication_required(request: &TokenRequest, why: Option<&Error>) -> Error {
    let reason = why.map_or_else(
        || "no token for these scopes can be had without asking".to_owned(),
        ToString::to_string,
    );
    let error = Error::new(
        ErrorKind::AuthenticationRequired,
        format!(
            "a person has to sign in ({reason}), and this credential may not ask them \
             (`disable_automatic_authentication`); call `authenticate` with this error's scopes \
             and claims"
        ),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone());
    match why.and_then(Error::oauth) {
        Some(oauth) => error.with_oauth(oauth.clone()),
        None => error,
    }
}

/// How many people an error names.
const MOST_NAMED: usize = 10;

pub(super) fn several_people(request: &TokenRequest, people: &[AuthenticationRecord]) -> Error {
    let mut names: Vec<_> = people
        .iter()
        .map(|person| match person.username.as_str() {
            "" => person.home_account_id.clone(),
            username => format!("{username} (tenant {})", person.tenant_id),
        })
        .collect();
    names.sort_unstable();
    let others = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    let mut names = names.join(", ");
    if others > 0 {
        names.push_str(&format!(" and {others} more"));
    }
    Error::new(
        ErrorKind::AuthenticationRequired,
        format!(
            "several people are signed in ({names}), and this credential may not ask which one is \
             meant (`disable_automatic_authentication`); give `login_hint` or \
             `authentication_record`, or call `authenticate`"
        ),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone())
}
