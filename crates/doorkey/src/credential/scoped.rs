use crate::{options::TokenInfoOptions, session::HasSession};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::sync::Arc;

/// Somebody's session, with the same options on every request.
#[derive(Debug)]
pub(super) struct Scoped {
    pub(super) whose: Arc<dyn HasSession>,
    pub(super) options: TokenInfoOptions,
}

#[async_trait]
impl TokenCredential for Scoped {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.options.check_bearer()?;
        let options = self.options.clone();
        let session = Arc::clone(&self.whose).session().await?;
        let info = session.get_token_info(scopes, options).await?;
        Ok(info.try_into()?)
    }
}
