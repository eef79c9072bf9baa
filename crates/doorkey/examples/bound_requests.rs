//! Sends two requests that are signed by a key of this program, as a resource wants them that takes
//! proof-of-possession tokens.
//!
//! ```sh
//! cargo run -p doorkey --example bound_requests -- URL SCOPE
//! ```

#![expect(clippy::print_stdout, reason = "an example says what it got")]

use azure_core::http::{ClientOptions, Context, Method, Pipeline, Request, Url};
use doorkey::{InteractiveBrowserCredential, InteractiveCredential};
use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url: Url = arguments.next().ok_or("which URL?")?.parse()?;
    let scope = arguments.next().ok_or("which scope?")?;

    let credential = InteractiveBrowserCredential::new(None)?;
    // Every client of the SDK takes these options, and makes such a pipeline of them.
    let options = ClientOptions {
        per_try_policies: vec![credential.pop_policy(&[&scope])],
        ..Default::default()
    };
    let pipeline = Pipeline::new(None, None, options, Vec::new(), Vec::new(), None);

    for attempt in ["first", "second"] {
        let mut request = Request::new(url.clone(), Method::Get);
        let reply = pipeline.send(&Context::new(), &mut request, None).await?;
        println!("the {attempt} request: {}", reply.status());
    }
    Ok(())
}
