//! From options to a session: which authority, which tenant, which application.

use crate::{
    broker::Broker,
    cache::{Persistence, SystemStore},
    error::{Error, Result},
    oauth::{Authority, OAuthClient},
    options::{PublicClientOptions, TokenCachePersistenceOptions},
    record::AuthenticationRecord,
    seams::{Environment, Seams},
    session::{Configuration, Session},
    sign_in::SignIn,
    source::{BrokerSettings, BrokerSource, Entra, Source},
    tenant::TenantRules,
};
use azure_core::cloud::CloudConfiguration;
use std::{sync::Arc, time::Duration};

/// The application that Azure's developer tools sign in to; a product registers its own.
pub(super) const DEVELOPER_SIGN_ON_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// What every interactive credential is made of.
pub(super) struct Client {
    pub(super) client_id: Option<String>,
    pub(super) record: Option<AuthenticationRecord>,
    pub(super) disable_automatic_authentication: bool,
    pub(super) options: PublicClientOptions,
    pub(super) sign_in: SignIn,
    pub(super) seams: Seams,
}

impl Client {
    pub(super) fn session(self) -> Result<Session> {
        self.session_with(None)
    }

    /// With a broker before the other way to sign in.
    pub(super) fn session_with(
        self,
        broker: Option<(Arc<dyn Broker>, BrokerSettings)>,
    ) -> Result<Session> {
        let Self {
            client_id,
            record,
            options,
            sign_in,
            seams,
            ..
        } = self;
        let authority = authority(&options, record.as_ref(), &seams.environment)?;
        let client_id = choose_client_id(client_id, record.as_ref())?;
        let (authority, configured) = authority.with_tenant(
            options
                .tenant_id
                .as_deref()
                .filter(|tenant| !tenant.is_empty()),
            record.as_ref().map(|record| record.tenant_id.as_str()),
        )?;
        if let Some(record) = &record
            && !authority.has_policy_of(&record.home_account_id)
        {
            return Err(Error::invalid_argument(format!(
                "`authority` is {} and `authentication_record` is of {}, an account of another \
                 policy; leave the record out, or give that policy's authority",
                authority.as_str(),
                record.home_account_id
            )));
        }
        let tenants = TenantRules {
            is_of_authority: authority.kind().has_tenant(),
            configured,
            additionally_allowed: options.additionally_allowed_tenants,
            single: is_on(&seams.environment, "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH")?,
        };
        let oauth = OAuthClient::new(
            authority,
            client_id,
            options.disable_instance_discovery,
            options.client_options,
            seams.clock.clone(),
        );
        let entra = Entra {
            oauth,
            sign_in,
            observer: options.observer,
        };
        let source = match broker {
            None => Source::Entra(entra),
            Some((broker, settings)) => {
                let clock = seams.clock.clone();
                Source::Broker(BrokerSource::new(entra, broker, settings, clock))
            }
        };
        let configuration = Configuration {
            tenants,
            enable_cae: options.enable_cae,
            enable_support_logging: options.enable_support_logging,
            automatic: !self.disable_automatic_authentication && source.instead().is_none(),
            record,
            persistence: options
                .cache_persistence
                .map(|options| persistence(options, &seams.environment))
                .transpose()?,
        };
        Ok(Session::new(source, configuration, seams.clock))
    }
}

/// The longest name that every file system takes, with what is put behind it.
const LONGEST_NAME: usize = 200;

pub(crate) fn persistence(
    options: TokenCachePersistenceOptions,
    environment: &Environment,
) -> Result<Persistence> {
    let TokenCachePersistenceOptions {
        name,
        allow_unencrypted_storage,
        store,
    } = options;
    // It becomes a file's name, and must stay in its folder on every system.
    let is_bad = |character: char| character.is_control() || r#"/\:*?"<>|"#.contains(character);
    if name.trim().is_empty()
        || name.contains(is_bad)
        || name.starts_with('.')
        || name.len() > LONGEST_NAME
    {
        return Err(Error::invalid_argument(format!(
            "`cache_persistence.name` is {name:?}, which cannot be part of a file's name; use \
             letters, digits, `.` and `-`, and {LONGEST_NAME} of them at most"
        )));
    }
    let store = store.unwrap_or_else(|| {
        let environment = environment.clone();
        Arc::new(SystemStore::with_environment(
            allow_unencrypted_storage,
            environment,
        ))
    });
    Ok(Persistence::new(store, &name))
}

/// Whether anybody has said which authority it is to be.
pub(super) fn names_authority(
    options: &PublicClientOptions,
    environment: &Environment,
) -> Result<bool> {
    Ok(named(options.authority.as_deref()).is_some()
        || options.client_options.cloud.is_some()
        || environment.get(AUTHORITY_HOST)?.is_some())
}

const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";

/// Option, record, cloud, environment, public cloud: the first that speaks.
pub(crate) fn authority(
    options: &PublicClientOptions,
    record: Option<&AuthenticationRecord>,
    environment: &Environment,
) -> Result<Authority> {
    let of_record = record
        .map(|record| Ok((record.authority()?, record.tenant_id.as_str())))
        .transpose()?;
    if let Some(given) = named(options.authority.as_deref()) {
        let given = Authority::parse(given, "authority")?;
        return match of_record {
            Some((recorded, tenant_id)) if !given.is_named_by(&recorded, tenant_id) => {
                Err(Error::invalid_argument(format!(
                    "`authority` is {} and `authentication_record` is of {}, which is another one; \
                     leave one of them out",
                    given.as_str(),
                    recorded.as_str()
                )))
            }
            _ => Ok(given),
        };
    }
    if let Some((recorded, _)) = of_record {
        return Ok(recorded);
    }
    let of_cloud = match options.client_options.cloud.as_deref() {
        Some(CloudConfiguration::AzurePublic) => Some(crate::AuthorityHosts::AZURE_PUBLIC_CLOUD),
        Some(CloudConfiguration::AzureGovernment) => Some(crate::AuthorityHosts::AZURE_GOVERNMENT),
        Some(CloudConfiguration::AzureChina) => Some(crate::AuthorityHosts::AZURE_CHINA),
        Some(CloudConfiguration::Custom(custom)) => Some(custom.authority_host.as_str()),
        Some(other) => {
            return Err(Error::invalid_argument(format!(
                "`client_options.cloud` is {other:?}, whose authority is not known here; give \
                 `authority`"
            )));
        }
        None => None,
    };
    if let Some(of_cloud) = of_cloud {
        return Authority::parse(of_cloud, "the authority of `client_options.cloud`");
    }
    match environment.get(AUTHORITY_HOST)? {
        Some(text) => Authority::parse(&text, AUTHORITY_HOST),
        None => Authority::parse(crate::AuthorityHosts::AZURE_PUBLIC_CLOUD, "authority"),
    }
}

fn choose_client_id(
    given: Option<String>,
    record: Option<&AuthenticationRecord>,
) -> Result<String> {
    match (filled(given), record) {
        (Some(given), Some(record)) if !given.eq_ignore_ascii_case(&record.client_id) => {
            Err(Error::invalid_argument(format!(
                "`client_id` is {given} and `authentication_record` is of {}; a record serves only \
                 the application that it was made for, so leave one of them out",
                record.client_id
            )))
        }
        (Some(given), _) => Ok(given),
        (None, Some(record)) => Ok(record.client_id.clone()),
        (None, None) => Ok(DEVELOPER_SIGN_ON_CLIENT_ID.to_owned()),
    }
}

/// No time is no offer to a person.
pub(super) fn check_timeout(timeout: Option<Duration>) -> Result<()> {
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(Error::invalid_argument(
            "`timeout` is zero, and nobody signs in in no time; leave it out for the default",
        ));
    }
    Ok(())
}

fn named(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// An empty text is none: that is how settings leave things out.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A switch that people turn off by `0` or `false`, too.
fn is_on(environment: &Environment, name: &str) -> Result<bool> {
    let value = environment.get(name)?;
    Ok(value.is_some_and(|value| {
        !matches!(
            value.trim().to_ascii_lowercase().as_str(),
            "0" | "false" | "no" | "off"
        )
    }))
}
