//! Shows the code of a device sign-in in its own way, and waits five minutes for it to be typed.
//!
//! ```sh
//! cargo run -p doorkey --example device_code_prompt
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::credentials::TokenCredential;
use doorkey::{DeviceCodeCredential, DeviceCodeCredentialOptions, Error, ErrorKind};
use std::{sync::Arc, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = DeviceCodeCredential::new(Some(DeviceCodeCredentialOptions {
        application_name: Some("The example".into()),
        timeout: Some(Duration::from_secs(5 * 60)),
        prompt_callback: Some(Arc::new(|info| {
            println!("On your phone, open {}", info.verification_uri);
            println!("and type {}", info.user_code);
            Ok(())
        })),
        ..Default::default()
    }))?;

    let scopes = ["https://management.azure.com/.default"];
    match credential.get_token(&scopes, None).await {
        Ok(token) => println!("signed in until {}", token.expires_on),
        Err(error) => match Error::find(&error).map(Error::kind) {
            Some(ErrorKind::Declined) => println!("you said no, which is fine"),
            Some(ErrorKind::TimedOut) => println!("nobody typed the code; start again"),
            _ => return Err(error.into()),
        },
    }
    Ok(())
}
