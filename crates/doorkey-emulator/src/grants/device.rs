//! Sign-ins that wait for another device (RFC 8628).

use super::Grant;
use crate::{claims::Claims, random, refusal::Refusal};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// What RFC 8628, section 3.5, adds to the interval with each `slow_down`.
const SLOWER: Duration = Duration::seconds(5);

/// How long a device code is remembered after it expired, so that late polls are told so.
const REMEMBERED: Duration = Duration::days(1);

/// What a device asked for.
#[derive(Clone, Debug)]
pub(crate) struct DeviceRequest {
    pub(crate) client_id: String,
    pub(crate) realm: String,
    pub(crate) scope: String,
    pub(crate) claims: Claims,
    pub(crate) expires: OffsetDateTime,
}

/// The two codes of a device's sign-in.
#[derive(Debug)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
}

#[derive(Debug)]
struct Waiting {
    request: DeviceRequest,
    user_code: String,
    interval: Duration,
    polled: Option<OffsetDateTime>,
    state: State,
}

#[derive(Debug)]
enum State {
    Pending,
    Approved(Grant),
    Declined,
    Redeemed,
}

/// The sign-ins that devices wait for, by device code.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    waiting: Mutex<HashMap<String, Waiting>>,
}

impl Devices {
    /// Begins a sign-in whose device polls every `interval`.
    pub(crate) fn begin(
        &self,
        request: DeviceRequest,
        interval: Duration,
        now: OffsetDateTime,
    ) -> DeviceCodes {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, entry| entry.request.expires + REMEMBERED > now);
        let user_code = loop {
            let code = random::user_code();
            if waiting.values().all(|entry| entry.user_code != code) {
                break code;
            }
        };
        let device_code = format!("1.{}", random::secret());
        let entry = Waiting {
            request,
            user_code: user_code.clone(),
            interval,
            polled: None,
            state: State::Pending,
        };
        waiting.insert(device_code.clone(), entry);
        DeviceCodes {
            device_code,
            user_code,
        }
    }

    /// What a sign-in that waits for `user_code` is for.
    pub(crate) fn find(
        &self,
        user_code: &str,
        now: OffsetDateTime,
    ) -> Result<(String, DeviceRequest), Refusal> {
        let typed = normalized(user_code);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .iter()
            .find(|(_, entry)| {
                entry.user_code == typed
                    && entry.request.expires > now
                    && matches!(entry.state, State::Pending)
            })
            .map(|(device_code, entry)| (device_code.clone(), entry.request.clone()))
            .ok_or_else(Refusal::wrong_user_code)
    }

    /// Decides a sign-in that still waits. One that does not is left as it is.
    pub(crate) fn decide(&self, device_code: &str, granted: Option<Grant>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting.get_mut(device_code);
        if let Some(entry) = entry.filter(|entry| matches!(entry.state, State::Pending)) {
            entry.state = granted.map_or(State::Declined, State::Approved);
        }
    }

    /// Answers a device's poll (RFC 8628, section 3.5): the grant, once, when there is one.
    pub(crate) fn poll(
        &self,
        device_code: &str,
        client_id: &str,
        now: OffsetDateTime,
    ) -> Result<(Grant, DeviceRequest), Refusal> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting
            .get_mut(device_code)
            .ok_or_else(Refusal::unknown_device_code)?;
        if !entry.request.client_id.eq_ignore_ascii_case(client_id) {
            return Err(Refusal::grant_of_another_client());
        }
        if entry.request.expires <= now {
            return Err(Refusal::expired_device_code());
        }
        match &entry.state {
            State::Declined => Err(Refusal::authorization_declined()),
            State::Redeemed => Err(Refusal::redeemed_code()),
            State::Approved(grant) => {
                let granted = (grant.clone(), entry.request.clone());
                entry.state = State::Redeemed;
                Ok(granted)
            }
            State::Pending => {
                let due = entry.polled.map(|polled| polled + entry.interval);
                entry.polled = Some(now);
                if due.is_some_and(|due| now < due) {
                    entry.interval += SLOWER;
                    return Err(Refusal::slow_down());
                }
                Err(Refusal::authorization_pending())
            }
        }
    }
}

/// A user code as it was meant: case, spaces and dashes do not count (RFC 8628, section 6.1).
fn normalized(user_code: &str) -> String {
    user_code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_uppercase())
        .collect()
}
