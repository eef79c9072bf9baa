//! The options of every command about people: which authority, tenant and application, how it is
//! reached, and where tokens are kept.

use crate::{
    cache::CacheArguments,
    failure::Failure,
    proxy::{ProxyArgument, Way},
    trust,
};
use clap::{
    Args,
    builder::{FalseyValueParser, NonEmptyStringValueParser},
};
use doorkey::{AuthenticationRecord, AuthorityHosts, PublicClientOptions, SignInObserver};
use std::{path::PathBuf, sync::Arc};

/// Which authority, tenant and application. What is not given here is taken from the environment
/// variable named beside it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where to sign in")]
pub(crate) struct ClientArguments {
    /// The authority [default: AZURE_AUTHORITY_HOST, else the public cloud]
    ///
    /// It is written without a tenant, but for AD FS (https://HOST/adfs) and B2C
    /// (https://NAME.b2clogin.com/TENANT/POLICY).
    #[arg(long, value_name = "URL", env = "DOORKEY_AUTHORITY", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    authority: Option<String>,

    /// The tenant, by id or domain name [default: AZURE_TENANT_ID, else that of the person's
    /// sign-in, else organizations]
    #[arg(long, value_name = "TENANT", env = "DOORKEY_TENANT", hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new())]
    tenant: Option<String>,

    /// The application [default: the one that Azure's developer tools share]
    ///
    /// AZURE_CLIENT_ID is not read: it often names a service principal.
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

    /// The proxy to go by, or none to go by none [env: DOORKEY_PROXY] [default: HTTPS_PROXY or
    /// ALL_PROXY]
    ///
    /// An http, https, socks4, socks4a, socks5 or socks5h URL; NO_PROXY names hosts that are reached
    /// without it. One with a user name and a password is taken from the variable only, as others
    /// can read a command line.
    #[arg(long, value_name = "URL")]
    proxy: Option<ProxyArgument>,

    /// Trust an authority that Microsoft does not know: a private cloud, or an emulator
    #[arg(long, env = "DOORKEY_DISABLE_INSTANCE_DISCOVERY", hide_env_values = true,
        value_parser = FalseyValueParser::new())]
    disable_instance_discovery: bool,

    #[command(flatten)]
    cache: CacheArguments,
}

impl ClientArguments {
    pub(crate) fn client_id(&self) -> &str {
        self.client_id.as_deref().unwrap_or(DEVELOPER_CLIENT_ID)
    }

    /// The application, where one was given.
    pub(crate) fn given_client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The tenant that was asked for, if one was.
    pub(crate) fn tenant(&self) -> Result<Option<String>, Failure> {
        match &self.tenant {
            Some(tenant) => Ok(Some(tenant.clone())),
            None => azure_tenant_id(),
        }
    }

    /// The library's options, for what may send requests.
    pub(crate) fn options(
        &self,
        observer: Arc<dyn SignInObserver>,
    ) -> Result<PublicClientOptions, Failure> {
        let mut options = self.options_without_transport(Some(observer))?;
        let way = Way::of(self.proxy.as_ref())?;
        if self.ca_certificate.is_some() || way.is_some() {
            let transport = trust::transport(self.ca_certificate.as_deref(), way)?;
            options.client_options.transport = Some(transport);
        }
        Ok(options)
    }

    /// The library's options, for what sends nothing: no certificate is read, and no connection
    /// prepared. `AZURE_AUTHORITY_HOST` is left to the library, which reads it itself.
    pub(crate) fn options_without_transport(
        &self,
        observer: Option<Arc<dyn SignInObserver>>,
    ) -> Result<PublicClientOptions, Failure> {
        Ok(PublicClientOptions {
            authority: self.authority.clone(),
            tenant_id: self.tenant()?,
            disable_instance_discovery: self.disable_instance_discovery,
            cache_persistence: Some(self.cache.persistence()),
            observer,
            ..Default::default()
        })
    }

    /// The same, for each place where tokens may be besides.
    pub(crate) fn options_of_other_places(&self) -> Result<Vec<PublicClientOptions>, Failure> {
        let options = self.options_without_transport(None)?;
        let places = self.cache.other_places().into_iter();
        Ok(places
            .map(|place| PublicClientOptions {
                cache_persistence: Some(place),
                ..options.clone()
            })
            .collect())
    }

    /// Whether the Azure CLI signs in to the same application, and nobody asked for a cache apart.
    pub(crate) fn is_shared_with_azure_cli(&self) -> bool {
        self.client_id().eq_ignore_ascii_case(DEVELOPER_CLIENT_ID) && self.cache.is_shared()
    }

    /// The authority that is meant.
    pub(crate) fn authority(&self) -> String {
        let of_environment = || std::env::var("AZURE_AUTHORITY_HOST").ok();
        self.authority
            .clone()
            .or_else(|| of_environment().filter(|authority| !authority.trim().is_empty()))
            .unwrap_or_else(|| AuthorityHosts::AZURE_PUBLIC_CLOUD.to_owned())
    }

    /// Whether the record is of this application and this authority.
    pub(crate) fn is_of(&self, record: &AuthenticationRecord) -> bool {
        let tenant = self.tenant().ok().flatten();
        let is_of = record.is_of(self.client_id(), &self.authority(), tenant.as_deref());
        // What the library refuses it will tell of itself.
        is_of.unwrap_or(false)
    }
}

/// The library's default, by which we find its people again.
const DEVELOPER_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

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
