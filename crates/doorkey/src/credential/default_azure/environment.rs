use super::{OfficialOptions, official::Maker};
#[cfg(feature = "username-password")]
use crate::{
    PublicClientOptions, UsernamePasswordCredential, UsernamePasswordCredentialOptions,
    credential::chain::{Interactive, Link},
    seams::Seams,
};
use crate::{
    error::{Error, Result},
    seams::Environment,
    sensitive::Sensitive,
};
use async_trait::async_trait;
use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use std::sync::Arc;

/// A service principal in environment variables.
#[derive(Debug)]
pub(super) struct FromEnvironment {
    pub(super) environment: Environment,
    pub(super) options: OfficialOptions,
}

pub(super) const NAME: &str = "EnvironmentCredential";

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

#[async_trait]
impl Maker for FromEnvironment {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn make(&self) -> Result<Arc<dyn TokenCredential>> {
        let tenant = trimmed(&self.environment, TENANT)?;
        let client = trimmed(&self.environment, CLIENT)?;
        let secret = self.environment.get(SECRET)?;
        let certificate = self.environment.get(CERTIFICATE)?;
        if Person::of(&self.environment)?.is_some() {
            return Err(Error::unavailable(
                "AZURE_USERNAME and AZURE_PASSWORD are set, and this program was built without \
                 passwords; build it with doorkey's feature `username-password`, or better set \
                 AZURE_CLIENT_SECRET for a service principal",
            ));
        }
        let (tenant, client) = match (tenant, client) {
            (Some(tenant), Some(client)) => (tenant, client),
            (tenant, client) => {
                let missing = [(TENANT, tenant.is_none()), (CLIENT, client.is_none())];
                return Err(not_set(missing));
            }
        };
        if let Some(secret) = secret {
            let options = ClientSecretCredentialOptions {
                client_options: self.options.client_options()?,
            };
            let secret = Secret::new(secret);
            let made = ClientSecretCredential::new(&tenant, client, secret, Some(options));
            return Ok(made.map_err(Error::of_any)?);
        }
        match certificate {
            Some(path) => self.by_certificate(tenant, client, &path).await,
            None => Err(not_set([(SECRET, true), (CERTIFICATE, true)])),
        }
    }
}

impl FromEnvironment {
    #[cfg(not(feature = "client-certificate"))]
    async fn by_certificate(
        &self,
        _tenant: String,
        _client: String,
        _path: &str,
    ) -> Result<Arc<dyn TokenCredential>> {
        Err(Error::unavailable(
            "AZURE_CLIENT_CERTIFICATE_PATH is set, and this program was built without certificates; \
             build it with doorkey's feature `client-certificate`, or set AZURE_CLIENT_SECRET",
        ))
    }

    #[cfg(feature = "client-certificate")]
    async fn by_certificate(
        &self,
        tenant: String,
        client: String,
        path: &str,
    ) -> Result<Arc<dyn TokenCredential>> {
        use azure_core::credentials::SecretBytes;
        use azure_identity::{ClientCertificateCredential, ClientCertificateCredentialOptions};
        let password = self.environment.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")?;
        let (certificate, password) =
            super::certificate::read(path, password).map_err(|error| {
                Error::unavailable(format!(
                    "{CERTIFICATE} is {path}, which cannot be used: {error}"
                ))
            })?;
        let options = ClientCertificateCredentialOptions {
            client_options: self.options.client_options()?,
            password: password.map(Secret::new),
        };
        let certificate = SecretBytes::new(certificate);
        let made = ClientCertificateCredential::new(tenant, client, certificate, Some(options));
        Ok(made.map_err(Error::of_any)?)
    }
}

/// A person in environment variables, who counts only where no application proves itself.
struct Person {
    #[cfg(feature = "username-password")]
    client_id: String,
    #[cfg(feature = "username-password")]
    username: String,
    #[cfg(feature = "username-password")]
    password: Sensitive,
}

impl Person {
    fn of(environment: &Environment) -> Result<Option<Self>> {
        let is_application =
            environment.get(SECRET)?.is_some() || environment.get(CERTIFICATE)?.is_some();
        let client_id = trimmed(environment, CLIENT)?;
        let username = trimmed(environment, "AZURE_USERNAME")?;
        let password = environment.get("AZURE_PASSWORD")?.map(Sensitive::new);
        let (Some(client_id), Some(username), Some(password)) = (client_id, username, password)
        else {
            return Ok(None);
        };
        #[cfg(not(feature = "username-password"))]
        drop((client_id, username, password));
        Ok((!is_application).then_some(Self {
            #[cfg(feature = "username-password")]
            client_id,
            #[cfg(feature = "username-password")]
            username,
            #[cfg(feature = "username-password")]
            password,
        }))
    }
}

/// The link of a person in the environment, if one is there.
#[cfg(feature = "username-password")]
pub(super) fn by_password(
    client: &PublicClientOptions,
    seams: &Seams,
) -> Result<Option<Arc<dyn Link>>> {
    let Some(person) = Person::of(&seams.environment)? else {
        return Ok(None);
    };
    crate::events::password_in_environment();
    let options = UsernamePasswordCredentialOptions {
        client: PublicClientOptions {
            tenant_id: trimmed(&seams.environment, TENANT)?,
            ..client.clone()
        },
    };
    let credential = UsernamePasswordCredential::with_seams(
        person.client_id,
        person.username,
        person.password,
        options,
        seams.clone(),
    )?;
    Ok(Some(Arc::new(Interactive {
        name: NAME.to_owned(),
        credential,
    })))
}

fn not_set<const N: usize>(missing: [(&str, bool); N]) -> Error {
    let names: Vec<_> = missing
        .iter()
        .filter_map(|(name, missing)| missing.then_some(*name))
        .collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    Error::unavailable(format!("{} {verb} not set", names.join(" and ")))
}

/// An id, without the line break that a file of settings may have left behind it.
pub(super) fn trimmed(environment: &Environment, name: &str) -> Result<Option<String>> {
    Ok(environment.get(name)?.map(|value| value.trim().to_owned()))
}
