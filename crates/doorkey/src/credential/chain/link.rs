//! What a chain is made of.

use crate::{
    continuous_access::ContinuousAccessPolicy,
    credential::InteractiveCredential,
    error::{Error, ErrorKind, Result},
    options::{AccessTokenInfo, TokenInfoOptions},
    session::HasSession,
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential},
    http::policies::Policy,
};
use std::{fmt, sync::Arc};

/// One credential of a chain.
#[async_trait]
pub(in crate::credential) trait Link: fmt::Debug + Send + Sync {
    fn name(&self) -> &str;

    /// Which of these options it cannot honour, if any.
    fn lacks(&self, options: &TokenInfoOptions) -> Option<Lacking> {
        let _ = options;
        None
    }

    async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure>;

    async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        let info = self.get_token_info(scopes, TokenInfoOptions::default());
        Ok(info.await.map_err(Failure::into_error)?.try_into()?)
    }

    fn continuous_access_policy(&self) -> Option<Arc<dyn Policy>> {
        None
    }
}

/// How a link failed.
#[derive(Debug)]
pub(in crate::credential) enum Failure {
    /// It cannot work here; another one may.
    GoesOn(Error),
    /// It could work here, and was refused: whoever is next is not who was meant.
    Ends(Error),
}

impl Failure {
    pub(in crate::credential) fn into_error(self) -> Error {
        let (Self::GoesOn(error) | Self::Ends(error)) = self;
        error
    }
}

/// Options that a link cannot honour; its text goes on "which …".
#[derive(Debug)]
pub(in crate::credential) struct Lacking(Vec<&'static str>);

const POP: &str = "proof-of-possession";

impl Lacking {
    /// For a credential that takes scopes and nothing else.
    pub(in crate::credential) fn of_scopes_only(options: &TokenInfoOptions) -> Option<Self> {
        let TokenInfoOptions {
            claims,
            tenant_id,
            enable_cae,
            pop,
        } = options;
        let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        Self::among([
            (is_given(claims), "claims"),
            (is_given(tenant_id), "a tenant"),
            (*enable_cae, "continuous access"),
            (pop.is_some(), POP),
        ])
    }

    fn among<const N: usize>(wanted: [(bool, &'static str); N]) -> Option<Self> {
        let lacking: Vec<_> = wanted
            .into_iter()
            .filter_map(|(is_wanted, name)| is_wanted.then_some(name))
            .collect();
        (!lacking.is_empty()).then_some(Self(lacking))
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "cannot be asked for {} in a request",
            self.0.join(" and ")
        )
    }
}

/// Any credential of the SDK.
#[derive(Debug)]
pub(in crate::credential) struct Foreign {
    pub(in crate::credential) name: String,
    pub(in crate::credential) credential: Arc<dyn TokenCredential>,
}

#[async_trait]
impl Link for Foreign {
    fn name(&self) -> &str {
        &self.name
    }

    fn lacks(&self, options: &TokenInfoOptions) -> Option<Lacking> {
        Lacking::of_scopes_only(options)
    }

    async fn get_token_info(
        &self,
        scopes: &[&str],
        _options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        let outcome = self.credential.get_token(scopes, None).await;
        outcome.map(AccessTokenInfo::from).map_err(|error| {
            let is_ours = Error::find(&error).is_some();
            let error = Error::of_any(error);
            match error.kind() {
                // Its text alone would tell whether it could not work here.
                kind if !is_ours && kind != ErrorKind::Refused => Failure::GoesOn(error),
                _ => by_kind(error),
            }
        })
    }

    async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        self.credential.get_token(scopes, None).await
    }
}

/// One of ours that can ask a person.
#[derive(Debug)]
pub(in crate::credential) struct Interactive {
    pub(in crate::credential) name: String,
    pub(in crate::credential) credential: Arc<dyn InteractiveCredential>,
}

#[async_trait]
impl Link for Interactive {
    fn name(&self) -> &str {
        &self.name
    }

    fn lacks(&self, options: &TokenInfoOptions) -> Option<Lacking> {
        let is_lacking = options.pop.is_some() && !self.credential.binds_tokens();
        Lacking::among([(is_lacking, POP)])
    }

    async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        let outcome = self.credential.get_token_info(scopes, Some(options)).await;
        outcome.map_err(by_kind)
    }

    async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        self.credential.get_token(scopes, None).await
    }

    fn continuous_access_policy(&self) -> Option<Arc<dyn Policy>> {
        Some(self.credential.continuous_access_policy())
    }
}

/// A sign-in that somebody else made, and that may be there or not.
#[derive(Debug)]
pub(in crate::credential) struct Silent {
    pub(in crate::credential) name: &'static str,
    pub(in crate::credential) whose: Arc<dyn HasSession>,
}

#[async_trait]
impl Link for Silent {
    fn name(&self) -> &str {
        self.name
    }

    async fn get_token_info(
        &self,
        scopes: &[&str],
        options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        let outcome = match Arc::clone(&self.whose).session().await {
            Ok(session) => session.get_token_info(scopes, options).await,
            Err(error) => Err(error),
        };
        // Nobody chose it, so nothing of it stops those behind it.
        outcome.map_err(Failure::GoesOn)
    }

    async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        Ok(Arc::clone(&self.whose)
            .session()
            .await?
            .get_token(scopes)
            .await?)
    }

    fn continuous_access_policy(&self) -> Option<Arc<dyn Policy>> {
        let whose = Arc::clone(&self.whose);
        Some(Arc::new(ContinuousAccessPolicy { whose }))
    }
}

/// As in the peers, where the error of a person who is needed is one of a credential that is
/// unavailable.
fn by_kind(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::CredentialUnavailable | ErrorKind::AuthenticationRequired => {
            Failure::GoesOn(error)
        }
        _ => Failure::Ends(error),
    }
}
