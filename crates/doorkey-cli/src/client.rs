//! The options of every command that signs somebody in: which authority, tenant and application,
//! and how it is reached.

use crate::{failure::Failure, trust};
use azure_core::http::ClientOptions;
use clap::{
    Args,
    builder::{FalseyValueParser, NonEmptyStringValueParser},
};
use doorkey::{PublicClientOptions, SignInObserver};
use std::{path::PathBuf, sync::Arc};

/// Which authority, tenant and application. What is not given here is taken from the environment
/// variable named beside it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where to sign in")]
pub(crate) struct ClientArguments {
    /// The authority, without a tenant [default: AZURE_AUTHORITY_HOST, else the public cloud]
    #[arg(long, value_name = "URL", env = "DOORKEY_AUTHORITY", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    authority: Option<String>,

    /// The tenant, by id or domain name [default: AZURE_TENANT_ID, else organizations]
    #[arg(long, value_name = "TENANT", env = "DOORKEY_TENANT", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    tenant: Option<String>,

    /// The application [default: the one that Azure's developer tools share]
    ///
    /// The application [default: the one that Azure's developer tools share]. AZURE_CLIENT_ID is
    /// not read: it often names a service principal.
    #[arg(long, value_name = "ID", env = "DOORKEY_CLIENT_ID", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    client_id: Option<String>,

    /// Trust the certificates of this PEM file, besides those that the machine trusts
    #[arg(
        long,
        value_name = "FILE",
        env = "DOORKEY_CA_CERTIFICATE",
        hide_env_values = true
    )]
    ca_certificate: Option<PathBuf>,

    /// Trust an authority that Microsoft does not know: a private cloud, or an emulator
    #[arg(long, env = "DOORKEY_DISABLE_INSTANCE_DISCOVERY", hide_env_values = true,
        value_parser = FalseyValueParser::new())]
    disable_instance_discovery: bool,
}

impl ClientArguments {
    pub(crate) fn client_id(&self) -> Option<String> {
        self.client_id.clone()
    }

    /// The library's options. `AZURE_AUTHORITY_HOST` is left to the library, which reads it itself.
    pub(crate) fn public_client_options(
        &self,
        observer: Option<Arc<dyn SignInObserver>>,
    ) -> Result<PublicClientOptions, Failure> {
        let tenant_id = match &self.tenant {
            Some(tenant) => Some(tenant.clone()),
            None => azure_tenant_id()?,
        };
        let transport = self.ca_certificate.as_deref().map(trust::transport);
        Ok(PublicClientOptions {
            authority: self.authority.clone(),
            tenant_id,
            disable_instance_discovery: self.disable_instance_discovery,
            observer,
            client_options: ClientOptions {
                transport: transport.transpose()?,
                ..Default::default()
            },
            ..Default::default()
        })
    }
}

fn azure_tenant_id() -> Result<Option<String>, Failure> {
    let Some(tenant) = std::env::var_os("AZURE_TENANT_ID") else {
        return Ok(None);
    };
    let tenant = tenant.into_string().map_err(|tenant| {
        Failure::Usage(format!(
            "the environment variable AZURE_TENANT_ID is {tenant:?}, which is not UTF-8; set it \
             anew, or unset it"
        ))
    })?;
    Ok((!tenant.trim().is_empty()).then_some(tenant))
}
