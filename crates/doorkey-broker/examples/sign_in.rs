//! Signs in by the operating system's broker, where there is none by the browser, and where none of
//! them can be had by a device code.
//!
//! ```sh
//! cargo run -p doorkey-broker --example sign_in
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::TokenCredential;
use doorkey::{DeviceCodeCredential, Error, ErrorKind, InteractiveBrowserBrokerCredential};
use std::sync::Arc;

// The main thread waits for the answer, as macOS' broker wants it to.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scopes = ["https://management.azure.com/.default"];
    let broker = InteractiveBrowserBrokerCredential::new(doorkey_broker::system(), None)?;
    let credential: Arc<dyn TokenCredential> = match broker.get_token(&scopes, None).await {
        Ok(_) => broker,
        Err(error)
            if Error::find(&error).map(Error::kind) == Some(ErrorKind::CredentialUnavailable) =>
        {
            println!("neither broker nor browser: {error}");
            DeviceCodeCredential::new(None)?
        }
        Err(error) => return Err(error.into()),
    };
    // The clients of the SDK take it.
    let token = credential.get_token(&scopes, None).await?;
    println!("the token is good until {}", token.expires_on);
    Ok(())
}
