//! Which links a chain has: `AZURE_TOKEN_CREDENTIALS`, and the options that beat it.

use super::DefaultAzureCredentialOptions;
use crate::{
    error::{Error, Result},
    seams::Environment,
};

const VARIABLE: &str = "AZURE_TOKEN_CREDENTIALS";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    Environment,
    WorkloadIdentity,
    ManagedIdentity,
    SharedTokenCache,
    VisualStudioCode,
    AzureCli,
    AzurePowerShell,
    AzureDeveloperCli,
    InteractiveBrowser,
    Broker,
}

const PRODUCTION: [Named; 3] = [
    Named::Environment,
    Named::WorkloadIdentity,
    Named::ManagedIdentity,
];

const DEVELOPMENT: [Named; 6] = [
    Named::SharedTokenCache,
    Named::VisualStudioCode,
    Named::AzureCli,
    Named::AzurePowerShell,
    Named::AzureDeveloperCli,
    Named::Broker,
];

/// Those that a variable can name one by one.
const NAMES: [(&str, Named); 8] = [
    ("EnvironmentCredential", Named::Environment),
    ("WorkloadIdentityCredential", Named::WorkloadIdentity),
    ("ManagedIdentityCredential", Named::ManagedIdentity),
    ("VisualStudioCodeCredential", Named::VisualStudioCode),
    ("AzureCliCredential", Named::AzureCli),
    ("AzurePowerShellCredential", Named::AzurePowerShell),
    ("AzureDeveloperCliCredential", Named::AzureDeveloperCli),
    ("InteractiveBrowserCredential", Named::InteractiveBrowser),
];

#[derive(Debug)]
pub(super) struct Selection {
    links: Vec<Named>,
    /// Whether the variable says anything.
    by_variable: bool,
}

impl Selection {
    pub(super) fn read(
        options: &DefaultAzureCredentialOptions,
        environment: &Environment,
    ) -> Result<Self> {
        let variable = environment.get(VARIABLE)?;
        if variable.is_none() && options.require_envvar {
            return Err(Error::invalid_argument(format!(
                "`require_envvar` is set, and the environment variable {VARIABLE} is not; set it to \
                 {}",
                choices()
            )));
        }
        let by_variable = match variable.as_deref() {
            None => [&PRODUCTION[..], &DEVELOPMENT[..]].concat(),
            Some(value) => parse(value)?,
        };
        let has = |named: Named, excluded: Option<bool>| match excluded {
            Some(excluded) => !excluded,
            None => by_variable.contains(&named),
        };
        let all = [
            (Named::Environment, options.exclude_environment_credential),
            (
                Named::WorkloadIdentity,
                options.exclude_workload_identity_credential,
            ),
            (
                Named::ManagedIdentity,
                options.exclude_managed_identity_credential,
            ),
            (
                Named::SharedTokenCache,
                options.exclude_shared_token_cache_credential,
            ),
            (Named::VisualStudioCode, None),
            (Named::AzureCli, options.exclude_cli_credential),
            (Named::AzurePowerShell, None),
            (
                Named::AzureDeveloperCli,
                options.exclude_developer_cli_credential,
            ),
            (
                Named::InteractiveBrowser,
                options.include_interactive_browser.then_some(false),
            ),
            (
                Named::Broker,
                match options.broker {
                    Some(_) => options.exclude_broker_credential,
                    None => Some(true),
                },
            ),
        ];
        let mut selected: Vec<_> = all
            .into_iter()
            .filter_map(|(named, excluded)| has(named, excluded).then_some(named))
            .collect();
        // What does not exist makes no chain.
        let is_real =
            |named: &Named| !matches!(named, Named::VisualStudioCode | Named::AzurePowerShell);
        if !selected.iter().any(is_real) {
            selected.clear();
        }
        Ok(Self {
            links: selected,
            by_variable: variable.is_some(),
        })
    }

    pub(super) fn has(&self, named: Named) -> bool {
        self.links.contains(&named)
    }

    /// Whether the variable leaves this one alone.
    pub(super) fn is_named_alone(&self, named: Named) -> bool {
        self.by_variable && self.links == [named]
    }
}

fn parse(value: &str) -> Result<Vec<Named>> {
    let value = value.trim();
    if value.eq_ignore_ascii_case("prod") {
        return Ok(PRODUCTION.to_vec());
    }
    if value.eq_ignore_ascii_case("dev") {
        return Ok(DEVELOPMENT.to_vec());
    }
    let found = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(value));
    match found {
        Some((name, Named::VisualStudioCode | Named::AzurePowerShell)) => {
            Err(Error::invalid_argument(format!(
                "{VARIABLE} is {name}, which does not exist in Rust; set it to {}",
                choices()
            )))
        }
        Some((_, named)) => Ok(vec![*named]),
        None => Err(Error::invalid_argument(format!(
            "{VARIABLE} is {value:?}, which names no credential; set it to {}",
            choices()
        ))),
    }
}

fn choices() -> String {
    let names = NAMES.iter().filter_map(|(name, named)| match named {
        Named::VisualStudioCode | Named::AzurePowerShell => None,
        _ => Some(*name),
    });
    let names: Vec<_> = names.collect();
    format!("dev, prod, or one of {}", names.join(", "))
}
