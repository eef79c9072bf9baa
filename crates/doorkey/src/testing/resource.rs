//! Resources that take bearer tokens, and the SDK's own client of them.

use super::Entra;
use azure_core::{
    Bytes,
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, Body, ClientOptions, Context, ExponentialRetryOptions, HttpClient,
        Method, Pipeline, Request, RetryOptions, Transport,
        headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE},
        policies::{Policy, auth::BearerTokenAuthorizationPolicy},
    },
};
use std::sync::{Arc, Mutex};

/// What a resource got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) host: String,
    pub(crate) token: String,
    pub(crate) body: Vec<u8>,
    pub(crate) status: u16,
}

/// Decides by host and token which challenge a request is answered with, if any.
type Challenges = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// Everything behind `*.example` is a resource; the rest of the net is the emulator.
pub(crate) struct Net {
    authority: Arc<dyn HttpClient>,
    challenges: Mutex<Challenges>,
    received: Mutex<Vec<Received>>,
}

impl std::fmt::Debug for Net {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Net")
    }
}

impl Net {
    pub(crate) fn of(entra: &Entra) -> Arc<Self> {
        Arc::new(Self {
            authority: entra.emulator.transport(),
            challenges: Mutex::new(Box::new(|_, _| None)),
            received: Mutex::default(),
        })
    }

    /// From now on, a request to this host with this token gets a challenge for those claims.
    pub(crate) fn challenge(
        &self,
        header: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) {
        *self.challenges.lock().unwrap() = Box::new(header);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn transport(self: &Arc<Self>) -> Option<Transport> {
        let client: Arc<dyn HttpClient> = Arc::<Self>::clone(self);
        Some(Transport::new(client))
    }

    /// A client of the SDK, with a policy of the user's.
    pub(crate) fn client(
        self: &Arc<Self>,
        credential: Arc<dyn TokenCredential>,
        scope: &str,
        policy: Arc<dyn Policy>,
    ) -> Client {
        let options = ClientOptions {
            per_try_policies: vec![policy],
            transport: self.transport(),
            // As by default, with waits that the test's clock turns.
            retry: RetryOptions::exponential(ExponentialRetryOptions::default()),
            ..Default::default()
        };
        let authentication = BearerTokenAuthorizationPolicy::new(credential, [scope]);
        Client(Pipeline::new(
            Some("a-client"),
            None,
            options,
            Vec::new(),
            vec![Arc::new(authentication)],
            None,
        ))
    }
}

pub(crate) struct Client(Pipeline);

impl Client {
    pub(crate) async fn put(&self, host: &str, body: impl Into<Body>) -> azure_core::Result<u16> {
        let url = format!("https://{host}/item").parse().unwrap();
        let mut request = Request::new(url, Method::Put);
        request.set_body(body);
        let sent = self.0.send(&Context::new(), &mut request, None).await;
        sent.map(|response| response.status().into())
    }
}

#[async_trait::async_trait]
impl HttpClient for Net {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let host = request.url().host_str().unwrap().to_owned();
        if !host.ends_with(".example") {
            return self.authority.execute_request(request).await;
        }
        let authorization = request.headers().get_optional_str(&AUTHORIZATION).unwrap();
        let token = authorization.strip_prefix("Bearer ").unwrap().to_owned();
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(stream) => {
                let mut stream = stream.clone();
                let mut all = Vec::new();
                futures_util::io::AsyncReadExt::read_to_end(&mut stream, &mut all).await?;
                all
            }
        };
        let challenge = (self.challenges.lock().unwrap())(&host, &token);
        let mut headers = Headers::new();
        let status: u16 = if challenge.is_some() { 401 } else { 201 };
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        self.received.lock().unwrap().push(Received {
            host,
            token,
            body,
            status,
        });
        Ok(AsyncRawResponse::from_bytes(
            status.into(),
            headers,
            Bytes::new(),
        ))
    }
}

/// The value of one claim of a token.
pub(crate) fn claim(token: &str, name: &str) -> serde_json::Value {
    use base64::prelude::*;
    let payload = token.split('.').nth(1).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    claims[name].clone()
}
