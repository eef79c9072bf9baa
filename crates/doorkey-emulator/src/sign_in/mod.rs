//! A person's way through the pages, from an application's request to its answer.

mod back;
mod device;
mod request;
mod session;
mod silent;
mod steps;
mod transaction;

pub(crate) use device::{decide, show as device};
pub(crate) use session::SignIns;
pub(crate) use transaction::Transaction;

use crate::{
    exchange::Exchange,
    pages::{self, Alert},
    refusal::Refusal,
    service::Service,
};
use axum::{Extension, body::Body, extract::State};
use http::Response;
use request::{Invalid, Request};
use session::Browser;
use std::sync::Arc;
use steps::Outcome;
use transaction::{Prompt, Purpose};

/// Begins the sign-in that an application asks for at the authorization endpoint.
pub(crate) fn begin(service: &Service, tenant: &str, exchange: &Exchange) -> Response<Body> {
    let request = match Request::read(service, tenant, exchange) {
        Ok(request) => request,
        // RFC 6749, section 4.1.2.1: nobody is sent to an address that is not the application's.
        Err(Invalid::Unverified(refusal)) => return pages::refused(&refusal, exchange),
        Err(Invalid::Verified(back, refusal)) => {
            return back.refuse(service, exchange, &refusal);
        }
    };
    let (browser, sessions) = service.sign_ins.browser(exchange);
    let silent = request.prompt == Prompt::None;
    let transaction = Transaction::begin(service, &browser, &sessions, request, exchange.now);
    if silent {
        return silent::answer(service, exchange, &sessions, transaction);
    }
    proceed(service, exchange, &browser, transaction, None)
}

/// Takes the form of a page, and shows the next one.
pub(crate) async fn submit(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let (browser, _) = service.sign_ins.browser(&exchange);
    let id = exchange.parameter("transaction").unwrap_or_default();
    let Some(mut transaction) = service.sign_ins.take(id, &browser, exchange.now) else {
        return pages::lost();
    };
    match steps::take(&service, &exchange, &browser, &mut transaction) {
        Outcome::Next => proceed(&service, &exchange, &browser, transaction, None),
        Outcome::Again(alert) => proceed(&service, &exchange, &browser, transaction, Some(alert)),
        Outcome::Cancelled => {
            let refusal = Refusal::consent_declined();
            match &transaction.purpose {
                Purpose::Browser { back, .. } => back.refuse(&service, &exchange, &refusal),
                Purpose::Device { device_code } => {
                    service.devices.decide(device_code, None);
                    pages::device_done(None)
                }
            }
        }
    }
}

/// Forgets who is signed in in this browser (OpenID Connect RP-Initiated Logout 1.0).
pub(crate) async fn sign_out(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let (browser, _) = service.sign_ins.browser(&exchange);
    service.sign_ins.forget(&browser);
    pages::signed_out()
}

/// Shows the page that `transaction` needs next, or ends it.
fn proceed(
    service: &Service,
    exchange: &Exchange,
    browser: &Browser,
    transaction: Transaction,
    alert: Option<Alert>,
) -> Response<Body> {
    let sessions = service.sign_ins.sessions(browser);
    let Some(page) = steps::page(service, &transaction, &sessions, alert) else {
        return transaction.finish(service, exchange, browser);
    };
    let response = pages::step(&page, &transaction);
    service.sign_ins.put(transaction, exchange.now);
    browser.remember(response)
}
