//! The authority itself, however its requests arrive.

use crate::{
    clock::Clock,
    directory::Directory,
    endpoints,
    exchange::Exchange,
    grants::{code::Codes, consent::Consents, device::Devices, refresh::Revocations},
    nonces::Nonces,
    reply::Replacements,
    request::RecordedRequest,
    seal::Seal,
    settings::Settings,
    sign_in::SignIns,
    signing_key::SigningKey,
};
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response, request::Parts};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tower::ServiceExt as _;

/// How many requests the log keeps: an emulator that serves for days must not grow without end.
const LOG_LENGTH: usize = 10_000;

/// What all endpoints share.
pub(crate) struct Service {
    /// `https://localhost` and the port.
    pub(crate) authority: String,
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) settings: Settings,
    pub(crate) signing_key: SigningKey,
    pub(crate) seal: Seal,
    pub(crate) codes: Codes,
    pub(crate) devices: Devices,
    pub(crate) revocations: Revocations,
    pub(crate) consents: Consents,
    pub(crate) sign_ins: SignIns,
    pub(crate) nonces: Nonces,
    pub(crate) replacements: Replacements,
    pub(crate) log: RequestLog,
}

/// Without what it holds: codes, sessions and passwords are in there.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// A service and the way to its endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    /// Shared by all connections, and by the handle that turns its clock and reads its log.
    pub(crate) service: Arc<Service>,
    router: Router,
}

impl Authority {
    pub(crate) fn new(service: Service) -> Self {
        let service = Arc::new(service);
        let router = endpoints::router(Arc::clone(&service));
        Self { service, router }
    }

    /// Answers one request: recorded first, so that what a test replaces is in the log too.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let recorded = RecordedRequest::read(&parts, &body);
        self.service.log.push(recorded.clone());
        tracing::debug!(request = ?recorded, "received");
        let endpoint = recorded.endpoint;
        let replacement = endpoint.and_then(|at| self.service.replacements.pop(at));
        let own = self.own_answer(parts, body, recorded);
        match replacement {
            Some(reply) => reply.into_response(own).await,
            None => own.await,
        }
    }

    async fn own_answer(
        &self,
        parts: Parts,
        body: Bytes,
        recorded: RecordedRequest,
    ) -> Response<Body> {
        let exchange = Exchange::new(&parts, recorded, self.service.clock.now());
        let headers = exchange.headers();
        let mut request = Request::from_parts(parts, Body::from(body));
        request.extensions_mut().insert(exchange);
        let mut response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        for (name, value) in headers {
            response.headers_mut().entry(name).or_insert(value);
        }
        response
    }
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: Mutex<VecDeque<RecordedRequest>>,
}

impl RequestLog {
    pub(crate) fn push(&self, request: RecordedRequest) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == LOG_LENGTH {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
