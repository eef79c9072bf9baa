//! What one browser sign-in is recognised by: fresh each time, used once.

use crate::{error::Result, seams::random, sensitive::Sensitive};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The secrets of one authorization request.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Binds the redirect to this request
    /// ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    pub(crate) state: Sensitive,
    /// Binds the id token to this request
    /// ([OpenID Connect Core, section 15.5.2](https://openid.net/specs/openid-connect-core-1_0.html#NonceNotes)).
    pub(crate) nonce: Sensitive,
    /// Binds the code to this request
    /// ([RFC 7636, section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
    pub(crate) code_verifier: Sensitive,
}

impl Attempt {
    pub(crate) fn new() -> Result<Self> {
        let fresh = || {
            Ok(Sensitive::new(
                BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?),
            ))
        };
        Ok(Self {
            state: fresh()?,
            nonce: fresh()?,
            code_verifier: fresh()?,
        })
    }

    /// Method `S256` ([RFC 7636, section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
    pub(crate) fn code_challenge(&self) -> String {
        challenge_of(self.code_verifier.expose())
    }
}

fn challenge_of(code_verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(
            challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_attempts_share_a_secret_and_none_prints_one() {
        let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
        assert_ne!(one.state, other.state);
        assert_ne!(one.nonce, one.state);
        assert_ne!(one.code_verifier, other.code_verifier);
        assert_eq!(one.code_verifier.expose().len(), 43);
        assert!(!format!("{one:?}").contains(one.state.expose()));
    }
}
