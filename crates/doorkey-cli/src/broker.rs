//! `--broker` where nobody is asked: whom the operating system's broker knows.

use crate::{client::ClientArguments, failure::Failure, prompts::Warnings};
use clap::Args;
use doorkey::{
    Account, AuthenticationRecord, ErrorKind, InteractiveBrowserBrokerCredential,
    InteractiveBrowserBrokerCredentialOptions, InteractiveCredential as _,
};
use std::sync::Arc;

/// Whether the broker is meant, too.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct BrokerArgument {
    /// Those of the broker of the operating system, too
    #[arg(long)]
    pub(crate) broker: bool,
}

impl BrokerArgument {
    /// Whom the broker knows; nobody, where it is not asked.
    pub(crate) async fn people(
        self,
        client: &ClientArguments,
    ) -> Result<Vec<AuthenticationRecord>, Failure> {
        if !self.broker {
            return Ok(Vec::new());
        }
        let people = credential(client, None)?.accounts().await;
        let people = people.map_err(|error| match error.kind() {
            ErrorKind::CredentialUnavailable => Failure::NoBroker(error),
            _ => error.into(),
        })?;
        Ok(people.iter().map(Account::record).collect())
    }

    /// Has the broker forget a person, if it is asked.
    pub(crate) async fn forget(
        self,
        client: &ClientArguments,
        person: &AuthenticationRecord,
    ) -> Result<(), Failure> {
        if self.broker {
            credential(client, Some(person))?.sign_out().await?;
        }
        Ok(())
    }
}

fn credential(
    client: &ClientArguments,
    person: Option<&AuthenticationRecord>,
) -> Result<Arc<InteractiveBrowserBrokerCredential>, Failure> {
    let options = InteractiveBrowserBrokerCredentialOptions {
        client_id: Some(client.client_id().to_owned()),
        authentication_record: person.cloned(),
        disable_interactive_fallback: true,
        client: client.options_without_transport(Some(Arc::new(Warnings)))?,
        ..Default::default()
    };
    let broker = doorkey_broker::system();
    Ok(InteractiveBrowserBrokerCredential::new(
        broker,
        Some(options),
    )?)
}
