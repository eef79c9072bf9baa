//! The internet as a program sees it that knows the real names only: a proxy behind which Entra ID is
//! the emulator, Azure Storage is Azurite, and the other services are small ones of our own.

use crate::{azurite::Azurite, services};
use azure_core::http::{ClientOptions, Transport};
use bytes::Bytes;
use doorkey_emulator::Emulator;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    convert::Infallible,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, pem::PemObject as _},
    },
};

/// Whose names it has certificates for.
const NAMES: [&str; 6] = [
    "login.microsoftonline.com",
    "*.blob.core.windows.net",
    "*.vault.azure.net",
    "graph.microsoft.com",
    "management.azure.com",
    "127.0.0.1",
];

pub(crate) type Reply = Response<Full<Bytes>>;

/// One request to a service.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Bytes,
    pub(crate) status: StatusCode,
}

/// Decides which requests are answered with a claims challenge, and with which.
type Challenge = Box<dyn Fn(&Seen) -> Option<HeaderValue> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Net(Arc<Inner>);

struct Inner {
    pub(crate) emulator: Emulator,
    azurite: Option<Azurite>,
    ca_pem: String,
    proxy: String,
    /// Reaches what is behind the names.
    http: reqwest::Client,
    challenge: Mutex<Challenge>,
    seen: Mutex<Vec<Seen>>,
    folder: TempDir,
}

impl Net {
    pub(crate) async fn with_azurite() -> Self {
        Self::start(true).await
    }

    pub(crate) async fn start(with_azurite: bool) -> Self {
        let emulator = Emulator::builder()
            .device_code_interval(Duration::from_secs(1))
            .start()
            .await
            .expect("the emulator starts");
        let key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::new([]).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = NAMES.map(str::to_owned).to_vec();
        let leaf = CertificateParams::new(names).expect("names");
        let leaf = leaf.signed_by(&key, &authority).expect("a certificate");

        // Node.js starts, which takes a while.
        let azurite = with_azurite.then(|| Azurite::start(&leaf.pem(), &key.serialize_pem()));
        let http = [emulator.ca_certificate_pem(), &authority.pem()]
            .iter()
            .map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate"))
            .fold(reqwest::Client::builder(), |client, certificate| {
                client.add_root_certificate(certificate)
            });
        let http = http
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        let net = Self(Arc::new(Inner {
            emulator,
            azurite,
            ca_pem: authority.pem(),
            proxy: format!("http://127.0.0.1:{port}"),
            http,
            challenge: Mutex::new(Box::new(|_| None)),
            seen: Mutex::default(),
            folder,
        }));
        fs::write(net.ca_file(), net.0.ca_pem.as_bytes()).expect("a file");
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("a certificate and its key");
        let tls = TlsAcceptor::from(Arc::new(tls));
        tokio::spawn(net.clone().serve(listener, tls));
        net
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.0.emulator
    }

    /// For `SSL_CERT_FILE`: the one authority that this internet has.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.0.folder.path().join("ca.pem")
    }

    pub(crate) fn proxy(&self) -> &str {
        &self.0.proxy
    }

    /// What a client of the SDK needs to be on this internet.
    pub(crate) fn client_options(&self) -> ClientOptions {
        let authority = reqwest::Certificate::from_pem(self.0.ca_pem.as_bytes());
        let http = reqwest::Client::builder()
            .add_root_certificate(authority.expect("a certificate"))
            .proxy(reqwest::Proxy::all(self.proxy()).expect("a proxy"))
            .build()
            .expect("a client");
        ClientOptions {
            transport: Some(Transport::new(Arc::new(http))),
            ..Default::default()
        }
    }

    /// From now on, these requests to services are answered with a challenge for claims.
    pub(crate) fn challenge(
        &self,
        decide: impl Fn(&Seen) -> Option<HeaderValue> + Send + Sync + 'static,
    ) {
        *self.0.challenge.lock().expect("no panic") = Box::new(decide);
    }

    /// The requests to services, not to the authority.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().expect("no panic").clone()
    }

    async fn serve(self, listener: TcpListener, tls: TlsAcceptor) {
        while let Ok((stream, _)) = listener.accept().await {
            let (net, tls) = (self.clone(), tls.clone());
            tokio::spawn(async move {
                let proxy = service_fn(|request| net.clone().connect(request, tls.clone()));
                let served = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), proxy)
                    .with_upgrades();
                // A client may leave at any time.
                let _ = served.await;
            });
        }
    }

    /// `CONNECT`, after which the client speaks TLS with whom it believes to be the named host.
    async fn connect(
        self,
        request: Request<Incoming>,
        tls: TlsAcceptor,
    ) -> Result<Reply, Infallible> {
        assert_eq!(request.method(), Method::CONNECT, "everything is HTTPS");
        let host = request.uri().host().unwrap_or_default().to_owned();
        tokio::spawn(async move {
            let Ok(upgraded) = hyper::upgrade::on(request).await else {
                return;
            };
            let Ok(stream) = tls.accept(TokioIo::new(upgraded)).await else {
                return;
            };
            let site = service_fn(|request| self.clone().visit(host.clone(), request));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), site)
                .await;
        });
        Ok(Response::new(Full::default()))
    }

    async fn visit(self, host: String, request: Request<Incoming>) -> Result<Reply, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(Collected::to_bytes);
        let request = Request::from_parts(parts, body.unwrap_or_default());
        // The emulator has a resource, too, which checks what is signed for its name.
        if host == "login.microsoftonline.com" || request.uri().path() == "/resource/me" {
            return Ok(self.authority(&host, request).await);
        }
        let authorization = request.headers().get(header::AUTHORIZATION);
        let token = authorization
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default();
        let mut seen = Seen {
            host: host.clone(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            token: token.to_owned(),
            body: request.body().clone(),
            status: StatusCode::OK,
        };
        let challenge = (self.0.challenge.lock().expect("no panic"))(&seen);
        let reply = match (challenge, &self.0.azurite) {
            (Some(challenge), _) => services::challenged(challenge),
            (None, Some(azurite)) if host.ends_with(".blob.core.windows.net") => {
                let origin = format!("https://{}", azurite.authority());
                self.forward(&origin, &host, request).await
            }
            (None, _) => {
                let claims = self.checked(&seen.token).await;
                services::answer(&host, &request, claims.as_ref())
            }
        };
        seen.status = reply.status();
        self.0.seen.lock().expect("no panic").push(seen);
        Ok(reply)
    }

    /// What a token says, after the emulator's resource has checked it.
    async fn checked(&self, token: &str) -> Option<serde_json::Value> {
        let url = format!("{}/resource/me", self.emulator().authority());
        let reply = self.0.http.get(url).bearer_auth(token).send().await.ok()?;
        let reply = reply.error_for_status().ok()?;
        serde_json::from_slice(&reply.bytes().await.ok()?).ok()
    }

    /// Entra ID by its real name, which the emulator bears only where no socket is involved; or its
    /// resource, by any.
    async fn authority(&self, host: &str, request: Request<Bytes>) -> Reply {
        let url = format!("https://{host}{}", request.uri());
        let method = request.method().as_str().parse().expect("a method");
        let mut carried = azure_core::http::Request::new(url.parse().expect("a URL"), method);
        for (name, value) in request.headers() {
            let value = value.to_str().expect("a text").to_owned();
            carried.insert_header(name.as_str().to_owned(), value);
        }
        carried.set_body(request.into_body());
        let reply = self.emulator().transport().execute_request(&carried).await;
        let (status, headers, body) = reply.expect("it is in this process").deconstruct();
        let mut answer = Response::builder().status(u16::from(status));
        for (name, value) in headers.iter() {
            answer = answer.header(name.as_str(), value.as_str());
        }
        let body = body.collect().await.expect("it is in this process");
        answer.body(Full::new(body)).expect("a reply")
    }

    async fn forward(&self, origin: &str, host: &str, request: Request<Bytes>) -> Reply {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        headers.insert(
            header::HOST,
            HeaderValue::from_str(host).expect("a host's name"),
        );
        let reply = self
            .0
            .http
            .request(parts.method, format!("{origin}{path}"))
            .headers(headers)
            .body(body)
            .send()
            .await
            .expect("it is on this machine");
        let mut answer = Response::builder().status(reply.status());
        for (name, value) in reply.headers() {
            let is_of_connection = name == header::TRANSFER_ENCODING || name == header::CONNECTION;
            if !is_of_connection {
                answer = answer.header(name, value);
            }
        }
        let body = reply.bytes().await.expect("it is on this machine");
        answer.body(Full::new(body)).expect("a reply")
    }
}
