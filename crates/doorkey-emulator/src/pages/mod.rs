//! What people see.
//!
//! The templates in `templates/` are compiled in and escape all that is put into them.

mod frame;
mod steps;

pub(crate) use steps::{Account, Alert, Permission, Step, step};

use crate::{
    directory::{Tenant, User},
    exchange::Exchange,
    refusal::Refusal,
    service::Service,
};
use askama::Template;
use axum::{Extension, body::Body, extract::State};
use frame::Frame;
use http::{Response, StatusCode};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    frame: Frame,
    authority: &'a str,
    tenants: &'a [Tenant],
    users: &'a [User],
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    frame: Frame,
    message: &'a str,
    error: &'a str,
    code: u32,
    request_id: &'a str,
    correlation_id: &'a str,
    timestamp: &'a str,
}

#[derive(Template)]
#[template(path = "device_code.html")]
struct DeviceCode<'a> {
    frame: Frame,
    typed: &'a str,
    alert: Option<Alert>,
}

#[derive(Template)]
#[template(path = "return.html")]
struct Return<'a> {
    frame: Frame,
    action: &'a str,
    fields: &'a [(&'static str, String)],
}

/// The page at the root: what this is, and who can sign in.
pub(crate) async fn home(
    State(service): State<Arc<Service>>,
    Extension(exchange): Extension<Exchange>,
) -> Response<Body> {
    let frame = Frame::new();
    let page = Home {
        frame: frame.clone(),
        authority: &exchange.base,
        tenants: service.directory.tenants(),
        users: service.directory.users(),
    };
    frame.show(StatusCode::OK, &page)
}

/// The page that `error_uri` points to.
pub(crate) async fn explain(Extension(exchange): Extension<Exchange>) -> Response<Body> {
    let code = exchange.parameter("code").unwrap_or_default();
    let text = format!(
        "AADSTS{code} is one of Microsoft Entra ID's error codes. Its list of authentication and \
         authorization error codes explains it."
    );
    notice(StatusCode::OK, "Error code", &text)
}

/// The page for a path where nothing is.
pub(crate) async fn not_found() -> Response<Body> {
    notice(
        StatusCode::NOT_FOUND,
        "Nothing is here",
        "The emulator does not serve this address.",
    )
}

/// The page for a form whose sign-in is over, unknown, or another browser's.
pub(crate) fn lost() -> Response<Body> {
    let text = "It was finished, took too long, or was begun in another browser. Go back to the \
                application and sign in again.";
    notice(StatusCode::BAD_REQUEST, "This sign-in is over", text)
}

/// The page after signing out.
pub(crate) fn signed_out() -> Response<Body> {
    notice(
        StatusCode::OK,
        "You signed out",
        "You can close this window.",
    )
}

/// The page that ends a device's sign-in: to the application of that name, or declined.
pub(crate) fn device_done(application: Option<&str>) -> Response<Body> {
    match application {
        Some(name) => {
            let text = format!("You have signed in to {name}. You can close this window.");
            notice(StatusCode::OK, "You are signed in", &text)
        }
        None => {
            let text = "The application was told that you declined. You can close this window.";
            notice(StatusCode::OK, "You declined the sign-in", text)
        }
    }
}

/// The page for a request whose answer has nowhere to go.
pub(crate) fn refused(refusal: &Refusal, exchange: &Exchange) -> Response<Body> {
    let frame = Frame::new();
    let page = Refused {
        frame: frame.clone(),
        message: refusal.message(),
        error: refusal.error,
        code: refusal.code,
        request_id: &exchange.request_id,
        correlation_id: &exchange.correlation_id,
        timestamp: &exchange.timestamp(),
    };
    frame.show(StatusCode::BAD_REQUEST, &page)
}

/// The page where a device's code is typed.
pub(crate) fn device_code(typed: &str, alert: Option<Alert>) -> Response<Body> {
    let frame = Frame::new();
    frame.show(
        StatusCode::OK,
        &DeviceCode {
            frame: frame.clone(),
            typed,
            alert,
        },
    )
}

/// The page that posts an answer to the application (OAuth 2.0 Form Post Response Mode, section 2).
pub(crate) fn return_by_form(
    redirect_uri: &str,
    fields: &[(&'static str, String)],
) -> Response<Body> {
    let frame = Frame::new().returning_to(redirect_uri);
    frame.show(
        StatusCode::OK,
        &Return {
            frame: frame.clone(),
            action: redirect_uri,
            fields,
        },
    )
}

fn notice(status: StatusCode, title: &str, text: &str) -> Response<Body> {
    let frame = Frame::new();
    frame.show(
        status,
        &Notice {
            frame: frame.clone(),
            title,
            text,
        },
    )
}
