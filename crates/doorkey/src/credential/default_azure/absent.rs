use crate::{
    credential::chain::{Failure, Link},
    error::{Error, ErrorKind},
    options::{AccessTokenInfo, TokenInfoOptions},
};
use async_trait::async_trait;

/// A link that never gives a token, and says why.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) name: &'static str,
    pub(super) why: String,
}

impl Absent {
    /// One that the other languages have, by its name there: who moves here looks for it.
    pub(super) fn in_rust(name: &'static str) -> Self {
        let why = "does not exist in Rust".to_owned();
        Self { name, why }
    }
}

#[async_trait]
impl Link for Absent {
    fn name(&self) -> &str {
        self.name
    }

    async fn get_token_info(
        &self,
        _scopes: &[&str],
        _options: TokenInfoOptions,
    ) -> Result<AccessTokenInfo, Failure> {
        Err(Failure::GoesOn(Error::new(
            ErrorKind::CredentialUnavailable,
            self.why.clone(),
        )))
    }
}
