use crate::sensitive::Sensitive;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What whoever sends a signed request has to know of it, whoever signed it.
#[derive(Debug)]
pub(crate) struct SignedParts {
    /// SHA-256 of the access token in it.
    pub(crate) token_digest: [u8; 32],
    /// In Unix seconds.
    pub(crate) signed_on: i64,
}

#[derive(Deserialize)]
struct Body {
    at: Sensitive,
    ts: i64,
}

impl SignedParts {
    /// Reads it without a check: it is our own.
    pub(crate) fn of(signed: &str) -> Option<Self> {
        let body = signed.split('.').nth(1)?;
        let body = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(body).ok()?);
        let body: Body = serde_json::from_slice(&body).ok()?;
        Some(Self {
            token_digest: Sha256::digest(body.at.expose()).into(),
            signed_on: body.ts,
        })
    }
}
