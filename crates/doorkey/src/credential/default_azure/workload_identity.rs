use super::{OfficialOptions, environment::trimmed, official::Maker};
use crate::{
    error::{Error, Result},
    seams::Environment,
};
use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_identity::{
    ClientAssertionCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use std::sync::Arc;

/// An application that Kubernetes vouches for.
#[derive(Debug)]
pub(super) struct WorkloadIdentity {
    pub(super) client_id: Option<String>,
    pub(super) tenant_id: Option<String>,
    pub(super) environment: Environment,
    pub(super) options: OfficialOptions,
}

#[async_trait]
impl Maker for WorkloadIdentity {
    fn name(&self) -> &'static str {
        "WorkloadIdentityCredential"
    }

    async fn make(&self) -> Result<Arc<dyn TokenCredential>> {
        let mut missing = Vec::new();
        let mut variable = |given: Option<String>, name: &'static str| -> Result<Option<String>> {
            let value = match given {
                Some(given) => Some(given),
                None => trimmed(&self.environment, name)?,
            };
            if value.is_none() {
                missing.push(name);
            }
            Ok(value)
        };
        let tenant_id = variable(self.tenant_id.clone(), "AZURE_TENANT_ID")?;
        let client_id = variable(self.client_id.clone(), "AZURE_CLIENT_ID")?;
        let token_file = variable(None, "AZURE_FEDERATED_TOKEN_FILE")?;
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(Error::unavailable(format!("not set up: {missing} not set")));
        }
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions {
                client_options: self.options.client_options()?,
            },
            client_id,
            tenant_id,
            token_file_path: token_file.map(Into::into),
        };
        let made = WorkloadIdentityCredential::new(Some(options));
        Ok(made.map_err(Error::of_any)?)
    }
}
