//! A window of the broker's, which closes when nobody waits for it any more.

use super::{
    bus::{Bus, Failure, Method},
    messages::cancellation_request,
};
use doorkey::BrokerApplication;
use std::{
    future::Future as _,
    task::{Context, Waker},
};

/// An interactive call that is cancelled where it is dropped before its end.
pub(super) struct Flow<'a> {
    bus: &'a Bus,
    application: &'a BrokerApplication,
    is_over: bool,
}

impl<'a> Flow<'a> {
    pub(super) fn new(bus: &'a Bus, application: &'a BrokerApplication) -> Self {
        Self {
            bus,
            application,
            is_over: false,
        }
    }

    pub(super) async fn run(mut self, message: &str) -> Result<String, Failure> {
        let correlation_id = self.application.correlation_id;
        let reply = self
            .bus
            .call(Method::Interactive, correlation_id, message)
            .await;
        // One that was not finished in time still has its window open.
        self.is_over = !matches!(&reply, Err(Failure::Unanswered(_)));
        reply
    }
}

impl Drop for Flow<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // The one thing here that is spawned: a drop cannot wait. Without a runtime the window stays.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let bus = self.bus.clone();
        let correlation_id = self.application.correlation_id;
        let message = cancellation_request(self.application);
        let mut telling = Box::pin(async move {
            // Whatever the answer is, nobody waits for it; himmelblau has not implemented it.
            let _ = bus
                .call(Method::Cancellation, correlation_id, &message)
                .await;
        });
        // This sends it, as the runtime may end before it gets to what was spawned: a command's does.
        let mut context = Context::from_waker(Waker::noop());
        if telling.as_mut().poll(&mut context).is_pending() {
            runtime.spawn(telling);
        }
    }
}
