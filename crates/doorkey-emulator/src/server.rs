//! The sockets: HTTPS on loopback.

use crate::{Error, service::Authority};
use axum::body::Body;
use http::{Request, Response, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// The longest body that is read.
const BODY_LIMIT: usize = 256 * 1024;

/// How many free ports are tried for one that is free on both loopback addresses.
const PORT_TRIES: usize = 16;

/// Sockets that listen but do not serve yet.
#[derive(Debug)]
pub(crate) struct Listeners {
    sockets: Vec<TcpListener>,
    pub(crate) port: u16,
}

impl Listeners {
    /// Listens on `address`, and on the other family's loopback with the same port.
    ///
    /// Browsers reach `localhost` by `::1` first, so that another program there would be spoken to
    /// instead. A machine without IPv6 is served without.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback { address });
        }
        let failed = |source| Error::Listen { address, source };
        let other: IpAddr = match address.ip() {
            IpAddr::V4(_) => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv4Addr::LOCALHOST.into(),
        };
        let tries = if address.port() == 0 { PORT_TRIES } else { 1 };
        let mut taken = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..tries {
            let first = TcpListener::bind(address).await.map_err(failed)?;
            let port = first.local_addr().map_err(failed)?.port();
            match TcpListener::bind((other, port)).await {
                Ok(second) => {
                    return Ok(Self {
                        sockets: vec![first, second],
                        port,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => taken = error,
                Err(_) => {
                    return Ok(Self {
                        sockets: vec![first],
                        port,
                    });
                }
            }
        }
        Err(failed(taken))
    }

    /// Serves until the task is aborted, and all connections with it.
    pub(crate) async fn serve(self, tls: Arc<ServerConfig>, authority: Authority) {
        let acceptor = TlsAcceptor::from(tls);
        let mut listening = JoinSet::new();
        for socket in self.sockets {
            listening.spawn(accept(socket, acceptor.clone(), authority.clone()));
        }
        while listening.join_next().await.is_some() {}
    }
}

async fn accept(socket: TcpListener, acceptor: TlsAcceptor, authority: Authority) {
    // Dropped with this task: an emulator that is gone leaves no connection open.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, acceptor.clone(), authority.clone()));
                }
                // Of one connection (it was reset) or passing (no file descriptor is left).
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Speaks with one client until either side ends it. No deadline: tests pause the runtime's clock.
async fn converse(stream: TcpStream, acceptor: TlsAcceptor, authority: Authority) {
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            // Mostly a browser that does not trust the authority yet.
            tracing::debug!(%error, "a client gave up the TLS handshake");
            return;
        }
    };
    let service = service_fn(move |request| {
        let authority = authority.clone();
        async move { Ok::<_, Infallible>(answer(&authority, request).await) }
    });
    if let Err(error) = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(authority: &Authority, request: Request<Incoming>) -> Response<Body> {
    if !is_local(&request) {
        return plain(
            StatusCode::MISDIRECTED_REQUEST,
            "The emulator serves loopback names only.",
        );
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is too long, or ended early.",
        );
    };
    authority
        .answer(Request::from_parts(parts, body.to_bytes()))
        .await
}

/// Whether a request names this machine. Another name would be a page of somewhere else that had its
/// own name point here.
fn is_local(request: &Request<Incoming>) -> bool {
    let host = request.uri().host().or_else(|| {
        let host = request.headers().get(HOST)?.to_str().ok()?;
        Some(host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) {
                name
            } else {
                host
            }
        }))
    });
    host.is_some_and(|host| {
        host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]"
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
