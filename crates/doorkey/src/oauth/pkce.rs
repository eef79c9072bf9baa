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

    fn assert_is_url_safe(text: &Sensitive) {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(text.expose().bytes().all(is_safe));
    }

    #[test]
    fn pkce_code_verifier_contains_only_valid_characters() {
        assert_is_url_safe(&Attempt::new().unwrap().code_verifier);
    }

    #[test]
    fn pkce_code_verifier_has_correct_default_length() {
        let attempt = Attempt::new().unwrap();
        assert_eq!(attempt.code_verifier.expose().len(), 43);
    }

    #[test]
    fn pkce_code_verifier_is_not_deterministic() {
        let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
        assert_ne!(one.code_verifier, other.code_verifier);
    }

    #[test]
    fn oauth2_state_is_url_safe_and_unpredictable() {
        let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
        assert_ne!(one.state, other.state);
        assert_is_url_safe(&one.state);
    }

    #[test]
    fn oidc_nonce_is_url_safe_and_unpredictable() {
        let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.nonce, one.state);
        assert_is_url_safe(&one.nonce);
    }

    #[test]
    fn no_attempt_prints_a_secret() {
        let attempt = Attempt::new().unwrap();
        let text = format!("{attempt:?}");
        for secret in [&attempt.state, &attempt.nonce, &attempt.code_verifier] {
            assert!(!text.contains(secret.expose()));
        }
    }
}
