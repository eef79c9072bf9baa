//! The page where a device's code is typed (RFC 8628, section 3.3).

use super::{
    proceed,
    request::Request,
    transaction::{Prompt, Purpose, Transaction},
};
use crate::{
    error::Error,
    exchange::Exchange,
    grants::{Grant, consent, device::DeviceRequest},
    pages::{self, Alert},
    refusal::Refusal,
    scopes::Scopes,
    service::Service,
    tenant::Audience,
};
use axum::{Extension, body::Body, extract::State};
use http::Response;
use std::sync::Arc;

/// Shows the page, or takes the code that was typed on it.
pub(crate) async fn show(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    if exchange.request.method != "POST" {
        return pages::device_code("", None);
    }
    let typed = exchange.parameter("user_code").unwrap_or_default();
    let found = service
        .devices
        .find(typed, exchange.now)
        .and_then(|(device_code, asked)| read(&service, device_code, asked));
    let request = match found {
        Ok(request) => request,
        Err(refusal) => {
            let alert = Alert::of("That code didn't work. Check it and try again.", &refusal);
            return pages::device_code(typed, Some(alert));
        }
    };
    let (browser, sessions) = service.sign_ins.browser(&exchange);
    let transaction = Transaction::begin(&service, &browser, &sessions, request, exchange.now);
    proceed(&service, &exchange, &browser, transaction, None)
}

/// Decides a device's sign-in without a page, for tests: `username` approves, nobody declines.
pub(crate) fn decide(
    service: &Service,
    user_code: &str,
    username: Option<&str>,
) -> Result<(), Error> {
    let now = service.clock.now();
    let (device_code, asked) = service
        .devices
        .find(user_code, now)
        .map_err(|_| Error::UnknownUserCode)?;
    let Some(username) = username else {
        service.devices.decide(&device_code, None);
        return Ok(());
    };
    let unknown = || Error::UnknownUser {
        username: username.to_owned(),
    };
    let request = read(service, device_code.clone(), asked).map_err(|_| Error::UnknownUserCode)?;
    let directory = &service.directory;
    let (user, tenant) = Audience::find(&request.realm, directory)
        .and_then(|audience| {
            let user = audience.person(username, directory)?;
            Ok((user, audience.tenant_of(user, directory)?))
        })
        .map_err(|_| unknown())?;
    let grant = Grant {
        object_id: user.object_id.clone(),
        tenant_id: tenant.id.clone(),
        client_id: request.client_id,
        scope: request.scopes.text.clone(),
        second_factor: user.mfa_code.is_some(),
        contexts: request.claims.contexts_of(user, &request.scopes),
        consented: consent::audiences(&request.scopes).collect(),
    };
    service.devices.decide(&device_code, Some(grant));
    Ok(())
}

/// What a device asked for, as a sign-in.
fn read(service: &Service, device_code: String, asked: DeviceRequest) -> Result<Request, Refusal> {
    let application = service
        .directory
        .application(&asked.client_id)
        .ok_or_else(|| Refusal::unknown_application(&asked.client_id, &asked.realm))?;
    Ok(Request {
        scopes: Scopes::parse(&asked.scope, &service.directory, application)?,
        realm: asked.realm,
        client_id: asked.client_id,
        claims: asked.claims,
        // Who typed a code chooses the account, even where only one is signed in.
        prompt: Prompt::SelectAccount,
        login_hint: None,
        purpose: Purpose::Device { device_code },
    })
}
