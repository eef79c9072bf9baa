use crate::{
    error::{Error, Result},
    scopes::Scopes,
};
use azure_core::credentials::{Secret, TokenCredential};
use std::sync::Arc;

/// Tokens of one credential for one resource, for an HTTP client that is none of the SDK's.
/// Made by [`bearer_token_provider`].
#[derive(Clone, Debug)]
pub struct BearerTokenProvider {
    credential: Arc<dyn TokenCredential>,
    scopes: Arc<[String]>,
}

/// Gives tokens to HTTP clients that know nothing of the SDK, such as `reqwest` or `tonic`. Ask it
/// before each request: nothing is kept beside the credential's own cache, so the token is always
/// the one that is good now.
///
/// `credential` may be any, also a [`scoped`](crate::InteractiveCredential::scoped) one.
///
/// # Errors
///
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where `scopes` is empty or has something
/// that is no scope.
///
/// ```
/// use doorkey::bearer_token_provider;
/// # use azure_core::{credentials::*, time::OffsetDateTime};
/// # use std::sync::Arc;
/// # #[derive(Debug)]
/// # struct Fixed;
/// # #[async_trait::async_trait]
/// # impl TokenCredential for Fixed {
/// #     async fn get_token(
/// #         &self,
/// #         _: &[&str],
/// #         _: Option<TokenRequestOptions<'_>>,
/// #     ) -> azure_core::Result<AccessToken> {
/// #         Ok(AccessToken { token: "t".into(), expires_on: OffsetDateTime::UNIX_EPOCH })
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> doorkey::Result<()> {
/// # let credential: Arc<dyn TokenCredential> = Arc::new(Fixed);
/// let graph = bearer_token_provider(credential, &["https://graph.microsoft.com/User.Read"])?;
/// let header = graph.authorization_header().await?;
/// // client.get("https://graph.microsoft.com/v1.0/me").header("authorization", header.secret())
/// assert_eq!(header.secret(), "Bearer t");
/// # Ok(())
/// # }
/// ```
pub fn bearer_token_provider(
    credential: Arc<dyn TokenCredential>,
    scopes: &[&str],
) -> Result<BearerTokenProvider> {
    Scopes::check(scopes)?;
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Ok(BearerTokenProvider { credential, scopes })
}

impl BearerTokenProvider {
    /// The token that is good now.
    ///
    /// # Errors
    ///
    /// Those of the credential.
    pub async fn token(&self) -> Result<Secret> {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        let token = self.credential.get_token(&scopes, None).await;
        Ok(token.map_err(Error::of_any)?.token)
    }

    /// The value of the header `Authorization` for it
    /// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    ///
    /// # Errors
    ///
    /// Those of the credential.
    pub async fn authorization_header(&self) -> Result<Secret> {
        let token = self.token().await?;
        Ok(Secret::new(format!("Bearer {}", token.secret())))
    }
}
