//! Azure SDK clients' requests, carried to the emulator without a socket.

use crate::service::Authority;
use azure_core::{
    Error,
    error::{ErrorKind, Result},
    http::{
        AsyncRawResponse, Body, HttpClient, Request,
        headers::{HeaderName, HeaderValue, Headers},
    },
};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};

/// An HTTP client that reaches the emulator alone.
#[derive(Debug)]
pub(crate) struct Carrier {
    authority: Authority,
}

impl Carrier {
    pub(crate) fn new(authority: Authority) -> Self {
        Self { authority }
    }
}

#[async_trait::async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &Request) -> Result<AsyncRawResponse> {
        let mut carried = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.url().as_str())
            // As a client that connects would send it.
            .header("host", request.url().authority());
        for (name, value) in request.headers().iter() {
            carried = carried.header(name.as_str(), value.as_str());
        }
        let carried = carried
            .body(content(request.body()).await?)
            .map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        let (parts, body) = self.authority.answer(carried).await.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.insert(
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value),
            );
        }
        let stream = body
            .into_data_stream()
            .map_err(|error| Error::new(ErrorKind::Io, error.into_inner()))
            .boxed();
        Ok(AsyncRawResponse::new(
            parts.status.as_u16().into(),
            headers,
            Box::pin(stream),
        ))
    }
}

async fn content(body: &Body) -> Result<Bytes> {
    match body {
        Body::Bytes(bytes) => Ok(bytes.clone()),
        Body::SeekableStream(_) => {
            let message = "the emulator's endpoints take bodies of known size only";
            Err(Error::with_message(ErrorKind::DataConversion, message))
        }
    }
}
