//! The request that a proof-of-possession token is for.

use crate::failure::Failure;
use azure_core::http::Url;
use clap::{Args, builder::PossibleValuesParser};
use doorkey::{PopTokenRequestOptions, TokenInfoOptions};

/// All of them, or none.
#[derive(Args, Debug)]
#[command(next_help_heading = "A token for one request, bound to a key")]
pub(crate) struct PopArguments {
    /// The method of the request
    #[arg(long, value_name = "METHOD", requires_all = ["pop_url", "pop_nonce"], hide_possible_values = true,
        value_parser = PossibleValuesParser::new(METHODS))]
    pop_method: Option<String>,

    /// The whole URL of the request, https
    #[arg(long, value_name = "URL", requires_all = ["pop_method", "pop_nonce"])]
    pop_url: Option<String>,

    /// What the resource sent in its challenge: WWW-Authenticate: PoP nonce="…"
    // In base64url it may begin with a hyphen.
    #[arg(long, value_name = "NONCE", requires_all = ["pop_method", "pop_url"],
        allow_hyphen_values = true, value_parser = nonce)]
    pop_nonce: Option<String>,
}

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
];

impl PopArguments {
    /// As the library has it, but before anybody is asked to sign in. The URL is not repeated: there may
    /// be a password or a signature in it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(url) = &self.pop_url else {
            return Ok(());
        };
        let why = match Url::parse(url) {
            Err(_) => "is no whole URL",
            Ok(url) if url.scheme() != "https" => "is not https",
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "has a user name or a password in it"
            }
            Ok(_) => return Ok(()),
        };
        Err(Failure::Usage(format!(
            "--pop-url {why}; give the URL of the request that is to be signed, from https:// on"
        )))
    }

    /// Whether a token is to be bound.
    pub(crate) fn are_given(&self) -> bool {
        self.pop_url.is_some()
    }

    /// What a token is asked for with.
    pub(crate) fn options(&self) -> TokenInfoOptions {
        let pop = match (&self.pop_method, &self.pop_url, &self.pop_nonce) {
            (Some(method), Some(url), Some(nonce)) => Some(PopTokenRequestOptions {
                resource_request_method: method.clone(),
                resource_request_url: url.clone(),
                nonce: nonce.clone(),
            }),
            _ => None,
        };
        TokenInfoOptions {
            pop,
            ..Default::default()
        }
    }
}

fn nonce(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("it is empty; a resource whose refusal brings none takes no such token"),
        _ => Ok(text.to_owned()),
    }
}
