use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The member `q`: which parameters of the query are signed, and the hash of them
/// ([section 3.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03#section-3.1)).
/// As they are written in the URL, since that is what a resource in .NET hashes.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub(super) struct SignedQuery(Vec<String>, String);

impl SignedQuery {
    /// Also of no query at all: a resource that checks `q` wants to see it.
    pub(super) fn of(query: &str) -> Self {
        let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=')).collect();
        let written: Vec<_> = query.split('&').map(name).collect();
        // Section 7.5: one that is there twice must not be covered.
        let is_once = |name: &str| written.iter().filter(|other| **other == name).count() == 1;
        let signed = pairs
            .into_iter()
            .flatten()
            .filter(|(name, value)| is_signable(name) && is_signable(value) && is_once(name));
        let (names, pairs): (Vec<_>, Vec<_>) = signed
            .map(|(name, value)| (name.to_owned(), format!("{name}={value}")))
            .unzip();
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(pairs.join("&").as_bytes()));
        Self(names, hash)
    }
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

/// Whether every reader makes the same of it. Microsoft's passes by what is empty and what has a second
/// `=`; and a type for URLs, or a proxy, may write anew what is not in the normal form
/// ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)).
fn is_signable(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_kept = match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(upper_hex));
                matches!(digits, [Some(high), Some(low)] if !is_unreserved(high << 4 | low))
            }
            byte => is_unreserved(byte) || b"!$'()*+,;:@/?".contains(&byte),
        };
        if !is_kept {
            return false;
        }
    }
    !text.is_empty()
}

fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_read_alike_is_signed_in_its_order_and_nothing_else() {
        for (query, names, hashed) in [
            ("", &[][..], ""),
            ("b=bar&a=foo&c=duck", &["b", "a", "c"], "b=bar&a=foo&c=duck"),
            (
                "api-version=7.4&$top=1",
                &["api-version", "$top"],
                "api-version=7.4&$top=1",
            ),
            ("a=%2F%25&b=x+y", &["a", "b"], "a=%2F%25&b=x+y"),
            // there twice, under one name
            ("a=1&b=2&a=3", &["b"], "b=2"),
            ("a=1&b=2&a", &["b"], "b=2"),
            ("a=&b=2&a=3", &["b"], "b=2"),
            // names are told apart by their case
            ("a=1&A=2", &["a", "A"], "a=1&A=2"),
            // empty, without a value, with two
            ("a=&b=2", &["b"], "b=2"),
            ("flag&b=2", &["b"], "b=2"),
            ("=1&b=2", &["b"], "b=2"),
            ("a=x==&b=2", &["b"], "b=2"),
            ("&&b=2&", &["b"], "b=2"),
            // what others would write in another way
            ("a=%41&b=2", &["b"], "b=2"),
            ("a=%2f&b=2", &["b"], "b=2"),
            ("a=%7E&b=2", &["b"], "b=2"),
            ("a={x}&b=2", &["b"], "b=2"),
            ("a=%&b=2", &["b"], "b=2"),
            ("a=%4&b=2", &["b"], "b=2"),
            ("[a]=1&b=2", &["b"], "b=2"),
        ] {
            let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(hashed));
            let names = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(SignedQuery::of(query), SignedQuery(names, hash), "{query}");
        }
    }

    #[test]
    fn the_form_is_the_drafts() {
        // That of its example, which Python's hashlib makes, too.
        let written = serde_json::to_string(&SignedQuery::of("b=bar&a=foo&c=duck")).unwrap();
        assert_eq!(
            written,
            r#"[["b","a","c"],"u4LgkGUWhP9MsKrEjA4dizIllDXluDku6ZqCeyuR-JY"]"#
        );
    }
}
