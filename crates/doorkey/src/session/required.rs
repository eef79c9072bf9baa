//! The errors of a session that may not ask a person.

use super::TokenRequest;
use crate::{
    error::{Error, ErrorKind},
    record::AuthenticationRecord,
};

const MAY_NOT_ASK: &str = ", and this credential may not ask";

/// `missing` is whom the cache does not have, and `instead` what else a person can do, where there
/// is no way to ask them.
pub(super) fn authentication_required(
    request: &TokenRequest,
    why: Option<&Error>,
    missing: Option<&str>,
    instead: Option<&str>,
) -> Error {
    let reason = match (why, missing) {
        (Some(why), _) => why.to_string(),
        (None, Some(username)) => format!("{username} is not signed in"),
        (None, None) => "no token for these scopes can be had without asking".to_owned(),
    };
    let cure = match instead {
        Some(instead) => format!("; {instead}"),
        None => format!(
            "{MAY_NOT_ASK} them (`disable_automatic_authentication`); call `authenticate` with this \
             error's scopes and claims"
        ),
    };
    let error = Error::new(
        ErrorKind::AuthenticationRequired,
        format!("a person has to sign in ({reason}){cure}"),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone());
    match why.and_then(Error::oauth) {
        Some(oauth) => error.with_oauth(oauth.clone()),
        None => error,
    }
}

/// How many people an error names.
const MOST_NAMED: usize = 10;

pub(super) fn several_people(
    request: &TokenRequest,
    people: &[AuthenticationRecord],
    instead: Option<&str>,
) -> Error {
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
    let cure = match instead {
        Some(instead) => format!("; say which one is meant, or {instead}"),
        None => format!(
            "{MAY_NOT_ASK} which one is meant (`disable_automatic_authentication`); give \
             `login_hint` or `authentication_record`, or call `authenticate`"
        ),
    };
    Error::new(
        ErrorKind::AuthenticationRequired,
        format!("several people are signed in ({names}){cure}"),
    )
    .with_request(request.scopes.to_vec(), request.claims.clone())
}
