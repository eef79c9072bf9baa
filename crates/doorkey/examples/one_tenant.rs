//! Signs in to one tenant, and has a view of the same sign-in for another one where the person is a
//! guest. Each SDK client takes its own view.
//!
//! ```sh
//! cargo run -p doorkey --example one_tenant -- TENANT OTHER_TENANT
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::TokenCredential;
use doorkey::{
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    PublicClientOptions, TokenInfoOptions,
};
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let tenant = arguments.next().ok_or("which tenant?")?;
    let other = arguments.next().ok_or("and which other one?")?;

    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            client: PublicClientOptions {
                tenant_id: Some(tenant.clone()),
                // Without this, a request for another tenant is refused.
                additionally_allowed_tenants: vec![other.clone()],
                ..Default::default()
            },
            ..Default::default()
        }))?;
    let in_other = credential.scoped(TokenInfoOptions {
        tenant_id: Some(other.clone()),
        ..Default::default()
    });

    let scopes = ["https://management.azure.com/.default"];
    let here = credential.get_token(&scopes, None).await?;
    println!("{tenant}: until {}", here.expires_on);
    // The person is not asked again.
    let there = in_other.get_token(&scopes, None).await?;
    println!("{other}: until {}", there.expires_on);
    Ok(())
}
