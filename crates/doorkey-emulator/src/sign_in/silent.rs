//! Sign-ins that must not ask (OpenID Connect Core 1.0, sections 3.1.2.1 and 3.1.2.6).

use super::{
    session::Session,
    transaction::{Purpose, Transaction},
};
use crate::{exchange::Exchange, pages, refusal::Refusal, service::Service};
use axum::body::Body;
use http::Response;

/// Answers a request with `prompt=none`: a code, or why the person has to be asked.
pub(super) fn answer(
    service: &Service,
    exchange: &Exchange,
    sessions: &[Session],
    transaction: Transaction,
) -> Response<Body> {
    let Purpose::Browser { back, .. } = &transaction.purpose else {
        return pages::lost();
    };
    if let Some(refusal) = missing(service, sessions, &transaction) {
        return back.refuse(service, exchange, &refusal);
    }
    let (browser, _) = service.sign_ins.browser(exchange);
    transaction.finish(service, exchange, &browser)
}

/// What only the person can do.
fn missing(service: &Service, sessions: &[Session], transaction: &Transaction) -> Option<Refusal> {
    if transaction.pick_account {
        return Some(Refusal::several_people());
    }
    let Some(user) = transaction
        .user(service)
        .filter(|_| transaction.authenticated)
    else {
        let others = sessions
            .iter()
            .any(|session| transaction.fits(service, session));
        let refusal = Refusal::nobody_signed_in();
        return Some(if others {
            Refusal::several_people()
        } else {
            refusal
        });
    };
    if transaction.needs_second_factor(user) {
        let refusal = Refusal::second_factor_needed(&transaction.scopes.text);
        return Some(refusal.called("interaction_required"));
    }
    let application = transaction.application(service)?;
    transaction.needs_consent(service, user).then(|| {
        Refusal::consent_needed(&application.client_id, &application.name)
            .called("consent_required")
    })
}
