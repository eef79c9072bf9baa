//! What goes to the extension and comes from it, as plain data.

use serde_json::Value;
use std::{collections::BTreeMap, num::NonZeroIsize};

/// The query items of a request's `authorizationOptions`.
pub(super) type Options = BTreeMap<&'static str, String>;

/// An `ASAuthorizationSingleSignOnRequest`. No `Debug`: who signs in is not for logs.
pub(super) struct Authorization {
    /// Its `requestedOperation`.
    pub(super) operation: &'static str,
    pub(super) options: Options,
    pub(super) interface: Interface,
}

/// Its `userInterfaceEnabled`, and in front of what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interface {
    Disabled,
    /// By a window's number; `None` is whichever the program has.
    Enabled(Option<NonZeroIsize>),
}

/// The program that asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// `None` is one that is no bundle, as most commands are.
    pub(super) bundle_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

/// Whether the system has an extension for Entra ID.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Availability {
    Ready,
    /// `canPerformAuthorization` is false.
    NoExtension,
    /// macOS before 10.15.
    TooOld,
}

/// The header fields of an `authenticatedResponse`. No `Debug`: a token is among them.
pub(super) struct Reply(BTreeMap<String, Value>);

impl Reply {
    /// Names of header fields are of any case, and the system may write them anew.
    pub(super) fn new(fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        let folded = fields.into_iter();
        let folded = folded.map(|(name, value)| (name.to_ascii_lowercase(), value));
        Self(folded.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        text(self.0.get(name)?)
    }

    pub(super) fn value(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// A whole number, which is mostly written as a text.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        number(self.value(name))
    }

    /// As Objective-C reads it: `1`, `"1"`, `"YES"`, `"true"`.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => Some(number.as_i64() != Some(0)),
            Value::String(text) => {
                let first = text.trim().chars().next()?.to_ascii_lowercase();
                Some(matches!(first, 'y' | 't' | '1'..='9'))
            }
            _ => None,
        }
    }
}

/// No reply.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Error(SystemError),
    /// Nobody runs what is dispatched to the main thread.
    NoMainLoop,
    /// The request ended without an answer.
    Unanswered,
    /// Nobody was asked, and there is no answer yet.
    Late,
    /// There is no window of that number.
    NoSuchWindow,
}

/// An `NSError`.
#[derive(Clone, Debug, Default)]
pub(super) struct SystemError {
    pub(super) domain: String,
    pub(super) code: i64,
    /// Its `localizedDescription`.
    pub(super) message: String,
    /// Its `userInfo`, as far as it is plain data.
    pub(super) details: BTreeMap<String, Value>,
    pub(super) underlying: Option<Box<Self>>,
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

/// The extension writes some times with a fraction.
fn whole(number: f64) -> Option<i64> {
    // Beyond it not every whole number is one of these.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is within the limit")]
    (number.abs() < LARGEST).then_some(number as i64)
}
