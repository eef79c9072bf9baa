mod rest;

use crate::error::{Error, Result};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rest::Rest;

/// One challenge of a `WWW-Authenticate` header
/// ([RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)): what a
/// resource wants of whoever asks it.
///
/// [`continuous_access_policy`](crate::InteractiveCredential::continuous_access_policy) answers
/// claims challenges for the SDK's clients, and [`pop_policy`](crate::InteractiveCredential::pop_policy)
/// those for proof-of-possession; this is for those who send their requests themselves.
///
/// ```
/// use doorkey::Challenge;
///
/// let header = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==""#;
/// let challenges = Challenge::parse(header);
/// assert_eq!(challenges[0].parameter("error"), Some("insufficient_claims"));
/// let claims = challenges[0].claims()?;
/// // to be given to `get_token_info` or to `authenticate`
/// assert_eq!(claims.as_deref(), Some(r#"{"access_token":{"nbf":{"essential":true}}}"#));
/// # Ok::<(), doorkey::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scheme, as it was written; its case means nothing.
    pub scheme: String,
    /// What some schemes have instead of parameters, such as `Negotiate`.
    pub token68: Option<String>,
    /// Names and values in their order, the values without their quotes.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads the value of a `WWW-Authenticate` header, or of several that were joined by commas.
    /// Never fails, as resources write many dialects: values with or without quotes, parameters with
    /// or without commas between them. What makes no sense is passed by.
    #[must_use]
    pub fn parse(header: &str) -> Vec<Self> {
        let mut challenges: Vec<Self> = Vec::new();
        let mut rest = Rest::new(header);
        while let Some(word) = rest.word() {
            if rest.takes_equals() {
                let value = rest.value();
                if let Some(challenge) = challenges.last_mut() {
                    challenge.parameters.push((word.to_owned(), value));
                }
                continue;
            }
            let token68 = rest.token68().map(str::to_owned);
            challenges.push(Self {
                scheme: word.to_owned(),
                token68,
                parameters: Vec::new(),
            });
        }
        challenges
    }

    /// The value of a parameter, by its name in any case; the first, where it is there twice.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The JSON of a claims challenge, character by character as the resource wrote it, from whichever
    /// base64 it is in ([Microsoft's page](https://learn.microsoft.com/entra/identity-platform/claims-challenge)).
    /// `None` where nothing is demanded.
    ///
    /// # Errors
    ///
    /// [`Protocol`](crate::ErrorKind::Protocol) where the parameter `claims` holds no JSON object.
    pub fn claims(&self) -> Result<Option<String>> {
        let Some(text) = self.parameter("claims").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let json = decode(text).ok_or_else(|| {
            Error::protocol(
                "the resource demands more of a token, but its `claims` are neither JSON nor \
                 base64 of it; report this to whoever runs the resource",
            )
        })?;
        Ok(Some(json))
    }

    /// The nonce that a proof-of-possession token is to be signed with: that of a challenge
    /// `PoP nonce="…"`. `None` of any other scheme, and where it is empty.
    ///
    /// ```
    /// use doorkey::Challenge;
    ///
    /// let challenges = Challenge::parse(r#"Bearer realm="", PoP nonce="abc""#);
    /// assert_eq!(challenges.iter().find_map(Challenge::nonce), Some("abc"));
    /// ```
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        let is_pop = self.scheme.eq_ignore_ascii_case("PoP");
        let nonce = self.parameter("nonce").filter(|_| is_pop);
        nonce.filter(|nonce| !nonce.trim().is_empty())
    }

    /// The nonce for the next request, from the value of the header `Authentication-Info` with which a
    /// resource answered this one (`nextnonce="…"`,
    /// [RFC 9110, section 11.6.3](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.3); with `PoP` before
    /// it, or without).
    ///
    /// ```
    /// use doorkey::Challenge;
    ///
    /// let next = Challenge::next_nonce(r#"nextnonce="abc""#);
    /// assert_eq!(next.as_deref(), Some("abc"));
    /// ```
    #[must_use]
    pub fn next_nonce(authentication_info: &str) -> Option<String> {
        // The same list of parameters, without a scheme before it; Microsoft's resources write one.
        let challenges = Self::parse(&format!("PoP {authentication_info}"));
        let mut ours = challenges
            .iter()
            .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("PoP"));
        let next = ours.find_map(|challenge| challenge.parameter("nextnonce"))?;
        (!next.trim().is_empty()).then(|| next.to_owned())
    }

    /// The JSON of the claims of a challenge, as people hand them on: the JSON itself, or any base64 of
    /// it.
    ///
    /// ```
    /// use doorkey::Challenge;
    ///
    /// let claims = Challenge::decode_claims("eyJhY2Nlc3NfdG9rZW4iOnt9fQ==")?;
    /// assert_eq!(claims, r#"{"access_token":{}}"#);
    /// # Ok::<(), doorkey::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where it is neither.
    pub fn decode_claims(text: &str) -> Result<String> {
        decode(text.trim()).ok_or_else(|| {
            Error::invalid_argument(
                "`claims` are neither a JSON object nor base64 of one; give what stands between the \
                 quotes of `claims=\"…\"` in the challenge",
            )
        })
    }
}

/// Padded or not, as the values are written by hand in many places.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn decode(text: &str) -> Option<String> {
    let is_object = |text: &str| {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
    };
    if is_object(text) {
        return Some(text.to_owned());
    }
    let standard: String = text
        .chars()
        .filter(|character| !character.is_whitespace() && *character != '=')
        .map(|character| match character {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let json = String::from_utf8(BASE64.decode(standard).ok()?).ok()?;
    is_object(&json).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JSON: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

    fn one(header: &str) -> Challenge {
        let mut challenges = Challenge::parse(header);
        assert_eq!(challenges.len(), 1, "{header}: {challenges:?}");
        challenges.remove(0)
    }

    #[test]
    fn the_dialects_of_resources_are_read() {
        for (header, scheme, parameters) in [
            // Azure Resource Manager
            (
                r#"Bearer authorization_uri="https://login.example/t", error="invalid_token", error_description="The \"token\", as it was""#,
                "Bearer",
                vec![
                    ("authorization_uri", "https://login.example/t"),
                    ("error", "invalid_token"),
                    ("error_description", r#"The "token", as it was"#),
                ],
            ),
            // Azure Storage
            (
                "Bearer authorization_uri=https://login.example/t/oauth2/authorize resource_id=https://storage.azure.com",
                "Bearer",
                vec![
                    (
                        "authorization_uri",
                        "https://login.example/t/oauth2/authorize",
                    ),
                    ("resource_id", "https://storage.azure.com"),
                ],
            ),
            (
                r#"bearer realm = "" ,claims=eyJhIjoxfQ== , error="x""#,
                "bearer",
                vec![("realm", ""), ("claims", "eyJhIjoxfQ=="), ("error", "x")],
            ),
            ("PoP nonce=\"abc\"", "PoP", vec![("nonce", "abc")]),
            ("Bearer a=1;b=2", "Bearer", vec![("a", "1"), ("b", "2")]),
            ("Bearer", "Bearer", vec![]),
            ("  Bearer ,, ", "Bearer", vec![]),
            (
                "Bearer realm=\"never ends, error=x",
                "Bearer",
                vec![("realm", "never ends, error=x")],
            ),
            (
                "Bearer realm=\"ends badly\\",
                "Bearer",
                vec![("realm", "ends badly")],
            ),
            (
                "Bearer , =x, \"lost\", realm=\"kept\"",
                "Bearer",
                vec![("realm", "kept")],
            ),
        ] {
            let challenge = one(header);
            assert_eq!(challenge.scheme, scheme, "{header}");
            let read: Vec<_> = challenge
                .parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert!(
                parameters.iter().all(|wanted| read.contains(wanted)),
                "{header}: {read:?}"
            );
            assert_eq!(challenge.token68, None, "{header}");
        }
    }

    #[test]
    fn several_challenges_in_one_header_are_told_apart() {
        let header = "Negotiate, Basic realm=\"a, Digest b=\\\"c\\\"\", NTLM TlRMTVNTUAAB==,\
                      PoP nonce=n, Bearer error=\"insufficient_claims\", claims=\"e30=\"";
        let challenges = Challenge::parse(header);
        let schemes: Vec<_> = challenges.iter().map(|one| one.scheme.as_str()).collect();
        assert_eq!(schemes, ["Negotiate", "Basic", "NTLM", "PoP", "Bearer"]);
        assert_eq!(challenges[0].token68, None);
        assert_eq!(challenges[1].parameter("REALM"), Some("a, Digest b=\"c\""));
        assert_eq!(challenges[2].token68.as_deref(), Some("TlRMTVNTUAAB=="));
        assert_eq!(challenges[3].parameter("nonce"), Some("n"));
        assert_eq!(challenges[4].claims().unwrap().as_deref(), Some("{}"));
    }

    #[test]
    fn a_nonce_is_that_of_proof_of_possession_alone() {
        for (header, nonce) in [
            ("PoP nonce=\"abc\"", Some("abc")),
            ("pop realm=\"\", nonce = abc==", Some("abc==")),
            (
                "Bearer nonce=\"b\", Digest nonce=\"d\", PoP error=\"x\", nonce=\"p\"",
                Some("p"),
            ),
            ("PoP nonce=\"a\\\"b, c\"", Some("a\"b, c")),
            ("PoP nonce=\"\"", None),
            ("PoP nonce=\" \"", None),
            ("PoP", None),
            ("Digest nonce=\"d\"", None),
            ("", None),
        ] {
            let challenges = Challenge::parse(header);
            let found = challenges.iter().find_map(Challenge::nonce);
            assert_eq!(found, nonce, "{header}");
        }
        for (header, next) in [
            ("nextnonce=\"abc\"", Some("abc")),
            ("NextNonce=abc==", Some("abc==")),
            ("qop=auth, nextnonce = \"a,b\", rspauth=\"x\"", Some("a,b")),
            // as Microsoft's libraries read it
            ("PoP nextnonce=\"abc\"", Some("abc")),
            ("pop realm=x, nextnonce=abc", Some("abc")),
            ("Digest nextnonce=\"d\", PoP nextnonce=\"abc\"", Some("abc")),
            ("Digest nextnonce=\"d\"", None),
            ("nextnonce=\"\"", None),
            ("nextnonce", None),
            ("nextnonce=", None),
            ("nonce=\"abc\"", None),
            ("", None),
        ] {
            assert_eq!(Challenge::next_nonce(header).as_deref(), next, "{header}");
        }
    }

    #[test]
    fn claims_come_out_as_the_resource_wrote_them_from_every_base64() {
        use base64::prelude::*;
        // With what base64 writes as `+` and `/`, and blanks that must stay.
        let json = "{ \"access_token\" : {\"x\":\"\u{3ff}\u{bff}~~~???>>>\",\"n\":1.0e2} }";
        for json in [json, JSON, "{}"] {
            let quoted = json.replace('\\', "\\\\").replace('"', "\\\"");
            for written in [
                format!("\"{}\"", BASE64_STANDARD.encode(json)),
                format!("\"{}\"", BASE64_STANDARD_NO_PAD.encode(json)),
                format!("\"{}\"", BASE64_URL_SAFE.encode(json)),
                format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(json)),
                BASE64_STANDARD.encode(json),
                format!("\"{quoted}\""),
            ] {
                let challenge = one(&format!("Bearer x=y, claims={written}, z=\"\""));
                assert_eq!(
                    challenge.claims().unwrap().as_deref(),
                    Some(json),
                    "{written}"
                );
            }
        }
    }

    #[test]
    fn claims_that_are_none_are_an_error_and_no_claims_are_none() {
        assert_eq!(one("Bearer realm=\"\"").claims().unwrap(), None);
        assert_eq!(one("Bearer claims=\"\"").claims().unwrap(), None);
        for claims in ["%%%", "%FF", "W10=", "bm90IGpzb24=", "/////w==", "x"] {
            let error = one(&format!("Bearer claims=\"{claims}\""))
                .claims()
                .unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Protocol, "{claims}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(header in "\\PC{0,80}|[Bb =,;\"\\\\%a+/]{0,80}") {
            for challenge in Challenge::parse(&header) {
                let _ = challenge.claims();
            }
        }

        #[test]
        fn what_is_written_by_the_rules_is_read(
            scheme in "[A-Za-z]{1,9}",
            parameters in prop::collection::vec(("[a-z_]{1,9}", "[ -~]{0,20}"), 1..6),
        ) {
            let written: Vec<_> = parameters
                .iter()
                .map(|(name, value)| {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("{name}=\"{value}\"")
                })
                .collect();
            let challenge = one(&format!("{scheme} {}", written.join(", ")));
            prop_assert_eq!(challenge.scheme, scheme);
            prop_assert_eq!(challenge.parameters, parameters);
        }
    }
}
