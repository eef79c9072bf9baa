//! The one place where randomness comes in.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt::Write as _;

/// Letters and digits of a user code: those that a person does not mistake for one another.
const USER_CODE_ALPHABET: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTVWXY23";

/// Entra ID's user codes have nine characters.
const USER_CODE_LENGTH: usize = 9;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A value that nobody guesses: 32 random bytes in base64url.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A random UUID (RFC 9562, section 5.4).
pub(crate) fn uuid() -> String {
    uuid_from(bytes(), 4)
}

/// The same UUID for the same bytes, marked with `version` (RFC 9562, section 4).
pub(crate) fn uuid_from(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a string takes every write");
    }
    text
}

/// A code for a person to type (RFC 8628, section 6.1).
pub(crate) fn user_code() -> String {
    // The modulo's bias is of no weight in a code that lives for minutes on loopback.
    bytes::<USER_CODE_LENGTH>()
        .iter()
        .map(|byte| char::from(USER_CODE_ALPHABET[usize::from(*byte) % USER_CODE_ALPHABET.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_marked_with_its_version_and_variant() {
        assert_eq!(
            uuid_from([0xff; 16], 4),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            uuid_from([0; 16], 8),
            "00000000-0000-8000-8000-000000000000"
        );
        assert_ne!(uuid(), uuid());
    }

    #[test]
    fn a_user_code_has_nine_characters_that_are_not_mistaken() {
        for _ in 0..100 {
            let code = user_code();
            assert_eq!(code.len(), 9);
            assert!(
                code.bytes().all(|byte| USER_CODE_ALPHABET.contains(&byte)),
                "{code}"
            );
        }
    }
}
