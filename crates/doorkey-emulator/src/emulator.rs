//! The handle of a running emulator.

use crate::{
    EmulatorBuilder, Endpoint, Error, RecordedRequest, Reply, User, service::Authority, sign_in,
    state_folder::StateFolder,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use time::Duration;
use tokio::task::JoinHandle;

/// A running emulator.
///
/// Clones are handles of the same one. It stops, and frees its port, when the last is dropped.
#[derive(Clone)]
pub struct Emulator {
    /// Shared by the clones: the last one stops the server.
    inner: Arc<Inner>,
}

struct Inner {
    authority: Authority,
    port: u16,
    ca_path: PathBuf,
    ca_pem: String,
    serving: JoinHandle<()>,
    /// Removed after the server stopped, where it is a private one.
    _folder: StateFolder,
}

/// How a person decides about a device's sign-in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviceDecision {
    /// They sign in, with a second factor and consent where those are needed.
    Approve {
        /// Who signs in.
        username: String,
    },
    /// They decline.
    Decline,
}

impl Emulator {
    /// An emulator to be set up and started.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    pub(crate) fn new(
        authority: Authority,
        port: u16,
        ca_path: PathBuf,
        ca_pem: String,
        folder: StateFolder,
        serving: JoinHandle<()>,
    ) -> Self {
        let inner = Inner {
            authority,
            port,
            ca_path,
            ca_pem,
            serving,
            _folder: folder,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Answers a request without a socket.
    ///
    /// The host of the URI, or else of the `Host` header, is the one that the emulator answers as:
    /// issuers and endpoints in the reply are of that host. So a request for
    /// `https://login.microsoftonline.com/…` that a test carries here is answered as that cloud.
    ///
    /// A body that [`Reply::cut`] cut arrives short.
    pub async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, mut body) = self.inner.authority.answer(request).await.into_parts();
        let mut content = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            if let Some(data) = frame.data_ref() {
                content.extend_from_slice(data);
            }
        }
        Response::from_parts(parts, content.into())
    }

    /// An HTTP client for Azure SDK clients and credentials that carries every request here,
    /// whatever host it names. See [`send`](Self::send).
    #[cfg(feature = "transport")]
    pub fn transport(&self) -> Arc<dyn azure_core::http::HttpClient> {
        Arc::new(crate::transport::Carrier::new(self.inner.authority.clone()))
    }

    /// Sets how far the emulator's clock is ahead of its source; behind, where it is negative.
    ///
    /// Codes and tokens expire by this clock. Each call replaces the offset of the one before.
    pub fn set_clock_offset(&self, offset: Duration) {
        self.inner.authority.service.clock.set_offset(offset);
    }

    /// Lets `reply` answer the next `count` requests to `endpoint`, after those replies that wait
    /// already.
    pub fn replace_next(&self, endpoint: Endpoint, count: usize, reply: Reply) {
        self.inner
            .authority
            .service
            .replacements
            .push(endpoint, count, reply);
    }

    /// The requests received so far, oldest first. Only the latest 10,000 are kept.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.inner.authority.service.log.all()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.inner.authority.service.log.clear();
    }

    /// Takes back all refresh tokens of the person: refreshing answers `invalid_grant` with
    /// AADSTS50173 until they sign in again. Nothing happens if nobody is called so.
    pub fn revoke_refresh_tokens(&self, username: &str) {
        let service = &self.inner.authority.service;
        for user in service.directory.named(username) {
            service.revocations.revoke(user, service.clock.now());
        }
    }

    /// Decides a device's sign-in as its page would.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUserCode`] if none waits with this code, [`Error::UnknownUser`] if there is
    /// no such person or they cannot sign in there.
    pub fn decide_device_code(
        &self,
        user_code: &str,
        decision: DeviceDecision,
    ) -> Result<(), Error> {
        let service = &self.inner.authority.service;
        match decision {
            DeviceDecision::Approve { username } => {
                sign_in::decide(service, user_code, Some(&username))
            }
            DeviceDecision::Decline => sign_in::decide(service, user_code, None),
        }
    }

    /// The address that clients are given: `https://localhost` and the port.
    pub fn authority(&self) -> &str {
        &self.inner.authority.service.authority
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// The file with the certificate of the authority that clients have to trust, in PEM.
    pub fn ca_certificate(&self) -> &Path {
        &self.inner.ca_path
    }

    /// The certificate of the authority that clients have to trust, in PEM.
    pub fn ca_certificate_pem(&self) -> &str {
        &self.inner.ca_pem
    }

    /// The id of the directory's first tenant.
    pub fn tenant_id(&self) -> &str {
        self.inner
            .authority
            .service
            .directory
            .tenants()
            .first()
            .map_or("", |tenant| &tenant.id)
    }

    /// The id of the directory's first application: the developer sign-on application, unless
    /// another directory was given.
    pub fn client_id(&self) -> &str {
        let applications = self.inner.authority.service.directory.applications();
        applications
            .first()
            .map_or("", |application| &application.client_id)
    }

    /// The people who can sign in; the first of the built-in ones just does.
    pub fn users(&self) -> &[User] {
        self.inner.authority.service.directory.users()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("authority", &self.authority())
            .field("ca_certificate", &self.ca_certificate())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Its connections are tasks of the server's own and end with it.
        self.serving.abort();
    }
}
