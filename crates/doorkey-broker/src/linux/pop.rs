//! Tokens that are bound to a key: to ours, where the broker heeds its name, else to one of its own, by
//! which it signs the request.

use super::{
    bus::{Bus, Failure, Method},
    messages::{self, HttpRequest, signed_http_request_request},
};
use azure_core::credentials::Secret;
use doorkey::{BrokerAccount, BrokerApplication, BrokerPop, BrokerToken, Error, ErrorKind, Result};

/// `token`, bound as it has to be.
pub(super) async fn bound(
    bus: &Bus,
    application: &BrokerApplication,
    pop: Option<&BrokerPop>,
    mut token: BrokerToken,
) -> Result<BrokerToken> {
    let Some(pop) = pop.filter(|_| token.token_type != "pop") else {
        return Ok(token);
    };
    let Some(account) = &token.account else {
        return Err(Error::new(
            ErrorKind::Protocol,
            "the identity broker's answer does not say whose its token is, so no request can be \
             signed for them; update the broker, or sign in by the browser",
        ));
    };
    let signed = sign(bus, application, account, &HttpRequest::from(pop)).await;
    token.access_token = signed.map_err(|failure| match failure {
        // There is one: it gave a token.
        Failure::Refused(error) if error.kind() == ErrorKind::CredentialUnavailable => {
            unbound(error)
        }
        failure => failure.into(),
    })?;
    token.is_signed_request = true;
    token.token_type = "pop".to_owned();
    Ok(token)
}

/// A request of `account`, signed by a key of the broker's.
pub(super) async fn sign(
    bus: &Bus,
    application: &BrokerApplication,
    account: &BrokerAccount,
    request: &HttpRequest<'_>,
) -> Result<Secret, Failure> {
    let message = signed_http_request_request(application, &account.home_account_id, request);
    let correlation_id = application.correlation_id;
    let reply = bus
        .call(Method::SignedHttpRequest, correlation_id, &message)
        .await?;
    messages::signed_http_request(&reply).map_err(Failure::Refused)
}

fn unbound(error: Error) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!(
            "this machine's identity broker gave a token that is not bound to the key that was named \
             (`pop`), and it signs no request itself ({error}); ask `InteractiveBrowserCredential`, \
             which binds tokens without a broker, or ask for a bearer token"
        ),
    )
    .with_source(error)
}
