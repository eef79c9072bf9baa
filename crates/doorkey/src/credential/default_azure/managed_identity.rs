use super::{OfficialOptions, official::Maker};
use crate::{
    error::{Error, Result},
    oauth::Transport,
    seams::{Clock, Environment},
};
use async_trait::async_trait;
use azure_core::{credentials::TokenCredential, error::ErrorKind as AzureErrorKind};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The identity of the machine.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    /// A user-assigned one.
    pub(super) client_id: Option<String>,
    pub(super) environment: Environment,
    pub(super) options: OfficialOptions,
    /// Whether the instance metadata service is looked for before it is asked: not where nothing else
    /// could give a token.
    pub(super) is_probed: bool,
}

/// The instance metadata service of virtual machines
/// ([Microsoft's page](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token)).
const INSTANCE_METADATA: &str =
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2019-08-01";

/// It is on the same machine: elsewhere, packets to it are lost.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How it answers a request without its header, or while it is busy. A proxy that answers for an
/// address which it cannot reach says something else.
const ANSWERS: [u16; 5] = [400, 404, 410, 429, 500];

#[async_trait]
impl Maker for ManagedIdentity {
    fn name(&self) -> &'static str {
        "ManagedIdentityCredential"
    }

    async fn make(&self) -> Result<Arc<dyn TokenCredential>> {
        let client_options = self.options.client_options()?;
        if self.is_probed && self.is_of_virtual_machine()? {
            let deadline = Instant::now() + PROBE_TIMEOUT;
            let probe = Transport::new(client_options.clone(), Clock::default());
            let url = INSTANCE_METADATA.parse().map_err(|error| {
                Error::protocol(format!("{INSTANCE_METADATA} is no URL: {error}"))
            })?;
            match probe.get(url, deadline).await {
                Ok(reply) if ANSWERS.contains(&reply.status) => {}
                Ok(reply) => {
                    return Err(Error::unavailable(format!(
                        "this is no virtual machine of Azure: its metadata service does not answer \
                         (but something did, with {})",
                        reply.status
                    )));
                }
                Err(error) => {
                    return Err(Error::unavailable(
                        "this is no virtual machine of Azure: its metadata service does not answer",
                    )
                    .with_source(error));
                }
            }
        }
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id.clone().map(UserAssignedId::ClientId),
            client_options,
        };
        let made = ManagedIdentityCredential::new(Some(options));
        Ok(made.map_err(Error::of_any)?)
    }

    /// A virtual machine without an identity says so by 400.
    fn is_unavailable(&self, error: &azure_core::Error) -> bool {
        let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = current {
            if let Some(AzureErrorKind::HttpResponse { status, .. }) =
                error.downcast_ref().map(azure_core::Error::kind)
            {
                return u16::from(*status) == 400 && self.is_of_virtual_machine().unwrap_or(false);
            }
            current = error.source();
        }
        false
    }
}

impl ManagedIdentity {
    /// Not where App Service or another host has set its variables: as the official crate tells them.
    fn is_of_virtual_machine(&self) -> Result<bool> {
        let is_set = |name| self.environment.get(name).map(|value| value.is_some());
        Ok(if is_set("IDENTITY_ENDPOINT")? {
            !is_set("IDENTITY_HEADER")? && !is_set("IMDS_ENDPOINT")?
        } else {
            !is_set("MSI_ENDPOINT")?
        })
    }
}
