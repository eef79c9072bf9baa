use serde::Deserialize;

/// What the authority said when it refused: the error reply of
/// [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), with Entra ID's
/// own members.
///
/// Decide by `error` and `suberror`; the AADSTS codes and the description are for people and
/// change without notice
/// ([Microsoft's reference](https://learn.microsoft.com/entra/identity-platform/reference-error-codes)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct OAuthError {
    /// `error`: `invalid_grant`, `interaction_required`, `access_denied`, ...
    pub error: String,
    /// `error_description`, without line breaks and control characters.
    pub description: Option<String>,
    /// `error_codes`: the numbers of the AADSTS codes.
    pub codes: Vec<u64>,
    /// `suberror`: `bad_token`, `basic_action`, `consent_required`, ...
    pub suberror: Option<String>,
    /// `claims`: what a new sign-in must satisfy, as JSON. Give it to
    /// [`authenticate`](crate::InteractiveCredential::authenticate).
    pub claims: Option<String>,
    /// `correlation_id`, to be named to the authority's support.
    pub correlation_id: Option<String>,
    /// `trace_id`, to be named to the authority's support.
    pub trace_id: Option<String>,
    /// The HTTP status of the reply; `None` when the error came by redirect.
    pub status: Option<u16>,
}

impl OAuthError {
    /// Reads the body of an error reply. `None` if it is not one.
    pub(crate) fn from_json(status: Option<u16>, body: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let error = plain(&body.error.filter(|error| !error.is_empty())?);
        Some(Self {
            error,
            description: body.error_description.map(|text| plain(&text)),
            codes: body.error_codes,
            suberror: body
                .suberror
                .filter(|text| !text.is_empty())
                .map(|text| plain(&text)),
            claims: body.claims,
            correlation_id: body.correlation_id.map(|text| plain(&text)),
            trace_id: body.trace_id.map(|text| plain(&text)),
            status,
        })
    }

    /// An error that came by redirect
    /// ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)). Entra
    /// ID writes the AADSTS code at the head of its description.
    pub(crate) fn from_redirect(
        error: &str,
        description: Option<&str>,
        suberror: Option<&str>,
    ) -> Self {
        let description = description.map(plain);
        Self {
            error: plain(error),
            codes: description
                .as_deref()
                .and_then(leading_code)
                .into_iter()
                .collect(),
            description,
            suberror: suberror.map(plain),
            ..Self::default()
        }
    }

    /// `error` and the first sentence of the description, for our own error texts.
    pub(crate) fn summary(&self) -> String {
        match self.description.as_deref().map(without_trace) {
            Some(description) if !description.is_empty() => {
                format!("{}: {description}", self.error)
            }
            _ => self.error.clone(),
        }
    }

    /// Whether somebody said no, by redirect or while a device code was polled. A policy says the
    /// same, with a suberror.
    pub(crate) fn is_declined(&self) -> bool {
        match self.error.as_str() {
            "authorization_declined" => true,
            "access_denied" => self.suberror.is_none(),
            _ => false,
        }
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self.error.as_str(),
            "temporarily_unavailable" | "server_error"
        ) || self.status.is_some_and(is_transient_status)
    }

    /// Whether the refresh token itself is no longer any good, whatever it is asked for.
    pub(crate) fn is_dead_token(&self) -> bool {
        let is_dead = |text: &str| matches!(text, "bad_token" | "token_expired");
        is_dead(&self.error)
            || self.error == "invalid_grant" && self.suberror.as_deref().is_some_and(is_dead)
    }

    /// By the words that MSAL goes by, too, as an error or beside one
    /// ([MSAL.NET's page](https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/msal-error-handling)).
    pub(crate) fn needs_person(&self) -> bool {
        let is_called_for = |text: &str| {
            matches!(
                text,
                "interaction_required"
                    | "consent_required"
                    | "login_required"
                    | "bad_token"
                    | "refresh_token_expired"
                    | "ui_not_allowed"
                    | "interrupted_user"
            )
        };
        let by_suberror = |text: &str| {
            is_called_for(text)
                || matches!(
                    text,
                    "basic_action" | "additional_action" | "message_only" | "user_password_expired"
                )
        };
        let asked = self.error == "invalid_grant"
            || is_called_for(&self.error)
            || self.suberror.as_deref().is_some_and(by_suberror);
        asked && !self.is_transient()
    }
}

/// Statuses that say "not now" rather than "no".
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

#[derive(Deserialize)]
struct Body {
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    error_description: Option<String>,
    #[serde(default, deserialize_with = "lenient_codes")]
    error_codes: Vec<u64>,
    #[serde(default, deserialize_with = "lenient_text")]
    suberror: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    claims: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    correlation_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    trace_id: Option<String>,
}

/// A member of another shape must not hide the error itself.
fn lenient_codes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let codes = value.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(codes.iter().filter_map(serde_json::Value::as_u64).collect())
}

/// Likewise; `claims` that are JSON themselves become the text that they should have been.
fn lenient_text<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// These texts reach terminals and logs: an escape sequence in them must not.
fn plain(text: &str) -> String {
    const LONGEST: usize = 2_000;
    let text = text.replace("\r\n", " ");
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect()
}

fn without_trace(description: &str) -> &str {
    let end = description.find("Trace ID:").unwrap_or(description.len());
    description[..end].trim()
}

fn leading_code(description: &str) -> Option<u64> {
    let digits = description.strip_prefix("AADSTS")?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entra_ids_body() {
        let body = br#"{"error":"invalid_grant","error_description":"AADSTS50076: Due to a policy.\r\nTrace ID: t\r\nCorrelation ID: c","error_codes":[50076],"timestamp":"2026-11-25 02:44:56Z","trace_id":"t","correlation_id":"c","suberror":"basic_action","claims":"{\"access_token\":{}}"}"#;
        let error = OAuthError::from_json(Some(400), body).unwrap();
        assert_eq!(error.codes, [50076]);
        assert_eq!(error.suberror.as_deref(), Some("basic_action"));
        assert_eq!(error.claims.as_deref(), Some(r#"{"access_token":{}}"#));
        assert_eq!(
            error.summary(),
            "invalid_grant: AADSTS50076: Due to a policy."
        );
        assert!(error.needs_person());
    }

    #[test]
    fn a_body_that_is_no_error_is_none() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"error":""}"#,
            "[]",
            r#"{"error":7}"#,
        ] {
            assert!(
                OAuthError::from_json(Some(400), body.as_bytes()).is_none(),
                "{body}"
            );
        }
    }

    #[test]
    fn members_of_another_shape_do_not_hide_the_error() {
        for codes in ["\"50076\"", "null", "[\"x\", 50076]", "{}"] {
            let body = format!(r#"{{"error":"invalid_grant","error_codes":{codes}}}"#);
            assert!(
                OAuthError::from_json(Some(400), body.as_bytes()).is_some(),
                "{codes}"
            );
        }
    }

    #[test]
    fn an_escape_sequence_does_not_reach_the_terminal() {
        let error = OAuthError::from_redirect("a\u{1b}[2J", Some("AADSTS65004: no\u{7}"), None);
        assert_eq!(error.error, "a [2J");
        assert_eq!(error.codes, [65004]);
        assert!(!error.summary().contains(char::is_control));
    }
}
