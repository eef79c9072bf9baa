//! A local authority that answers as Microsoft Entra ID does, to try and test sign-ins against.
//!
//! ```
//! use doorkey_emulator::{DeviceDecision, Emulator};
//! use http::Request;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().start().await?;
//!
//! // A client that trusts `emulator.ca_certificate()` reaches it at `emulator.authority()`.
//! // Without a socket, a device asks for a code ...
//! let devicecode = format!("{}/organizations/oauth2/v2.0/devicecode", emulator.authority());
//! let form = format!("client_id={}&scope=openid", emulator.client_id());
//! let request = Request::post(devicecode)
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(form.into())?;
//! let codes: serde_json::Value = serde_json::from_slice(emulator.send(request).await.body())?;
//!
//! // ... and somebody types it elsewhere and signs in.
//! let username = emulator.users()[0].username.clone();
//! let user_code = codes["user_code"].as_str().unwrap_or_default();
//! emulator.decide_device_code(user_code, DeviceDecision::Approve { username })?;
//! # Ok(())
//! # }
//! ```
#![doc = include_str!("../PAGES.md")]
//!
//! # Other kinds of authority
//!
//! The same people sign in at each of them:
//!
//! | authority | address |
//! |---|---|
//! | Entra ID | `https://localhost:PORT`, with a tenant behind it |
//! | AD FS of the first tenant's organization | `https://localhost:PORT/adfs` |
//! | Azure AD B2C | `https://localhost:PORT/{tenant}/{policy}` and `…/tfp/{tenant}/{policy}`, for each policy that begins with `b2c_1` |
//! | Entra External ID | any host of `ciamlogin.com` that a request carries: see [`Emulator::send`] |
//!
//! A tenant is also known by the first part of its domain and `.onmicrosoft.com`. AD FS compares the
//! port of a redirect URI; where an application has `http://localhost`, that is 8400.
//!
//! # The resource
//!
//! `/resource/me`, like each path below `/resource` and by each method, tells whose token it was given, and
//! checks all that a resource has to check. A token request with `token_type=pop` and `req_cnf` gets one that is bound to a key, and the
//! resource takes it only in a Signed HTTP Request of that key (`Authorization: PoP …`), for this method,
//! host and path, for this query if for any, signed within five minutes, with a nonce of its own that was not used before: from the
//! challenge of a 401, or from `Authentication-Info` of the reply before. AD FS binds no tokens.
//!
//! # What it is not
//!
//! It shares no code with the libraries that are tested against it, and its replies follow what is
//! documented and seen of Entra ID. It is still no Entra ID: it knows one kind of policy, no devices,
//! and signs no XML. What it cannot prove has to be tried against a real tenant.

mod builder;
mod certificates;
mod claims;
mod clock;
mod directory;
mod emulator;
mod endpoints;
mod error;
mod exchange;
mod federation;
mod grants;
mod nonces;
mod pages;
mod random;
mod refusal;
mod reply;
mod request;
mod resources;
mod scopes;
mod seal;
mod server;
mod service;
mod settings;
mod sign_in;
mod signing_key;
mod state_folder;
mod tenant;
#[cfg(feature = "transport")]
mod transport;

pub use builder::EmulatorBuilder;
pub use directory::{Application, Directory, Guest, Tenant, User};
pub use emulator::{DeviceDecision, Emulator};
pub use error::Error;
pub use reply::Reply;
pub use request::{Endpoint, RecordedRequest};
