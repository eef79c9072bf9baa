use super::{executor::TimedExecutor, official::Maker};
use crate::{
    error::{Error, Result},
    seams::Environment,
    session::{flights::Flights, lock, runtime},
};
use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions,
};
use futures_util::future::FutureExt;
use std::{
    collections::HashMap,
    env::split_paths,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::runtime::Id;

#[derive(Clone, Copy, Debug)]
pub(super) enum Tool {
    AzureCli,
    AzureDeveloperCli,
}

/// A program by which developers sign in.
#[derive(Debug)]
pub(super) struct DeveloperTool {
    tool: Tool,
    timeout: Duration,
    environment: Environment,
}

impl DeveloperTool {
    pub(super) fn new(tool: Tool, timeout: Duration, environment: Environment) -> Self {
        Self {
            tool,
            timeout,
            environment,
        }
    }

    /// Whether the program is there: the official crate tells by the text of an error alone.
    fn is_there(&self, search_path: &str) -> bool {
        let program = self.tool.program();
        let names = if cfg!(windows) {
            ["exe", "cmd", "bat"]
                .map(|end| format!("{program}.{end}"))
                .to_vec()
        } else {
            vec![program.to_owned()]
        };
        split_paths(search_path)
            .filter(|folder| folder.is_absolute())
            .any(|folder| names.iter().any(|name| folder.join(name).is_file()))
    }
}

impl Tool {
    fn program(self) -> &'static str {
        match self {
            Self::AzureCli => "az",
            Self::AzureDeveloperCli => "azd",
        }
    }

    fn sign_in(self) -> &'static str {
        match self {
            Self::AzureCli => "az login",
            Self::AzureDeveloperCli => "azd auth login",
        }
    }
}

#[async_trait]
impl Maker for DeveloperTool {
    fn name(&self) -> &'static str {
        match self.tool {
            Tool::AzureCli => "AzureCliCredential",
            Tool::AzureDeveloperCli => "AzureDeveloperCliCredential",
        }
    }

    async fn make(&self) -> Result<Arc<dyn TokenCredential>> {
        let search_path = self.environment.get("PATH")?.unwrap_or_default();
        if !self.is_there(&search_path) {
            return Err(Error::unavailable(format!(
                "the program `{}` is not on PATH; install it and run `{}`",
                self.tool.program(),
                self.tool.sign_in()
            )));
        }
        let executor = Arc::new(TimedExecutor {
            timeout: self.timeout,
            search_path,
        });
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match self.tool {
            Tool::AzureCli => {
                let options = AzureCliCredentialOptions {
                    executor: Some(executor),
                    ..Default::default()
                };
                AzureCliCredential::new(Some(options)).map(|made| made as _)
            }
            Tool::AzureDeveloperCli => {
                let options = AzureDeveloperCliCredentialOptions {
                    executor: Some(executor),
                    ..Default::default()
                };
                AzureDeveloperCliCredential::new(Some(options)).map(|made| made as _)
            }
        };
        let credential = credential.map_err(Error::of_any)?;
        Ok(Arc::new(Kept {
            program: self.tool.program(),
            credential,
            tokens: Mutex::default(),
            runs: Flights::new(),
        }))
    }
}

/// Tokens of a program that takes half a second for each, and that the official crate starts for each
/// call: kept until an SDK client would ask for another, and one process for all who ask the same.
/// Who signs in there as somebody else is therefore seen when the token ends.
#[derive(Debug)]
struct Kept {
    program: &'static str,
    credential: Arc<dyn TokenCredential>,
    /// By scope.
    tokens: Mutex<HashMap<String, AccessToken>>,
    runs: Flights<(Id, String), AccessToken>,
}

/// As in the SDK's bearer policy.
const MARGIN: Duration = Duration::from_secs(300);

#[async_trait]
impl TokenCredential for Kept {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let &[scope] = scopes else {
            // The official crate would pass on the first.
            let program = self.program;
            let refusal = format!("`{program}` gives a token for one scope at a time");
            return Err(Error::invalid_argument(refusal).into());
        };
        let now = OffsetDateTime::now_utc();
        let known = lock(&self.tokens).get(scope).cloned();
        if let Some(token) = known.filter(|token| token.expires_on > now + MARGIN) {
            return Ok(token);
        }
        let scope = scope.to_owned();
        let run = self.runs.join((runtime()?, scope.clone()), || {
            let (credential, scope) = (Arc::clone(&self.credential), scope.clone());
            let run = async move { credential.get_token(&[&scope], None).await };
            run.map(|outcome| outcome.map_err(Error::of_any)).boxed()
        });
        let token = run.await?;
        lock(&self.tokens).insert(scope, token.clone());
        Ok(token)
    }
}
