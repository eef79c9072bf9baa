use super::{Asked, Way};
use crate::{
    error::Result,
    events,
    oauth::{OAuthClient, Parameters, Patience},
    options::SignInObserver,
    pop::ResourceRequest,
    record::AuthenticationRecord,
    scopes::Scopes,
    sensitive::Sensitive,
    sign_in::{Question, SignIn},
    tenant::TenantId,
    tokens::{TokenKind, Tokens},
};
use azure_core::Uuid;
use std::sync::Arc;

/// Entra ID itself: by a refresh token, or by one of the ways to ask a person.
#[derive(Debug)]
pub(crate) struct Entra {
    pub(crate) oauth: OAuthClient,
    pub(crate) sign_in: SignIn,
    pub(crate) observer: Option<Arc<dyn SignInObserver>>,
}

/// What is wanted of a source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) scopes: &'a Scopes,
    /// As it is sent: with our capability, where the token shall be revocable.
    pub(crate) claims: Option<&'a str>,
    pub(crate) kind: &'a TokenKind,
    /// Given for each token that is bound to a key, where a broker is asked.
    pub(crate) resource_request: Option<&'a ResourceRequest>,
}

impl Wanted<'_> {
    fn parameters(&self) -> Parameters<'_> {
        Parameters {
            tenant: self.tenant,
            scopes: self.scopes,
            claims: self.claims,
            kind: self.kind,
            correlation_id: Uuid::new_v4(),
        }
    }
}

impl Entra {
    /// Without a person.
    pub(crate) async fn renew(
        &self,
        wanted: Wanted<'_>,
        refresh_token: &Sensitive,
        home_account_id: &str,
        patience: Patience,
    ) -> Result<Tokens> {
        let parameters = wanted.parameters();
        let renewing = self
            .oauth
            .refresh(&parameters, refresh_token, home_account_id, patience);
        events::acquire("silent", parameters.correlation_id, renewing).await
    }

    /// By asking a person.
    pub(crate) async fn ask(&self, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<(Tokens, Way)> {
        let parameters = wanted.parameters();
        let question = Question {
            parameters,
            login_hint: self.login_hint(asked.expected),
            observer: self.observer.as_deref(),
            insists: asked.insists,
            accept: asked.accept,
        };
        let flow = self.sign_in.flow();
        let asking = async {
            events::sign_in_began(flow);
            self.sign_in.ask(&self.oauth, &question).await
        };
        let tokens = events::acquire(flow, parameters.correlation_id, asking).await?;
        Ok((tokens, Way::Grant(self.sign_in.grant())))
    }

    /// The name that a page begins with.
    pub(super) fn login_hint<'a>(
        &'a self,
        expected: Option<&'a AuthenticationRecord>,
    ) -> Option<&'a str> {
        let expected = expected.map(|record| record.username.as_str());
        self.sign_in
            .login_hint()
            .or(expected.filter(|name| !name.is_empty()))
    }
}
