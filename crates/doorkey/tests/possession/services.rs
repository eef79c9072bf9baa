//! Services that want each request signed: the emulator's resource checks it, and what such a service would
//! answer is answered in its place.

use async_trait::async_trait;
use azure_core::{
    Bytes,
    http::{
        AsyncRawResponse, Body, HttpClient, Method, Request, StatusCode,
        headers::{AUTHORIZATION, HeaderName, Headers, WWW_AUTHENTICATE},
    },
};
use base64::prelude::*;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex},
};
use url::Url;

const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The service is in trouble before it has looked at the signature.
    Trouble(u16),
    /// The same, when the signature was used up.
    TroubleAfterwards(u16),
    /// Somebody was faster with the same signed request.
    UsedUp,
    /// The next nonce does not get through.
    WithoutNextNonce,
}

/// One request, as the service saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
}

impl Seen {
    /// A member of what was signed; `Null` where nothing was.
    pub(crate) fn signed(&self, member: &str) -> Value {
        let signed = self.authorization.as_deref().unwrap_or_default();
        let body = signed.split('.').nth(1).unwrap_or_default();
        let body = BASE64_URL_SAFE_NO_PAD.decode(body).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        body[member].clone()
    }
}

/// Azure Storage below `/resource/blobs`, and a Key Vault below `/resource/vault`.
pub(crate) struct Services {
    emulator: Arc<dyn HttpClient>,
    kept: Mutex<HashMap<String, Bytes>>,
    faults: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<Seen>>,
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Services")
    }
}

impl Services {
    pub(crate) fn new(emulator: Arc<dyn HttpClient>) -> Arc<Self> {
        Arc::new(Self {
            emulator,
            kept: Mutex::default(),
            faults: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// What becomes of the next signed requests, one after the other.
    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// The requests since this was asked last.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// As a vault and its like announce what they want, and the nonce beside it.
    async fn checked(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let reply = self.emulator.execute_request(request).await?;
        let (status, mut headers, body) = reply.deconstruct();
        if let Some(challenge) = headers.get_optional_string(&WWW_AUTHENTICATE) {
            let theirs = "Bearer authorization=\"https://login.microsoftonline.com/t\", \
                          resource=\"https://vault.azure.net\"";
            let (_, nonce) = challenge.split_once("PoP ").unwrap();
            headers.insert(WWW_AUTHENTICATE, format!("{theirs}, PoP {nonce}"));
        }
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }

    fn serve(&self, request: &Request) -> (u16, Headers, Bytes) {
        let url = request.url();
        let path = url.path().trim_end_matches('/').to_owned();
        let body = Bytes::from(request.body());
        let mut headers = Headers::new();
        let mut kept = self.kept.lock().unwrap();
        if let Some((_, name)) = path.split_once("/resource/vault/secrets/") {
            headers.insert("content-type", "application/json");
            if request.method() == Method::Put {
                let Ok(parameters) = serde_json::from_slice::<Value>(&body) else {
                    return (
                        400,
                        headers,
                        "{\"error\":{\"code\":\"BadParameter\"}}".into(),
                    );
                };
                let value = parameters["value"].as_str().unwrap().to_owned();
                kept.insert(path.clone(), value.into());
            }
            let value = kept
                .get(&path)
                .map(|value| String::from_utf8_lossy(value).into_owned());
            let id = format!("https://v.vault.azure.net/secrets/{name}");
            let secret = json!({"id": id, "value": value});
            return (200, headers, secret.to_string().into());
        }
        if path.ends_with("/resource/vault/secrets") {
            headers.insert("content-type", "application/json");
            let is_second = url.query().unwrap_or_default().contains("skiptoken");
            let next = format!("{url}&$skiptoken=a%2Fb");
            let page = match is_second {
                false => json!({"value": [{"id": "https://v/secrets/one"}], "nextLink": next}),
                true => json!({"value": [{"id": "https://v/secrets/two"}]}),
            };
            return (200, headers, page.to_string().into());
        }
        headers.insert("etag", "\"0x1\"");
        headers.insert("last-modified", "Wed, 25 Nov 2026 00:00:00 GMT");
        match request.method() {
            Method::Put => {
                kept.insert(path, body);
                (201, headers, Bytes::new())
            }
            _ => {
                let content = kept.get(&path).cloned().unwrap_or_default();
                let length = content.len();
                headers.insert("content-length", length.to_string());
                let range = format!("bytes 0-{}/{length}", length.saturating_sub(1));
                headers.insert("content-range", range);
                (206, headers, content)
            }
        }
    }

    async fn answer(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let is_signed = request.headers().get_optional_str(&AUTHORIZATION).is_some();
        let fault = match is_signed {
            true => self.faults.lock().unwrap().pop_front(),
            false => None,
        };
        if let Some(Fault::Trouble(status)) = fault {
            return Ok(in_trouble(status));
        }
        if let Some(Fault::UsedUp) = fault {
            self.checked(request).await?;
        }
        let checked = self.checked(request).await?;
        if checked.status() != StatusCode::Ok {
            return Ok(checked);
        }
        if let Some(Fault::TroubleAfterwards(status)) = fault {
            return Ok(in_trouble(status));
        }
        let next = checked.headers().get_optional_string(&AUTHENTICATION_INFO);
        let (status, mut headers, body) = self.serve(request);
        if let (Some(next), None) = (next, fault) {
            headers.insert(AUTHENTICATION_INFO, next);
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

fn in_trouble(status: u16) -> AsyncRawResponse {
    let mut headers = Headers::new();
    headers.insert("retry-after", "1");
    AsyncRawResponse::from_bytes(status.into(), headers, Bytes::new())
}

#[async_trait]
impl HttpClient for Services {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        if let Body::SeekableStream(stream) = request.body() {
            // Read to its end, as a transport does that sends it.
            let mut stream = stream.clone();
            let mut body = Vec::new();
            while let Some(chunk) = stream.next().await {
                body.extend_from_slice(&chunk?);
            }
            request.set_body(body);
        }
        let response = self.answer(&request).await?;
        self.seen.lock().unwrap().push(Seen {
            method: request.method(),
            url: request.url().clone(),
            authorization: request.headers().get_optional_string(&AUTHORIZATION),
            body: Bytes::from(request.body()),
            status: response.status().into(),
        });
        Ok(response)
    }
}
