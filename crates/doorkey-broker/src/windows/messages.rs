//! What goes to Windows and comes from it, as plain data.

use azure_core::credentials::Secret;
use std::collections::BTreeMap;

pub(super) type Properties = BTreeMap<String, String>;

/// A `WebTokenRequest`, but for its provider. No `Debug`: its properties may be secrets.
pub(super) struct TokenRequest {
    pub(super) scope: String,
    pub(super) client_id: String,
    pub(super) prompt: PromptType,
    pub(super) correlation_id: String,
    pub(super) properties: Properties,
}

/// `WebTokenRequestPromptType`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PromptType {
    Default,
    ForceAuthentication,
}

/// What a `WebAccount` says.
#[derive(Clone, Debug, Default)]
pub(super) struct WebAccount {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) properties: Properties,
}

/// A `WebTokenRequestResult`.
pub(super) struct TokenAnswer {
    pub(super) status: TokenStatus,
    /// The first of its responses.
    pub(super) response: Option<TokenResponse>,
    pub(super) error: Option<ProviderError>,
}

/// A `WebTokenResponse`.
pub(super) struct TokenResponse {
    pub(super) token: Secret,
    pub(super) properties: Properties,
    pub(super) account: Option<WebAccount>,
}

/// `WebTokenRequestStatus`, by its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TokenStatus {
    Success,
    UserCancel,
    AccountSwitch,
    UserInteractionRequired,
    AccountProviderNotAvailable,
    ProviderError,
    /// One of a later Windows.
    Unknown(i32),
}

/// `FindAllWebAccountsStatus`, by its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AccountsStatus {
    Success,
    NotAllowedByProvider,
    NotSupportedByProvider,
    ProviderError,
    /// One of a later Windows.
    Unknown(i32),
}

/// A `WebProviderError`: what Entra ID's or the personal accounts' plugin says.
#[derive(Clone, Debug, Default)]
pub(super) struct ProviderError {
    /// An `HRESULT`, or the number of an AADSTS error.
    pub(super) code: u32,
    pub(super) message: String,
}

/// A call to Windows that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// The `HRESULT`.
    pub(super) code: u32,
    pub(super) message: String,
}

impl From<i32> for TokenStatus {
    fn from(number: i32) -> Self {
        match number {
            0 => Self::Success,
            1 => Self::UserCancel,
            2 => Self::AccountSwitch,
            3 => Self::UserInteractionRequired,
            4 => Self::AccountProviderNotAvailable,
            5 => Self::ProviderError,
            number => Self::Unknown(number),
        }
    }
}

impl From<i32> for AccountsStatus {
    fn from(number: i32) -> Self {
        match number {
            0 => Self::Success,
            1 => Self::NotAllowedByProvider,
            2 => Self::NotSupportedByProvider,
            3 => Self::ProviderError,
            number => Self::Unknown(number),
        }
    }
}
