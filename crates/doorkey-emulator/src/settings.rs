//! What a builder sets and the service reads.

use time::Duration;

/// How long things live, and what is sent only when asked for.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `None`: as Entra ID, by whether the client takes claims challenges.
    pub(crate) access_token_lifetime: Option<Duration>,
    /// `None`: half of the token's lifetime.
    pub(crate) refresh_in: Option<Duration>,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) code_lifetime: Duration,
    pub(crate) device_code_lifetime: Duration,
    pub(crate) device_code_interval: Duration,
    /// Whether the answer at the redirect URI carries `iss` (RFC 9207, section 2).
    pub(crate) response_issuer: bool,
}

impl Settings {
    /// What Entra ID gives clients that take claims challenges: their tokens can be revoked.
    const LONG_LIVED: Duration = Duration::hours(24);

    /// Within Entra ID's 60 to 90 minutes.
    const USUAL: Duration = Duration::minutes(80);

    pub(crate) fn access_token_lifetime(&self, continuous_access: bool) -> Duration {
        let usual = if continuous_access {
            Self::LONG_LIVED
        } else {
            Self::USUAL
        };
        self.access_token_lifetime.unwrap_or(usual)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_lifetime: None,
            refresh_in: None,
            refresh_token_lifetime: Duration::days(90),
            code_lifetime: Duration::minutes(10),
            device_code_lifetime: Duration::minutes(15),
            device_code_interval: Duration::seconds(5),
            response_issuer: false,
        }
    }
}
