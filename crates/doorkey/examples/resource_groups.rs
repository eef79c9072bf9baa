//! Lists the resource groups of a subscription, by whichever sign-in is there: that of the machine,
//! of `az login`, of the shared token cache.
//!
//! ```sh
//! cargo run -p doorkey --example resource_groups -- SUBSCRIPTION
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use doorkey::{DefaultAzureCredential, bearer_token_provider};
use serde::Deserialize;
use std::{env, error::Error};

#[derive(Deserialize)]
struct Page {
    value: Vec<ResourceGroup>,
    #[serde(rename = "nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct ResourceGroup {
    name: String,
    location: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let subscription = env::args().nth(1).ok_or("which subscription?")?;

    let credential = DefaultAzureCredential::new(None)?;
    let tokens = bearer_token_provider(credential, &["https://management.azure.com/.default"])?;
    let client = reqwest::Client::new();

    let mut next = Some(format!(
        "https://management.azure.com/subscriptions/{subscription}/resourcegroups?api-version=2021-04-01"
    ));
    while let Some(url) = next {
        // Asked before each request, so that it is always one that is good now.
        let header = tokens.authorization_header().await?;
        let request = client.get(url).header("authorization", header.secret());
        let page = request.send().await?.error_for_status()?.bytes().await?;
        let page: Page = serde_json::from_slice(&page)?;
        for group in page.value {
            println!("{} ({})", group.name, group.location);
        }
        next = page.next_link;
    }
    Ok(())
}
