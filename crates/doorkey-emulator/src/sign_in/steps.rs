//! The pages of a sign-in, one by one.

use super::{
    Purpose,
    session::{Browser, Session},
    transaction::Transaction,
};
use crate::{
    directory::User,
    exchange::Exchange,
    pages::{Account, Alert, Permission, Step},
    refusal::Refusal,
    service::Service,
};

/// What a form led to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The next page, or the end.
    Next,
    /// The same page once more, and why.
    Again(Alert),
    /// The person does not want to.
    Cancelled,
}

/// The page that the person needs next; none when they are through.
pub(super) fn page(
    service: &Service,
    transaction: &Transaction,
    sessions: &[Session],
    alert: Option<Alert>,
) -> Option<Step> {
    let application = transaction.application(service)?;
    let is_device = matches!(transaction.purpose, Purpose::Device { .. });
    if is_device && !transaction.confirmed {
        return Some(Step::Confirm {
            application: application.name.clone(),
        });
    }
    if transaction.pick_account {
        let accounts = sessions
            .iter()
            .filter(|session| transaction.fits(service, session))
            .filter_map(|session| service.directory.person(&session.object_id))
            .map(|user| Account {
                username: user.username.clone(),
                name: user.name.clone(),
            })
            .collect();
        return Some(Step::Pick {
            application: application.name.clone(),
            accounts,
        });
    }
    let Some(user) = transaction.user(service) else {
        let typed = transaction.login_hint.clone().unwrap_or_default();
        return Some(Step::Username {
            application: application.name.clone(),
            typed,
            alert,
        });
    };
    let username = user.username.clone();
    if !transaction.authenticated {
        return Some(Step::Password { username, alert });
    }
    if transaction.needs_second_factor(user) {
        return Some(Step::SecondFactor { username, alert });
    }
    if transaction.needs_consent(service, user) {
        let permissions = permissions(transaction);
        return Some(Step::Consent {
            username,
            application: application.name.clone(),
            permissions,
        });
    }
    None
}

/// Takes what the person filled in.
pub(super) fn take(
    service: &Service,
    exchange: &Exchange,
    browser: &Browser,
    transaction: &mut Transaction,
) -> Outcome {
    let field = |name: &str| exchange.parameter(name).unwrap_or_default();
    match field("action") {
        "cancel" => return Outcome::Cancelled,
        "other" => {
            transaction.forget_person();
            return Outcome::Next;
        }
        _ => {}
    }
    match field("step") {
        "confirm" => {
            transaction.confirmed = true;
            Outcome::Next
        }
        "account" => pick(service, browser, transaction, field("account")),
        "username" => name(service, transaction, field("username")),
        "password" => authenticate(service, transaction, field("password")),
        "code" => second_factor(service, transaction, field("code")),
        "consent" => consent(service, transaction, field("action")),
        _ => Outcome::Next,
    }
}

fn pick(
    service: &Service,
    browser: &Browser,
    transaction: &mut Transaction,
    username: &str,
) -> Outcome {
    let session = service
        .sign_ins
        .sessions(browser)
        .into_iter()
        .find(|session| {
            let named = service.directory.named(username);
            named
                .into_iter()
                .any(|user| user.object_id == session.object_id)
                && transaction.fits(service, session)
        });
    if let Some(session) = session {
        transaction.adopt(&session);
    }
    Outcome::Next
}

fn name(service: &Service, transaction: &mut Transaction, username: &str) -> Outcome {
    transaction.forget_person();
    transaction.login_hint = Some(username.to_owned());
    if username.trim().is_empty() {
        return Outcome::Again(Alert::plain("Enter your user name."));
    }
    let Ok(user) = transaction.named(service, username) else {
        return Outcome::Again(Alert::of(
            "We couldn't find an account with that user name.",
            &Refusal::unknown_person(username),
        ));
    };
    if let Err(refusal) = transaction.tenant_of(service, user) {
        return Outcome::Again(Alert::of("That account cannot sign in here.", &refusal));
    }
    transaction.object_id = Some(user.object_id.clone());
    Outcome::Next
}

fn authenticate(service: &Service, transaction: &mut Transaction, password: &str) -> Outcome {
    let Some(user) = transaction.user(service) else {
        return Outcome::Next;
    };
    if password.is_empty() {
        return Outcome::Again(Alert::plain("Enter your password."));
    }
    if user.locked {
        let refusal = Refusal::locked_person();
        return Outcome::Again(Alert::of("Your account is locked for a while.", &refusal));
    }
    if user.password != password {
        return Outcome::Again(Alert::of(
            "Your user name or password is incorrect.",
            &Refusal::wrong_password(),
        ));
    }
    for (stands, text, refusal) in [
        (
            user.disabled,
            "Your account is disabled.",
            Refusal::disabled_person(),
        ),
        (
            user.password_expired,
            "Your password has expired.",
            Refusal::expired_password(),
        ),
    ] {
        if stands {
            return Outcome::Again(Alert::of(text, &refusal));
        }
    }
    transaction.authenticated = true;
    Outcome::Next
}

fn second_factor(service: &Service, transaction: &mut Transaction, typed: &str) -> Outcome {
    let Some(user) = proven(service, transaction) else {
        return Outcome::Next;
    };
    let typed: String = typed.split_whitespace().collect();
    if user.mfa_code.as_deref() != Some(&typed) {
        return Outcome::Again(Alert::of(
            "That code is not right. Check it and try again.",
            &Refusal::wrong_second_factor(),
        ));
    }
    transaction.second_factor = true;
    Outcome::Next
}

fn consent(service: &Service, transaction: &mut Transaction, action: &str) -> Outcome {
    let person = proven(service, transaction);
    let Some(user) = person.filter(|user| !transaction.needs_second_factor(user)) else {
        return Outcome::Next;
    };
    if action == "accept"
        && let Some(application) = transaction.application(service)
    {
        service
            .consents
            .give(user, application, &transaction.scopes);
        transaction.consented = true;
    }
    Outcome::Next
}

/// The person, if their password was checked: forms can be posted out of order.
fn proven<'a>(service: &'a Service, transaction: &Transaction) -> Option<&'a User> {
    transaction
        .user(service)
        .filter(|_| transaction.authenticated)
}

/// What the application would be allowed to do.
fn permissions(transaction: &Transaction) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = transaction
        .scopes
        .resources
        .iter()
        .flat_map(|entry| {
            let title = &entry.resource.title;
            entry.permissions().into_iter().map(move |name| Permission {
                title: match name.as_str() {
                    "user_impersonation" => format!("Use {title} as you"),
                    _ => format!("{title}: {name}"),
                },
                name,
            })
        })
        .collect();
    if transaction.scopes.openid {
        permissions.push(Permission {
            title: "See who you are".to_owned(),
            name: "openid profile".to_owned(),
        });
    }
    if transaction.scopes.offline_access {
        permissions.push(Permission {
            title: "Stay signed in for you".to_owned(),
            name: "offline_access".to_owned(),
        });
    }
    permissions
}
