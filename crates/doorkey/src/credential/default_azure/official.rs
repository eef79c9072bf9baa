//! Credentials of the official crate. Their errors do not say which case they are, so whether one can
//! work here is decided before it is asked.

use crate::{
    credential::chain::{Failure, Lacking, Link},
    error::{Error, Result},
    options::{AccessTokenInfo, TokenInfoOptions},
};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential};
use std::{fmt, sync::Arc};
use tokio::sync::OnceCell;

/// Makes a credential where it can work. Any error means that it cannot work here.
#[async_trait]
pub(super) trait Maker: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;

    async fn make(&self) -> Result<Arc<dyn TokenCredential>>;

    /// Whether an error of the credential that was made still means that it cannot work here.
    fn is_unavailable(&self, error: &azure_core::Error) -> bool {
        let _ = error;
        false
    }
}

/// What an error means, of a credential that can work here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    Ends,
    GoesOn,
}

#[derive(Debug)]
pub(super) struct Official<M> {
    maker: M,
    then: Then,
    made: OnceCell<Arc<dyn TokenCredential>>,
}

impl<M: Maker> Official<M> {
    pub(super) fn new(maker: M, then: Then) -> Self {
        Self {
            maker,
            then,
            made: OnceCell::new(),
        }
    }

    async fn ask(&self, scopes: &[&str]) -> Result<AccessToken, Failure> {
        let made = self.made.get_or_try_init(|| self.maker.make()).await;
        let credential = made.map_err(Failure::GoesOn)?;
        credential.get_token(scopes, None).await.map_err(|error| {
            let is_unavailable = self.maker.is_unavailable(&error);
            let error = Error::of_any(error);
            match self.then {
                Then::Ends if !is_unavailable => Failure::Ends(error),
                _ => Failure::GoesOn(error),
            }
        })
    }
}

#[async_trait]
impl<M: Maker> Link for Official<M> {
    fn name(&self) -> &str {
        self.maker.name()
    }

    fn lacks(&self, options: &TokenInfoOptions) -> Option<Lacking> {
        Lacking::of_scopes_only(options)
    }

    async fn get_token_info(
        &self,
        scopes: &[&str],
        _options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        self.ask(scopes).await.map(AccessTokenInfo::from)
    }

    async fn get_token(&self, scopes: &[&str]) -> azure_core::Result<AccessToken> {
        Ok(self.ask(scopes).await.map_err(Failure::into_error)?)
    }
}
