//! What a federated person's own server says of them (SAML 1.1 and 2.0).
//!
//! The signature is no XML signature: it seals the assertion byte for byte, so that a client which does
//! not hand it on as it came is found out.

use crate::{
    directory::{SamlVersion, User},
    random,
    seal::Seal,
};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) const LIFETIME: Duration = Duration::hours(1);

const SIGNATURE: (&str, &str) = ("<ds:SignatureValue>", "</ds:SignatureValue>");

/// What a signature seals.
#[derive(Deserialize, Serialize)]
struct Signed {
    digest: String,
    username: String,
    version: String,
    expires: i64,
}

/// What an assertion says, in whichever SAML.
struct Statement<'a> {
    id: String,
    issuer: &'a str,
    created: String,
    expires: String,
    audience: &'a str,
    object_id: &'a str,
    username: &'a str,
}

#[derive(Template)]
#[template(path = "federation/saml_1_1.xml")]
struct Saml11<'a>(Statement<'a>);

#[derive(Template)]
#[template(path = "federation/saml_2_0.xml")]
struct Saml20<'a>(Statement<'a>);

/// An assertion that says that `user` proved themselves to `issuer`.
pub(super) fn issue(
    seal: &Seal,
    user: &User,
    version: SamlVersion,
    issuer: &str,
    audience: &str,
    now: OffsetDateTime,
) -> String {
    let statement = Statement {
        id: random::uuid(),
        issuer,
        created: instant(now),
        expires: instant(now + LIFETIME),
        audience,
        object_id: &user.object_id,
        username: &user.username,
    };
    let unsigned = match version {
        SamlVersion::V11 => Saml11(statement).render(),
        SamlVersion::V20 => Saml20(statement).render(),
    };
    let unsigned = unsigned.unwrap_or_default().trim_end().to_owned();
    let signature = seal.seal(&Signed {
        digest: digest_of(&unsigned),
        username: user.username.clone(),
        version: format!("{version:?}"),
        expires: (now + LIFETIME).unix_timestamp(),
    });
    let (start, end) = SIGNATURE;
    unsigned.replace(
        &format!("{start}{end}"),
        &format!("{start}{signature}{end}"),
    )
}

/// Whom an assertion is about, if it is one of ours that nobody changed.
pub(crate) fn subject(
    seal: &Seal,
    encoded: &str,
    version: SamlVersion,
    now: OffsetDateTime,
) -> Option<String> {
    let assertion = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    let assertion = String::from_utf8(assertion).ok()?;
    let (before, rest) = assertion.split_once(SIGNATURE.0)?;
    let (signature, after) = rest.split_once(SIGNATURE.1)?;
    let signed: Signed = seal.open_value(signature)?;
    let unsigned = format!("{before}{}{}{after}", SIGNATURE.0, SIGNATURE.1);
    let is_whole = signed.digest == digest_of(&unsigned)
        && signed.version == format!("{version:?}")
        && signed.expires > now.unix_timestamp();
    is_whole.then_some(signed.username)
}

pub(super) fn instant(time: OffsetDateTime) -> String {
    let whole = time.replace_nanosecond(0).unwrap_or(time);
    whole.format(&Rfc3339).unwrap_or_default()
}

fn digest_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
