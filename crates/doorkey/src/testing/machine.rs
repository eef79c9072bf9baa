//! What a machine in Azure reaches besides Entra ID's sign-in: metadata services, and the token
//! endpoint for applications.

use super::Entra;
use azure_core::{
    error::{Error, ErrorKind},
    http::{AsyncRawResponse, Body, HttpClient, Request, Transport, headers::Headers},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use url::Url;

/// One request, as the other side sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: Url,
    pub(crate) headers: Headers,
    pub(crate) form: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn form_value(&self, name: &str) -> Option<&str> {
        let mut form = self.form.iter();
        form.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        let mut query = self.url.query_pairs();
        query
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What becomes of a request.
pub(crate) enum Fate {
    Answered(u16, String),
    /// Nobody is there.
    Unreachable,
    /// Packets are lost.
    Lost,
    /// It is for the emulator.
    EntraId,
}

type Decide = Box<dyn Fn(&Seen) -> Fate + Send + Sync>;

pub(crate) struct Machine {
    entra: Arc<dyn HttpClient>,
    decide: Decide,
    seen: Mutex<Vec<Seen>>,
}

impl fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Machine")
    }
}

impl Machine {
    pub(crate) fn new(
        entra: &Entra,
        decide: impl Fn(&Seen) -> Fate + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            entra: entra.emulator.transport(),
            decide: Box::new(decide),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn transport(self: &Arc<Self>) -> Option<Transport> {
        let client: Arc<dyn HttpClient> = Arc::<Self>::clone(self);
        Some(Transport::new(client))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl HttpClient for Machine {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let form = match request.body() {
            Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
            Body::SeekableStream(_) => Vec::new(),
        };
        let seen = Seen {
            url: request.url().clone(),
            headers: request.headers().clone(),
            form,
        };
        let fate = (self.decide)(&seen);
        self.seen.lock().unwrap().push(seen);
        match fate {
            Fate::Answered(status, body) => Ok(AsyncRawResponse::from_bytes(
                status.into(),
                Headers::new(),
                body,
            )),
            Fate::Unreachable => Err(Error::with_message(ErrorKind::Connection, "no route")),
            Fate::Lost => std::future::pending().await,
            Fate::EntraId => self.entra.execute_request(request).await,
        }
    }
}
