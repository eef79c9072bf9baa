//! Asks a person only when the program is ready for it: a credential that may not ask, and a
//! sign-in when its error says that one is needed.
//!
//! ```sh
//! cargo run -p doorkey --example silent_first
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::TokenCredential;
use doorkey::{
    AuthenticateOptions, Error, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential =
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            disable_automatic_authentication: true,
            ..Default::default()
        }))?;
    let scopes = ["https://management.azure.com/.default"];

    let token = match credential.get_token(&scopes, None).await {
        Ok(token) => token,
        Err(error) => {
            let needed = Error::find(&error)
                .filter(|error| error.kind() == ErrorKind::AuthenticationRequired);
            let Some(needed) = needed else {
                return Err(error.into());
            };
            println!("a sign-in is needed, and your browser opens");
            let options = AuthenticateOptions {
                // What the authority demands, such as a second factor, is in the error.
                scopes: needed.scopes().to_vec(),
                claims: needed.claims().map(str::to_owned),
                ..Default::default()
            };
            let record = credential.authenticate(Some(options)).await?;
            println!("signed in as {}", record.username);
            credential.get_token(&scopes, None).await?
        }
    };
    println!("the token is good until {}", token.expires_on);
    Ok(())
}
