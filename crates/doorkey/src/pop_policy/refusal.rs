use super::nonces::Nonce;
use crate::{
    challenge::Challenge,
    claims,
    error::{Error, ErrorKind},
};
use azure_core::{
    http::{
        AsyncRawResponse, StatusCode,
        headers::{HeaderName, WWW_AUTHENTICATE},
    },
    time::{OffsetDateTime, parse_rfc7231},
};
use std::time::Duration;

/// [RFC 9110, section 11.6.3](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.3).
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// [RFC 9110, section 6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1).
const DATE: HeaderName = HeaderName::from_static("date");

/// In bytes: with a longer one no server would take the header that it is signed into.
const LONGEST_NONCE: usize = 4_096;

/// How long a signed request is good at Microsoft's resources, in seconds.
const LIFETIME: i64 = 300;

/// That of a resource, as far as it can be answered.
pub(super) struct Refusal {
    pub(super) nonce: Option<Nonce>,
    /// What it demands of a token.
    pub(super) claims: Option<String>,
    /// The resource's time, in Unix seconds.
    date: Option<i64>,
}

impl Refusal {
    /// `is_signed` says whether the request was.
    pub(super) fn of(response: &AsyncRawResponse, is_signed: bool) -> Option<Self> {
        if response.status() != StatusCode::Unauthorized {
            return None;
        }
        let headers = response.headers();
        let challenges = headers.get_optional_str(&WWW_AUTHENTICATE);
        let challenges = Challenge::parse(challenges.unwrap_or_default());
        let date = headers.get_optional_str(&DATE);
        let date = date.and_then(|date| parse_rfc7231(date.trim()).ok());
        Some(Self {
            nonce: wanted(&challenges, is_signed),
            claims: demanded(&challenges),
            date: date.map(OffsetDateTime::unix_timestamp),
        })
    }

    /// Why a request that was signed at this time (in Unix seconds), and took so long, can have been
    /// refused, where the clocks differ by more than signatures are good for.
    pub(super) fn by_clock(&self, signed_on: i64, took: Duration) -> Option<Error> {
        let behind = self.date? - signed_on;
        // The resource may have looked at its clock at any time since.
        let took = i64::try_from(took.as_secs()).unwrap_or(i64::MAX);
        let behind = behind - behind.clamp(0, took);
        if behind.abs() <= LIFETIME {
            return None;
        }
        let direction = if behind > 0 { "behind" } else { "ahead of" };
        let minutes = (behind.abs() + 30) / 60;
        Some(Error::new(
            ErrorKind::Refused,
            format!(
                "the resource refused a request that was signed just now; this machine's clock is \
                 {minutes} minutes {direction} the resource's, and a signature is good for five; set \
                 this machine's clock"
            ),
        ))
    }
}

/// The nonce for the request after this one.
pub(super) fn next_nonce(response: &AsyncRawResponse) -> Option<Nonce> {
    let header = response.headers().get_optional_str(&AUTHENTICATION_INFO);
    let nonce = header.and_then(Challenge::next_nonce);
    let nonce = nonce.filter(|nonce| nonce.len() <= LONGEST_NONCE);
    nonce.map(Nonce::OfResource)
}

/// What a proof is wanted with, if one is.
fn wanted(challenges: &[Challenge], is_signed: bool) -> Option<Nonce> {
    let is_proof = |challenge: &&Challenge| challenge.scheme.eq_ignore_ascii_case("PoP");
    let mut proofs = challenges.iter().filter(is_proof);
    if let Some(nonce) = challenges.iter().find_map(Challenge::nonce) {
        let is_short = nonce.len() <= LONGEST_NONCE;
        return is_short.then(|| Nonce::OfResource(nonce.to_owned()));
    }
    // Where the request was signed, or claims are demanded, a nonce is not what was missing.
    let is_plain = |proof: &Challenge| {
        let mut missing = ["nonce", "claims"].into_iter();
        missing.all(|name| proof.parameter(name).is_none())
    };
    let is_any = !is_signed && proofs.next().is_some_and(is_plain);
    is_any.then_some(Nonce::Own)
}

/// Some resources demand claims in the challenge for a bearer token, beside that for a nonce.
fn demanded(challenges: &[Challenge]) -> Option<String> {
    let of_scheme = |scheme: &'static str| {
        let mut challenges = challenges
            .iter()
            .filter(move |challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
        challenges.find_map(|challenge| {
            let claims = challenge.claims().and_then(|claims| {
                // The resource's mistake, not the caller's.
                claims::parameter(claims.as_deref(), true)?;
                Ok(claims)
            });
            claims.unwrap_or_else(|error| {
                crate::events::claims_not_understood(&error);
                None
            })
        })
    };
    of_scheme("PoP").or_else(|| of_scheme("Bearer"))
}
