//! Proof-of-possession at the resource: a Signed HTTP Request
//! (draft-ietf-oauth-signed-http-request-03), as Microsoft's libraries write it.

use crate::{exchange::Exchange, service::Service};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::PublicKeyComponents,
    signature::RSA_PKCS1_2048_8192_SHA256,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// How far the signer's clock may be from ours, in seconds.
const LEEWAY: i64 = 300;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Deserialize)]
struct Body {
    at: String,
    ts: i64,
    m: String,
    u: String,
    p: String,
    /// Not all clients write one.
    q: Option<Value>,
    nonce: String,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    jwk: Jwk,
}

#[derive(Deserialize)]
struct Jwk {
    e: String,
    kty: String,
    n: String,
}

/// A proof that this request was signed by a key; the token in it is not looked at yet.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) access_token: String,
    thumbprint: String,
}

impl Proof {
    /// Checks all but the token, and uses the nonce up.
    pub(super) fn check(
        service: &Service,
        exchange: &Exchange,
        signed: &str,
    ) -> Result<Self, &'static str> {
        const MALFORMED: &str = "The signed request is malformed";
        let (message, signature) = signed.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, body) = message.split_once('.').ok_or(MALFORMED)?;
        let header: Header = decode(header).ok_or(MALFORMED)?;
        let body: Body = decode(body).ok_or(MALFORMED)?;
        // Checked, not obeyed (RFC 8725, section 3.1).
        if header.alg != "RS256" || header.typ != "pop" || body.cnf.jwk.kty != "RSA" {
            return Err("The signed request is of another type");
        }
        let thumbprint = body.cnf.jwk.thumbprint();
        if header.kid != thumbprint {
            return Err("The signed request names another key than it carries");
        }
        if !body.cnf.jwk.signed(message, signature) {
            return Err("The signature of the request is invalid");
        }
        let host = exchange.base.trim_start_matches("https://");
        if !body.u.eq_ignore_ascii_case(host) {
            return Err("The request was signed for another host");
        }
        if body.m != exchange.request.method {
            return Err("The request was signed for another method");
        }
        if body.p != exchange.request.path {
            return Err("The request was signed for another path");
        }
        if body
            .q
            .is_some_and(|signed| !is_query(&signed, &exchange.query))
        {
            return Err("The request was signed for another query");
        }
        if (exchange.now.unix_timestamp() - body.ts).abs() > LEEWAY {
            return Err("The request was not signed just now");
        }
        // The last, as a request that is refused for something else leaves it good.
        if !service.nonces.use_up(&body.nonce, exchange.now) {
            return Err("The nonce is unknown, too old, or was used before");
        }
        Ok(Self {
            access_token: body.at,
            thumbprint,
        })
    }

    /// Whether the token with these claims is bound to the key of the proof.
    pub(super) fn is_of(&self, claims: &Value) -> bool {
        claims["cnf"]["kid"] == self.thumbprint.as_str()
    }
}

impl Jwk {
    /// RFC 7638.
    fn thumbprint(&self) -> String {
        let Self { e, kty, n } = self;
        let quoted = [e, kty, n].map(|text| Value::from(text.as_str()).to_string());
        let [e, kty, n] = quoted;
        let jwk = format!(r#"{{"e":{e},"kty":{kty},"n":{n}}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes()))
    }

    fn signed(&self, message: &str, signature: &str) -> bool {
        let parts = [self.n.as_str(), &self.e, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let [Ok(n), Ok(e), Ok(signature)] = parts else {
            return false;
        };
        let key = PublicKeyComponents { n, e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
            .is_ok()
    }
}

/// Whether `q` is signed for this query (section 3.1), as Microsoft's resources read it where they are told
/// to: what the client has not signed may be there, too.
fn is_query(signed: &Value, query: &str) -> bool {
    let Ok((names, hash)) = <(Vec<String>, String)>::deserialize(signed) else {
        return false;
    };
    let mut pairs = Vec::new();
    for name in &names {
        let is_named = |pair: &&str| pair.split('=').next() == Some(name.as_str());
        let mut found = query.split('&').filter(is_named);
        // Section 7.5: nobody could tell which of two was meant.
        let (Some(pair), None) = (found.next(), found.next()) else {
            return false;
        };
        pairs.push(pair);
    }
    hash == URL_SAFE_NO_PAD.encode(digest(&SHA256, pairs.join("&").as_bytes()))
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
