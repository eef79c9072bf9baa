use crate::{
    credential::chain::{Failure, Link},
    error::{Error, ErrorKind},
    options::{AccessTokenInfo, TokenInfoOptions},
};
use async_trait::async_trait;

/// A link that the other languages have, by its name there: who moves here looks for it.
#[derive(Debug)]
pub(super) struct Absent(pub(super) &'static str);

#[async_trait]
impl Link for Absent {
    fn name(&self) -> &str {
        self.0
    }

    async fn get_token_info(
        &self,
        _scopes: &[&str],
        _options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        Err(Failure::GoesOn(Error::new(
            ErrorKind::CredentialUnavailable,
            "does not exist in Rust",
        )))
    }
}
