//! Reads a secret of a Key Vault.
//!
//! ```sh
//! cargo run -p doorkey --example key_vault_secret -- VAULT SECRET
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_security_keyvault_secrets::SecretClient;
use doorkey::InteractiveBrowserCredential;
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let vault = arguments.next().ok_or("which vault?")?;
    let name = arguments.next().ok_or("which secret?")?;

    let credential = InteractiveBrowserCredential::new(None)?;
    let url = format!("https://{vault}.vault.azure.net/");
    let client = SecretClient::new(&url, credential, None)?;

    let secret = client.get_secret(&name, None).await?.into_model()?;
    // What a secret holds is better not printed.
    let length = secret.value.map_or(0, |value| value.len());
    println!("{name} has {length} characters");
    Ok(())
}
