//! The pages of a sign-in, in the order in which a person meets them.

use super::frame::Frame;
use crate::{refusal::Refusal, sign_in::Transaction};
use askama::Template;
use axum::body::Body;
use http::{Response, StatusCode};

/// One page of a sign-in.
#[derive(Debug)]
pub(crate) enum Step {
    /// Did this person begin the device's sign-in?
    Confirm { application: String },
    /// Which of the accounts that are signed in?
    Pick {
        application: String,
        accounts: Vec<Account>,
    },
    /// Who?
    Username {
        application: String,
        typed: String,
        alert: Option<Alert>,
    },
    /// Really?
    Password {
        username: String,
        alert: Option<Alert>,
    },
    /// And the second factor?
    SecondFactor {
        username: String,
        alert: Option<Alert>,
    },
    /// May the application?
    Consent {
        username: String,
        application: String,
        permissions: Vec<Permission>,
    },
}

/// What went wrong with the page before.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(super) text: String,
    pub(super) detail: Option<String>,
}

impl Alert {
    /// A mistake that has no number.
    pub(crate) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            detail: None,
        }
    }

    /// A refusal in a person's words, with Entra ID's number.
    pub(crate) fn of(text: &str, refusal: &Refusal) -> Self {
        Self {
            text: text.to_owned(),
            detail: Some(refusal.short_description()),
        }
    }
}

/// An account that is signed in already.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) name: String,
}

/// Something that an application asks to be allowed.
#[derive(Debug)]
pub(crate) struct Permission {
    pub(crate) title: String,
    pub(crate) name: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    application: &'a str,
}

#[derive(Template)]
#[template(path = "pick.html")]
struct PickPage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    application: &'a str,
    accounts: &'a [Account],
}

#[derive(Template)]
#[template(path = "username.html")]
struct UsernamePage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    application: &'a str,
    typed: &'a str,
    alert: &'a Option<Alert>,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    username: &'a str,
    alert: &'a Option<Alert>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    username: &'a str,
    alert: &'a Option<Alert>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    frame: Frame,
    transaction: &'a str,
    step: &'static str,
    username: &'a str,
    application: &'a str,
    permissions: &'a [Permission],
}

/// Shows one page of a sign-in.
pub(crate) fn step(step: &Step, transaction: &Transaction) -> Response<Body> {
    let frame = match transaction.redirect_uri() {
        Some(redirect_uri) => Frame::new().returning_to(redirect_uri),
        None => Frame::new(),
    };
    let inner = frame.clone();
    let transaction = &transaction.id;
    let status = StatusCode::OK;
    match step {
        Step::Confirm { application } => frame.show(
            status,
            &ConfirmPage {
                frame: inner,
                transaction,
                step: "confirm",
                application,
            },
        ),
        Step::Pick {
            application,
            accounts,
        } => frame.show(
            status,
            &PickPage {
                frame: inner,
                transaction,
                step: "account",
                application,
                accounts,
            },
        ),
        Step::Username {
            application,
            typed,
            alert,
        } => frame.show(
            status,
            &UsernamePage {
                frame: inner,
                transaction,
                step: "username",
                application,
                typed,
                alert,
            },
        ),
        Step::Password { username, alert } => frame.show(
            status,
            &PasswordPage {
                frame: inner,
                transaction,
                step: "password",
                username,
                alert,
            },
        ),
        Step::SecondFactor { username, alert } => frame.show(
            status,
            &CodePage {
                frame: inner,
                transaction,
                step: "code",
                username,
                alert,
            },
        ),
        Step::Consent {
            username,
            application,
            permissions,
        } => frame.show(
            status,
            &ConsentPage {
                frame: inner,
                transaction,
                step: "consent",
                username,
                application,
                permissions,
            },
        ),
    }
}
