//! Asks Microsoft Graph who signed in, with an HTTP client that knows nothing of Azure.
//!
//! ```sh
//! cargo run -p doorkey --example graph_me
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use doorkey::{InteractiveBrowserCredential, bearer_token_provider};
use serde_json::Value;
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let credential = InteractiveBrowserCredential::new(None)?;
    let tokens = bearer_token_provider(credential, &["https://graph.microsoft.com/User.Read"])?;

    let header = tokens.authorization_header().await?;
    let response = reqwest::Client::new()
        .get("https://graph.microsoft.com/v1.0/me")
        .header("authorization", header.secret())
        .send()
        .await?
        .error_for_status()?;
    let me: Value = serde_json::from_slice(&response.bytes().await?)?;
    println!("{} <{}>", me["displayName"], me["userPrincipalName"]);
    Ok(())
}
