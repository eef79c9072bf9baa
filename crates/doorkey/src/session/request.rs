use crate::{
    pop::ResourceRequest, scopes::Scopes, source::Wanted, tenant::TenantId, tokens::TokenKind,
};
use std::borrow::Cow;

/// A question, in the form in which two of them are the same.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct TokenRequest {
    /// Who is expected to answer; `None` while nobody is known.
    pub(super) home_account_id: Option<String>,
    pub(super) tenant: TenantId,
    pub(super) scopes: Scopes,
    pub(super) kind: TokenKind,
    /// The one request that the token is for, where somebody else may bind it to that.
    pub(super) resource_request: Option<ResourceRequest>,
    pub(super) cae: bool,
    /// What the caller demands of the token.
    pub(super) claims: Option<String>,
    /// What is sent: the caller's demand, and our capability.
    pub(super) claims_parameter: Option<String>,
}

impl TokenRequest {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            tenant: &self.tenant,
            scopes: &self.scopes,
            claims: self.claims_parameter.as_deref(),
            kind: &self.kind,
            resource_request: self.resource_request.as_ref(),
        }
    }

    /// The same, whichever request the token is for. Nearly all are so already.
    pub(super) fn for_any_resource(&self) -> Cow<'_, Self> {
        if self.resource_request.is_none() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            resource_request: None,
            ..self.clone()
        })
    }
}
