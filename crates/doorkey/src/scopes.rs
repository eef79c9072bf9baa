use crate::error::{Error, Result};

/// Added to every request: who signed in, and a token to renew with
/// ([OpenID Connect Core, section 11](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess)).
const RESERVED: [&str; 3] = ["offline_access", "openid", "profile"];

/// What a token is asked for: at least one scope, each a scope-token of
/// [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3); sorted, each once.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    pub(crate) fn parse<S: AsRef<str>>(scopes: &[S]) -> Result<Self> {
        Self::check(scopes)?;
        let mut scopes: Vec<_> = scopes
            .iter()
            .map(|scope| scope.as_ref().to_owned())
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self(scopes))
    }

    /// What was granted once, to be asked for again.
    pub(crate) fn granted<S: AsRef<str>>(scopes: &[S]) -> Result<Self> {
        let scopes = scopes.iter().map(AsRef::as_ref);
        let named: Vec<&str> = scopes.filter(|scope| !RESERVED.contains(scope)).collect();
        Self::parse(&named)
    }

    /// The rules alone, without allocating: for the path of a cached token.
    pub(crate) fn check<S: AsRef<str>>(scopes: &[S]) -> Result<()> {
        if scopes.is_empty() {
            return Err(Error::invalid_argument(
                "`scopes` is empty; name at least one, such as \
                 https://management.azure.com/.default",
            ));
        }
        for scope in scopes {
            let scope = scope.as_ref();
            if RESERVED.contains(&scope) {
                return Err(Error::invalid_argument(format!(
                    "`scopes` has {scope:?}, which is asked for in any case; leave it out"
                )));
            }
            // %x21 / %x23-5B / %x5D-7E
            if scope.is_empty()
                || scope
                    .bytes()
                    .any(|byte| !matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
            {
                return Err(Error::invalid_argument(format!(
                    "`scopes` has {scope:?}, which is no scope: give each as a string of its own, \
                     without spaces, quotes and backslashes"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn to_vec(&self) -> Vec<String> {
        self.0.clone()
    }

    /// As it is sent: with the reserved ones, sorted, in one string.
    pub(crate) fn parameter(&self) -> String {
        let mut all: Vec<&str> = self.iter().chain(RESERVED).collect();
        all.sort_unstable();
        all.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_sent_sorted_with_the_reserved_ones() {
        let scopes = Scopes::parse(&["User.Read", "Mail.Read", "User.Read"]).unwrap();
        assert_eq!(
            scopes.parameter(),
            "Mail.Read User.Read offline_access openid profile"
        );
    }

    /// An application may ask for a token for itself.
    #[test]
    fn client_id_should_be_a_valid_scope() {
        let client_id = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        let scopes = Scopes::parse(&[client_id]).unwrap();
        let sent = format!("{client_id} offline_access openid profile");
        assert_eq!(scopes.parameter(), sent);
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        let bad: [&[&str]; 8] = [
            &[],
            &[""],
            &["openid"],
            &["a", "offline_access"],
            &["a b"],
            &["a\n"],
            &["\"a\""],
            &["\u{e4}"],
        ];
        for scopes in bad {
            let error = Scopes::parse(scopes).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("`scopes`"), "{error}");
        }
    }
}
