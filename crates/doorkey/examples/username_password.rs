//! Reads a secret of a Key Vault as a test account, for a pipeline that has nobody to sign in: the
//! account is in `TEST_TENANT_ID`, `TEST_CLIENT_ID`, `TEST_USERNAME` and `TEST_PASSWORD`.
//!
//! Where a person can sign in by themselves, take another credential: see
//! [`doorkey::UsernamePasswordCredential`].
//!
//! ```sh
//! cargo run -p doorkey --features username-password --example username_password -- VAULT SECRET
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::Secret;
use azure_security_keyvault_secrets::SecretClient;
use doorkey::{PublicClientOptions, UsernamePasswordCredential, UsernamePasswordCredentialOptions};
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let vault = arguments.next().ok_or("which vault?")?;
    let name = arguments.next().ok_or("which secret?")?;
    let variable = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));

    let credential = UsernamePasswordCredential::new(
        variable("TEST_CLIENT_ID")?,
        variable("TEST_USERNAME")?,
        Secret::new(variable("TEST_PASSWORD")?),
        Some(UsernamePasswordCredentialOptions {
            client: PublicClientOptions {
                tenant_id: Some(variable("TEST_TENANT_ID")?),
                ..Default::default()
            },
        }),
    )?;
    let url = format!("https://{vault}.vault.azure.net/");
    let client = SecretClient::new(&url, credential, None)?;

    let secret = client.get_secret(&name, None).await?.into_model()?;
    // What a secret holds is better not printed.
    let length = secret.value.map_or(0, |value| value.len());
    println!("{name} has {length} characters");
    Ok(())
}
