use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The public half of an RSA key, and the name by which the authority knows it.
#[derive(Debug)]
pub(crate) struct PublicKey {
    jwk: String,
    thumbprint: String,
}

impl PublicKey {
    /// Modulus and exponent, big-endian without leading zeros.
    #[cfg_attr(
        not(any(feature = "pop", test)),
        expect(dead_code, reason = "without the feature there is no key")
    )]
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        let [modulus, exponent] =
            [modulus, exponent].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        Self {
            jwk: jwk(&exponent, &modulus),
            thumbprint: thumbprint(&exponent, &modulus),
        }
    }

    /// The JSON Web Key ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
    pub(super) fn jwk(&self) -> &str {
        &self.jwk
    }

    /// [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638), in base64url: the `kid` of whatever this
    /// key signs.
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

/// The thumbprint of an RSA key of which the members are written so.
pub(super) fn thumbprint(exponent: &str, modulus: &str) -> String {
    digest(&jwk(exponent, modulus))
}

/// RFC 7638, section 3.
pub(super) fn digest(jwk: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.as_bytes()))
}

/// RFC 7638, section 3: these members in this order, without blanks.
fn jwk(exponent: &str, modulus: &str) -> String {
    format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_standards_example() {
        // RFC 7638, section 3.1.
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let modulus = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
        let key = PublicKey::new(&modulus, &[1, 0, 1]);
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
