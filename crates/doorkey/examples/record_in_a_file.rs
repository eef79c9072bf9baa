//! Signs in once, and is silent in later runs: the record says who, the cache has their tokens.
//!
//! ```sh
//! cargo run -p doorkey --example record_in_a_file -- FILE
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]
#![expect(clippy::disallowed_methods, reason = "a record is no secret")]

use azure_core::credentials::TokenCredential;
use doorkey::{
    AuthenticationRecord, InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    InteractiveCredential, PublicClientOptions, TokenCachePersistenceOptions,
};
use std::{env, error::Error, fs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("which file?")?;

    // It holds no secret, and may be kept with the program's settings.
    let record = match fs::read_to_string(&file) {
        Ok(text) => Some(AuthenticationRecord::deserialize(&text)?),
        Err(_) => None,
    };
    let is_known = record.is_some();
    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            authentication_record: record,
            client: PublicClientOptions {
                cache_persistence: Some(TokenCachePersistenceOptions {
                    // Only where this Linux has no keyring; leave it out to be told so instead.
                    allow_unencrypted_storage: true,
                    ..Default::default()
                }),
                ..Default::default()
            },
            ..Default::default()
        }))?;
    if !is_known {
        let record = credential.authenticate(None).await?;
        fs::write(&file, record.serialize())?;
        println!("signed in as {}", record.username);
    }

    let scopes = ["https://management.core.windows.net//.default"];
    let token = credential.get_token(&scopes, None).await?;
    println!("the token is good until {}", token.expires_on);
    Ok(())
}
