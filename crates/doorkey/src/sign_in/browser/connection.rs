use super::{
    BrowserPages,
    request::{AuthorizationResponse, Expected},
    response::{self, PageResponse},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::ReadBuf,
    net::TcpStream,
    sync::{mpsc, oneshot},
};

/// One connection to the listener, driven by whoever polls it: dropped, it is closed.
pub(super) struct Connection {
    stage: Stage,
    wanted: Arc<Wanted>,
}

/// What a connection is served with.
pub(super) struct Wanted {
    pub(super) expected: Expected,
    pub(super) pages: BrowserPages,
    /// How long the head of a request may take, from its first byte.
    pub(super) head_deadline: Duration,
}

/// The redirect that was waited for, its request still without a response.
pub(super) struct Arrival {
    pub(super) response: AuthorizationResponse,
    pub(super) answer: oneshot::Sender<PageResponse>,
    pub(super) exchange: Exchange,
}

/// One request and its response.
pub(super) type Exchange = Pin<Box<http1::Connection<TokioIo<TcpStream>, Desk>>>;

enum Stage {
    /// Nothing was said yet. Browsers open connections ahead of need, and forwarders of ports
    /// leave them so: they cost nothing and are let be.
    Silent(TcpStream),
    Speaking {
        // An option because it leaves with the arrival.
        exchange: Option<Exchange>,
        arrivals: mpsc::Receiver<Found>,
        // Shared with the desk, which is inside `exchange`.
        asked: Arc<AtomicBool>,
    },
}

type Found = (AuthorizationResponse, oneshot::Sender<PageResponse>);

impl Connection {
    pub(super) fn new(stream: TcpStream, wanted: Arc<Wanted>) -> Self {
        Self {
            stage: Stage::Silent(stream),
            wanted,
        }
    }

    /// Whether it has not made a request yet.
    pub(super) fn is_idle(&self) -> bool {
        match &self.stage {
            Stage::Silent(_) => true,
            Stage::Speaking { asked, .. } => !asked.load(Ordering::Relaxed),
        }
    }

    /// Ready with the redirect, or with `None` when the connection is over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Arrival>> {
        if let Stage::Silent(stream) = &self.stage {
            let mut first = [0];
            let peeked = ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut first)));
            match peeked {
                Ok(1..) if first[0] == TLS_HANDSHAKE => {
                    discard(stream);
                    return Poll::Ready(None);
                }
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(None),
            }
            self.begin();
        }
        let Stage::Speaking {
            exchange, arrivals, ..
        } = &mut self.stage
        else {
            return Poll::Ready(None);
        };
        let Some(running) = exchange else {
            return Poll::Ready(None);
        };
        let over = running.as_mut().poll(context).is_ready();
        // After the exchange: this is where the desk leaves the redirect.
        if let Poll::Ready(Some((response, answer))) = arrivals.poll_recv(context)
            && let Some(exchange) = exchange.take()
        {
            return Poll::Ready(Some(Arrival {
                response,
                answer,
                exchange,
            }));
        }
        if over {
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    fn begin(&mut self) {
        let (sender, arrivals) = mpsc::channel(1);
        let asked = Arc::new(AtomicBool::new(false));
        let desk = Desk {
            wanted: Arc::clone(&self.wanted),
            arrivals: sender,
            asked: Arc::clone(&asked),
        };
        let head_deadline = self.wanted.head_deadline;
        let speaking = Stage::Speaking {
            exchange: None,
            arrivals,
            asked,
        };
        if let Stage::Silent(stream) = std::mem::replace(&mut self.stage, speaking)
            && let Stage::Speaking { exchange, .. } = &mut self.stage
        {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(head_deadline)
                .keep_alive(false)
                .max_buf_size(HEAD_LIMIT)
                .serve_connection(TokioIo::new(stream), desk);
            *exchange = Some(Box::pin(connection));
        }
    }
}

/// Where requests are looked at: strays are answered here, the redirect is passed on and its
/// response is waited for.
pub(super) struct Desk {
    wanted: Arc<Wanted>,
    arrivals: mpsc::Sender<Found>,
    asked: Arc<AtomicBool>,
}

impl Service<Request<Incoming>> for Desk {
    type Response = PageResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<PageResponse, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        let wanted = Arc::clone(&self.wanted);
        let arrivals = self.arrivals.clone();
        Box::pin(async move {
            let response = match wanted.expected.read(request).await {
                Ok(response) => response,
                Err(refusal) => {
                    tracing::debug!(?refusal, "a request that is not the awaited redirect");
                    return Ok(response::to_stray(refusal));
                }
            };
            let (answer, answered) = oneshot::channel();
            // A failure drops `answer`, like a caller that stopped waiting.
            let _ = arrivals.try_send((response, answer));
            let page = answered.await;
            Ok(page.unwrap_or_else(|_gone| response::to_redirect(None, &wanted.pages)))
        })
    }
}

/// Reads what has come, so that the connection ends quietly: with bytes unread it would be reset.
fn discard(stream: &TcpStream) {
    let mut scratch = [0; 4096];
    while matches!(stream.try_read(&mut scratch), Ok(1..)) {}
}

/// The first byte of a TLS connection
/// ([RFC 8446, section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)): a browser that
/// tries https first.
const TLS_HANDSHAKE: u8 = 22;

/// Larger request heads are refused: 431.
const HEAD_LIMIT: usize = 64 * 1024;
