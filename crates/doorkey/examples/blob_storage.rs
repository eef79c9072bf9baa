//! Writes a blob and reads it back, as the person who signs in in their browser.
//!
//! ```sh
//! cargo run -p doorkey --example blob_storage -- ACCOUNT
//! ```
//!
//! The person needs a role for the data, such as Storage Blob Data Contributor.

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::http::{ClientOptions, RequestContent};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use doorkey::{
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    PublicClientOptions,
};
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let account = env::args().nth(1).ok_or("which storage account?")?;

    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            client: PublicClientOptions {
                // Tokens that can be revoked at once, and live longer for it.
                enable_cae: true,
                ..Default::default()
            },
            ..Default::default()
        }))?;
    let options = BlobServiceClientOptions {
        client_options: ClientOptions {
            // A token that was revoked is replaced, and the request sent again.
            per_try_policies: vec![credential.continuous_access_policy()],
            ..Default::default()
        },
        ..Default::default()
    };
    let url = format!("https://{account}.blob.core.windows.net/").parse()?;
    let service = BlobServiceClient::new(url, Some(credential), Some(options))?;

    let container = service.blob_container_client("doorkey-example");
    container.create(None).await?;
    let blob = container.blob_client("hello.txt");
    let text = RequestContent::from(b"Hello from Rust".to_vec());
    blob.upload(text, None).await?;

    let content = blob.download(None).await?.body.collect().await?;
    println!("{}", String::from_utf8_lossy(&content));
    container.delete(None).await?;
    Ok(())
}
