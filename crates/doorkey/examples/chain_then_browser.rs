//! Uses whichever sign-in is there, and asks in a browser only where nobody has one and somebody sits
//! at the terminal.
//!
//! ```sh
//! cargo run -p doorkey --example chain_then_browser
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::TokenCredential;
use doorkey::{DefaultAzureCredential, Error, ErrorKind, InteractiveBrowserCredential};
use std::{
    io::{IsTerminal, stderr},
    sync::Arc,
};

const SCOPES: [&str; 1] = ["https://management.azure.com/.default"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = credential().await?;
    let token = credential.get_token(&SCOPES, None).await?;
    println!("the token is good until {}", token.expires_on);
    Ok(())
}

async fn credential() -> Result<Arc<dyn TokenCredential>, Box<dyn std::error::Error>> {
    let chain = DefaultAzureCredential::new(None)?;
    let Err(error) = chain.get_token(&SCOPES, None).await else {
        return Ok(chain);
    };
    let is_nobody =
        Error::find(&error).is_some_and(|error| error.kind() == ErrorKind::CredentialUnavailable);
    let is_asked = stderr().is_terminal() || std::env::args().any(|word| word == "--interactive");
    if !is_nobody || !is_asked {
        // It tells of each link what was wrong with it.
        return Err(error.into());
    }
    println!("nobody is signed in, and your browser opens");
    Ok(InteractiveBrowserCredential::new(None)?)
}
