//! Authorization codes (RFC 6749, section 4.1; RFC 7636).

use super::Grant;
use crate::{random, refusal::Refusal, tenant::ADFS};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// How long a code is remembered after it expired, so that its late use is called by its name.
const REMEMBERED: Duration = Duration::days(1);

/// A code that a sign-in ended with, and all that its redemption must repeat.
#[derive(Clone, Debug)]
pub(crate) struct IssuedCode {
    pub(crate) grant: Grant,
    /// The authority's path segment that the sign-in went through.
    pub(crate) realm: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) nonce: Option<String>,
    pub(crate) expires: OffsetDateTime,
    pub(crate) redeemed: bool,
}

/// A proof key's challenge (RFC 7636, section 4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    /// Reads the parameters of an authorization request (RFC 7636, section 4.3).
    pub(crate) fn parse(
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Option<Self>, Refusal> {
        let Some(challenge) = challenge else {
            return Ok(None);
        };
        if !is_proof_key(challenge) {
            return Err(Refusal::malformed_challenge());
        }
        match method {
            None | Some("plain") => Ok(Some(Self::Plain(challenge.to_owned()))),
            Some("S256") => Ok(Some(Self::S256(challenge.to_owned()))),
            Some(_) => Err(Refusal::unsupported_challenge_method()),
        }
    }

    /// Whether `verifier` is the challenge's (RFC 7636, section 4.6).
    fn is_met_by(&self, verifier: &str) -> bool {
        let (challenge, computed) = match self {
            Self::Plain(challenge) => (challenge, verifier.to_owned()),
            Self::S256(challenge) => (
                challenge,
                URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
            ),
        };
        is_proof_key(verifier)
            && verify_slices_are_equal(challenge.as_bytes(), computed.as_bytes()).is_ok()
    }
}

/// What a client sends to redeem a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) realm: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
}

/// The codes that were issued.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    issued: Mutex<HashMap<String, IssuedCode>>,
}

impl Codes {
    /// Issues a code.
    pub(crate) fn issue(&self, code: IssuedCode, now: OffsetDateTime) -> String {
        let text = format!("1.{}", random::secret());
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, code| code.expires + REMEMBERED > now);
        issued.insert(text.clone(), code);
        text
    }

    /// Redeems a code, once.
    pub(crate) fn redeem(
        &self,
        redemption: Redemption<'_>,
        now: OffsetDateTime,
    ) -> Result<IssuedCode, Refusal> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let code = issued
            .get_mut(redemption.code)
            .ok_or_else(Refusal::malformed_grant)?;
        if !code
            .grant
            .client_id
            .eq_ignore_ascii_case(redemption.client_id)
        {
            return Err(Refusal::grant_of_another_client());
        }
        if !same_realm(code, redemption.realm) {
            return Err(Refusal::code_of_another_tenant());
        }
        if code.redirect_uri != redemption.redirect_uri {
            return Err(Refusal::another_redirect_uri(
                redemption.redirect_uri,
                &code.redirect_uri,
            ));
        }
        if code.redeemed {
            return Err(Refusal::redeemed_code());
        }
        if code.expires <= now {
            return Err(Refusal::expired_code());
        }
        let proven = match (&code.challenge, redemption.verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
            // A verifier without a challenge tells of a stolen request (RFC 9700, section 4.8.2).
            _ => false,
        };
        if !proven {
            return Err(Refusal::wrong_verifier());
        }
        code.redeemed = true;
        Ok(code.clone())
    }
}

/// Whether a code may be redeemed at `realm`: where it was asked for, or at the person's tenant of
/// Entra ID.
fn same_realm(code: &IssuedCode, realm: &str) -> bool {
    let is_of_entra = code.realm != ADFS && !code.realm.contains('/');
    code.realm.eq_ignore_ascii_case(realm)
        || (is_of_entra && code.grant.tenant_id.eq_ignore_ascii_case(realm))
}

/// RFC 7636, sections 4.1 and 4.2: 43 to 128 unreserved characters.
fn is_proof_key(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_met_by_its_verifier_alone() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let s256 = Challenge::parse(Some(challenge), Some("S256"))
            .unwrap()
            .unwrap();
        assert!(s256.is_met_by(verifier));
        assert!(!s256.is_met_by(challenge));
        assert!(!s256.is_met_by(""));
        let plain = Challenge::parse(Some(verifier), None).unwrap().unwrap();
        assert!(plain.is_met_by(verifier));
        assert!(!plain.is_met_by(challenge));
    }

    #[test]
    fn a_malformed_challenge_is_refused() {
        let long = "x".repeat(129);
        for (challenge, method, code) in [
            ("short", Some("S256"), 501_491),
            (long.as_str(), Some("S256"), 501_491),
            (
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
                Some("S256"),
                501_491,
            ),
            (
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                Some("S512"),
                50149,
            ),
        ] {
            let refusal = Challenge::parse(Some(challenge), method).expect_err(challenge);
            assert_eq!(refusal.code, code, "{challenge}");
        }
        assert_eq!(Challenge::parse(None, None).unwrap(), None);
    }
}
